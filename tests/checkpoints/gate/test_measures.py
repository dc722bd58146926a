"""What the gate measures, in one job each, is what a person would count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import xor
from typing import TYPE_CHECKING

import pytest

from checkpoints.gate.measure_gold import GoldMeasured, measure_gold
from checkpoints.gate.measure_records import measure_records
from checkpoints.gate.measure_table import WrittenTable, measure_tables, type_mismatches
from checkpoints.gate.measures import (
    Accounting,
    DistinctKeys,
    FileAccount,
    RecordsMeasured,
    RuleCount,
    TableMeasured,
    UnknownColumn,
    account,
)
from contracts.key_hash import key_hash
from contracts.model import Column, Contract, DataType, Domain, Kind, Rule, Severity, Zone

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

TEXT, INT = DataType(Kind.STRING), DataType(Kind.INTEGER)
CONTRACT = Contract(
    "events",
    Zone.SILVER,
    "1.0.0",
    "",
    "",
    "",
    (Column("id", TEXT, required=True, primary_key_position=1), Column("age", INT)),
    (),
)


def rule(name: str, severity: Severity, column: str) -> Rule:
    domain = Domain.RECORDS if severity is Severity.ERROR else Domain.VALID_ROWS
    return Rule(name, domain, severity, "", "", "", "expect_column_values_to_be_null", {"column": column})


RULES = (
    rule("age_range", Severity.ERROR, "age"),
    rule("age_uncastable", Severity.ERROR, "_uncastable_age"),
    rule("id_required", Severity.ERROR, "id"),
    rule("malformed", Severity.ERROR, "_malformed"),
    rule("age_odd", Severity.WARN, "age"),
)
STAGED = """id string, age int, _extra string, _source_file string, _malformed string, _uncastable_age string,
    _currency_price string, _broken_rules array<string>, _is_valid boolean, _breaks_rules boolean"""


def measured_table(frame: DataFrame) -> TableMeasured:
    (measured,) = measure_tables([WrittenTable(frame, CONTRACT)])
    return measured


@pytest.mark.parametrize("is_partitioned", [False, True])
def test_staged_rows_are_counted_by_rule_and_file(
    spark: SparkSession, tmp_path: Path, is_partitioned: bool
) -> None:
    rows = [
        ("a", 1, '{"x":"1","y":"2"}', "f1", None, None, "$", ["age_odd"], True, True),
        ("a", 3, '{"x":"1"}', "f2 ü%41", None, None, "EUR", ["age_odd"], True, True),
        ("b", 2, None, "f1", None, None, "EUR", [], True, False),
        (None, 130, '{"x":"0"}', "f1", None, None, "USD", ["age_range", "id_required"], False, True),
        ("c", -1, None, "f3", None, None, None, ["age_range"], False, True),
        (None, None, None, "f3", None, "x" * 300, None, ["age_uncastable"], False, True),
    ]
    staged = spark.createDataFrame(rows, STAGED)
    if is_partitioned:
        staged.write.partitionBy("_is_valid", "_breaks_rules").parquet(str(tmp_path / "staged"))
        staged = spark.read.parquet(str(tmp_path / "staged"))

    found = measure_records(staged, RULES, {"f1": 3, "f2 ü%41": 1, "f4": 2})

    assert found == RecordsMeasured(
        rows_read=6,
        rows_quarantined=3,
        broken={
            "age_range": RuleCount(2, ("-1", "130")),
            "age_uncastable": RuleCount(1, ("x" * 200,)),
            "id_required": RuleCount(1),
            "malformed": RuleCount(0),
        },
        warned={"age_odd": RuleCount(2, ("1", "3"))},
        rows_by_file={"f1": (3, 1), "f2 ü%41": (1, 0), "f3": (0, 2), "f4": (2, 0)},
        currencies={"price": ("$", "EUR")},
        unknown_columns=(UnknownColumn("x", 3, "f1"), UnknownColumn("y", 1, "f1")),
    )
    assert found.quarantine_ratio == 0.5
    assert found.most_currencies == 2


def test_no_rows_at_all_are_counted_as_none(spark: SparkSession) -> None:
    nothing = spark.createDataFrame([], STAGED)
    found = measure_records(nothing, RULES, {})
    assert (found.rows_read, found.rows_quarantined) == (0, 0)
    assert found.broken == {r.name: RuleCount(0) for r in RULES if r.severity is Severity.ERROR}
    assert found.warned == {"age_odd": RuleCount(0)}
    assert found.currencies == {"price": ()}
    assert found.quarantine_ratio == 0.0
    table = spark.createDataFrame([], "id string, age int, event_date date, _source_file string")
    assert measured_table(table) == TableMeasured(0, 0, (), 0, 0, 0, {}, DistinctKeys(0, 0))


def test_without_warn_rules_currencies_and_extra_the_rest_is_still_counted(spark: SparkSession) -> None:
    staged = spark.createDataFrame(
        [("f", [], True, False)],
        "_source_file string, _broken_rules array<string>, _is_valid boolean, _breaks_rules boolean",
    )
    found = measure_records(staged, (), {"f": 1})
    assert found == RecordsMeasured(1, 0, {}, {}, {"f": (1, 0)}, {}, ())


def test_a_candidate_is_measured_with_its_keys_nulls_dates_and_files(spark: SparkSession) -> None:
    rows = [
        ("a", 1, date(2024, 1, 1), "f1"),
        ("a", 2, date(2024, 1, 11), "f1"),
        ("b", 1, date(1900, 1, 1), "f2"),
        (None, None, date(2024, 1, 2), "f2"),
        (None, None, None, "f2"),
    ]
    frame = spark.createDataFrame(rows, "id string, age int, event_date date, _source_file string")
    assert measured_table(frame) == TableMeasured(
        rows=5,
        duplicate_rows=4,
        duplicate_samples=("", "a"),
        required_nulls=2,
        date_span_days=10,
        undated_rows=2,
        rows_by_file={"f1": 2, "f2": 3},
        keys=None,
    )


def test_several_tables_are_measured_together_each_for_itself(spark: SparkSession) -> None:
    nameless = replace(CONTRACT, columns=(Column("age", INT),))
    ddls = ("id string, _source_file string", "id string", "id string")
    rows = ([("a", "f1"), ("b", "f1")], [("a",), ("a",), ("b",)], [])
    tables = [
        WrittenTable(spark.createDataFrame(of, ddl), CONTRACT) for of, ddl in zip(rows, ddls, strict=True)
    ]
    tables.append(WrittenTable(spark.createDataFrame([(1,), (1,)], "age int"), nameless))
    assert measure_tables(tables) == [
        TableMeasured(2, 0, (), 0, 0, 0, {"f1": 2}, distinct_keys(spark, "a", "b")),
        TableMeasured(3, 2, ("a",), 0, 0, 0, {}, None),
        TableMeasured(0, 0, (), 0, 0, 0, {}, DistinctKeys(0, 0)),
        TableMeasured(2, 0, (), 0, 0, 0, {}, None),  # without a key, no row repeats another's
    ]


def distinct_keys(spark: SparkSession, *ids: str) -> DistinctKeys:
    rows = spark.createDataFrame([(one,) for one in ids], "id string").select(key_hash(["id"])).collect()
    return DistinctKeys(len(ids), reduce(xor, (row[0] for row in rows)))


@pytest.mark.parametrize(
    ("ids", "known", "duplicates"),
    [
        ("abc", "abc", RuleCount(0)),
        ("cab", "abc", RuleCount(0)),
        ("aab", "abc", RuleCount(2, ("a",))),
        ("aaa", "abc", RuleCount(3, ("a",))),
        ("aabb", "abcd", RuleCount(4, ("a", "b"))),
        ("abbb", "ab", RuleCount(3, ("b",))),  # each is there an odd number of times
        ("ab", "abc", RuleCount(0)),  # a key was lost, and still none repeats
        ("abd", "abc", RuleCount(0)),
        ("abcd", "abc", RuleCount(0)),
    ],
)
def test_known_keys_prove_a_table_and_never_hide_a_repeated_key(
    spark: SparkSession, ids: str, known: str, duplicates: RuleCount
) -> None:
    rows = spark.createDataFrame([(one,) for one in ids], "id string")
    (found,) = measure_tables([WrittenTable(rows, CONTRACT, lambda: distinct_keys(spark, *known))])
    assert RuleCount(found.duplicate_rows, found.duplicate_samples) == duplicates
    assert found.keys == (None if duplicates.unexpected else distinct_keys(spark, *ids))


def test_types_are_compared_by_name_place_and_type(spark: SparkSession) -> None:
    promised = spark.createDataFrame([], "id string, age int, price decimal(18,4)").schema
    for found, mismatches in (
        ("id string, age int, price decimal(18,4)", 0),
        ("age int, id string, price decimal(18,4)", 2),
        ("id string, age bigint, price decimal(18,2)", 2),
        ("id string, age int", 1),
        ("id string, age int, price decimal(18,4), more string", 1),
    ):
        assert type_mismatches(spark.createDataFrame([], found).schema, promised) == mismatches, found


RECORDS = RecordsMeasured(6, 1, {}, {}, {"f1": (4, 1), "f2": (2, 0)}, {}, ())


def test_rows_of_each_file_are_promoted_quarantined_or_deduplicated() -> None:
    found = account(RECORDS, TableMeasured(3, 0, (), 0, 0, 0, {"f1": 2, "f2": 1}, None), {"f1": 1, "f2": 1})
    assert found == Accounting((FileAccount("f1", 4, 2, 1, 1), FileAccount("f2", 2, 1, 0, 1)))
    assert (found.rows_promoted, found.rows_deduplicated, found.difference) == (3, 2, 0)


@pytest.mark.parametrize(
    ("promoted", "deduplicated", "difference"),
    [
        ({"f1": 2, "f2": 1}, {"f1": 1, "f2": 1}, 0),
        ({"f1": 1, "f2": 1}, {"f1": 1, "f2": 1}, 1),  # a row was lost
        ({"f1": 3, "f2": 1}, {"f1": 1, "f2": 1}, 1),  # a row was invented
        ({"f1": 3, "f2": 0}, {"f1": 1, "f2": 1}, 2),  # two files differ, though their sum does not
        ({"f1": 2, "f3": 1}, {"f1": 1, "f2": 1}, 2),  # a row of a file that was never read
        ({"f1": 2}, {"f1": 1}, 2),  # a file was read and never written
    ],
)
def test_a_row_lost_or_invented_is_a_difference(
    promoted: dict[str, int], deduplicated: dict[str, int], difference: int
) -> None:
    table = TableMeasured(sum(promoted.values()), 0, (), 0, 0, 0, promoted, None)
    assert account(RECORDS, table, deduplicated).difference == difference


def test_gold_tables_are_compared_with_each_other(spark: SparkSession) -> None:
    day = date(2024, 1, 1)
    tables = {
        "fact_events": spark.createDataFrame(
            [
                (day, "DE"),
                (day, None),
                (date(2024, 1, 3), "FR"),
            ],
            "event_date date, country string",
        ),
        "fact_transactions": spark.createDataFrame(
            [
                (day, "paid", Decimal("0.1")),
                (day, None, Decimal("0.2")),
            ],
            "tx_date date, status string, amount decimal(18,4)",
        ),
        "daily_revenue": spark.createDataFrame([(Decimal("0.3"),)], "total_revenue decimal(38,4)"),
        "user_ltv": spark.createDataFrame(
            [("u1", 7, 1, Decimal("0.1")), ("u8", 2, 0, Decimal(0)), ("u9", 3, 4, Decimal(0))],
            "user_id string, event_count bigint, transaction_count bigint, total_revenue decimal(38,4)",
        ),
        "dim_date": spark.createDataFrame([(day,)], "date date"),
        "dim_status": spark.createDataFrame([], "status string"),
        "dim_country": spark.createDataFrame([("DE",)], "country string"),
        "dim_users": spark.createDataFrame([("u1",), ("u2",)], "user_id string"),
    }
    assert measure_gold(tables) == GoldMeasured(
        revenue=Decimal("0.3"),
        revenue_by_day=Decimal("0.3"),
        revenue_by_user=Decimal("0.1"),
        uncovered_dates=1,
        uncovered_statuses=1,
        uncovered_countries=1,
        unknown_user_rows={"fact_events": 5, "fact_transactions": 4},
    )
