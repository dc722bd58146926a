"""Rows of many cases, cleaned and judged by the row rules together, and routed case by case."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from checkpoints.gate.measure_rows import currency_columns, records_measured
from checkpoints.gate.routing import routing_conditions
from checkpoints.gate.violation_counts import RuleViolations, ViolationCounts
from contracts.argument_values import PARAMETER, is_parameter
from contracts.system_columns import RAW_TEXT, SOURCE_FILE
from dags.spark.frames import local_frame
from transforms.bronze_to_silver.clean import cleaned_rows, values_schema
from transforms.bronze_to_silver.deduplicate import silver_columns

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from pyspark.sql import SparkSession

    from checkpoints.gate.measures import RecordsMeasured, RowsRead
    from contracts.model import Contract, Rule
    from dags.contract_tests.prepare import PreparedCase
    from dags.contract_tests.records import CaseRecords

CASE = "_case"  # column with the number of a row's case
_BREAKS = "breaks "  # prefix of the columns that say which rules a row breaks


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A quarantined row. ``rules``: sorted."""

    file: str
    raw: str | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseRows:
    """The rows of a case after the row rules. ``valid``: those that break no error rule."""

    measured: RecordsMeasured
    quarantined: tuple[QuarantinedRecord, ...]
    valid: pa.Table


def judge_rows(
    spark: SparkSession,
    contract: Contract,
    cases: Sequence[PreparedCase],
    records: Mapping[int, CaseRecords],
) -> dict[int, CaseRows]:
    """Return the rows of a dataset's cases, by number.

    The conditions are those of the pipeline, and are resolved once for all cases whose rules take the same
    parameters (the clock). They are evaluated on rows that are all in memory, by Spark's optimizer alone.

    Args:
        spark: evaluates the conditions.
        contract: of the dataset, without the options of any case.
        cases: of the dataset.
        records: of the cases, by number.

    Raises:
        ContractError: a condition does not resolve.
    """
    rules = _rules_of(contract, cases)
    schema = _schema(spark, contract, records.values())
    judged: dict[int, CaseRows] = {}
    by_parameters: dict[Hashable, list[PreparedCase]] = defaultdict(list)
    for case in cases:
        by_parameters[_parameters(case, rules)].append(case)
    for same in by_parameters.values():
        values = _values(schema, same, records)
        found = _broken(spark, contract, rules, same[0].parameters, values)
        of_case = dict(_slices(found))
        for case in same:
            rows = of_case.get(case.number, found.slice(0, 0))
            judged[case.number] = _routed(case, rows, records[case.number].read)
    return judged


def _rules_of(contract: Contract, cases: Iterable[PreparedCase]) -> list[Rule]:
    """Return the row rules of all cases by name.

    A case's sources add rules on what they compute, and exceptions for it in others, which are without effect
    on rows of cases without these sources.
    """
    rules = {rule.name: rule for rule in contract.rules if rule.is_row_rule}
    own = dict(rules)
    for case in cases:
        rules |= {
            rule.name: rule for rule in case.contract.rules if rule.is_row_rule and rule != own.get(rule.name)
        }
    return list(rules.values())


def _schema(spark: SparkSession, contract: Contract, records: Iterable[CaseRecords]) -> pa.Schema:
    """Return the columns of cast values of all cases; those that only some sources add are texts."""
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = to_arrow_schema(spark.createDataFrame([], values_schema(contract)).schema)
    names = {name for one in records for batch in one.batches for name in batch.schema.names}
    further = [pa.field(name, pa.string()) for name in sorted(names.difference(schema.names))]
    return pa.schema([*schema, *further, pa.field(CASE, pa.int64())])


def _parameters(case: PreparedCase, rules: Iterable[Rule]) -> Hashable:
    """Return the values of the parameters that the rules refer to."""
    used = {str(value[PARAMETER]) for rule in rules for value in rule.kwargs.values() if is_parameter(value)}
    return tuple((name, case.parameters.get(name)) for name in sorted(used))


def _values(schema: pa.Schema, cases: Iterable[PreparedCase], records: Mapping[int, CaseRecords]) -> pa.Table:
    batches = [
        pa.RecordBatch.from_arrays(
            [_column(batch, field, case.number) for field in schema],
            schema=schema,
        )
        for case in cases
        for batch in records[case.number].batches
    ]
    return pa.Table.from_batches(batches, schema)


def _column(batch: pa.RecordBatch, field: pa.Field, number: int) -> pa.Array:
    if field.name == CASE:
        return pa.repeat(pa.scalar(number, pa.int64()), batch.num_rows)
    if field.name not in batch.schema.names:
        return pa.nulls(batch.num_rows, field.type)
    return batch[field.name].cast(field.type)


def _broken(
    spark: SparkSession,
    contract: Contract,
    rules: Sequence[Rule],
    parameters: Mapping[str, object],
    values: pa.Table,
) -> pa.Table:
    """Return the cleaned rows with the case, what is needed of each row, and the rules that it breaks."""
    cleaned = cleaned_rows(local_frame(spark, values), contract)
    conditions = routing_conditions(spark, contract, rules, cleaned.schema, parameters)
    currencies = currency_columns(cleaned.columns)
    return cleaned.select(
        CASE,
        RAW_TEXT,
        *currencies,
        *silver_columns(contract),
        *(condition.alias(f"{_BREAKS}{name}") for name, condition in conditions.items()),
    ).toArrow()


def _slices(rows: pa.Table) -> Iterable[tuple[int, pa.Table]]:
    """Yield each case's rows; those of a case are next to each other."""
    numbers = enumerate(rows[CASE].to_pylist())
    for number, positions in groupby(numbers, itemgetter(1)):
        first, *others = (position for position, _ in positions)
        yield number, rows.slice(first, 1 + len(others))


def _routed(case: PreparedCase, rows: pa.Table, read: RowsRead) -> CaseRows:
    """Route the rows of one case by its own policy, and count them."""
    errors = [rule.name for rule in case.routed]
    warnings = [rule.name for rule in case.counted]
    currencies = currency_columns(rows.column_names)
    columns = {name: rows[name].combine_chunks() for name in rows.column_names}
    breaks = {name: columns[f"{_BREAKS}{name}"] for name in (*errors, *warnings)}
    violations = RuleViolations.of(breaks, errors, rows.num_rows)
    counts = ViolationCounts()
    counts.count(violations, columns[SOURCE_FILE], {}, {name: columns[name] for name in currencies})
    is_invalid = pa.array(np.logical_not(violations.is_valid))
    quarantined = zip(
        columns[SOURCE_FILE].filter(is_invalid).to_pylist(),
        columns[RAW_TEXT].filter(is_invalid).to_pylist(),
        violations.broken_rules().to_pylist(),
        strict=True,
    )
    return CaseRows(
        records_measured(read, counts, errors, warnings, currencies),
        tuple(QuarantinedRecord(file, raw, tuple(rules)) for file, raw, rules in quarantined),
        rows.filter(pa.array(violations.is_valid)).select(silver_columns(case.contract)),
    )
