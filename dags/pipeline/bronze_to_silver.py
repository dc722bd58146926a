"""bronze_to_silver: clean, route, deduplicate, judge and promote the rows of all bronze files."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from checkpoints.docs.index import publish_late_feeds
from checkpoints.gate.late_feeds import late_rules
from checkpoints.lake.bronze import current_ledger, readable_place, verify_bronze
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.promotion import current_silver, promote_silver
from checkpoints.metrics.result import read_metrics
from checkpoints.quarantine.corrections import corrections_in_effect
from contracts.corrections import changes_by_file, corrections_digest
from contracts.errors import LakegateError
from contracts.model import Zone
from dags.pipeline.candidates import manifest_of, table_report
from dags.pipeline.contract_checks import check_contracts
from dags.pipeline.fingerprint import BRONZE_TO_SILVER, fingerprint
from dags.pipeline.judging import published_result
from dags.pipeline.publish import publish
from dags.pipeline.report import DatasetReport, TransitionReport
from dags.pipeline.silver_dataset import DatasetInput, judge_dataset
from dags.spark.concurrency import run_concurrently, start_with_gx
from dags.spark.session import shuffles_sized_for
from quarantine_policies.decision import Verdict
from transforms.bronze_to_silver.files import BronzeFile
from transforms.bronze_to_silver.text_files import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pyspark.sql import SparkSession

    from checkpoints.gate.measures import RuleCount
    from checkpoints.lake.layout import Lake
    from checkpoints.lake.ledger import Ledger
    from checkpoints.lake.pointer import Pointer
    from contracts.corrections import Corrections
    from contracts.model import Contract
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.progress import Progress
    from dags.pipeline.publish import PublishedResult
    from dags.pipeline.silver_dataset import JudgedDataset

NAME = "bronze_to_silver"


def bronze_to_silver(
    setup: Setup, run: Run, start_spark: Callable[[int], SparkSession], progress: Progress
) -> TransitionReport:
    """Rebuild silver from all of BRONZE, unless nothing changed since its last promotion.

    Raises:
        ContractError: a contract cannot be applied; nothing was written.
        LakegateError: BRONZE was never promoted, or does not match its ledger.
        StorageError: the lake cannot be used, or another run promoted first.
    """
    began = monotonic()
    ledgers = bronze_ledgers(setup)
    corrections = {name: corrections_in_effect(setup.lake, name, run.as_of) for name in ledgers}
    pointer = read_pointer(setup.lake, Zone.SILVER)
    current = silver_fingerprint(setup, ledgers, corrections)
    if not run.is_forced and _is_unchanged(setup, pointer, current):
        return TransitionReport(NAME, Verdict.UNCHANGED, monotonic() - began, _unchanged(setup, run, pointer))

    size_bytes = sum(ledger.size_bytes for ledger in ledgers.values())
    spark = start_with_gx(partial(start_spark, size_bytes))
    facts = {name: [entry.facts for entry in ledger.files.values()] for name, ledger in ledgers.items()}
    check_contracts(setup, run, lambda: spark, facts, needs_spark=True)
    for ledger in ledgers.values():
        verify_bronze(setup.lake, ledger)
    datasets = _judge(setup, run, spark, ledgers, corrections, pointer, progress)
    verdict = Verdict.worst(dataset.decision.verdict for dataset in datasets)
    reports = tuple(dataset_report(dataset, is_promoted=verdict is not Verdict.BLOCK) for dataset in datasets)
    results = [
        result
        for dataset, report in zip(datasets, reports, strict=True)
        for result in _results(dataset, report)
    ]
    publish(setup, run, NAME, results, monotonic() - began)
    if verdict is not Verdict.BLOCK:
        progress.step("promoting")
        tables = [table for dataset in datasets for table in dataset.tables]
        promote_silver(
            setup.lake,
            [manifest_of(run, table, current) for table in tables],
            {table.name: pointer.seen(table.name) for table in tables},
            now=datetime.now(UTC),
        )
    staging = setup.lake.staging(Zone.SILVER, run.id)
    staging.storage.delete_folder(staging.path)
    return TransitionReport(NAME, verdict, monotonic() - began, reports)


def bronze_files(lake: Lake, ledger: Ledger, corrections: Corrections) -> list[BronzeFile]:
    """Return the files of a dataset's BRONZE, with the changes of their records by corrections.

    Opening a file fails unless it is the version in the ledger.
    """
    bronze = lake.bronze(ledger.dataset)
    changes = changes_by_file(ledger.dataset, corrections)
    return [
        BronzeFile(
            entry.facts,
            readable_place(lake, ledger, key).spark_uri,
            partial(bronze.storage.open, bronze.child(key).path, version=entry.copy.version),
            changes.get(as_text(key), {}),
        )
        for key, entry in ledger.files.items()
    ]


def bronze_ledgers(setup: Setup) -> Mapping[str, Ledger]:
    """Return the current ledger of each dataset. Raises LakegateError for one that was never promoted."""
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


def silver_fingerprint(
    setup: Setup, ledgers: Mapping[str, Ledger], corrections: Mapping[str, Corrections]
) -> str:
    """Return the fingerprint of silver as these contracts and policies make it of BRONZE and corrections."""
    inputs = [f"{name} {ledger.fingerprint()}" for name, ledger in ledgers.items()]
    inputs += [f"{name} corrected {corrections_digest(of)}" for name, of in corrections.items() if of]
    rules = [contract.checksum for contract in setup.contracts.silver_tables]
    rules += [setup.policies.checksums[contract.name] for contract in setup.contracts.datasets]
    return fingerprint(NAME, inputs, rules, BRONZE_TO_SILVER)


def _is_unchanged(setup: Setup, pointer: Pointer, current: str) -> bool:
    lines = [pointer.line(contract.name) for contract in setup.contracts.silver_tables]
    return all(line is not None and line.promoted_fingerprint == current for line in lines)


def _unchanged(setup: Setup, run: Run, pointer: Pointer) -> tuple[DatasetReport, ...]:
    """Return reports that name, in ``failed``, the rules on freshness that are broken by now.

    If no file arrives, no rule is judged again: late feeds are reported here and on the front page instead.
    """
    reports, late = [], {}
    for contract in setup.contracts.datasets:
        manifest = current_silver(setup.lake, contract.name, pointer)
        if manifest is not None:
            place = setup.lake.area(Zone.SILVER).child(manifest.folder)
            metrics = read_metrics(setup.lake.metrics, manifest.run_id, NAME, contract.name)
            policy = setup.policies.of(contract.name)
            late[contract.name] = broken = late_rules(contract, policy, run.parameters, metrics)
            reports.append(
                DatasetReport(contract.name, Verdict.UNCHANGED, promoted=place.uri, failed=tuple(broken))
            )
    if any(late.values()):
        shown_runs = setup.settings.shown_runs
        publish_late_feeds(setup.lake.docs, run.as_of, late, setup.contracts.all, shown_runs)
    return tuple(reports)


def _judge(
    setup: Setup,
    run: Run,
    spark: SparkSession,
    ledgers: Mapping[str, Ledger],
    corrections: Mapping[str, Corrections],
    pointer: Pointer,
    progress: Progress,
) -> Sequence[JudgedDataset]:
    """Write and judge the candidates of all datasets concurrently."""
    files = {name: bronze_files(setup.lake, ledger, corrections[name]) for name, ledger in ledgers.items()}

    def judge(contract: Contract, _: object) -> JudgedDataset:
        line = pointer.line(contract.name)
        last_rows = line.current.rows if line else None
        dataset = DatasetInput(contract, files[contract.name], corrections[contract.name], last_rows)
        return judge_dataset(setup, run, spark, dataset, progress)

    largest_bytes = max(sum(one.facts.size_bytes for one in of_dataset) for of_dataset in files.values())
    with shuffles_sized_for(spark, largest_bytes):
        tasks = {contract.name: partial(judge, contract) for contract in setup.contracts.datasets}
        return list(run_concurrently(spark, tasks).values())


def _results(dataset: JudgedDataset, report: DatasetReport) -> Iterator[PublishedResult]:
    """Yield what to publish of each table of a dataset; the first carries the dataset's row counts."""
    main, *others = dataset.tables
    yield published_result(
        main,
        report,
        records=dataset.records,
        accounting=dataset.accounting,
        table=main.subject.measured,
        nulls=main.subject.written.nulls,
    )
    for table in others:
        of_table = table_report(table, is_promoted=report.promoted is not None)
        yield published_result(
            table, of_table, table=table.subject.measured, nulls=table.subject.written.nulls
        )


def dataset_report(dataset: JudgedDataset, *, is_promoted: bool) -> DatasetReport:
    """Return the report on a dataset with its histories."""
    decision, records, accounting = dataset.decision, dataset.records, dataset.accounting
    corrected = records.corrections
    return DatasetReport(
        dataset=dataset.contract.name,
        verdict=decision.verdict,
        rows_read=records.rows_read,
        rows_promoted=accounting.rows_promoted,
        rows_quarantined=records.rows_quarantined,
        rows_deduplicated=accounting.rows_deduplicated,
        rows_conflicting=dataset.rows_conflicting,
        rows_discarded=corrected.rows_discarded,
        rows_fixed=corrected.rows_fixed,
        rows_waived=corrected.rows_waived,
        stale=corrected.stale,
        rows_excluded=records.rows_excluded,
        rows_by_rule=_offenders(records.broken),
        rows_warned=_offenders(records.warned),
        promoted=dataset.tables[0].subject.written.place.uri if is_promoted else None,
        failed=decision.failed,
    )


def _offenders(counts: Mapping[str, RuleCount]) -> dict[str, int]:
    return {name: count.unexpected for name, count in counts.items() if count.unexpected}
