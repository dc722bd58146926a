"""One dataset from BRONZE to the gate: staged, routed, deduplicated, written, measured and judged."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.measure_rows import measure_rows
from checkpoints.gate.measure_tables import observed_keys
from checkpoints.gate.measures import Measures, RuleCount, account
from checkpoints.gate.routing import routing_conditions, unless_waived, valid_rows
from checkpoints.lake.layout import new_version
from checkpoints.quarantine.corrections import record_applied
from checkpoints.quarantine.rows import QuarantineWriter
from contracts.model import Domain, Zone
from contracts.system_columns import SOURCE_FILE
from dags.pipeline.candidates import measure_candidates, write_candidate
from dags.pipeline.judging import judge_and_decide
from dags.pipeline.staging import stage_rows
from dags.spark.frames import cached
from quarantine_policies.decision import Decision, Verdict, counted_rules, routed_rules
from transforms.bronze_to_silver.clean import cleaned_rows
from transforms.bronze_to_silver.deduplicate import (
    deduplicate,
    losers_by_file,
    maybe_repeated_keys,
    rank,
    split_by_key_repetition,
)
from transforms.bronze_to_silver.merged_rows import current_rows, merged_by_file, row_versions
from transforms.bronze_to_silver.readers import plan_readings
from transforms.bronze_to_silver.source_columns import missing_source_columns
from transforms.bronze_to_silver.text_files import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame, Row, SparkSession

    from checkpoints.gate.checkpoint import JudgeRules
    from checkpoints.gate.measures import Accounting, RecordsMeasured
    from contracts.corrections import Corrections
    from contracts.model import Contract, Rule
    from dags.pipeline.candidates import Candidate, TableWriter
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.judging import Judged
    from dags.pipeline.progress import Progress
    from quarantine_policies.model import Policy
    from transforms.bronze_to_silver.files import BronzeFile

MOST_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class JudgedDataset:
    """A dataset's judged tables (its own, then its histories), and the accounting of its rows.

    ``rows_conflicting``: deduplicated rows that differ from the row kept; None where rows are merged.
    """

    contract: Contract
    records: RecordsMeasured
    accounting: Accounting
    rows_conflicting: int | None
    tables: tuple[Judged[Candidate], ...]

    @property
    def decision(self) -> Decision:
        """The worst verdict of the tables; rules of further tables are prefixed with the table's name."""
        main, *others = self.tables

        def joined(attribute: str) -> tuple[str, ...]:
            further = [
                f"{table.name}.{rule}" for table in others for rule in getattr(table.decision, attribute)
            ]
            return (*getattr(main.decision, attribute), *further)

        verdict = Verdict.worst(table.verdict for table in self.tables)
        return Decision(verdict, joined("failed"), joined("warned"), joined("blocked_by"))


@dataclass(frozen=True, slots=True)
class DatasetInput:
    """What the silver of a dataset is made of.

    ``files``: all of its bronze files, with the changes by ``corrections``, which are those in effect.
    ``last_rows``: rows of the last promoted version; None when there is none.
    """

    contract: Contract
    files: Sequence[BronzeFile]
    corrections: Corrections
    last_rows: int | None


def judge_dataset(
    setup: Setup,
    run: Run,
    spark: SparkSession,
    dataset: DatasetInput,
    progress: Progress,
    write: TableWriter = write_candidate,
) -> JudgedDataset:
    """Write, measure and judge the candidates of one dataset; nothing is promoted.

    Args:
        setup: lake, contracts and policies.
        run: its id names what is staged; its clock is the rules' ``as_of``.
        spark: runs the transforms.
        dataset: what to judge.
        progress: receives the steps.
        write: writes the candidates.
    """
    contract, files = dataset.contract, dataset.files
    policy = setup.policies.of(contract.name)
    routed, counted = routed_rules(contract, policy), counted_rules(contract, policy)
    build = _Build(setup, run, spark, contract, files, dataset.corrections, progress)
    valid, records = build.read_rows((*routed, *counted))
    candidates, losers = build.write_tables(valid, records.rows_valid, write)

    progress.step(f"{contract.name}: judging")
    missing = missing_source_columns(spark, contract, files)
    lost = [row.asDict() for row in losers]
    return judge_tables(run, policy, contract, candidates, records, lost, missing, dataset.last_rows)


def judge_tables(
    run: Run,
    policy: Policy,
    contract: Contract,
    candidates: Sequence[Candidate],
    records: RecordsMeasured,
    losers: Sequence[Mapping[str, Any]],
    missing: Sequence[str],
    last_rows: int | None,
    judge_rules: JudgeRules = judge,
) -> JudgedDataset:
    """Judge the measured tables of one dataset. Reads only what no measure gives (``Candidate.measures``).

    Args:
        run: its id names the results; its clock is the rules' ``as_of``.
        policy: of the dataset.
        contract: of the dataset.
        candidates: the dataset's own table first.
        records: the measures of the rows before deduplication.
        losers: by ``_source_file``, the valid rows that are not in the table: ``rows``, and of them
            ``conflicting``, the latter not where rows are merged.
        missing: columns named by sources that none of their files has.
        last_rows: rows of the last promoted version; None when there is none.
        judge_rules: judges the rules of a table.
    """
    main, *others = candidates
    accounting = account(records, main.measured, {row[SOURCE_FILE]: row["rows"] for row in losers})
    conflicting = None if contract.is_merged else sum(row["conflicting"] for row in losers)
    parameters = {**policy.parameters, **run.parameters}
    rules = (
        *routed_rules(contract, policy),
        *counted_rules(contract, policy),
        *contract.rules_in(Domain.TABLE),
    )
    tables = [
        judge_and_decide(
            f"bronze_to_silver.{contract.name}",
            run,
            main,
            contract,
            rules,
            _measures(main, records, accounting, conflicting, missing, last_rows, parameters),
            policy,
            rows_quarantined=records.rows_quarantined,
            judge_rules=judge_rules,
        )
    ]
    for other in others:
        name, rules = f"bronze_to_silver.{other.contract.name}", other.contract.rules_in(Domain.TABLE)
        measured = {
            Domain.TABLE: other.measures({"too_long_values": other.measured.too_long_values}, parameters)
        }
        tables.append(
            judge_and_decide(
                name, run, other, other.contract, rules, measured, policy, judge_rules=judge_rules
            )
        )
    return JudgedDataset(contract, records, accounting, conflicting, tuple(tables))


@dataclass(frozen=True, slots=True)
class _Build:
    """Spark work on one dataset in one run."""

    setup: Setup
    run: Run
    spark: SparkSession
    contract: Contract
    files: Sequence[BronzeFile]
    corrections: Corrections
    progress: Progress

    def read_rows(self, rules: Sequence[Rule]) -> tuple[DataFrame, RecordsMeasured]:
        """Stage the rows and measure them by the row rules; those that break an error rule are quarantined.

        Returns:
            the valid rows, and the measures of all.
        """
        spark, contract, lake, run = self.spark, self.contract, self.setup.lake, self.run
        parameters = {**self.setup.policies.of(contract.name).parameters, **run.parameters}
        self.progress.step(f"{contract.name}: reading and judging {len(self.files):,} files")
        place = lake.staging(Zone.SILVER, run.id).child(contract.name)
        readings = plan_readings(spark, contract, self.files)
        staged = stage_rows(spark, contract, place.child("rows"), readings, self.corrections)
        cleaned = cleaned_rows(staged.rows, contract)
        conditions = unless_waived(
            routing_conditions(spark, contract, rules, cleaned.schema, parameters),
            {rule for correction in self.corrections.values() for rule in correction.rules},
        )

        self.progress.step(f"{contract.name}: counting rows by file and by rule, rejecting the invalid")
        staging = place.child("rejected")
        quarantine = QuarantineWriter(run.id, contract.name, contract.version, run.as_of, staging)
        records, rejected = measure_rows(cleaned, conditions, rules, staged.read, quarantine)
        self.progress.step(f"{contract.name}: quarantining {records.rows_quarantined:,} rows")
        invalid = {file for file, (_, rows) in records.rows_by_file.items() if rows}
        facts = (file.facts for file in self.files if as_text(file.facts.key) in invalid)
        quarantine.publish(rejected, lake.quarantined_rows(contract.name, run.id), facts)
        if self.corrections:
            record_applied(lake, run.id, contract.name, records.corrections.rows_by_id)
        errors = {rule.name: conditions[rule.name] for rule in rules if rule.domain is Domain.RECORDS}
        return valid_rows(cleaned, errors), records

    def write_tables(
        self, valid: DataFrame, rows_valid: int, write: TableWriter
    ) -> tuple[list[Candidate], list[Row]]:
        """Deduplicate the valid rows, write the dataset's table and its histories, measure them.

        Returns:
            the candidates, the dataset's own first; and by source file, how many valid rows are not in it.
        """
        from pyspark.sql import Observation

        contract = self.contract
        self.progress.step(f"{contract.name}: deduplicating {rows_valid:,} rows")
        version = new_version(self.run.id)
        observed = Observation(f"{contract.name} keys")
        with ExitStack() as caches:
            repeated = caches.enter_context(cached(maybe_repeated_keys(valid, contract, observed)))
            rows = split_by_key_repetition(valid, contract, repeated)
            if contract.is_merged:
                histories = self.setup.contracts.histories_of(contract.name)
                frames = [
                    (contract, current_rows(valid, contract)),
                    *((history, row_versions(valid, contract, history)) for history in histories),
                ]
                losers = merged_by_file(rows.maybe_repeated, contract).collect()
            else:
                ranked = caches.enter_context(cached(rank(rows.maybe_repeated, contract)))
                frames = [(contract, deduplicate(rows.unique, ranked, contract))]
                losers = losers_by_file(ranked).collect()
            written = []
            for target, frame in frames:
                place = self.setup.lake.silver(target.name, version)
                keys = partial(observed_keys, observed) if target is contract else None
                written.append(write(self.spark, target, frame, place, version, keys))
            return measure_candidates(written), losers


def _measures(
    candidate: Candidate,
    records: RecordsMeasured,
    accounting: Accounting,
    conflicting: int | None,
    missing: Sequence[str],
    last_rows: int | None,
    parameters: Mapping[str, object],
) -> Mapping[Domain, Measures]:
    """Return the measures of a dataset's main table, by domain."""
    table, read = candidate.measured, records.rows_read
    conflicts = {} if conflicting is None else {"conflicting_ratio": conflicting / read if read else 0.0}
    currencies = {"currency_count": records.most_currencies} if records.currencies else {}
    return {
        Domain.RECORDS: Measures(records.rows_judged, records.broken),
        Domain.VALID_ROWS: Measures(records.rows_valid, records.warned),
        Domain.TABLE: candidate.measures(
            {
                "quarantine_ratio": records.quarantine_ratio,
                "accounting_difference": accounting.difference,
                "volume_ratio": table.rows / last_rows if last_rows else 1.0,
                "date_span_days": table.date_span_days,
                "missing_source_columns": len(missing),
                **currencies,
                **conflicts,
            },
            parameters,
            {"source_column_missing": RuleCount(len(missing), tuple(missing[:MOST_SAMPLES]))},
        ),
    }
