"""Publication of gate results: metrics and Data Docs of every transition, including blocked ones."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.docs.facts import ResultFacts
from checkpoints.docs.publish import publish_docs
from checkpoints.docs.site import RunFacts
from checkpoints.gate.masking import Masking
from checkpoints.metrics.history import record_drift
from checkpoints.metrics.result import ResultMetrics, publish_metrics
from checkpoints.metrics.tidy import append_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.gate.checkpoint import GateResult
    from checkpoints.gate.measures import Accounting, RecordsMeasured, TableMeasured
    from checkpoints.lake.ingestion import Ingestion
    from contracts.model import Contract, Rule
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.report import DatasetReport
    from quarantine_policies.decision import Decision
    from quarantine_policies.model import Action


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
    nulls: Mapping[str, int] = field(default_factory=dict)  # by column of the written table
    effects: Mapping[str, Action] = field(default_factory=dict)  # of broken rules, by name
    rules_off: Sequence[Rule] = ()  # by the policy


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
    append_metrics(folder, metrics)

    facts = [
        _facts(setup, transition, result, of_result)
        for result, of_result in zip(results, metrics, strict=True)
    ]
    shown_runs = setup.settings.shown_runs
    publish_docs(docs, RunFacts(run.id, run.as_of), transition, facts, setup.contracts.all, shown_runs)


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
        rules_off=tuple(rule.name for rule in result.rules_off),
        latest=result.table.latest if result.table else None,
        days_out_of_line={
            outcome.rule: [day.as_json() for day in outcome.days]
            for outcome in result.judgement.outcomes
            if outcome.days
        },
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


def _facts(setup: Setup, transition: str, result: PublishedResult, metrics: ResultMetrics) -> ResultFacts:
    """Return what the pages show of a result; offending values are masked."""
    records, ingestion = result.records, result.ingestion
    rules = {rule.name: rule for rule in result.rules}
    masked_columns = setup.policies.of(metrics.dataset).masked_columns if records else ()
    masking = Masking.of(result.contract, masked_columns)
    offenders = {
        name: tuple(replace(row, value=_masked(masking, rules[name], row.value)) for row in rows)
        for name, rows in (records.offenders if records else {}).items()
    }
    return ResultFacts(
        transition=transition,
        dataset=metrics.dataset,
        contract=result.contract,
        rules=result.rules,
        effects=result.effects,
        rules_off=result.rules_off,
        gate_result=result.judgement,
        decision=result.decision,
        metrics=metrics,
        unknown_columns=records.unknown_columns if records else (),
        inventory=ingestion.inventory if ingestion else (),
        rejected_today=ingestion.refused_anew if ingestion else (),
        rejected=records.rejected if records else (),
        offenders=offenders,
        files_by_rule=records.files_by_rule if records else {},
        nulls=result.nulls,
        by_day=result.table.by_day if result.table else {},
    )


def _masked(masking: Masking, rule: Rule, value: str) -> str:
    return masking.samples(rule, [value])[0] if value else ""
