"""Evaluation of cases: what the pipeline makes of their files, many cases in each step."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkpoints.gate.measure_tables import WrittenTable
from checkpoints.gate.measures import account
from checkpoints.gate.rule_judge import RuleJudge
from checkpoints.storage.local import LocalStorage
from checkpoints.storage.place import Place
from contracts.system_columns import SOURCE_FILE
from dags.contract_tests.prepare import CasePreparer
from dags.contract_tests.records import read_cases
from dags.contract_tests.rows import CASE, judge_rows
from dags.contract_tests.tables import build_tables
from dags.contract_tests.take_in import inspect_case, take_in
from dags.pipeline.candidates import Candidate, Written
from dags.pipeline.silver_dataset import judge_tables
from dags.spark.concurrency import run_concurrently
from transforms.bronze_to_silver.source_columns import missing_source_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import SparkSession

    from checkpoints.gate.measures import Accounting, RecordsMeasured
    from contracts.defaults import Defaults
    from contracts.inventory import Reason
    from contracts.loader import Contracts
    from dags.contract_tests.model import Case
    from dags.contract_tests.prepare import PreparedCase
    from dags.contract_tests.rows import CaseRows, QuarantinedRecord
    from dags.contract_tests.tables import CaseTable, CaseTables
    from dags.contract_tests.take_in import TakenIn
    from quarantine_policies.decision import Decision, Verdict
    from quarantine_policies.reader import Policies

    Rows = Sequence[Mapping[str, object]]
    Report = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class SilverOutcome:
    """What bronze_to_silver made of a case.

    ``tables``: the rows of the candidates, by name. ``decision``: None where the case expects nothing of the
    table rules.
    """

    tables: Mapping[str, Rows]
    quarantined: tuple[QuarantinedRecord, ...]
    records: RecordsMeasured
    accounting: Accounting
    rows_conflicting: int | None
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What the pipeline made of a case. ``silver``: None when raw_to_bronze was blocked."""

    case: Case
    rejected: Mapping[str, Reason]
    verdict: Verdict  # of raw_to_bronze
    silver: SilverOutcome | None


@dataclass(frozen=True, slots=True)
class Installation:
    """The contracts and policies under test.

    ``texts``: the YAML of each dataset's contract. ``defaults``: the rules that all of them share.
    """

    contracts: Contracts
    policies: Policies
    texts: Mapping[str, str]
    defaults: Defaults


def prepare_cases(installation: Installation, cases: Sequence[Case]) -> list[PreparedCase]:
    """Return the cases prepared, in order. Raises CaseError."""
    preparer = CasePreparer(
        installation.contracts, installation.policies, installation.texts, installation.defaults
    )
    return [preparer.prepare(number, case) for number, case in enumerate(cases)]


def evaluate(
    installation: Installation,
    cases: Sequence[PreparedCase],
    start_spark: Callable[[], SparkSession],
    on_done: Report,
) -> list[CaseOutcome]:
    """Return the outcome of each case, in order.

    Args:
        installation: contracts and policies.
        cases: prepared.
        start_spark: starts the session, which evaluates expressions, conditions and deduplication.
        on_done: receives the number of cases done.

    Raises:
        CaseError: a source's expression cannot be computed.
        ContractError: a rule cannot be judged.
    """
    ingestions = [inspect_case(case) for case in cases]
    spark = start_spark()
    judge = RuleJudge()
    with tempfile.TemporaryDirectory(prefix="lakegate-") as name:
        inventory, folder = installation.contracts.inventory, Path(name)
        candidates = Place(LocalStorage(folder), "candidates")
        taken = [
            take_in(case, ingestion, inventory, folder, judge.judge)
            for case, ingestion in zip(cases, ingestions, strict=True)
        ]
        by_dataset: dict[str, list[TakenIn]] = defaultdict(list)
        for one in taken:
            if not one.is_blocked:
                by_dataset[one.prepared.contract.name].append(one)
        on_done(len(cases) - sum(map(len, by_dataset.values())))

        def silver_of(of_dataset: Sequence[TakenIn], _: object) -> dict[int, SilverOutcome]:
            found = _silver_outcomes(installation, spark, judge, candidates, of_dataset)
            on_done(len(found))
            return found

        tasks = {dataset: partial(silver_of, of_dataset) for dataset, of_dataset in by_dataset.items()}
        found = run_concurrently(spark, tasks) if tasks else {}
    silver = {number: outcome for of_dataset in found.values() for number, outcome in of_dataset.items()}
    return [_outcome(one, silver.get(one.prepared.number)) for one in taken]


def _outcome(taken: TakenIn, silver: SilverOutcome | None) -> CaseOutcome:
    rejected = {facts.key: facts.reason for facts in taken.ingestion.inventory if facts.reason is not None}
    return CaseOutcome(taken.prepared.case, rejected, taken.verdict, silver)


def _silver_outcomes(
    installation: Installation, spark: SparkSession, judge: RuleJudge, folder: Place, cases: Sequence[TakenIn]
) -> dict[int, SilverOutcome]:
    """Return bronze_to_silver's outcome of each case of one dataset, by number."""
    prepared = [case.prepared for case in cases]
    dataset = prepared[0].contract.name
    contract = installation.contracts.silver(dataset)
    rows = judge_rows(spark, contract, prepared, read_cases(spark, cases))
    tables: dict[int, CaseTables] = {}
    by_recency: dict[tuple[str, ...], list[PreparedCase]] = defaultdict(list)
    for case in prepared:
        by_recency[case.contract.recency].append(case)
    histories = installation.contracts.histories_of(dataset)
    for recency, same in by_recency.items():
        valid = {case.number: rows[case.number].valid for case in same}
        tables |= build_tables(spark, replace(contract, recency=recency), histories, valid)
    return {
        case.prepared.number: _silver_outcome(
            spark, judge, folder, case, rows[case.prepared.number], tables[case.prepared.number]
        )
        for case in cases
    }


def _silver_outcome(
    spark: SparkSession, judge: RuleJudge, folder: Place, case: TakenIn, rows: CaseRows, tables: CaseTables
) -> SilverOutcome:
    prepared, losers = case.prepared, tables.losers
    lost: dict[str, Any] = {str(row[SOURCE_FILE]): row["rows"] for row in losers}
    decision, conflicting = None, sum(int(str(row.get("conflicting", 0))) for row in losers)
    if _is_judged(prepared):
        judged = judge_tables(
            prepared.run,
            prepared.policy,
            prepared.contract,
            [_candidate(table, prepared, folder) for table in tables.tables],
            rows.measured,
            losers,
            missing_source_columns(spark, prepared.contract, case.files),
            prepared.case.entry.last_rows,
            judge.judge,
        )
        decision = judged.decision
    return SilverOutcome(
        {table.contract.name: table.rows for table in tables.tables},
        rows.quarantined,
        rows.measured,
        account(rows.measured, tables.tables[0].measured, lost),
        None if prepared.contract.is_merged else conflicting,
        decision,
    )


def _is_judged(prepared: PreparedCase) -> bool:
    """Whether a case expects anything of the table rules."""
    expected = prepared.case.expected
    states = (expected.rules or {}).values()
    return expected.verdict is not None or any(not isinstance(state, int) for state in states)


def _candidate(table: CaseTable, prepared: PreparedCase, folder: Place) -> Candidate:
    """Return a case's table as a candidate; its rows are in memory, and nothing lies in its folder."""
    from pyspark.sql import functions as sf

    contract = prepared.contract if table.contract.name == prepared.contract.name else table.contract
    frame = table.frame.where(sf.col(CASE) == str(prepared.number)).drop(CASE)
    written = Written("", folder.child(contract.name), WrittenTable(frame, contract), table.columns)
    return Candidate(written, table.measured)
