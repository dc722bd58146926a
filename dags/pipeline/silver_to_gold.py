"""silver_to_gold: the ten tables, built from the promoted silver, judged together and released as one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking
from checkpoints.gate.measure_gold import measure_gold
from checkpoints.gate.measures import DistinctKeys, Measures, RuleCount
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.layout import new_version
from checkpoints.lake.manifest import ColumnSum, Release
from checkpoints.lake.pointer import RELEASE
from checkpoints.lake.promotion import current_place, current_release, current_silver, promote_release
from contracts.faults import LakegateError
from contracts.model import Domain, Zone
from contracts.spark_schema import struct_type
from contracts.suite import check_suites
from dags.pipeline.candidates import JudgedTable, manifest_of, measure_candidates, write_candidate
from dags.pipeline.fingerprint import fingerprint
from dags.pipeline.frames import read_frame
from dags.pipeline.publish import Verdicted, publish
from dags.pipeline.report import DatasetReport, Status, TransitionReport, worst
from dags.pipeline.shuffle import shuffles_sized_for
from dags.pipeline.side_by_side import side_by_side
from dags.pipeline.start import start_beside_gx
from quarantine_policies.decision import decide
from transforms.silver_to_gold.build import gold_table, reads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from pyspark.sql import DataFrame, SparkSession

    from checkpoints.gate.measure_gold import GoldMeasured
    from checkpoints.lake.manifest import Manifest
    from dags.pipeline.candidates import Candidate, Written
    from dags.pipeline.progress import Progress
    from dags.pipeline.setup import Run, Setup

NAME = "silver_to_gold"
KEYED_AS = {"dim_users": "users", "fact_events": "events", "fact_transactions": "transactions"}
REVENUE = {"fact_transactions": "amount", "daily_revenue": "total_revenue", "user_ltv": "total_revenue"}


def silver_to_gold(
    setup: Setup, run: Run, start_spark: Callable[[], SparkSession], progress: Progress
) -> TransitionReport:
    """Build the ten tables anew, unless silver did not change since the last release.

    Raises:
        ContractError: a contract promises what cannot be kept; nothing was written.
        LakegateError: silver was never promoted.
        StorageError: the lake cannot be used, or another run was faster.
    """
    began = monotonic()
    manifests = _silver_manifests(setup)
    pointer = read_pointer(setup.lake, Zone.GOLD)
    print_ = _fingerprint(setup, manifests)
    line = pointer.line(RELEASE)
    if not run.is_forced and line is not None and line.promoted_fingerprint == print_:
        return TransitionReport(NAME, Status.UNCHANGED, monotonic() - began, _unchanged(setup))

    spark = start_beside_gx(start_spark)
    check_suites(setup.contracts.gold)
    silver = {
        name: read_frame(
            spark, current_place(setup.lake, Zone.SILVER, manifest), struct_type(setup.contracts.silver(name))
        )
        for name, manifest in manifests.items()
    }
    version = new_version(run.id)
    with shuffles_sized_for(spark, sum(manifest.size_bytes for manifest in manifests.values())):
        written = _build(setup, spark, silver, _known_keys(manifests), version, progress)
        progress.step("counting the tables' rows and keys, and comparing them with each other")
        candidates, agreement = _measure(written)
    tables = [_judge(setup, run, candidate, agreement, manifests) for candidate in candidates]
    verdict = worst([Status(table.decision.verdict.value) for table in tables])
    reports = tuple(_report(table, is_promoted=verdict is not Status.BLOCK) for table in tables)
    publish(
        setup,
        run,
        NAME,
        [
            Verdicted(
                contract=table.candidate.contract,
                rules=table.rules,
                judgement=table.judgement,
                decision=table.decision,
                report=report,
                table=table.candidate.measured,
                measures={name: float(value) for name, value in table.measures.values.items()},
            )
            for table, report in zip(tables, reports, strict=True)
        ],
        monotonic() - began,
    )
    if verdict is not Status.BLOCK:
        progress.step("releasing")
        release = Release(
            version=version,
            run_id=run.id,
            as_of=run.as_of,
            promoted_at=datetime.now(UTC),
            fingerprint=print_,
            verdict=verdict.value,
            tables=tuple(manifest_of(run, table, print_, _sums(table, agreement)) for table in tables),
        )
        promote_release(setup.lake, release, pointer.seen(RELEASE), now=datetime.now(UTC))
    return TransitionReport(NAME, verdict, monotonic() - began, reports)


def _silver_manifests(setup: Setup) -> Mapping[str, Manifest]:
    pointer = read_pointer(setup.lake, Zone.SILVER)
    manifests = {}
    for contract in setup.contracts.datasets:
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
    rules = [contract.checksum for contract in setup.contracts.gold] + [setup.policies.checksums["gold"]]
    return fingerprint(NAME, [f"{name} {manifest.version}" for name, manifest in manifests.items()], rules)


def _unchanged(setup: Setup) -> tuple[DatasetReport, ...]:
    release = current_release(setup.lake)
    return tuple(
        DatasetReport(table.name, Status.UNCHANGED, promoted=current_place(setup.lake, Zone.GOLD, table).uri)
        for table in (release.tables if release else ())
    )


def _known_keys(silver: Mapping[str, Manifest]) -> Mapping[str, Callable[[], DistinctKeys]]:
    """Return what tells the keys of a table whose rows have those of a dataset, where these are unique."""
    return {
        table: partial(DistinctKeys, manifest.rows, manifest.keys_xor)
        for table, dataset in KEYED_AS.items()
        if (manifest := silver[dataset]).keys_xor is not None
    }


def _build(
    setup: Setup,
    spark: SparkSession,
    silver: Mapping[str, DataFrame],
    keys: Mapping[str, Callable[[], DistinctKeys]],
    version: str,
    progress: Progress,
) -> Mapping[str, Written]:
    """Write the tables; each is read back, so that one that stands on it does not compute it again."""
    contracts = {contract.name: contract for contract in setup.contracts.gold}
    done = count(1)

    def write(name: str, written: Callable[[str], Written]) -> Written:
        contract = contracts[name]
        built = {table: written(table).table.frame for table in reads(contract) if table in contracts}
        frame = gold_table(contract, silver, built)
        place = setup.lake.gold(name, version)
        table = write_candidate(spark, contract, frame, place, version, keys.get(name))
        progress.step(f"building the tables: wrote {name}", next(done), len(contracts))
        return table

    progress.step("building the tables", 0, len(contracts))
    return side_by_side(spark, {name: partial(write, name) for name in contracts})


def _measure(written: Mapping[str, Written]) -> tuple[Sequence[Candidate], GoldMeasured]:
    """Measure each table by itself, and beside that how they agree."""
    with ThreadPoolExecutor(1) as pool:
        agreement = pool.submit(measure_gold, {name: one.table.frame for name, one in written.items()})
        return measure_candidates(list(written.values())), agreement.result()


def _judge(
    setup: Setup, run: Run, candidate: Candidate, gold: GoldMeasured, silver: Mapping[str, Manifest]
) -> JudgedTable:
    contract, policy = candidate.contract, setup.policies.gold
    table = candidate.measured
    values: dict[str, int | float | Decimal] = {
        "_required_nulls": table.required_nulls,
        "_type_mismatches": candidate.written.mismatches,
    }
    match contract.name:
        case "fact_events" | "fact_transactions":
            dataset = contract.name.removeprefix("fact_")
            unknown = gold.unknown_user_rows[contract.name]
            values["_rows_difference_from_silver"] = abs(table.rows - silver[dataset].rows)
            values["_unknown_user_ratio"] = unknown / table.rows if table.rows else 0.0
        case "daily_revenue":
            values["_revenue_difference"] = gold.revenue_by_day - gold.revenue
        case "user_ltv":
            values["_revenue_difference"] = gold.revenue_by_user - gold.revenue
        case "dim_date":
            values["_uncovered_dates"] = gold.uncovered_dates
        case "dim_status":
            values["_uncovered_statuses"] = gold.uncovered_statuses
        case "dim_country":
            values["_uncovered_countries"] = gold.uncovered_countries
    keys = {"keys_unique": RuleCount(table.duplicate_rows, table.duplicate_samples)}
    rules, measures = contract.rules_in(Domain.TABLE), Measures(table.rows, keys, values)
    judgement = judge(
        f"{NAME}.{contract.name}",
        contract,
        rules,
        {Domain.TABLE: measures},
        policy.parameters,
        Masking.of(contract, policy.masked_columns),
        run.id,
        run.as_of,
    )
    return JudgedTable(candidate, rules, measures, judgement, decide(judgement.outcomes, policy))


def _sums(table: JudgedTable, gold: GoldMeasured) -> tuple[ColumnSum, ...]:
    """Return the revenue of a table, which the warehouse must show after the load."""
    name = table.candidate.contract.name
    revenue = {
        "fact_transactions": gold.revenue,
        "daily_revenue": gold.revenue_by_day,
        "user_ltv": gold.revenue_by_user,
    }
    return (ColumnSum(REVENUE[name], revenue[name]),) if name in revenue else ()


def _report(table: JudgedTable, *, is_promoted: bool) -> DatasetReport:
    candidate, decision = table.candidate, table.decision
    return DatasetReport(
        dataset=candidate.contract.name,
        verdict=Status(decision.verdict.value),
        rows_promoted=candidate.measured.rows,
        promoted=candidate.written.place.uri if is_promoted else None,
        failed=decision.failed,
    )
