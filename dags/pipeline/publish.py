"""Publishes what the gate found: metrics and Data Docs, for every transition, also a blocked one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.docs.contract_pages import publish_contracts
from checkpoints.docs.index import IndexEntry, publish_index
from checkpoints.docs.results import ResultFacts
from checkpoints.docs.results import publish_result as publish_page
from checkpoints.docs.site import RunFacts
from checkpoints.metrics.drift import record_drift
from checkpoints.metrics.history import append_history
from checkpoints.metrics.result import ResultMetrics
from checkpoints.metrics.result import publish_result as publish_metrics
from dags.pipeline.places import exchanger, reader, writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from checkpoints.gate.checkpoint import Judgement
    from checkpoints.gate.measures import Accounting, RecordsMeasured, TableMeasured
    from contracts.model import Contract, Rule
    from dags.pipeline.report import DatasetReport
    from dags.pipeline.setup import Run, Setup
    from quarantine_policies.decision import Decision


@dataclass(frozen=True, slots=True)
class Verdicted:
    """One dataset or table in one transition, with all that is to be published of it."""

    contract: Contract
    rules: Sequence[Rule]
    judgement: Judgement
    decision: Decision
    report: DatasetReport
    records: RecordsMeasured | None = None
    accounting: Accounting | None = None
    table: TableMeasured | None = None
    measures: Mapping[str, float] = field(default_factory=dict)


def publish(setup: Setup, run: Run, transition: str, verdicted: Sequence[Verdicted], seconds: float) -> None:
    """Write metrics and pages of one transition. What is already there of the same run is replaced.

    The cost depends on this transition alone, not on how many runs there were.
    """
    if not verdicted:
        return
    started_at = datetime.now(UTC)
    read_metrics, write_metrics = reader(setup.lake.metrics), writer(setup.lake.metrics)
    results = [
        _metrics(run, transition, one, started_at, seconds, read_metrics, write_metrics) for one in verdicted
    ]
    for metrics in results:
        publish_metrics(write_metrics, metrics)
    append_history(write_metrics, results)

    read_docs, write_docs = reader(setup.lake.docs), writer(setup.lake.docs)
    facts = RunFacts(run.id, run.as_of)
    entries = [
        IndexEntry(
            transition,
            one.report.dataset,
            one.decision.verdict,
            publish_page(write_docs, facts, _page(transition, one)),
            one.decision.blocked_by or one.decision.warned,
            one.report.rows_promoted,
        )
        for one in verdicted
    ]
    publish_contracts(read_docs, write_docs, setup.contracts.all)
    publish_index(
        read_docs,
        write_docs,
        facts,
        entries,
        setup.contracts.all,
        setup.settings.shown_runs,
        exchanger(setup.lake.docs),
    )


def _metrics(
    run: Run,
    transition: str,
    one: Verdicted,
    started_at: datetime,
    seconds: float,
    read: Callable[[str], bytes | None],
    write: Callable[[str, bytes], None],
) -> ResultMetrics:
    report, records = one.report, one.records
    drift = record_drift(read, write, report.dataset, records.unknown_columns, run.as_of) if records else ()
    return ResultMetrics(
        run_id=run.id,
        as_of=run.as_of,
        started_at=started_at,
        transition=transition,
        dataset=report.dataset,
        verdict=one.decision.verdict,
        seconds=seconds,
        contract_version=one.contract.version,
        rows_read=report.rows_read,
        rows_promoted=report.rows_promoted,
        rows_quarantined=report.rows_quarantined,
        rows_deduplicated=report.rows_deduplicated,
        undated_rows=one.table.undated_rows if one.table else None,
        files_by_outcome=_files_by_outcome(report),
        rows_by_rule=report.rows_by_rule or {},
        rows_warned=report.rows_warned or {},
        failed=one.decision.failed,
        measures={name.lstrip("_"): float(value) for name, value in one.measures.items()},
        currencies=records.currencies if records else {},
        drift=drift,
        files=one.accounting.files if one.accounting else (),
        promoted=report.promoted,
    )


def _files_by_outcome(report: DatasetReport) -> dict[str, int]:
    files = report.files
    if files is None:
        return {}
    return {"valid": files.valid, "unchanged": files.unchanged, "ignored": files.ignored, **files.quarantined}


def _page(transition: str, one: Verdicted) -> ResultFacts:
    report = one.report
    counts: dict[str, int | None] = dict(_files_by_outcome(report))
    if one.records:
        counts |= {
            "rows read": report.rows_read,
            "promoted" if report.promoted else "candidate": report.rows_promoted,
            "quarantined": report.rows_quarantined,
            "deduplicated": report.rows_deduplicated,
        }
    elif report.rows_promoted is not None:
        counts |= {"rows": report.rows_promoted}
    return ResultFacts(
        transition=transition,
        dataset=report.dataset,
        contract=one.contract,
        rules=one.rules,
        judgement=one.judgement,
        decision=one.decision,
        counts={name: count for name, count in counts.items() if count is not None},
        files=one.accounting.files if one.accounting else (),
        unknown_columns=one.records.unknown_columns if one.records else (),
        promoted=report.promoted,
    )
