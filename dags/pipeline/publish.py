"""Publication of gate results: metrics and Data Docs of every transition, including blocked ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.docs.index import IndexEntry, publish_index
from checkpoints.docs.results import ResultFacts, publish_page
from checkpoints.docs.site import RunFacts, publish_contracts
from checkpoints.metrics.history import append_history, record_drift
from checkpoints.metrics.result import ResultMetrics, publish_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.gate.checkpoint import GateResult
    from checkpoints.gate.measures import Accounting, RecordsMeasured, TableMeasured
    from checkpoints.lake.ingestion import Ingestion
    from contracts.model import Contract, Rule
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.report import DatasetReport
    from quarantine_policies.decision import Decision


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """One dataset or table in one transition, with everything that is published about it."""

    contract: Contract
    rules: Sequence[Rule]
    judgement: GateResult
    decision: Decision
    report: DatasetReport
    ingestion: Ingestion | None = None  # only in raw_to_bronze
    records: RecordsMeasured | None = None
    accounting: Accounting | None = None
    table: TableMeasured | None = None
    measures: Mapping[str, float] = field(default_factory=dict)


def publish(
    setup: Setup, run: Run, transition: str, results: Sequence[PublishedResult], seconds: float
) -> None:
    """Write metrics and pages of one transition, replacing earlier ones of the same run.

    The cost does not depend on the number of earlier runs.
    """
    if not results:
        return
    folder, docs = setup.lake.metrics, setup.lake.docs
    started_at = datetime.now(UTC)
    metrics = [_metrics(setup, run, transition, result, started_at, seconds) for result in results]
    for each in metrics:
        publish_metrics(folder, each)
    append_history(folder, metrics)

    facts = RunFacts(run.id, run.as_of)
    entries = [
        IndexEntry(
            transition,
            result.report.dataset,
            result.decision.verdict,
            publish_page(docs, facts, _page(transition, result)),
            result.decision.blocked_by or result.decision.warned,
            result.report.rows_promoted,
        )
        for result in results
    ]
    publish_contracts(docs, setup.contracts.all)
    publish_index(docs, facts, entries, setup.contracts.all, setup.settings.shown_runs)


def _metrics(
    setup: Setup,
    run: Run,
    transition: str,
    result: PublishedResult,
    started_at: datetime,
    seconds: float,
) -> ResultMetrics:
    report, records = result.report, result.records
    first_seen = setup.lake.first_seen(report.dataset)
    drift = record_drift(first_seen, records.unknown_columns, run.as_of) if records else ()
    return ResultMetrics(
        run_id=run.id,
        as_of=run.as_of,
        started_at=started_at,
        transition=transition,
        dataset=report.dataset,
        verdict=result.decision.verdict,
        seconds=seconds,
        contract_version=result.contract.version,
        rows_read=report.rows_read,
        rows_promoted=report.rows_promoted,
        rows_quarantined=report.rows_quarantined,
        rows_deduplicated=report.rows_deduplicated,
        rows_conflicting=report.rows_conflicting,
        rows_discarded=report.rows_discarded,
        rows_fixed=report.rows_fixed,
        rows_waived=report.rows_waived,
        stale=report.stale,
        rows_excluded=report.rows_excluded,
        undated_rows=result.table.undated_rows if result.table else None,
        files_by_outcome=_files_by_outcome(report),
        rows_by_rule=report.rows_by_rule or {},
        rows_warned=report.rows_warned or {},
        failed=result.decision.failed,
        measures={name.lstrip("_"): float(value) for name, value in result.measures.items()},
        currencies=records.currencies if records else {},
        drift=drift,
        files=result.accounting.files if result.accounting else (),
        promoted=report.promoted,
    )


def _files_by_outcome(report: DatasetReport) -> dict[str, int]:
    files = report.files
    if files is None:
        return {}
    return {
        "valid": files.valid,
        "unchanged": files.unchanged,
        "ignored": files.ignored,
        "without_rows": files.without_rows,
        **files.quarantined,
    }


def _corrected(report: DatasetReport) -> dict[str, int | None]:
    return {
        "discarded": report.rows_discarded,
        "fixed": report.rows_fixed,
        "waived": report.rows_waived,
        "stale_corrections": report.stale,
    }


def _page(transition: str, result: PublishedResult) -> ResultFacts:
    report = result.report
    counts: dict[str, int | None] = dict(_files_by_outcome(report))
    if result.records:
        counts |= {
            "rows read": report.rows_read,
            "promoted" if report.promoted else "candidate": report.rows_promoted,
            "quarantined": report.rows_quarantined,
            "deduplicated": report.rows_deduplicated,
            "conflicting": report.rows_conflicting,
            "excluded": report.rows_excluded,
        }
        counts |= {name: count for name, count in _corrected(report).items() if count}
    elif report.rows_promoted is not None:
        counts |= {"rows": report.rows_promoted}
    return ResultFacts(
        transition=transition,
        dataset=report.dataset,
        contract=result.contract,
        rules=result.rules,
        gate_result=result.judgement,
        decision=result.decision,
        counts={name: count for name, count in counts.items() if count is not None},
        files=result.accounting.files if result.accounting else (),
        unknown_columns=result.records.unknown_columns if result.records else (),
        inventory=result.ingestion.inventory if result.ingestion else (),
        rejected_today=result.ingestion.refused_anew if result.ingestion else (),
        promoted=report.promoted,
        rejected=result.records.rejected if result.records else (),
    )
