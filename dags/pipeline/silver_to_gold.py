"""silver_to_gold: build the tables from promoted silver, judge them together, release them as one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING

from checkpoints.gate.measure_gold import measure_gold
from checkpoints.gate.measures import DistinctKeys, Measures
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.layout import new_version
from checkpoints.lake.manifest import ColumnSum, Release
from checkpoints.lake.pointer import RELEASE
from checkpoints.lake.promotion import current_place, current_release, current_silver, promote_release
from contracts.errors import LakegateError
from contracts.model import Domain, Zone
from contracts.spark import struct_type
from dags.pipeline.candidates import manifest_of, measure_candidates, table_report, write_candidate
from dags.pipeline.contract_checks import check_rules
from dags.pipeline.fingerprint import SILVER_TO_GOLD, fingerprint
from dags.pipeline.judging import judge_and_decide, published_result
from dags.pipeline.publish import publish
from dags.pipeline.report import DatasetReport, TransitionReport
from dags.spark.concurrency import run_concurrently, start_with_gx
from dags.spark.frames import read_frame
from dags.spark.session import shuffles_sized_for
from quarantine_policies.decision import Verdict
from transforms.silver_to_gold.build import check_gold, gold_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from pyspark.sql import DataFrame, SparkSession

    from checkpoints.gate.measure_gold import GoldMeasured
    from checkpoints.lake.manifest import Manifest
    from contracts.loader import Contracts
    from contracts.model import Contract
    from dags.pipeline.candidates import Candidate, Written
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.judging import Judged
    from dags.pipeline.progress import Progress

NAME = "silver_to_gold"


def silver_to_gold(
    setup: Setup, run: Run, start_spark: Callable[[int], SparkSession], progress: Progress
) -> TransitionReport:
    """Rebuild all tables, unless silver did not change since the last release.

    Raises:
        ContractError: a contract cannot be applied; nothing was written.
        LakegateError: silver was never promoted.
        StorageError: the lake cannot be used, or another run promoted first.
    """
    began = monotonic()
    silver = _silver_manifests(setup)
    pointer = read_pointer(setup.lake, Zone.GOLD)
    current = _fingerprint(setup, silver)
    line = pointer.line(RELEASE)
    if not run.is_forced and line is not None and line.promoted_fingerprint == current:
        return TransitionReport(NAME, Verdict.UNCHANGED, monotonic() - began, _unchanged(setup))

    size_bytes = sum(manifest.size_bytes for manifest in silver.values())
    spark = start_with_gx(partial(start_spark, size_bytes))
    check_rules(setup, run, setup.contracts.gold)
    check_gold(spark, setup.contracts.gold, setup.contracts.silver_tables)
    version = new_version(run.id)
    with shuffles_sized_for(spark, size_bytes):
        written = _build(setup, spark, silver, version, progress)
        progress.step("counting the tables' rows and keys, and comparing them with each other")
        candidates, totals = _measure(setup, written)
    judged = [_judge(setup, run, candidate, totals, silver) for candidate in candidates]
    verdict = Verdict.worst(table.verdict for table in judged)
    reports = tuple(table_report(table, is_promoted=verdict is not Verdict.BLOCK) for table in judged)
    results = [
        published_result(table, report, table=table.subject.measured, nulls=table.subject.written.nulls)
        for table, report in zip(judged, reports, strict=True)
    ]
    publish(setup, run, NAME, results, monotonic() - began)
    if verdict is not Verdict.BLOCK:
        progress.step("releasing")
        release = Release(
            version=version,
            run_id=run.id,
            as_of=run.as_of,
            promoted_at=datetime.now(UTC),
            fingerprint=current,
            verdict=verdict,
            tables=tuple(manifest_of(run, table, current, _sums(table, totals)) for table in judged),
        )
        promote_release(setup.lake, release, pointer.seen(RELEASE), now=datetime.now(UTC))
    return TransitionReport(NAME, verdict, monotonic() - began, reports)


def _silver_manifests(setup: Setup) -> Mapping[str, Manifest]:
    """Return the promoted versions of the silver tables that gold is derived from."""
    read = {name for contract in setup.contracts.gold for name in contract.derived_from}
    pointer = read_pointer(setup.lake, Zone.SILVER)
    manifests = {}
    for contract in setup.contracts.silver_tables:
        if contract.name not in read:
            continue
        manifest = current_silver(setup.lake, contract.name, pointer)
        if manifest is None:
            raise LakegateError(
                "nothing was ever promoted to SILVER",
                where=setup.lake.area(Zone.SILVER).child(contract.name).uri,
                next_step="run bronze_to_silver first",
            )
        manifests[contract.name] = manifest
    return manifests


def _fingerprint(setup: Setup, manifests: Mapping[str, Manifest]) -> str:
    inputs = [f"{name} {manifest.version}" for name, manifest in manifests.items()]
    rules = [contract.checksum for contract in setup.contracts.gold] + [setup.policies.checksums["gold"]]
    return fingerprint(NAME, inputs, rules, SILVER_TO_GOLD)


def _unchanged(setup: Setup) -> tuple[DatasetReport, ...]:
    release = current_release(setup.lake)
    return tuple(
        DatasetReport(table.name, Verdict.UNCHANGED, promoted=current_place(setup.lake, Zone.GOLD, table).uri)
        for table in (release.tables if release else ())
    )


def _build(
    setup: Setup, spark: SparkSession, silver: Mapping[str, Manifest], version: str, progress: Progress
) -> Mapping[str, Written]:
    """Write all tables concurrently. A table that reads another one reads its written files."""
    contracts = {contract.name: contract for contract in setup.contracts.gold}
    frames = {name: _read_silver(setup, spark, manifest) for name, manifest in silver.items()}
    keys = _known_keys(setup, silver)
    done = count(1)

    def write(name: str, written: Callable[[str], Written]) -> Written:
        contract = contracts[name]
        inputs = {
            table: frames[table] if table in frames else written(table).table.frame
            for table in contract.derived_from
        }
        frame = gold_table(contract, inputs)
        place = setup.lake.gold(name, version)
        table = write_candidate(spark, contract, frame, place, version, keys.get(name))
        progress.step(f"building the tables: wrote {name}", next(done), len(contracts))
        return table

    progress.step("building the tables", 0, len(contracts))
    return run_concurrently(spark, {name: partial(write, name) for name in contracts})


def _read_silver(setup: Setup, spark: SparkSession, manifest: Manifest) -> DataFrame:
    schema = struct_type(setup.contracts.silver(manifest.name))
    return read_frame(spark, current_place(setup.lake, Zone.SILVER, manifest), schema)


def _known_keys(setup: Setup, silver: Mapping[str, Manifest]) -> Mapping[str, Callable[[], DistinctKeys]]:
    """Return the expected keys of tables that have the key of their silver table, if these are unique."""
    found = {table.name: _same_key(setup.contracts, table, silver) for table in setup.contracts.gold}
    return {
        table: partial(DistinctKeys, manifest.rows, manifest.keys_xor)
        for table, manifest in found.items()
        if manifest is not None and manifest.keys_xor is not None
    }


def _same_key(contracts: Contracts, table: Contract, silver: Mapping[str, Manifest]) -> Manifest | None:
    """Return the silver table that a gold table is derived from and shares its key with, if there is one."""
    same = (n for n in table.derived_from if n in silver and contracts.silver(n).key == table.key)
    return next((silver[name] for name in same), None)


def _measure(setup: Setup, written: Mapping[str, Written]) -> tuple[Sequence[Candidate], GoldMeasured]:
    """Measure each table, and at the same time totals across tables."""
    frames = {name: one.table.frame for name, one in written.items()}
    sums = {contract.name: contract.sums for contract in setup.contracts.gold}
    with ThreadPoolExecutor(1) as pool:
        totals = pool.submit(measure_gold, frames, sums)
        return measure_candidates(list(written.values())), totals.result()


def _judge(
    setup: Setup, run: Run, candidate: Candidate, totals: GoldMeasured, silver: Mapping[str, Manifest]
) -> Judged[Candidate]:
    contract = candidate.contract
    parameters = {**setup.policies.gold.parameters, **run.parameters}
    same_key = _same_key(setup.contracts, contract, silver)
    return judge_and_decide(
        f"{NAME}.{contract.name}",
        run,
        candidate,
        contract,
        contract.rules_in(Domain.TABLE),
        {Domain.TABLE: _measures(candidate, totals, same_key, parameters)},
        setup.policies.gold,
    )


def _measures(
    candidate: Candidate,
    totals: GoldMeasured,
    same_key: Manifest | None,
    parameters: Mapping[str, object],
) -> Measures:
    """Return the numbers that a table's rules judge: its own, and how it agrees with the others.

    ``same_key``: the silver table whose rows it must have; None where there is none.
    """
    name, table = candidate.contract.name, candidate.measured
    values: dict[str, int | float | Decimal] = {
        "too_long_values": table.too_long_values,
    }
    match name:
        case "fact_events" | "fact_transactions":
            unknown = totals.unknown_user_rows.get(name, 0)
            if same_key is not None:
                values["rows_difference_from_silver"] = abs(table.rows - same_key.rows)
            values["unknown_user_ratio"] = unknown / table.rows if table.rows else 0.0
        case "daily_revenue" | "user_ltv":
            values["revenue_difference"] = totals.revenue_difference(name)
        case "dim_date":
            values["uncovered_values"] = totals.uncovered_dates
        case "dim_status":
            values["uncovered_values"] = totals.uncovered_statuses
        case "dim_country":
            values["uncovered_values"] = totals.uncovered_countries
    return candidate.measures(values, parameters)


def _sums(table: Judged[Candidate], totals: GoldMeasured) -> tuple[ColumnSum, ...]:
    """Return the sums of the table with which the load is reconciled."""
    return tuple(ColumnSum(column, totals.sums[table.name][column]) for column in table.contract.sums)
