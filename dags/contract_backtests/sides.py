"""The two sides of a backtest: what contracts make of a dataset's BRONZE, computed, or found in the lake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.lake.bronze import ingest
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.layout import Area, Lake
from checkpoints.lake.promotion import current_silver
from checkpoints.metrics.result import read_metrics
from checkpoints.quarantine.corrections import corrections_in_effect
from contracts.model import Zone
from dags.pipeline.bronze_to_silver import NAME, bronze_files, dataset_report, silver_fingerprint
from dags.pipeline.candidates import unwritten_candidate
from dags.pipeline.inspection_batches import inspector
from dags.pipeline.raw_to_bronze import judge_ingestion
from dags.pipeline.report import DatasetReport, name_lacking
from dags.pipeline.silver_dataset import DatasetInput, judge_dataset
from dags.spark.frames import read_footers
from quarantine_policies.decision import Verdict
from transforms.raw_to_bronze.column_coverage import missing_columns
from transforms.raw_to_bronze.file_names import is_ignored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

    from checkpoints.lake.ingestion import Ingestion
    from checkpoints.lake.ledger import Ledger
    from checkpoints.lake.manifest import Manifest
    from checkpoints.storage.place import Place
    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.progress import Progress


@dataclass(frozen=True, slots=True)
class Side:
    """What contracts make of a dataset: its report, and the folder of the rows that they quarantine.

    ``blocked_by``: the rules that block. ``blocked_files``: whether raw_to_bronze is blocked, so that no row
    is read; the report is its then.
    ``promoted_by``: id of the run that left this in the lake; None: it was computed for the backtest.
    """

    report: DatasetReport
    quarantined: Place
    facts: Mapping[str, FileFacts]
    blocked_by: tuple[str, ...] = ()
    blocked_files: bool = False
    promoted_by: str | None = None


def promoted_side(setup: Setup, ledgers: Mapping[str, Ledger], contract: Contract, run: Run) -> Side | None:
    """Return what the lake holds of a dataset, if a run with the same inputs, contracts and clock made it.

    None if another run did, or if its metrics or quarantined rows are gone.

    Args:
        setup: the lake, with the contracts and policies of the side.
        ledgers: of all datasets.
        contract: of the dataset.
        run: the backtest's clock.

    Raises:
        StorageError: the lake cannot be read.
    """
    manifest = current_silver(setup.lake, contract.name)
    if manifest is None or manifest.as_of != run.as_of or not _is_made_by(setup, ledgers, manifest):
        return None
    tables = (contract, *setup.contracts.histories_of(contract.name))
    found = [read_metrics(setup.lake.metrics, manifest.run_id, NAME, table.name) for table in tables]
    metrics = [one for one in found if one is not None]
    if len(metrics) != len(tables):
        return None
    main, *others = metrics
    quarantined = setup.lake.quarantined_rows(contract.name, manifest.run_id)
    if read_footers(quarantined).rows != main.rows_quarantined:  # they are kept for some days
        return None
    report = DatasetReport(
        dataset=contract.name,
        verdict=Verdict.worst(one.verdict for one in metrics),
        rows_read=main.rows_read,
        rows_promoted=main.rows_promoted,
        rows_quarantined=main.rows_quarantined,
        rows_deduplicated=main.rows_deduplicated,
        rows_conflicting=main.rows_conflicting,
        rows_discarded=main.rows_discarded,
        rows_fixed=main.rows_fixed,
        rows_waived=main.rows_waived,
        stale=main.stale,
        rows_excluded=main.rows_excluded,
        rows_by_rule=main.rows_by_rule,
        rows_warned=main.rows_warned,
        failed=(*main.failed, *(f"{one.dataset}.{rule}" for one in others for rule in one.failed)),
    )
    return Side(report, quarantined, _facts(ledgers[contract.name]), promoted_by=manifest.run_id)


def computed_side(
    setup: Setup,
    ledger: Ledger,
    contract: Contract,
    run: Run,
    spark: SparkSession,
    scratch: Place,
    progress: Progress,
) -> Side:
    """Return what contracts make of a dataset's files, by the pipeline's own steps; no table is written.

    The files are inspected by these contracts as raw_to_bronze does: a new source, or other names, take
    effect. Then their rows are judged as bronze_to_silver does.

    Args:
        setup: the lake, with the contracts and policies of the side. Nothing is written to the lake.
        ledger: the dataset's files in BRONZE.
        contract: of the dataset.
        run: the backtest's id and clock.
        spark: runs the transforms.
        scratch: folder for staged and quarantined rows, of this dataset and side alone.
        progress: receives the steps.

    Raises:
        ContractError: a contract cannot be applied.
    """
    progress.step(f"{contract.name}: inspecting files")
    ingestion = _inspected_again(setup, ledger, contract, scratch)
    lacking = missing_columns(ingestion.accepted_before, contract)
    policy = setup.policies.of(contract.name)
    inspected = judge_ingestion(run, policy, setup.contracts.inventory, ingestion, lacking)
    ledger = replace(ledger, files=ingestion.known)
    apart = replace(setup, lake=Lake(scratch))
    quarantined = apart.lake.quarantined_rows(contract.name, run.id)
    if inspected.verdict is Verdict.BLOCK:
        report = DatasetReport(
            contract.name,
            inspected.verdict,
            files_lacking_columns=name_lacking(lacking),
            failed=inspected.decision.failed,
        )
        blocked_by = inspected.decision.blocked_by
        return Side(report, quarantined, _facts(ledger), blocked_by=blocked_by, blocked_files=True)
    line = read_pointer(setup.lake, Zone.SILVER).line(contract.name)
    corrections = corrections_in_effect(setup.lake, contract.name, run.as_of)
    files = bronze_files(setup.lake, ledger, corrections)
    dataset = DatasetInput(contract, files, corrections, line.current.rows if line else None)
    judged = judge_dataset(apart, run, spark, dataset, progress, unwritten_candidate)
    report, blocked_by = dataset_report(judged, is_promoted=False), judged.decision.blocked_by
    return Side(report, quarantined, _facts(ledger), blocked_by=blocked_by)


def _inspected_again(setup: Setup, ledger: Ledger, contract: Contract, scratch: Place) -> Ingestion:
    """Return what raw_to_bronze finds in the files of BRONZE by a contract, as if RAW held none any more."""
    inspected_by, inspect = inspector(setup, contract)
    roots = {**setup.lake.own_roots, Area.RAW: scratch.child("raw")}
    return ingest(
        Lake(setup.lake.root, roots),
        contract.name,
        ledger,
        inspected_by=inspected_by,
        inspect=inspect,
        is_ignored=is_ignored,
        threads=setup.settings.ingest_threads,
        cutting_sources={source.name for source in contract.sources if source.overrides_record_parsing},
    )


def _facts(ledger: Ledger) -> dict[str, FileFacts]:
    return {key: entry.facts for key, entry in ledger.files.items()}


def _is_made_by(setup: Setup, ledgers: Mapping[str, Ledger], manifest: Manifest) -> bool:
    known = {contract.name for contract in setup.contracts.datasets}
    if known != ledgers.keys():
        return False
    corrections = {name: corrections_in_effect(setup.lake, name, manifest.as_of) for name in ledgers}
    return manifest.fingerprint == silver_fingerprint(setup, ledgers, corrections)
