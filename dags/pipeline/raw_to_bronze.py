"""raw_to_bronze: the files of RAW, inspected, judged, and copied to BRONZE or to quarantine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from checkpoints.gate.measures import Measures, RuleCount
from checkpoints.lake.aliases import Aliasing
from checkpoints.lake.bronze import current_ledger, ingest
from checkpoints.lake.bronze_promotion import JudgedIngestion, promote_bronze
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.errors import LakeUnreadable
from checkpoints.lake.layout import Area
from checkpoints.lake.rejection import quarantine_files
from contracts.model import Domain, Zone
from dags.pipeline.batches import forget_batches, inspector, noted_facts
from dags.pipeline.promises import check_promises
from dags.pipeline.publish import Verdicted, publish
from dags.pipeline.report import DatasetReport, FileCounts, Status, TransitionReport, worst
from quarantine_policies.decision import decide
from transforms.bronze_to_silver.alias import needs_alias
from transforms.raw_to_bronze.ignored import is_ignored
from transforms.raw_to_bronze.portable import is_foreign, rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import SparkSession

    from checkpoints.gate.checkpoint import Judgement
    from checkpoints.lake.ingestion import Ingestion
    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from dags.pipeline.progress import Progress
    from dags.pipeline.setup import Run, Setup
    from quarantine_policies.decision import Decision

NAME = "raw_to_bronze"
MOST_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class _Judged:
    ingestion: Ingestion
    inspected_by: str
    judgement: Judgement | None  # None: every file is known, and so is the verdict
    verdict: Status
    decision: Decision | None


def raw_to_bronze(
    setup: Setup,
    run: Run,
    start_spark: Callable[[], SparkSession],
    progress: Progress,
    dataset: str | None = None,
) -> TransitionReport:
    """Take in what is new in RAW. Needs Spark only to check the expressions of contracts with sources.

    Args:
        setup: the lake, the promises and the policies.
        run: its id and clock. What batches of the run noted of files is not found out again.
        start_spark: makes the Spark session.
        progress: hears of every step.
        dataset: the only one to take in; None: all.

    Raises:
        ContractError: a contract promises what cannot be kept; nothing was written.
        StorageError: RAW is not there, holds no file, or cannot be read, or another run was faster.
    """
    began = monotonic()
    lake = setup.lake
    lake.area(Area.RAW).storage.ensure_readable()
    pointer = read_pointer(lake, Zone.BRONZE)
    chosen = [contract for contract in setup.contracts.datasets if dataset in (None, contract.name)]
    ingested = [_ingest(setup, run, contract, progress) for contract in chosen]
    if dataset is None and not any(_was_ever_filled(ingestion) for ingestion, _ in ingested):
        raise LakeUnreadable(
            "there is no file in RAW",
            lake.area(Area.RAW).uri,
            expected=f"files below {', '.join(f'{contract.name}/' for contract in chosen)}",
            next_step="drop some there, or point --lake at another lake",
        )
    if run.is_forced or not all(_is_known(*one) for one in ingested):
        those = replace(setup, contracts=replace(setup.contracts, datasets=tuple(chosen)))
        check_promises(those, start_spark, {one.dataset: _facts(one) for one, _ in ingested})
    judged = [_judge(setup, run, contract, one) for contract, one in zip(chosen, ingested, strict=True)]
    now = datetime.now(UTC)
    for one in judged:
        quarantine_files(lake, one.ingestion, run_id=run.id, now=now)
    verdict = worst([one.verdict for one in judged])
    reports = tuple(_report(setup, one) for one in judged)
    publish(
        setup,
        run,
        NAME,
        [
            Verdicted(
                contract=setup.contracts.inventory,
                rules=setup.contracts.inventory.rules,
                judgement=one.judgement,
                decision=one.decision,
                report=report,
            )
            for one, report in zip(judged, reports, strict=True)
            if one.judgement is not None and one.decision is not None
        ],
        monotonic() - began,
    )
    if verdict is not Status.BLOCK:
        progress.step("copying to BRONZE")
        promotions = promote_bronze(
            lake,
            [
                JudgedIngestion(
                    one.ingestion, one.inspected_by, _kept(one.verdict), pointer.seen(one.ingestion.dataset)
                )
                for one in judged
            ],
            run_id=run.id,
            aliasing=Aliasing(needs_alias, is_foreign, rewrite),
            now=now,
            threads=setup.settings.ingest_threads,
            progress=partial(progress.step, "copying to BRONZE"),
        )
        for promotion in promotions:
            for key in promotion.missed:
                progress.note(
                    f"{promotion.dataset}: {key} changed in RAW while it was read; the next run takes it in"
                )
    for contract in chosen:
        forget_batches(setup, run, contract.name)
    return TransitionReport(NAME, verdict, monotonic() - began, reports)


def _ingest(setup: Setup, run: Run, contract: Contract, progress: Progress) -> tuple[Ingestion, str]:
    inspected_by, inspect = inspector(setup, contract)
    progress.step(f"{contract.name}: looking at RAW")
    ingestion = ingest(
        setup.lake,
        contract.name,
        current_ledger(setup.lake, contract.name),
        inspected_by=inspected_by,
        inspect=inspect,
        is_ignored=is_ignored,
        threads=setup.settings.ingest_threads,
        progress=partial(progress.step, f"{contract.name}: inspecting files"),
        noted=noted_facts(setup, run, contract.name, inspected_by),
    )
    return ingestion, inspected_by


def _judge(setup: Setup, run: Run, contract: Contract, ingested: tuple[Ingestion, str]) -> _Judged:
    ingestion, inspected_by = ingested
    before = ingestion.before
    if before is not None and not run.is_forced and _is_known(ingestion, inspected_by):
        status = Status(before.verdict)
        return _Judged(
            ingestion, inspected_by, None, Status.UNCHANGED if status is Status.PASS else status, None
        )
    from checkpoints.gate.checkpoint import judge
    from checkpoints.gate.masking import Masking

    policy = setup.policies.of(contract.name)
    inventory = setup.contracts.inventory
    judgement = judge(
        f"{NAME}.{contract.name}",
        inventory,
        inventory.rules,
        _measure(setup, ingestion),
        policy.parameters,
        Masking.of(inventory, policy.masked_columns),
        run.id,
        run.as_of,
    )
    decision = decide(judgement.outcomes, policy, files_rejected=sum(ingestion.quarantined.values()))
    return _Judged(ingestion, inspected_by, judgement, Status(decision.verdict.value), decision)


def _is_known(ingestion: Ingestion, inspected_by: str) -> bool:
    """Whether the ledger knows all that the run found, and was written under the same promises."""
    before = ingestion.before
    if before is None or before.inspected_by != inspected_by:
        return False
    return not (ingestion.valid or ingestion.to_copy or ingestion.to_quarantine)


def _was_ever_filled(ingestion: Ingestion) -> bool:
    return bool(ingestion.before is not None or ingestion.inventory or ingestion.ignored)


def _facts(ingestion: Ingestion) -> list[FileFacts]:
    """Return what is known of all files of a dataset, those that vanished from RAW too."""
    return [*ingestion.inventory, *(entry.facts for entry in ingestion.known.values())]


def _measure(setup: Setup, ingestion: Ingestion) -> Mapping[Domain, Measures]:
    """Count the inventory: rejected files by reason, and the share of all bytes that they hold."""
    inventory = ingestion.inventory
    by_rule: dict[str, RuleCount] = {}
    for rule in setup.contracts.inventory.rules_in(Domain.RECORDS):
        keys = [
            facts.key for facts in inventory if facts.reason is not None and facts.reason.value == rule.name
        ]
        by_rule[rule.name] = RuleCount(len(keys), tuple(keys[:MOST_SAMPLES]))
    times = Counter(facts.key for facts in inventory)
    repeated = [key for key, count in times.items() if count > 1]
    size_bytes = sum(facts.size_bytes for facts in inventory)
    rejected_bytes = sum(facts.size_bytes for facts in inventory if not facts.is_valid)
    return {
        Domain.RECORDS: Measures(len(inventory), by_rule),
        Domain.TABLE: Measures(
            len(inventory),
            {"keys_unique": RuleCount(sum(times[key] for key in repeated), tuple(repeated[:MOST_SAMPLES]))},
            {"_rejected_bytes_ratio": rejected_bytes / size_bytes if size_bytes else 0.0},
        ),
    }


def _report(setup: Setup, judged: _Judged) -> DatasetReport:
    ingestion = judged.ingestion
    return DatasetReport(
        dataset=ingestion.dataset,
        verdict=judged.verdict,
        files=FileCounts(
            valid=ingestion.valid,
            unchanged=ingestion.unchanged,
            ignored=ingestion.ignored,
            quarantined={reason.value: count for reason, count in sorted(ingestion.quarantined.items())},
        ),
        promoted=None if judged.verdict is Status.BLOCK else setup.lake.bronze(ingestion.dataset).uri,
        failed=judged.decision.failed if judged.decision else (),
    )


def _kept(verdict: Status) -> str:
    """Return the verdict that the ledger keeps: an unchanged dataset passed before."""
    return Status.PASS.value if verdict is Status.UNCHANGED else verdict.value
