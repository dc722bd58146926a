"""gold_to_redshift: the current gold release, loaded in one transaction, and reconciled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, TypeGuard

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking
from checkpoints.gate.measures import Measures, RuleCount
from checkpoints.lake.promotion import current_release
from checkpoints.metrics.loads import is_load_published, note_load
from checkpoints.warehouse.opening import open_warehouse
from checkpoints.warehouse.request import load_request
from checkpoints.warehouse.warehouse import LoadStatus, PreflightFailed
from contracts.faults import LakegateError
from contracts.model import Domain, Zone
from contracts.suite import check_suites
from dags.pipeline.places import reader, writer
from dags.pipeline.publish import Verdicted, publish
from dags.pipeline.report import DatasetReport, Status, TransitionReport, worst
from dags.pipeline.setup import warehouse_uri
from quarantine_policies.decision import decide

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from checkpoints.gate.checkpoint import Judgement
    from checkpoints.lake.manifest import Release
    from checkpoints.warehouse.request import LoadRequest
    from checkpoints.warehouse.warehouse import Finding, LoadedRelease, LoadedTable, Warehouse
    from contracts.model import Rule
    from dags.pipeline.progress import Progress
    from dags.pipeline.setup import Run, Setup
    from quarantine_policies.decision import Decision

NAME = "gold_to_redshift"
FITS, MISFITS = "release_fits", "_misfits"  # the rule about what is found before the load, and its number
ROWS = "_loaded_rows_difference"
MOST_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class _JudgedLoad:
    """One table of the release, and what the gate says of its load."""

    table: str
    rules: Sequence[Rule]
    measures: Measures
    judgement: Judgement
    decision: Decision

    @property
    def status(self) -> Status:
        return Status(self.decision.verdict.value)


def gold_to_redshift(setup: Setup, run: Run, progress: Progress) -> TransitionReport:
    """Load the current release, unless the warehouse shows it already. Needs no Spark.

    A release that does not fit the warehouse is blocked like one that does not reconcile: what BI sees stays.
    A load whose run was killed before it could publish it is judged again and published by the next one.

    Raises:
        LakegateError: there is no release, or the warehouse cannot be used.
        StorageError: the lake cannot be read.
    """
    began = monotonic()
    release = current_release(setup.lake)
    if release is None:
        raise LakegateError(
            "nothing was ever released in GOLD",
            where=setup.lake.area(Zone.GOLD).uri,
            next_step="run silver_to_gold first",
        )
    warehouse = open_warehouse(warehouse_uri(setup))
    request = load_request(release, setup.contracts.gold, setup.lake.area(Zone.GOLD))
    loaded = None if run.is_forced else warehouse.loaded_release()
    if _is_shown(loaded, request) and is_load_published(
        reader(setup.lake.metrics), loaded.checksum, loaded.loaded_at
    ):
        return TransitionReport(NAME, Status.UNCHANGED, monotonic() - began, _unchanged(release, warehouse))

    check_suites(setup.contracts.gold)
    judged: list[_JudgedLoad] = []

    def reconcile(tables: tuple[LoadedTable, ...]) -> bool:
        progress.step("reconciling")
        judged.extend(
            _judge(setup, run, table.name, _rules(setup, table.name), _measure(table)) for table in tables
        )
        return all(one.status is not Status.BLOCK for one in judged)

    progress.step(f"loading {release.rows:,} rows of {len(request.tables)} tables")
    try:
        outcome = warehouse.load(request, reconcile, now=datetime.now(UTC))
        is_loaded = outcome.status is not LoadStatus.REFUSED
    except PreflightFailed as refusal:
        is_loaded = False
        judged = [
            _judge(
                setup,
                run,
                table.name,
                [rule for rule in _rules(setup, table.name) if rule.kwargs.get("column") == MISFITS],
                _measure_misfits(table.name, refusal.findings),
            )
            for table in request.tables
        ]
        if all(one.status is not Status.BLOCK for one in judged):
            raise  # a policy may forgive a misfit, the warehouse does not
    reports = tuple(_report(one, warehouse.uri if is_loaded else None) for one in judged)
    verdicted = [
        Verdicted(
            contract=setup.contracts.table(one.table),
            rules=one.rules,
            judgement=one.judgement,
            decision=one.decision,
            report=report,
            measures={name: float(value) for name, value in one.measures.values.items()},
        )
        for one, report in zip(judged, reports, strict=True)
    ]
    publish(setup, run, NAME, verdicted, monotonic() - began)
    loaded = warehouse.loaded_release()
    if is_loaded and _is_shown(loaded, request):
        note_load(writer(setup.lake.metrics), loaded.checksum, loaded.loaded_at, run.id)
    return TransitionReport(NAME, worst([report.verdict for report in reports]), monotonic() - began, reports)


def _is_shown(loaded: LoadedRelease | None, request: LoadRequest) -> TypeGuard[LoadedRelease]:
    return loaded is not None and loaded.checksum == request.checksum


def _measure(table: LoadedTable) -> Measures:
    values: dict[str, int | float | Decimal] = {MISFITS: 0, ROWS: table.rows_difference}
    revenue = table.revenue_difference
    if revenue is not None:
        values["_loaded_revenue_difference"] = revenue
    return Measures(table.rows, {}, values)


def _measure_misfits(table: str, findings: Sequence[Finding]) -> Measures:
    """Count what keeps a table out of the warehouse; of what is loaded, nothing can be said."""
    told = tuple(str(finding) for finding in findings if finding.table == table)
    return Measures(0, {FITS: RuleCount(len(told), told[:MOST_SAMPLES])}, {MISFITS: len(told)})


def _rules(setup: Setup, table: str) -> tuple[Rule, ...]:
    return setup.contracts.table(table).rules_in(Domain.LOADED)


def _judge(setup: Setup, run: Run, table: str, rules: Sequence[Rule], measures: Measures) -> _JudgedLoad:
    contract, policy = setup.contracts.table(table), setup.policies.gold
    judgement = judge(
        f"{NAME}.{contract.name}",
        contract,
        rules,
        {Domain.LOADED: measures},
        policy.parameters,
        Masking.of(contract, policy.masked_columns),
        run.id,
        run.as_of,
    )
    return _JudgedLoad(table, rules, measures, judgement, decide(judgement.outcomes, policy))


def _report(judged: _JudgedLoad, loaded_into: str | None) -> DatasetReport:
    return DatasetReport(
        dataset=judged.table,
        verdict=judged.status,
        rows_promoted=judged.measures.rows if ROWS in judged.measures.values else None,
        promoted=loaded_into,
        failed=judged.decision.failed,
    )


def _unchanged(release: Release, warehouse: Warehouse) -> tuple[DatasetReport, ...]:
    return tuple(
        DatasetReport(table.name, Status.UNCHANGED, promoted=warehouse.uri) for table in release.tables
    )
