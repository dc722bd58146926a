"""bronze_to_silver: the rows of all bronze files, cleaned, routed, judged, deduplicated and promoted."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from checkpoints.lake.bronze import current_ledger, readable_place, verify_bronze
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.promotion import current_silver, promote_silver
from contracts.faults import LakegateError
from contracts.model import Zone
from dags.pipeline.candidates import manifest_of
from dags.pipeline.fingerprint import fingerprint
from dags.pipeline.promises import check_promises
from dags.pipeline.publish import Verdicted, publish
from dags.pipeline.report import DatasetReport, Status, TransitionReport, worst
from dags.pipeline.shuffle import shuffles_sized_for
from dags.pipeline.side_by_side import side_by_side
from dags.pipeline.silver_candidates import judge_dataset
from dags.pipeline.start import start_beside_gx
from transforms.bronze_to_silver.files import BronzeFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import SparkSession

    from checkpoints.lake.layout import Lake
    from checkpoints.lake.ledger import Ledger
    from checkpoints.lake.pointer import Pointer
    from contracts.model import Contract
    from dags.pipeline.progress import Progress
    from dags.pipeline.setup import Run, Setup
    from dags.pipeline.silver_candidates import JudgedDataset

NAME = "bronze_to_silver"


def bronze_to_silver(
    setup: Setup, run: Run, start_spark: Callable[[], SparkSession], progress: Progress
) -> TransitionReport:
    """Rebuild silver from all of BRONZE, unless nothing changed since its last promotion.

    Raises:
        ContractError: a contract promises what cannot be kept; nothing was written.
        LakegateError: BRONZE was never promoted, or is not what its ledger says.
        StorageError: the lake cannot be used, or another run was faster.
    """
    began = monotonic()
    ledgers = _ledgers(setup)
    pointer = read_pointer(setup.lake, Zone.SILVER)
    print_ = _fingerprint(setup, ledgers)
    if not run.is_forced and _is_unchanged(setup, pointer, print_):
        return TransitionReport(NAME, Status.UNCHANGED, monotonic() - began, _unchanged(setup, pointer))

    known = {name: [entry.facts for entry in ledger.files.values()] for name, ledger in ledgers.items()}
    spark = start_beside_gx(start_spark)
    check_promises(setup, lambda: spark, known)
    files = {}
    for contract in setup.contracts.datasets:
        verify_bronze(setup.lake, ledgers[contract.name])
        files[contract.name] = bronze_files(setup.lake, ledgers[contract.name])
    largest = max(sum(file.facts.size_bytes for file in of) for of in files.values())

    def judge(contract: Contract, _: object) -> JudgedDataset:
        last = pointer.line(contract.name)
        last_rows = last.current.rows if last else None
        return judge_dataset(setup, run, spark, contract, files[contract.name], last_rows, progress)

    with shuffles_sized_for(spark, largest):
        tasks = {one.name: partial(judge, one) for one in setup.contracts.datasets}
        judged = list(side_by_side(spark, tasks).values())
    verdict = worst([Status(one.decision.verdict.value) for one in judged])
    reports = tuple(_report(one, is_promoted=verdict is not Status.BLOCK) for one in judged)
    verdicted = [
        _verdicted(one, number, report)
        for one, report in zip(judged, reports, strict=True)
        for number in range(len(one.tables))
    ]
    publish(setup, run, NAME, verdicted, monotonic() - began)
    if verdict is not Status.BLOCK:
        progress.step("promoting")
        tables = [table for one in judged for table in one.tables]
        promote_silver(
            setup.lake,
            [manifest_of(run, table, print_) for table in tables],
            {table.candidate.contract.name: pointer.seen(table.candidate.contract.name) for table in tables},
            now=datetime.now(UTC),
        )
    staging = setup.lake.staging(Zone.SILVER, run.id)
    staging.storage.delete_folder(staging.path)
    return TransitionReport(NAME, verdict, monotonic() - began, reports)


def bronze_files(lake: Lake, ledger: Ledger) -> list[BronzeFile]:
    """Return the files of a dataset's BRONZE; opened, each is the very one that the ledger vouches for."""
    bronze = lake.bronze(ledger.dataset)
    return [
        BronzeFile(
            entry.facts,
            readable_place(lake, ledger, key).spark_uri,
            partial(bronze.storage.open, bronze.child(key).path, version=entry.copy.version),
        )
        for key, entry in ledger.files.items()
    ]


def _ledgers(setup: Setup) -> Mapping[str, Ledger]:
    pointer = read_pointer(setup.lake, Zone.BRONZE)
    ledgers = {}
    for contract in setup.contracts.datasets:
        ledger = current_ledger(setup.lake, contract.name, pointer)
        if ledger is None:
            raise LakegateError(
                "nothing was ever promoted to BRONZE",
                where=setup.lake.bronze(contract.name).uri,
                next_step="run raw_to_bronze first",
            )
        ledgers[contract.name] = ledger
    return ledgers


def _fingerprint(setup: Setup, ledgers: Mapping[str, Ledger]) -> str:
    contracts = (*setup.contracts.datasets, setup.contracts.users_history)
    rules = [contract.checksum for contract in contracts]
    rules += [setup.policies.checksums[contract.name] for contract in setup.contracts.datasets]
    return fingerprint(NAME, [f"{name} {ledger.fingerprint()}" for name, ledger in ledgers.items()], rules)


def _names(setup: Setup) -> list[str]:
    return [contract.name for contract in (*setup.contracts.datasets, setup.contracts.users_history)]


def _is_unchanged(setup: Setup, pointer: Pointer, print_: str) -> bool:
    lines = [pointer.line(name) for name in _names(setup)]
    return all(line is not None and line.promoted_fingerprint == print_ for line in lines)


def _unchanged(setup: Setup, pointer: Pointer) -> tuple[DatasetReport, ...]:
    reports = []
    for contract in setup.contracts.datasets:
        manifest = current_silver(setup.lake, contract.name, pointer)
        if manifest is not None:
            place = setup.lake.area(Zone.SILVER).child(manifest.folder)
            reports.append(DatasetReport(contract.name, Status.UNCHANGED, promoted=place.uri))
    return tuple(reports)


def _verdicted(judged: JudgedDataset, number: int, report: DatasetReport) -> Verdicted:
    """Return what is to be published of one of a dataset's tables; where rows went goes with the first."""
    table, is_main = judged.tables[number], number == 0
    if not is_main:
        report = DatasetReport(
            dataset=table.candidate.contract.name,
            verdict=Status(table.decision.verdict.value),
            rows_promoted=table.candidate.measured.rows,
            promoted=table.candidate.written.place.uri if report.promoted else None,
            failed=table.decision.failed,
        )
    return Verdicted(
        contract=table.candidate.contract,
        rules=table.rules,
        judgement=table.judgement,
        decision=table.decision,
        report=report,
        records=judged.records if is_main else None,
        accounting=judged.accounting if is_main else None,
        table=table.candidate.measured,
        measures={name: float(value) for name, value in table.measures.values.items()},
    )


def _report(judged: JudgedDataset, *, is_promoted: bool) -> DatasetReport:
    decision, records, accounting = judged.decision, judged.records, judged.accounting
    return DatasetReport(
        dataset=judged.contract.name,
        verdict=Status(decision.verdict.value),
        rows_read=records.rows_read,
        rows_promoted=accounting.rows_promoted,
        rows_quarantined=records.rows_quarantined,
        rows_deduplicated=accounting.rows_deduplicated,
        rows_by_rule={name: count.unexpected for name, count in records.broken.items() if count.unexpected},
        rows_warned={name: count.unexpected for name, count in records.warned.items() if count.unexpected},
        promoted=judged.tables[0].candidate.written.place.uri if is_promoted else None,
        failed=decision.failed,
    )
