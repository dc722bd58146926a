"""Backtest: the datasets whose contracts or policies changed, judged by both sides on a lake's BRONZE."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints.gate.masking import Masking
from checkpoints.lake.bronze import current_ledger, verify_bronze
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.promotion import current_silver
from checkpoints.storage.opening import open_storage
from checkpoints.storage.place import Place
from contracts.errors import ConfigurationError, LakegateError
from contracts.loader import load_contracts
from contracts.model import Zone
from dags.contract_backtests.row_changes import Direction, RowChanges, count_row_changes
from dags.contract_backtests.samples import sample_values
from dags.contract_backtests.sides import computed_side, promoted_side
from dags.contract_checks.snapshots import read_base
from dags.pipeline.context import new_run, read_setup, selected_datasets
from dags.pipeline.contract_checks import check_contracts
from dags.spark.concurrency import run_concurrently, start_with_gx
from dags.spark.errors import translate_errors
from dags.spark.local import spark_of
from dags.spark.session import shuffles_sized_for
from quarantine_policies.decision import Verdict
from quarantine_policies.reader import load_policies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from pyspark.sql import SparkSession

    from checkpoints.lake.ledger import Ledger
    from contracts.loader import Contracts
    from contracts.model import Contract
    from dags.contract_backtests.row_changes import Sample
    from dags.contract_backtests.sides import Side
    from dags.contract_checks.folders import Folders
    from dags.contract_checks.snapshots import Snapshot
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.progress import Progress
    from dags.settings import Settings
    from quarantine_policies.reader import Policies


@dataclass(frozen=True, slots=True)
class DatasetBacktest:
    """One dataset under both sides.

    ``base``: None if the base has no such dataset. ``values``: what the rule judges in a sampled row, masked
    where necessary; not every sample has one.
    """

    contract: Contract
    base: Side | None
    working: Side
    changes: RowChanges
    values: Mapping[tuple[str, Sample], str]


@dataclass(frozen=True, slots=True)
class Backtest:
    """The result of a backtest.

    ``unchanged``: datasets with the same contracts and policy on both sides, which were not read.
    ``not_in_bronze``: datasets without a file yet.
    """

    run: Run
    datasets: tuple[DatasetBacktest, ...]
    unchanged: tuple[str, ...]
    not_in_bronze: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the working contracts; pass if nothing was read."""
        return Verdict.worst((Verdict.PASS, *(one.working.report.verdict for one in self.datasets)))


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """What to backtest: the contracts of ``folders`` against a ``base``, on the lake of the settings.

    ``dataset``: the only one; None: all. ``as_of``: the clock; None: that of the current version of silver,
    else now. ``scratch``: URI of a folder for staged rows, which Spark's tasks can reach; None: a temporary
    one of this machine.
    """

    folders: Folders
    base: str
    settings: Settings
    dataset: str | None = None
    as_of: str | None = None
    scratch: str | None = None


def run_backtest(
    request: BacktestRequest,
    progress: Progress,
    start_spark: Callable[[], SparkSession] | None = None,
) -> Backtest:
    """Judge the datasets that the working contracts and policies change. Writes nothing to the lake.

    Args:
        request: what to backtest.
        progress: receives the steps.
        start_spark: starts the session; None: one on this machine. Not called if no dataset is changed.

    Raises:
        ConfigurationError: a contract, policy or argument is invalid, or the base cannot be read.
        LakegateError: BRONZE is empty, or does not match its ledger.
        StorageError: the lake cannot be read.
    """
    settings, folders = request.settings, request.folders
    settings = settings.model_copy(update={"contracts": folders.contracts, "policies": folders.policies})
    setup = read_setup(settings)
    with tempfile.TemporaryDirectory(prefix="lakegate-") as name:
        base = _base_setup(setup, read_base(request.base, folders), Path(name))
        ledgers = _ledgers(setup)
        run = new_run(as_of=request.as_of)
        if request.as_of is None:
            run = replace(run, as_of=_promoted_clock(setup) or run.as_of)
        wanted = selected_datasets(setup.contracts, request.dataset)
        present = [contract for contract in wanted if contract.name in ledgers]
        changed = [contract for contract in present if _is_changed(contract, base, setup)]
        scratch = Place(open_storage(request.scratch or name), f"backtest-{run.id}")
        backtest = _Backtest(setup, base, run, ledgers, scratch, progress)
        size_bytes = sum(ledgers[contract.name].size_bytes for contract in changed)
        start = start_spark or partial(spark_of(settings), size_bytes)
        try:
            with translate_errors("contract backtest"):
                datasets = backtest.judge(changed, start) if changed else ()
        finally:
            scratch.storage.delete_folder(scratch.path)
    return Backtest(
        run,
        datasets,
        tuple(contract.name for contract in present if contract not in changed),
        tuple(contract.name for contract in wanted if contract.name not in ledgers),
    )


@dataclass(frozen=True, slots=True)
class _Backtest:
    setup: Setup
    base: Setup
    run: Run
    ledgers: Mapping[str, Ledger]
    scratch: Place
    progress: Progress

    def judge(
        self, changed: list[Contract], start_spark: Callable[[], SparkSession]
    ) -> tuple[DatasetBacktest, ...]:
        """Judge the changed datasets by both sides, concurrently."""
        self.progress.transition("backtest")
        self.progress.step("checking contracts")
        spark = start_with_gx(start_spark)
        facts = {
            name: [entry.facts for entry in ledger.files.values()] for name, ledger in self.ledgers.items()
        }
        check_contracts(self.setup, self.run, lambda: spark, facts, needs_spark=True)
        for contract in changed:
            verify_bronze(self.setup.lake, self.ledgers[contract.name])
        sizes = (
            sum(entry.facts.size_bytes for entry in self.ledgers[contract.name].files.values())
            for contract in changed
        )
        with shuffles_sized_for(spark, max(sizes)):
            tasks = {contract.name: partial(self._judge, spark, contract) for contract in changed}
            return tuple(run_concurrently(spark, tasks).values())

    def _judge(self, spark: SparkSession, contract: Contract, _: object) -> DatasetBacktest:
        base = self._base_side(spark, contract)
        working = self._computed(self.setup, spark, contract, "working")
        self.progress.step(f"{contract.name}: comparing rows")
        if working.blocked_files or (base is not None and base.blocked_files):
            return DatasetBacktest(contract, base, working, RowChanges({}, {}), {})
        changes = count_row_changes(spark, base.quarantined if base else None, working.quarantined)
        of_working = (Direction.QUARANTINED, Direction.OTHER_RULES)
        values = self._values(spark, contract, changes, of_working, self.setup, working)
        if base is not None:
            of_base = (Direction.LET_THROUGH, Direction.OTHER_RULES)
            values = self._values(spark, contract, changes, of_base, self.base, base) | values
        return DatasetBacktest(contract, base, working, changes, values)

    def _base_side(self, spark: SparkSession, contract: Contract) -> Side | None:
        of_base = next((one for one in self.base.contracts.datasets if one.name == contract.name), None)
        if of_base is None:
            return None
        promoted = promoted_side(self.base, self.ledgers, of_base, self.run)
        return promoted or self._computed(self.base, spark, of_base, "base")

    def _computed(self, setup: Setup, spark: SparkSession, contract: Contract, side: str) -> Side:
        ledger, place = self.ledgers[contract.name], self.scratch.child(side, contract.name)
        return computed_side(setup, ledger, contract, self.run, spark, place, self.progress)

    def _values(
        self,
        spark: SparkSession,
        contract: Contract,
        changes: RowChanges,
        directions: Sequence[Direction],
        setup: Setup,
        side: Side,
    ) -> dict[tuple[str, Sample], str]:
        """Return the sampled values of directions, as the side reads them whose rules the rows break."""
        samples = [
            (change.rule, sample)
            for direction in directions
            for change in changes.rules.get(direction, ())
            for sample in change.samples
        ]
        of_side = setup.contracts.silver(contract.name)
        masking = Masking.of(of_side, setup.policies.of(contract.name).masked_columns)
        return sample_values(spark, of_side, side.facts, samples, masking)


def _base_setup(setup: Setup, snapshot: Snapshot, folder: Path) -> Setup:
    """Return the same set-up with the contracts and policies of a base, written to a folder and loaded."""
    for place, files in (
        ("contracts", {**snapshot.contracts, **snapshot.defaults}),
        ("policies", snapshot.policies or {}),
    ):
        for path, text in files.items():
            file = folder / place / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    try:
        contracts = load_contracts(folder / "contracts")
        policies = setup.policies if not snapshot.policies else load_policies(folder / "policies")
        _check_has_policies(contracts, policies)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"the base is invalid: {error}",
            where=f"--base {snapshot.name}",
            next_step="name a base that a run accepts",
        ) from error
    return replace(setup, contracts=contracts, policies=policies)


def _check_has_policies(contracts: Contracts, policies: Policies) -> None:
    missing = [contract.name for contract in contracts.datasets if contract.name not in policies.datasets]
    if missing:
        raise ConfigurationError(f"no policy of {', '.join(missing)}")


def _ledgers(setup: Setup) -> dict[str, Ledger]:
    """Return the ledgers of the datasets that have one."""
    pointer = read_pointer(setup.lake, Zone.BRONZE)
    found = {one.name: current_ledger(setup.lake, one.name, pointer) for one in setup.contracts.datasets}
    ledgers = {name: ledger for name, ledger in found.items() if ledger is not None}
    if not ledgers:
        raise LakegateError(
            "nothing was ever promoted to BRONZE",
            where=setup.lake.root.uri,
            next_step="run the pipeline first",
        )
    return ledgers


def _promoted_clock(setup: Setup) -> datetime | None:
    """Return the clock of the current version of silver, or None before the first."""
    pointer = read_pointer(setup.lake, Zone.SILVER)
    manifests = [current_silver(setup.lake, line.name, pointer) for line in pointer.lines]
    return max((manifest.as_of for manifest in manifests if manifest is not None), default=None)


def _is_changed(contract: Contract, base: Setup, working: Setup) -> bool:
    """Whether a dataset's contract, a history of it, or its policy differs between the sides."""
    return _checksums(contract.name, base) != _checksums(contract.name, working)


def _checksums(dataset: str, setup: Setup) -> list[str | None]:
    contracts = [contract for contract in setup.contracts.silver_tables if contract.dataset == dataset]
    return [*sorted(contract.checksum for contract in contracts), setup.policies.checksums.get(dataset)]
