"""One dataset on its way from BRONZE to SILVER: staged, routed, deduplicated, measured and judged."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.conditions import routing_conditions
from checkpoints.gate.doubts import EVERY_ROW, doubts_of
from checkpoints.gate.known_keys import told_keys
from checkpoints.gate.masking import Masking
from checkpoints.gate.measure_records import measure_records
from checkpoints.gate.measures import Measures, RuleCount, account
from checkpoints.gate.routing import valid_rows
from checkpoints.lake.layout import new_version
from checkpoints.quarantine.rejected import Rejection
from contracts.model import Domain, Zone
from dags.pipeline.candidates import JudgedTable, measure_candidates, write_candidate
from dags.pipeline.frames import held
from dags.pipeline.staging import stage_rows
from quarantine_policies.decision import Decision, Verdict, counted_rules, decide, routed_rules
from transforms.bronze_to_silver.clean import cleaned_rows, readings
from transforms.bronze_to_silver.deduplicate import (
    Parted,
    deduplicate,
    deduplicated_by_file,
    part,
    suspect_keys,
)
from transforms.bronze_to_silver.transactions import COMPARABLE
from transforms.bronze_to_silver.users import current_users
from transforms.bronze_to_silver.users_history import users_history

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from checkpoints.gate.doubts import Doubts
    from checkpoints.gate.measures import Accounting, RecordsMeasured
    from contracts.model import Contract, Rule
    from dags.pipeline.candidates import Candidate
    from dags.pipeline.progress import Progress
    from dags.pipeline.setup import Run, Setup
    from transforms.bronze_to_silver.files import BronzeFile

USERS = "users"


@dataclass(frozen=True, slots=True)
class JudgedDataset:
    """A dataset's rows, judged: its table (users: with their history), and where every row went."""

    contract: Contract
    records: RecordsMeasured
    accounting: Accounting
    tables: tuple[JudgedTable, ...]

    @property
    def decision(self) -> Decision:
        """The heaviest verdict of the tables; rules of a further table are named with it."""
        main, *others = [table.decision for table in self.tables]
        names = [table.candidate.contract.name for table in self.tables[1:]]

        def joined(attribute: str) -> tuple[str, ...]:
            further = [
                f"{name}.{rule}"
                for name, other in zip(names, others, strict=True)
                for rule in getattr(other, attribute)
            ]
            return (*getattr(main, attribute), *further)

        verdict = Verdict.worst([main.verdict, *(other.verdict for other in others)])
        return Decision(verdict, joined("failed"), joined("warned"), joined("blocked_by"))


def judge_dataset(
    setup: Setup,
    run: Run,
    spark: SparkSession,
    contract: Contract,
    files: Sequence[BronzeFile],
    last_rows: int | None,
    progress: Progress,
) -> JudgedDataset:
    """Carry one dataset up to the gate: what it promises is written, measured and judged, and not promoted.

    Args:
        setup: lake, contracts and policies.
        run: its id names what is staged; its clock judges.
        spark: runs the transforms.
        contract: of the dataset.
        files: all of its bronze files.
        last_rows: rows of the last promoted version, None when there is none.
        progress: hears of the steps.
    """
    from pyspark.sql import Observation

    policy = setup.policies.of(contract.name)
    parameters = {**policy.parameters, **run.parameters}
    routed, counted = routed_rules(contract, policy), counted_rules(contract, policy)
    rules = (*routed, *counted)

    read = partial(_read, setup, run, spark, contract, files, rules, parameters, progress)
    valid, records = read(doubts_of(contract, routed, counted, parameters, COMPARABLE))
    if records.rows_without_raw:
        progress.step(
            f"{contract.name}: reading it all again, since {records.rows_without_raw:,} rows to quarantine "
            "broke a rule that nobody doubted, and their text was not kept"
        )
        valid, records = read(EVERY_ROW)

    progress.step(f"{contract.name}: deduplicating {records.rows_valid:,} rows")
    version = new_version(run.id)
    found = Observation(f"{contract.name} keys")
    with ExitStack() as holding:
        suspects = holding.enter_context(held(suspect_keys(valid, contract, found)))
        parted = part(valid, contract, suspects)
        if contract.name == USERS:
            history = setup.contracts.users_history
            frames = [
                (contract, current_users(valid, contract)),
                (history, users_history(valid, contract, history)),
            ]
        else:
            # Who lost, and who won, are both told by these.
            parted = Parted(parted.lone, holding.enter_context(held(parted.contested)))
            frames = [(contract, deduplicate(parted, contract))]
        losers = deduplicated_by_file(parted.contested, contract).collect()
        keys = partial(told_keys, found)
        written = [
            write_candidate(
                spark,
                of,
                frame,
                setup.lake.silver(of.name, version),
                version,
                keys if of is contract else None,
            )
            for of, frame in frames
        ]
    candidates = measure_candidates(written)

    progress.step(f"{contract.name}: judging")
    lost = {row["_source_file"]: row["rows"] for row in losers}
    accounting = account(records, candidates[0].measured, lost)
    judged_by = (*rules, *contract.rules_in(Domain.TABLE))
    tables = []
    for candidate in candidates:
        of = candidate.contract
        is_main = of is contract
        measured = (
            _measures(candidate, records, accounting, last_rows) if is_main else _history_measures(candidate)
        )
        judged = judged_by if is_main else of.rules_in(Domain.TABLE)
        judgement = judge(
            f"bronze_to_silver.{of.name}",
            of,
            judged,
            measured,
            parameters,
            Masking.of(of, policy.masked_columns),
            run.id,
            run.as_of,
        )
        decision = decide(
            judgement.outcomes, policy, rows_quarantined=records.rows_quarantined if is_main else 0
        )
        tables.append(JudgedTable(candidate, judged, measured[Domain.TABLE], judgement, decision))
    return JudgedDataset(contract, records, accounting, tuple(tables))


def _read(
    setup: Setup,
    run: Run,
    spark: SparkSession,
    contract: Contract,
    files: Sequence[BronzeFile],
    rules: Sequence[Rule],
    parameters: Mapping[str, object],
    progress: Progress,
    doubts: Doubts,
) -> tuple[DataFrame, RecordsMeasured]:
    """Stage and measure the rows of files by the row rules, and quarantine the invalid ones.

    Only where there are doubts is a row's text kept. If one is missing, nothing is quarantined.

    Returns:
        the valid rows, and what was measured of all.
    """
    progress.step(f"{contract.name}: reading and judging {len(files):,} files")
    place = setup.lake.staging(Zone.SILVER, run.id).child(contract.name)
    staged = stage_rows(spark, contract, place.child("rows"), readings(spark, contract, files), doubts)
    cleaned = cleaned_rows(staged.rows, contract)
    conditions = routing_conditions(spark, contract, rules, cleaned.schema, parameters)

    progress.step(f"{contract.name}: counting rows by file and by rule, rejecting the invalid")
    rejection = Rejection(run.id, contract.name, contract.version, run.as_of, place.child("rejected"))
    records, rejected = measure_records(cleaned, conditions, rules, staged.read, rejection)
    if not records.rows_without_raw:
        progress.step(f"{contract.name}: quarantining {records.rows_quarantined:,} rows")
        rejection.publish(rejected, setup.lake.quarantined_rows(contract.name, run.id))
    errors = {rule.name: conditions[rule.name] for rule in rules if rule.domain is Domain.RECORDS}
    return valid_rows(cleaned, errors), records


def _measures(
    candidate: Candidate, records: RecordsMeasured, accounting: Accounting, last_rows: int | None
) -> Mapping[Domain, Measures]:
    table = candidate.measured
    return {
        Domain.RECORDS: Measures(records.rows_read, records.broken),
        Domain.VALID_ROWS: Measures(records.rows_valid, records.warned),
        Domain.TABLE: Measures(
            table.rows,
            {"keys_unique": RuleCount(table.duplicate_rows, table.duplicate_samples)},
            {
                "_rows_left": table.rows,
                "_required_nulls": table.required_nulls,
                "_type_mismatches": candidate.written.mismatches,
                "_quarantine_ratio": records.quarantine_ratio,
                "_accounting_difference": accounting.difference,
                "_volume_ratio": table.rows / last_rows if last_rows else 1.0,
                "_date_span_days": table.date_span_days,
                "_currencies": records.most_currencies,
            },
        ),
    }


def _history_measures(candidate: Candidate) -> Mapping[Domain, Measures]:
    table = candidate.measured
    return {
        Domain.TABLE: Measures(
            table.rows,
            {"keys_unique": RuleCount(table.duplicate_rows, table.duplicate_samples)},
            {"_required_nulls": table.required_nulls, "_type_mismatches": candidate.written.mismatches},
        )
    }
