"""The two sides of a backtest: what contracts make of a dataset's BRONZE, computed, or found in the lake."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.lake.commit import read_pointer
from checkpoints.lake.layout import Lake
from checkpoints.lake.promotion import current_silver
from checkpoints.metrics.result import read_metrics
from contracts.model import Zone
from dags.pipeline.bronze_to_silver import NAME, bronze_files, dataset_report, silver_fingerprint
from dags.pipeline.candidates import unwritten_candidate
from dags.pipeline.report import DatasetReport
from dags.pipeline.silver_dataset import judge_dataset
from dags.spark.frames import rows_in_files
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

    from checkpoints.lake.ledger import Ledger
    from checkpoints.lake.manifest import Manifest
    from checkpoints.storage.place import Place
    from contracts.model import Contract
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.progress import Progress


@dataclass(frozen=True, slots=True)
class Side:
    """What contracts make of a dataset: its report, and the folder of the rows that they quarantine.

    ``promoted_by``: id of the run that left this in the lake; None: it was computed for the backtest.
    """

    report: DatasetReport
    quarantined: Place
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
    if manifest is None or not _is_made_by(setup, ledgers, manifest) or manifest.as_of != run.as_of:
        return None
    tables = (contract, *setup.contracts.histories_of(contract.name))
    found = [read_metrics(setup.lake.metrics, manifest.run_id, NAME, table.name) for table in tables]
    metrics = [one for one in found if one is not None]
    if len(metrics) != len(tables):
        return None
    main, *others = metrics
    quarantined = setup.lake.quarantined_rows(contract.name, manifest.run_id)
    if rows_in_files(quarantined) != main.rows_quarantined:  # they are kept for some days
        return None
    report = DatasetReport(
        dataset=contract.name,
        verdict=Verdict.worst(one.verdict for one in metrics),
        rows_read=main.rows_read,
        rows_promoted=main.rows_promoted,
        rows_quarantined=main.rows_quarantined,
        rows_deduplicated=main.rows_deduplicated,
        rows_conflicting=main.rows_conflicting,
        rows_excluded=main.rows_excluded,
        rows_by_rule=main.rows_by_rule,
        rows_warned=main.rows_warned,
        failed=(*main.failed, *(f"{one.dataset}.{rule}" for one in others for rule in one.failed)),
    )
    return Side(report, quarantined, manifest.run_id)


def computed_side(
    setup: Setup,
    ledger: Ledger,
    contract: Contract,
    run: Run,
    spark: SparkSession,
    scratch: Place,
    progress: Progress,
) -> Side:
    """Return what contracts make of a dataset, by the pipeline's own steps; no table is written.

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
    line = read_pointer(setup.lake, Zone.SILVER).line(contract.name)
    apart = replace(setup, lake=Lake(scratch))
    files = bronze_files(setup.lake, ledger)
    last_rows = line.current.rows if line else None
    judged = judge_dataset(apart, run, spark, contract, files, last_rows, progress, unwritten_candidate)
    quarantined = apart.lake.quarantined_rows(contract.name, run.id)
    return Side(dataset_report(judged, is_promoted=False), quarantined)


def _is_made_by(setup: Setup, ledgers: Mapping[str, Ledger], manifest: Manifest) -> bool:
    known = {contract.name for contract in setup.contracts.datasets}
    return known == ledgers.keys() and manifest.fingerprint == silver_fingerprint(setup, ledgers)
