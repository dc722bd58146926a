"""raw_to_bronze of a case: its files inspected and judged as new files of RAW, without a lake."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from checkpoints.lake.ingestion import InspectedFile, ListedFile, plan_ingestion, settle_ingestion
from checkpoints.lake.ledger import Stamp
from contracts.inventory import FileFormat
from dags.pipeline.raw_to_bronze import judge_ingestion
from quarantine_policies.decision import Verdict
from transforms.bronze_to_silver.files import BronzeFile
from transforms.formats.gzip import ExpansionLimits
from transforms.formats.parquet_portable import is_foreign, rewrite
from transforms.raw_to_bronze.file_names import is_ignored
from transforms.raw_to_bronze.inspect_file import inspect_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from checkpoints.gate.checkpoint import JudgeRules
    from checkpoints.lake.ingestion import Ingestion
    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from dags.contract_tests.prepare import PreparedCase


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A case's files after raw_to_bronze: what was found, the verdict, and the files that BRONZE holds."""

    prepared: PreparedCase
    ingestion: Ingestion
    verdict: Verdict
    files: tuple[BronzeFile, ...]

    @property
    def is_blocked(self) -> bool:
        """Whether bronze_to_silver does not begin."""
        return self.verdict is Verdict.BLOCK


def inspect_case(prepared: PreparedCase) -> Ingestion:
    """Inspect a case's files and return the plan of their ingestion into an empty lake."""
    policy, contract = prepared.policy, prepared.contract
    limits = ExpansionLimits(policy.max_expanded_bytes, policy.max_expansion_ratio)
    listing = [ListedFile(key, Stamp(len(content), "")) for key, content in prepared.files.items()]
    plan = plan_ingestion(contract.name, listing, None, {}, "", is_ignored)
    inspected = [
        InspectedFile(
            inspect_file(
                file.key,
                file.stamp.size_bytes,
                partial(io.BytesIO, prepared.files[file.key]),
                contract,
                limits,
            ),
            file.stamp,
        )
        for file in plan.to_inspect
    ]
    return settle_ingestion(plan, inspected, (), None, {})


def take_in(
    prepared: PreparedCase, ingestion: Ingestion, inventory: Contract, folder: Path, judge_rules: JudgeRules
) -> TakenIn:
    """Judge a case's files; those that are blocked do not reach BRONZE.

    Args:
        prepared: the case.
        ingestion: its files as inspected.
        inventory: the contract of the file inventory.
        folder: receives the Parquet files, which Spark reads.
        judge_rules: judges the inventory's rules.

    Raises:
        OSError: the folder cannot be written.
    """
    judged = judge_ingestion(prepared.run, prepared.policy, inventory, ingestion, {}, judge_rules)
    valid = [facts for facts in ingestion.inventory if facts.is_valid]
    files = tuple(
        _bronze_file(facts, prepared.files, folder / f"{prepared.number}-{number}.parquet")
        for number, facts in enumerate(valid)
        if judged.verdict is not Verdict.BLOCK
    )
    return TakenIn(prepared, ingestion, judged.verdict, files)


def _bronze_file(facts: FileFacts, contents: Mapping[str, bytes], place: Path) -> BronzeFile:
    """Return a file of BRONZE; a Parquet file lies in the folder as Spark can read it."""
    open_stream = partial(io.BytesIO, contents[facts.key])
    if facts.format is FileFormat.PARQUET:
        if is_foreign(facts, open_stream):
            with place.open("wb") as target:
                rewrite(open_stream(), target)
        else:
            place.write_bytes(contents[facts.key])
    return BronzeFile(facts, place.as_posix(), open_stream)
