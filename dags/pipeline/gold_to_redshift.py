"""gold_to_redshift: load the current gold release in one transaction and reconcile it."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, TypeGuard

from checkpoints.gate.measures import Measures, RuleCount
from checkpoints.lake.promotion import current_release
from checkpoints.metrics.history import is_load_published, record_load
from checkpoints.warehouse.load_request import load_request
from checkpoints.warehouse.opening import open_warehouse
from checkpoints.warehouse.warehouse import LoadStatus, PreflightError
from contracts.errors import LakegateError
from contracts.model import Domain, Zone
from dags.pipeline.context import warehouse_uri
from dags.pipeline.contract_checks import check_rules
from dags.pipeline.judging import judge_and_decide, published_result
from dags.pipeline.publish import publish
from dags.pipeline.report import DatasetReport, TransitionReport
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from pyspark.sql import SparkSession

    from checkpoints.lake.manifest import Release
    from checkpoints.warehouse.load_request import LoadRequest
    from checkpoints.warehouse.warehouse import LoadedRelease, LoadedTable, SchemaMismatch, Warehouse
    from contracts.model import Rule
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.judging import Judged
    from dags.pipeline.progress import Progress

NAME = "gold_to_redshift"
FITS, MISFITS = "release_fits", "misfits"  # rule and measure of what the preflight check found
_FITS_EXPECTATION = "expect_release_to_fit_warehouse"
MOST_SAMPLES = 5


def gold_to_redshift(
    setup: Setup,
    run: Run,
    start_spark: Callable[[int], SparkSession],  # noqa: ARG001 - the signature of every transition
    progress: Progress,
) -> TransitionReport:
    """Load the current release, unless the warehouse already shows it. Needs no Spark.

    A release that does not fit the warehouse is blocked like one that does not reconcile: BI keeps what it
    sees. A load that was committed but not published (a killed run) is judged and published by the next run.

    Raises:
        LakegateError: there is no release, or the warehouse cannot be used.
        StorageError: the lake cannot be read.
    """
    began = monotonic()
    release = _current_release(setup)
    warehouse = open_warehouse(warehouse_uri(setup))
    request = load_request(release, setup.contracts.gold, setup.lake.area(Zone.GOLD))
    if not run.is_forced and _is_published(setup, warehouse.loaded_release(), request):
        return TransitionReport(NAME, Verdict.UNCHANGED, monotonic() - began, _unchanged(release, warehouse))

    check_rules(setup, run, setup.contracts.gold)
    progress.step(f"loading {release.rows:,} rows of {len(request.tables)} tables")
    judged, is_loaded = _load(setup, run, warehouse, request, progress)
    reports = tuple(_report(table, warehouse.uri if is_loaded else None) for table in judged)
    results = [published_result(table, report) for table, report in zip(judged, reports, strict=True)]
    publish(setup, run, NAME, results, monotonic() - began)
    loaded = warehouse.loaded_release()
    if is_loaded and _is_shown(loaded, request):
        record_load(setup.lake.metrics, loaded.checksum, loaded.loaded_at, run.id)
    verdict = Verdict.worst(table.verdict for table in judged)
    return TransitionReport(NAME, verdict, monotonic() - began, reports)


def _current_release(setup: Setup) -> Release:
    release = current_release(setup.lake)
    if release is None:
        raise LakegateError(
            "nothing was ever released in GOLD",
            where=setup.lake.area(Zone.GOLD).uri,
            next_step="run silver_to_gold first",
        )
    return release


def _is_published(setup: Setup, loaded: LoadedRelease | None, request: LoadRequest) -> bool:
    return _is_shown(loaded, request) and is_load_published(
        setup.lake.metrics, loaded.checksum, loaded.loaded_at
    )


def _is_shown(loaded: LoadedRelease | None, request: LoadRequest) -> TypeGuard[LoadedRelease]:
    return loaded is not None and loaded.checksum == request.checksum


def _unchanged(release: Release, warehouse: Warehouse) -> tuple[DatasetReport, ...]:
    return tuple(
        DatasetReport(table.name, Verdict.UNCHANGED, promoted=warehouse.uri) for table in release.tables
    )


def _load(
    setup: Setup, run: Run, warehouse: Warehouse, request: LoadRequest, progress: Progress
) -> tuple[Sequence[Judged[LoadedTable | None]], bool]:
    """Load the tables, judge them within the transaction, and commit unless one blocks.

    Returns:
        the judged tables, and whether the load was committed. After a failed preflight check, its findings
        are judged instead of loaded tables.

    Raises:
        PreflightError: the release does not fit the warehouse, and the policy does not block.
    """
    judged: list[Judged[LoadedTable | None]] = []

    def reconcile(tables: tuple[LoadedTable, ...]) -> bool:
        progress.step("reconciling")
        for table in tables:
            judged.append(_judge(setup, run, table.name, table, _rules(setup, table.name), _measures(table)))
        return all(table.verdict is not Verdict.BLOCK for table in judged)

    try:
        outcome = warehouse.load(request, reconcile, now=datetime.now(UTC))
    except PreflightError as failure:
        refused = [_judge_misfits(setup, run, table.name, failure.findings) for table in request.tables]
        if all(table.verdict is not Verdict.BLOCK for table in refused):
            raise  # an override may downgrade the rule, but the load is still impossible
        return refused, False
    return judged, outcome.status is not LoadStatus.REFUSED


def _judge_misfits(
    setup: Setup, run: Run, table: str, findings: Sequence[SchemaMismatch]
) -> Judged[LoadedTable | None]:
    """Judge the preflight findings of a table; nothing was loaded, so no other rule can be judged."""
    rules = [rule for rule in _rules(setup, table) if rule.expectation == _FITS_EXPECTATION]
    found = tuple(str(finding) for finding in findings if finding.table == table)
    measures = Measures(0, {FITS: RuleCount(len(found), found[:MOST_SAMPLES])}, {MISFITS: len(found)})
    return _judge(setup, run, table, None, rules, measures)


def _judge(
    setup: Setup,
    run: Run,
    name: str,
    table: LoadedTable | None,
    rules: Sequence[Rule],
    measures: Measures,
) -> Judged[LoadedTable | None]:
    contract, measured = setup.contracts.table(name), {Domain.LOADED: measures}
    return judge_and_decide(f"{NAME}.{name}", run, table, contract, rules, measured, setup.policies.gold)


def _rules(setup: Setup, table: str) -> tuple[Rule, ...]:
    return setup.contracts.table(table).rules_in(Domain.LOADED)


def _measures(table: LoadedTable) -> Measures:
    values: dict[str, int | float | Decimal] = {MISFITS: 0, "loaded_rows_difference": table.rows_difference}
    if table.revenue_difference is not None:
        values["loaded_revenue_difference"] = table.revenue_difference
    return Measures(table.rows, {}, values)


def _report(judged: Judged[LoadedTable | None], loaded_into: str | None) -> DatasetReport:
    return DatasetReport(
        dataset=judged.name,
        verdict=judged.verdict,
        rows_promoted=None if judged.subject is None else judged.subject.rows,
        promoted=loaded_into,
        failed=judged.decision.failed,
    )
