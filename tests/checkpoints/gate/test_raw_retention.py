"""Rows that break an error rule keep their raw text; few others do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyspark.sql.pandas.types import to_arrow_schema

from checkpoints.gate.raw_retention import KEEP_ALL, KEEP_NONE, raw_retention_of
from checkpoints.gate.routing import breaks_any, routing_conditions
from contracts.errors import ContractError
from contracts.model import Column, Contract, DataType, Domain, Kind, Rule, Severity
from tests.transforms.promises import EVENTS, TRANSACTIONS, USERS
from transforms.bronze_to_silver.clean import COMPARABLE, cleaned_rows, values_schema

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    Row = dict[str, object]

LATEST = datetime(2024, 6, 2, tzinfo=UTC)
PARAMETERS = {"as_of_limit": LATEST}
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
MORNING, NOON = datetime(2024, 5, 1, 8, tzinfo=UTC), datetime(2024, 5, 1, 12, tzinfo=UTC)
TIMES = (None, EARLIEST - INSTANT, EARLIEST, MORNING, NOON, LATEST, LATEST + INSTANT)
AGES = (None, -1, 0, 120, 121)
AMOUNTS = (None, Decimal("-0.0001"), Decimal("0.0000"), Decimal("1.5000"))


def errors_of(contract: Contract) -> list[Rule]:
    return [rule for rule in contract.rules_in(Domain.RECORDS) if rule.severity is Severity.ERROR]


def rows_of_every_kind(contract: Contract) -> list[Row]:
    """Rows that differ from a good one in one value, or in any two that a rule compares."""
    good: Row = {name: "x" for name in contract.column_names if contract.column(name).type.kind == "string"}
    good |= dict.fromkeys((c.name for c in contract.columns if c.type.kind == "timestamp"), NOON)
    good |= {"amount": Decimal(1)} if contract is TRANSACTIONS else {}
    rows = [good, {**good, "_malformed": "broken", **dict.fromkeys(contract.column_names)}]
    rows += [{**good, name: None} for name in contract.column_names]
    rows += [{**good, name: None, f"_uncastable_{name}": "text"} for name in contract.uncastable_columns]
    rows += [{**good, "age": age} for age in AGES]
    rows += [{**good, f"_too_long_{name}": most + 1} for name, most in contract.length_limits.items()]
    if "amount" in contract.column_names and contract is TRANSACTIONS:
        rows += [{**good, "amount": amount} for amount in AMOUNTS]
        rows += [
            {**good, "created_at": created, "delivered_at": delivered, "_date_only_delivered_at": is_date}
            for created, delivered, is_date in product(TIMES, TIMES, (False, True))
        ]
    times = [column.name for column in contract.columns if column.type.kind == "timestamp"]
    return rows + [{**good, name: time} for name in times for time in TIMES]


@pytest.mark.parametrize("contract", [EVENTS, USERS, TRANSACTIONS], ids=lambda contract: contract.name)
def test_rows_that_break_the_shipped_rules_keep_their_text(spark: SparkSession, contract: Contract) -> None:
    values = spark.createDataFrame([], values_schema(contract)).schema
    batch = pa.RecordBatch.from_pylist(rows_of_every_kind(contract), to_arrow_schema(values))
    retention = raw_retention_of(contract, errors_of(contract), [], PARAMETERS, COMPARABLE)
    kept = retention.keeps(batch)
    assert kept.null_count == 0

    marked = spark.createDataFrame(
        pa.Table.from_batches([batch.append_column("kept", kept)]), values.add("kept", "boolean")
    )
    cleaned = cleaned_rows(marked, contract)
    conditions = routing_conditions(spark, contract, errors_of(contract), cleaned.schema, PARAMETERS)
    found = cleaned.select("kept", breaks_any(conditions).alias("broken")).collect()
    outcomes = Counter((row["kept"], row["broken"]) for row in found)
    assert outcomes[False, True] == 0
    assert min(outcomes[True, True], outcomes[False, False]) > 0
    # Kept though valid: a row delivered in the morning by the date alone and ordered at noon, since the
    # pre-filter ignores that it is a date.
    assert outcomes[True, False] == (contract is TRANSACTIONS)


def rule(expectation: str, **kwargs: object) -> Rule:
    return Rule("r", Domain.RECORDS, Severity.ERROR, "validity", "", "", expectation, kwargs)


BETWEEN, ORDERED = "expect_column_values_to_be_between", "expect_column_pair_values_a_to_be_greater_than_b"
ROWS = pa.RecordBatch.from_pylist(
    [{"amount": Decimal(n), "age": n, "_too_long_status": 5000 if n == 2 else None} for n in (1, 2, 3)]
    + [{"amount": None, "age": None, "_too_long_status": None}],
    pa.schema([("amount", pa.decimal128(18, 4)), ("age", pa.int32()), ("_too_long_status", pa.int32())]),
)


@pytest.mark.parametrize(
    ("broken", "kept"),
    [
        (rule(BETWEEN, column="amount", min_value=2), [True, False, False, False]),
        (rule(BETWEEN, column="amount", max_value=1.5), [False, True, True, False]),
        (rule(BETWEEN, column="age", min_value=1, strict_min=True), [True, False, False, False]),
        (rule(BETWEEN, column="age", max_value=3, strict_max=True), [False, False, True, False]),
        (rule(ORDERED, column_A="age", column_B="age", or_equal=True), [False] * 4),
        (rule("expect_column_values_to_be_null", column="_too_long_status"), [False, True, False, False]),
        (rule("expect_column_values_to_be_null", column="age"), [True, True, True, False]),
        (rule("expect_column_values_to_not_be_null", column="age"), [False, False, False, True]),
    ],
)
def test_rows_that_a_rule_would_reject_are_kept(broken: Rule, kept: list[bool]) -> None:
    assert raw_retention_of(TRANSACTIONS, [broken], [], {}, {}).keeps(ROWS).to_pylist() == kept


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (DataType(Kind.BIGINT), pa.array([-(2**62) - 1, 2**62 + 1, None, 5])),
        (
            DataType(Kind.DECIMAL, 38, 30),
            pa.array([Decimal("-0.5"), Decimal("7.5"), None, 5], pa.decimal128(38, 30)),
        ),
        (DataType(Kind.DOUBLE), pa.array([-1e300, 1e300, None, 5.0])),
    ],
)
def test_no_number_is_too_large_to_be_compared_with_a_bound(type_: DataType, values: pa.Array) -> None:
    contract = replace(TRANSACTIONS, columns=(Column("size", type_),))
    retention = raw_retention_of(
        contract, [rule(BETWEEN, column="size", min_value=0, max_value=6)], [], {}, {}
    )
    rows = pa.RecordBatch.from_arrays([values], ["size"])
    assert retention.keeps(rows).to_pylist() == [True, True, False, False]


@pytest.mark.parametrize(
    "unknown",
    [
        rule("expect_column_values_to_match_regex", column="email", regex="@"),
        rule("expect_column_values_to_be_in_set", column="status", value_set=["paid"]),
        rule(BETWEEN, column="email", min_value=1),
        rule("expect_column_values_to_be_null", column="_too_long_age"),
        rule(BETWEEN, column="event_date", min_value="2000-01-01"),
        rule(BETWEEN, column="created_at", min_value=5),
        rule(ORDERED, column_A="age", column_B="amount"),
        rule(ORDERED, column_A="age", column_B="amount", or_equal=True),
        rule(ORDERED, column_A="status", column_B="email", or_equal=True),
        rule(ORDERED, column_A="_delivered_at_comparable", column_B="created_at", or_equal=True),
        rule("expect_column_values_to_not_be_null", column="_created_at_comparable"),
        rule("expect_column_values_to_be_null", column="_currency_amount"),
        rule("expect_column_values_to_not_be_null", column="_raw"),
        rule("expect_column_values_to_not_be_null", column="age", row_condition="_raw IS NOT NULL"),
    ],
    ids=lambda unknown: f"{unknown.expectation} {unknown.kwargs}",
)
def test_a_rule_of_another_kind_keeps_every_row(unknown: Rule) -> None:
    known = rule("expect_column_values_to_not_be_null", column="age")
    assert raw_retention_of(TRANSACTIONS, [known, unknown], [], {}, {}) == KEEP_ALL


def test_a_warn_rule_keeps_no_text_unless_it_reads_the_raw_text() -> None:
    warning = replace(
        rule("expect_column_values_to_match_regex", column="email", regex="@"),
        domain=Domain.VALID_ROWS,
        severity=Severity.WARN,
    )
    assert raw_retention_of(TRANSACTIONS, [], [warning], {}, {}) == KEEP_NONE
    reading = replace(warning, kwargs={"column": "_raw", "regex": "@"})
    assert raw_retention_of(TRANSACTIONS, [], [reading], {}, {}) == KEEP_ALL


def test_all_or_no_texts_are_kept() -> None:
    assert KEEP_ALL.keeps(ROWS).to_pylist() == [True] * 4
    assert KEEP_NONE.keeps(ROWS).to_pylist() == [False] * 4


def test_a_parameter_that_is_not_given_is_an_error_that_names_the_rule() -> None:
    needing = rule(BETWEEN, column="created_at", max_value={"$PARAMETER": "as_of_limit"})
    with pytest.raises(ContractError, match=r"rule r: .*needs the parameter 'as_of_limit'"):
        raw_retention_of(TRANSACTIONS, [needing], [], {}, {})
