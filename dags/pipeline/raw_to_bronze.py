"""raw_to_bronze: inspect and judge the files of RAW, copy them to BRONZE or quarantine."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.measure_files import measure_files
from checkpoints.lake.bronze import current_ledger, ingest
from checkpoints.lake.bronze_promotion import AliasWriter, JudgedIngestion, promote_bronze
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.layout import Area
from checkpoints.quarantine.files import quarantine_files
from checkpoints.storage.errors import LakeUnreadableError
from contracts.model import Zone
from dags.pipeline.context import selected_datasets
from dags.pipeline.contract_checks import check_contracts
from dags.pipeline.inspection_batches import delete_batches, inspected_facts, inspector
from dags.pipeline.judging import judge_and_decide, published_result
from dags.pipeline.publish import publish
from dags.pipeline.report import DatasetReport, TransitionReport, count_files, name_lacking
from quarantine_policies.decision import Verdict
from transforms.formats.parquet_portable import is_foreign, rewrite
from transforms.raw_to_bronze.column_coverage import missing_columns
from transforms.raw_to_bronze.file_names import is_ignored, needs_alias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import SparkSession

    from checkpoints.gate.checkpoint import JudgeRules
    from checkpoints.lake.ingestion import Ingestion
    from checkpoints.lake.pointer import Pointer
    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.judging import Judged
    from dags.pipeline.progress import Progress
    from quarantine_policies.model import Policy

NAME = "raw_to_bronze"


@dataclass(frozen=True, slots=True)
class _Dataset:
    """One dataset's files as found in RAW, and what the gate says of them.

    ``judged``: None when the ledger already covers every file; its verdict then stands.
    ``lacking``: key of a file accepted before -> required columns that it has no source for.
    """

    contract: Contract
    ingestion: Ingestion
    inspected_by: str
    judged: Judged[Ingestion] | None = None
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether nothing changed since the ledger was written, by the same contracts and code."""
        one = self.ingestion
        if one.before is None or one.before.inspected_by != self.inspected_by:
            return False
        return not (one.valid or one.to_copy or one.to_quarantine)

    @property
    def facts(self) -> list[FileFacts]:
        """Facts of all files of the dataset, also of those that vanished from RAW."""
        return [*self.ingestion.inventory, *(entry.facts for entry in self.ingestion.known.values())]

    @property
    def kept_verdict(self) -> Verdict:
        """The verdict that the ledger keeps."""
        if self.judged is not None:
            return self.judged.verdict
        assert self.ingestion.before is not None  # only known files are not judged
        return Verdict(self.ingestion.before.verdict)

    @property
    def verdict(self) -> Verdict:
        """The verdict of this run: ``unchanged`` for known files that passed."""
        is_unchanged = self.judged is None and self.kept_verdict is Verdict.PASS
        return Verdict.UNCHANGED if is_unchanged else self.kept_verdict


def raw_to_bronze(
    setup: Setup, run: Run, start_spark: Callable[[int], SparkSession], progress: Progress
) -> TransitionReport:
    """Take in what is new in RAW.

    Spark only checks contracts here: the conditions of all row rules if bronze_to_silver follows in the same
    run, else only the expressions of sources. Files that batches of the run inspected are not read again.

    Raises:
        ContractError: a contract cannot be applied; nothing was written.
        StorageError: RAW is missing, empty or unreadable, or another run promoted first.
    """
    began = monotonic()
    setup.lake.area(Area.RAW).storage.ensure_readable()
    pointer = read_pointer(setup.lake, Zone.BRONZE)
    chosen = selected_datasets(setup.contracts, run.dataset)
    found = [_ingest(setup, run, contract, progress) for contract in chosen]
    _ensure_not_empty(setup, run, found)
    if run.is_forced or not all(dataset.is_known for dataset in found):
        of_chosen = replace(setup, contracts=replace(setup.contracts, datasets=chosen))
        facts = {dataset.contract.name: dataset.facts for dataset in found}
        # Files are only read by the later transitions of a whole run, in the session that starts here.
        size_bytes = sum(one.size_bytes for of in facts.values() for one in of) if run.is_whole else 0
        check_contracts(of_chosen, run, partial(start_spark, size_bytes), facts, needs_spark=run.is_whole)
    datasets = [_judge(setup, run, dataset) for dataset in found]
    now = datetime.now(UTC)
    for dataset in datasets:
        quarantine_files(setup.lake, dataset.ingestion, run_id=run.id, now=now)
    _note_refused(datasets, progress)
    verdict = Verdict.worst(dataset.verdict for dataset in datasets)
    reports = tuple(_report(setup, dataset) for dataset in datasets)
    results = [
        published_result(dataset.judged, report, ingestion=dataset.ingestion)
        for dataset, report in zip(datasets, reports, strict=True)
        if dataset.judged is not None
    ]
    publish(setup, run, NAME, results, monotonic() - began)
    if verdict is not Verdict.BLOCK:
        _promote(setup, run, datasets, pointer, now, progress)
    for contract in chosen:
        delete_batches(setup, run, contract.name)
    return TransitionReport(NAME, verdict, monotonic() - began, reports)


def _ingest(setup: Setup, run: Run, contract: Contract, progress: Progress) -> _Dataset:
    """List a dataset's files in RAW and inspect the new ones."""
    inspected_by, inspect = inspector(setup, contract)
    progress.step(f"{contract.name}: listing RAW")
    ingestion = ingest(
        setup.lake,
        contract.name,
        current_ledger(setup.lake, contract.name),
        inspected_by=inspected_by,
        inspect=inspect,
        is_ignored=is_ignored,
        threads=setup.settings.ingest_threads,
        progress=partial(progress.step, f"{contract.name}: inspecting files"),
        known_facts=inspected_facts(setup, run, contract.name, inspected_by),
        cutting_sources={source.name for source in contract.sources if source.overrides_record_parsing},
    )
    return _Dataset(contract, ingestion, inspected_by)


def _ensure_not_empty(setup: Setup, run: Run, found: Sequence[_Dataset]) -> None:
    """Raise ``LakeUnreadableError`` if RAW has and had no file. One dataset alone may be empty."""
    ingestions = [dataset.ingestion for dataset in found]
    is_empty = all(one.before is None and not one.inventory and not one.ignored for one in ingestions)
    if run.dataset is None and is_empty:
        raise LakeUnreadableError(
            "there is no file in RAW",
            setup.lake.area(Area.RAW).uri,
            expected=f"files below {', '.join(f'{one.dataset}/' for one in ingestions)}",
            next_step="drop some there, or point --lake at another lake",
        )


def _judge(setup: Setup, run: Run, dataset: _Dataset) -> _Dataset:
    """Return the dataset judged, unless the verdict in its ledger stands."""
    if dataset.is_known and not run.is_forced:
        return dataset
    lacking = missing_columns(dataset.ingestion.accepted_before, dataset.contract)
    policy = setup.policies.of(dataset.contract.name)
    judged = judge_ingestion(run, policy, setup.contracts.inventory, dataset.ingestion, lacking)
    return replace(dataset, judged=judged, lacking=lacking)


def judge_ingestion(
    run: Run,
    policy: Policy,
    inventory: Contract,
    ingestion: Ingestion,
    lacking: Mapping[str, tuple[str, ...]],
    judge_rules: JudgeRules = judge,
) -> Judged[Ingestion]:
    """Judge the files found in RAW by the rules of the inventory. Reads no file.

    Args:
        run: its id names the results.
        policy: of the dataset.
        inventory: the contract of the inventory.
        ingestion: the files found.
        lacking: key of a file accepted by an earlier run -> required columns that it has no source for.
        judge_rules: judges the rules.
    """
    return judge_and_decide(
        f"{NAME}.{ingestion.dataset}",
        run,
        ingestion,
        inventory,
        inventory.rules,
        measure_files(inventory, ingestion, lacking),
        policy,
        files_rejected=sum(ingestion.quarantined.values()),
        judge_rules=judge_rules,
    )


def _note_refused(datasets: Sequence[_Dataset], progress: Progress) -> None:
    for dataset in datasets:
        refused = dataset.ingestion.refused_anew
        if refused:
            progress.note(
                f"{dataset.contract.name}: accepted files kept although they would be rejected today: "
                f"{len(refused):,}, such as {refused[0].key} ({refused[0].reason})"
            )


def _promote(
    setup: Setup, run: Run, datasets: Sequence[_Dataset], pointer: Pointer, now: datetime, progress: Progress
) -> None:
    """Copy the valid files to BRONZE and commit the ledgers."""
    progress.step("copying to BRONZE")
    promotions = promote_bronze(
        setup.lake,
        [
            JudgedIngestion(
                one.ingestion, one.inspected_by, one.kept_verdict, pointer.seen(one.contract.name)
            )
            for one in datasets
        ],
        run_id=run.id,
        alias_writer=AliasWriter(needs_alias, is_foreign, rewrite),
        now=now,
        threads=setup.settings.ingest_threads,
        progress=partial(progress.step, "copying to BRONZE"),
    )
    for promotion in promotions:
        for key in promotion.missed:
            progress.note(f"{promotion.dataset}: {key} changed during the copy; the next run takes it in")


def _report(setup: Setup, dataset: _Dataset) -> DatasetReport:
    name, judged = dataset.contract.name, dataset.judged
    return DatasetReport(
        dataset=name,
        verdict=dataset.verdict,
        files=count_files(dataset.ingestion),
        files_lacking_columns=name_lacking(dataset.lacking),
        promoted=None if dataset.verdict is Verdict.BLOCK else setup.lake.bronze(name).uri,
        failed=judged.decision.failed if judged else (),
    )
