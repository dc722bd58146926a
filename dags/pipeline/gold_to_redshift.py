"""gold_to_redshift: the current gold release, loaded in one transaction, and reconciled."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking
from checkpoints.gate.measures import Measures
from checkpoints.lake.promotion import current_release
from checkpoints.warehouse.opening import open_warehouse
from checkpoints.warehouse.request import load_request
from checkpoints.warehouse.warehouse import LoadStatus
from contracts.faults import ConfigurationError, LakegateError
from contracts.model import Domain, Zone
from dags.pipeline.publish import Verdicted, publish
from dags.pipeline.report import DatasetReport, Status, TransitionReport, worst
from quarantine_policies.decision import decide

if TYPE_CHECKING:
    from decimal import Decimal

    from checkpoints.gate.checkpoint import Judgement
    from checkpoints.lake.manifest import Release
    from checkpoints.warehouse.warehouse import LoadedTable, Warehouse
    from dags.pipeline.progress import Progress
    from dags.pipeline.setup import Run, Setup
    from quarantine_policies.decision import Decision

NAME = "gold_to_redshift"


def gold_to_redshift(setup: Setup, run: Run, progress: Progress) -> TransitionReport:
    """Load the current release, unless the warehouse shows it already. Needs no Spark.

    Raises:
        LakegateError: there is no release, it does not fit the warehouse, or the warehouse cannot be used.
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
    if loaded is not None and loaded.checksum == request.checksum:
        return TransitionReport(NAME, Status.UNCHANGED, monotonic() - began, _unchanged(release, warehouse))

    judged: dict[str, tuple[Measures, Judgement, Decision]] = {}

    def reconcile(tables: tuple[LoadedTable, ...]) -> bool:
        progress.step("reconciling")
        judged.update({table.name: _judge(setup, run, table) for table in tables})
        return all(decision.verdict.value != Status.BLOCK for _, _, decision in judged.values())

    progress.step(f"loading {release.rows:,} rows of {len(request.tables)} tables")
    outcome = warehouse.load(request, reconcile, now=datetime.now(UTC))
    is_loaded = outcome.status is not LoadStatus.REFUSED
    reports = tuple(
        DatasetReport(
            dataset=table.name,
            verdict=Status(judged[table.name][2].verdict.value),
            rows_promoted=table.rows,
            promoted=warehouse.uri if is_loaded else None,
            failed=judged[table.name][2].failed,
        )
        for table in outcome.tables
    )
    verdicted = [
        Verdicted(
            name=report.dataset,
            contract=setup.contracts.table(report.dataset),
            rules=setup.contracts.table(report.dataset).rules_in(Domain.LOADED),
            judgement=judgement,
            decision=decision,
            report=report,
            measures={name: float(value) for name, value in measures.values.items()},
        )
        for report, (measures, judgement, decision) in zip(reports, judged.values(), strict=True)
    ]
    publish(setup, run, NAME, verdicted, monotonic() - began)
    return TransitionReport(NAME, worst([report.verdict for report in reports]), monotonic() - began, reports)


def warehouse_uri(setup: Setup) -> str:
    """Return the warehouse's URI: as set, else a DuckDB file in a local lake.

    Raises:
        ConfigurationError: none is set, and the lake is no local folder.
    """
    if setup.settings.warehouse is not None:
        return setup.settings.warehouse
    uri = setup.lake.root.child("warehouse.duckdb").uri
    if "://" in uri:
        raise ConfigurationError(
            "the warehouse of a lake on S3 has to be named",
            where="--warehouse",
            expected="duckdb:///path/to/file.duckdb",
            next_step="set --warehouse or LAKEGATE_WAREHOUSE",
        )
    return f"duckdb://{uri}"


def _judge(setup: Setup, run: Run, table: LoadedTable) -> tuple[Measures, Judgement, Decision]:
    contract, policy = setup.contracts.table(table.name), setup.policies.gold
    values: dict[str, int | float | Decimal] = {"_loaded_rows_difference": table.rows_difference}
    revenue = table.revenue_difference
    if revenue is not None:
        values["_loaded_revenue_difference"] = revenue
    measures = Measures(table.rows, {}, values)
    judgement = judge(
        f"{NAME}.{contract.name}",
        contract,
        contract.rules_in(Domain.LOADED),
        {Domain.LOADED: measures},
        policy.parameters,
        Masking.of(contract, policy.masked_columns),
        run.id,
        run.as_of,
    )
    return measures, judgement, decide(judgement.outcomes, policy)


def _unchanged(release: Release, warehouse: Warehouse) -> tuple[DatasetReport, ...]:
    return tuple(
        DatasetReport(table.name, Status.UNCHANGED, promoted=warehouse.uri) for table in release.tables
    )
