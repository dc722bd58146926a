"""Measured numbers match a naive count."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce
from operator import xor
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as sf

from checkpoints.gate.measure_gold import GoldMeasured, measure_gold
from checkpoints.gate.measure_rows import measure_rows
from checkpoints.gate.measure_tables import WrittenTable, measure_tables
from checkpoints.gate.measures import (
    Accounting,
    DistinctKeys,
    FileAccount,
    Offender,
    RecordsMeasured,
    RejectedRow,
    RowsRead,
    RowsWritten,
    RuleCount,
    TableMeasured,
    UnknownColumn,
    account,
)
from checkpoints.lake.layout import open_lake
from checkpoints.quarantine.rows import QuarantineWriter
from contracts.corrections import row_id
from contracts.model import Column, Contract, DataType, Domain, Kind, Rule, Severity, Zone
from contracts.spark import key_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyspark.sql import Column as SparkColumn
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
READ = """id string, age int, _extra string, _source_file string, _raw string, _malformed string,
    _uncastable_age string, _currency_price string"""
DRIFT = (UnknownColumn("x", 3, "f1"),)
AS_OF = datetime(2024, 5, 1, 12, tzinfo=UTC)


def conditions() -> dict[str, SparkColumn]:
    """What is true for a row that breaks each of RULES."""
    age = sf.col("age")
    return {
        "age_range": sf.coalesce(~age.between(0, 120), sf.lit(False)),
        "age_uncastable": sf.col("_uncastable_age").isNotNull(),
        "id_required": sf.col("id").isNull() & sf.col("_uncastable_age").isNull(),
        "malformed": sf.col("_malformed").isNotNull(),
        "age_odd": sf.coalesce(age % 2 == 1, sf.lit(False)),
    }


def rejection(folder: Path) -> QuarantineWriter:
    staging = open_lake(str(folder)).staging(Zone.SILVER, "r").child("rejected")
    return QuarantineWriter("r", "events", "1.2.3", AS_OF, staging)


def rejected_rows(rejection: QuarantineWriter, names: Sequence[str]) -> list[dict[str, object]]:
    files = [pq.read_table(rejection.staging.child(name).uri) for name in names]
    return sorted((row for file in files for row in file.to_pylist()), key=lambda row: str(row["raw"]))


def offender(file: str, raw: str, value: str) -> Offender:
    return Offender(row_id("events", file, raw), file, value)


def measured_table(frame: DataFrame) -> TableMeasured:
    (measured,) = measure_tables([WrittenTable(frame, CONTRACT)])
    return measured


def test_rows_are_counted_by_rule_and_file_and_the_invalid_are_written(
    spark: SparkSession, tmp_path: Path
) -> None:
    rows = [
        ("a", 1, None, "f1", "1", None, None, "$"),
        ("a", 3, None, "f2 ü%41", "2", None, None, "EUR"),
        ("b", 2, None, "f1", "3", None, None, "EUR"),
        ("b", 2, None, "f1", "4", None, None, None),
        (None, 130, None, "f1", "5", None, None, "USD"),
        ("c", -1, None, "f3", "6", None, None, None),
        (None, None, None, "f3", "7", None, "x" * 300, None),
    ]
    read, rejects = spark.createDataFrame(rows, READ), rejection(tmp_path)
    rows_read = {"f1": 4, "f2 ü%41": 1, "f4": 2}
    found, names = measure_rows(read, conditions(), RULES, RowsRead(rows_read, DRIFT), rejects)

    assert found == RecordsMeasured(
        rows_read=7,
        rows_quarantined=3,
        broken={
            "age_range": RuleCount(2, ("-1", "130")),
            "age_uncastable": RuleCount(1, ("x" * 200,)),
            "id_required": RuleCount(1),
            "malformed": RuleCount(0),
        },
        warned={"age_odd": RuleCount(2, ("1", "3"))},
        rows_by_file={"f1": (4, 1), "f2 ü%41": (1, 0), "f3": (0, 2), "f4": (2, 0)},
        currencies={"price": ("$", "EUR")},
        unknown_columns=DRIFT,
        rejected=tuple(
            sorted(
                RejectedRow(row_id("events", file, raw), file, rules)
                for file, raw, rules in (
                    ("f1", "5", "age_range, id_required"),
                    ("f3", "6", "age_range"),
                    ("f3", "7", "age_uncastable"),
                )
            )
        ),
        files_by_rule={
            "age_odd": {"f1": 1, "f2 ü%41": 1},
            "age_range": {"f1": 1, "f3": 1},
            "age_uncastable": {"f3": 1},
            "id_required": {"f1": 1},
        },
        offenders={
            "age_range": tuple(sorted((offender("f1", "5", "130"), offender("f3", "6", "-1")))),
            "age_uncastable": (offender("f3", "7", "x" * 200),),
            "id_required": (offender("f1", "5", ""),),
        },
    )
    assert found.quarantine_ratio == pytest.approx(3 / 7)
    assert found.most_currencies == 2
    alike = {"run_id": "r", "dataset": "events", "contract_version": "1.2.3", "quarantined_at": AS_OF}
    assert rejected_rows(rejects, names) == [
        {
            **alike,
            "source_file": file,
            "row_id": row_id("events", file, raw),
            "raw": raw,
            "failed_rules": failed,
        }
        for file, raw, failed in (
            ("f1", "5", ["age_range", "id_required"]),
            ("f3", "6", ["age_range"]),
            ("f3", "7", ["age_uncastable"]),
        )
    ]


def test_currencies_are_those_of_valid_rows(spark: SparkSession, tmp_path: Path) -> None:
    rows = [
        ("a", -1, None, "f", "text", None, None, "not counted"),
        ("b", 2, None, "f", "text", None, None, "EUR"),
        ("c", 3, None, "f", "text", None, None, "kr"),  # breaks a warn rule: counted anyhow
    ]
    read = RowsRead({"f": 3}, excluded_by_file={"f": 2})
    frame = spark.createDataFrame(rows, READ)
    found, _ = measure_rows(frame, conditions(), RULES, read, rejection(tmp_path))
    assert found.currencies == {"price": ("EUR", "kr")}
    assert (found.rows_read, found.rows_excluded, found.excluded_by_file) == (3, 2, {"f": 2})


def test_no_rows_at_all_are_counted_as_none(spark: SparkSession, tmp_path: Path) -> None:
    nothing = spark.createDataFrame([], READ)
    found, names = measure_rows(nothing, conditions(), RULES, RowsRead({}), rejection(tmp_path))
    assert list(names) == []
    assert (found.rows_read, found.rows_quarantined) == (0, 0)
    assert found.broken == {r.name: RuleCount(0) for r in RULES if r.severity is Severity.ERROR}
    assert found.warned == {"age_odd": RuleCount(0)}
    assert found.currencies == {"price": ()}
    assert found.quarantine_ratio == 0.0
    table = spark.createDataFrame([], "id string, age int, event_date date, _source_file string")
    no_keys = DistinctKeys(0, 0)
    assert measured_table(table) == TableMeasured(0, 0, (), {"id": 0}, 0, 0, {}, no_keys, 0, {"rows": {}})


def test_currencies_are_counted_without_rules(spark: SparkSession, tmp_path: Path) -> None:
    rows = [("f", "raw", "EUR"), ("f", "raw", None)]
    read = spark.createDataFrame(rows, "_source_file string, _raw string, _currency_price string")
    found, names = measure_rows(read, {}, (), RowsRead({"f": 2}), rejection(tmp_path))
    assert found == RecordsMeasured(2, 0, {}, {}, {"f": (2, 0)}, {"price": ("EUR",)}, ())
    assert list(names) == []


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
        nulls={"id": 2},
        date_span_days=10,
        undated_rows=2,
        rows_by_file={"f1": 2, "f2": 3},
        keys=None,
        by_day={"rows": {date(2024, 1, 1): 1, date(2024, 1, 2): 1, date(2024, 1, 11): 1}},
    )


def test_several_tables_are_measured_in_one_call(spark: SparkSession) -> None:
    nameless = replace(CONTRACT, columns=(Column("age", INT),))
    ddls = ("id string, _source_file string", "id string", "id string")
    rows = ([("a", "f1"), ("b", "f1")], [("a",), ("a",), ("b",)], [])
    tables = [
        WrittenTable(spark.createDataFrame(of, ddl), CONTRACT) for of, ddl in zip(rows, ddls, strict=True)
    ]
    tables.append(WrittenTable(spark.createDataFrame([(1,), (1,)], "age int"), nameless))
    assert measure_tables(tables) == [
        TableMeasured(2, 0, (), {"id": 0}, 0, 0, {"f1": 2}, distinct_keys(spark, "a", "b")),
        TableMeasured(3, 2, ("a",), {"id": 0}, 0, 0, {}, None),
        TableMeasured(0, 0, (), {"id": 0}, 0, 0, {}, DistinctKeys(0, 0)),
        TableMeasured(2, 0, (), {}, 0, 0, {}, None),  # without a key, no row repeats another's
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


def test_a_table_that_was_counted_as_it_was_written_is_not_read(spark: SparkSession) -> None:
    keys = distinct_keys(spark, "x", "y", "z")
    rows = spark.createDataFrame([("a",), ("a",)], "id string")
    counted = WrittenTable(rows, CONTRACT, counted=RowsWritten(keys, {"id": 7}))
    assert measure_tables([counted]) == [TableMeasured(3, 0, (), {"id": 7}, 0, 0, {}, keys)]
    found = measure_tables([counted, WrittenTable(rows, CONTRACT), counted])
    assert [of.rows for of in found] == [3, 2, 3]


def test_values_of_a_computed_table_that_are_longer_than_their_varchar_are_counted(
    spark: SparkSession,
) -> None:
    limited = Column("name", DataType(Kind.STRING, max_bytes=4))
    gold = replace(CONTRACT, zone=Zone.GOLD, columns=(*CONTRACT.columns, limited))
    names = ("abcd", "abcde", "éé", "ééé", None)
    rows = spark.createDataFrame([(str(n), name) for n, name in enumerate(names)], "id string, name string")
    keys = distinct_keys(spark, *map(str, range(len(names))))
    found = measure_tables(
        [
            WrittenTable(rows, gold),
            WrittenTable(rows, gold, lambda: keys),
            WrittenTable(rows, gold, counted=RowsWritten(keys, {"id": 0}, too_long_values=9)),
            WrittenTable(rows, replace(gold, zone=Zone.SILVER)),  # its rows were judged one by one
        ]
    )
    assert [of.too_long_values for of in found] == [2, 2, 9, 0]


RECORDS = RecordsMeasured(6, 1, {}, {}, {"f1": (4, 1), "f2": (2, 0)}, {}, ())


def test_rows_of_each_file_are_promoted_quarantined_or_deduplicated() -> None:
    found = account(RECORDS, TableMeasured(3, 0, (), 0, 0, 0, {"f1": 2, "f2": 1}, None), {"f1": 1, "f2": 1})
    assert found == Accounting((FileAccount("f1", 4, 2, 1, 1), FileAccount("f2", 2, 1, 0, 1)))
    assert (found.rows_promoted, found.rows_deduplicated, found.difference) == (3, 2, 0)


def test_excluded_records_are_counted_by_file_and_are_not_rows() -> None:
    records = replace(RECORDS, excluded_by_file={"f1": 5, "f3": 2})
    found = account(records, TableMeasured(3, 0, (), 0, 0, 0, {"f1": 2, "f2": 1}, None), {"f1": 1, "f2": 1})
    assert found.files == (
        FileAccount("f1", 4, 2, 1, 1, rows_excluded=5),
        FileAccount("f2", 2, 1, 0, 1),
        FileAccount("f3", 0, 0, 0, 0, rows_excluded=2),
    )
    assert (records.rows_excluded, found.difference) == (7, 0)


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
    measured = measure_gold(tables, {"dim_users": (), "fact_transactions": ("amount",)})
    assert measured == GoldMeasured(
        sums={
            "fact_transactions": {"amount": Decimal("0.3")},
            "daily_revenue": {"total_revenue": Decimal("0.3")},
            "user_ltv": {"total_revenue": Decimal("0.1")},
        },
        uncovered_dates=1,
        uncovered_statuses=1,
        uncovered_countries=1,
        unknown_user_rows={"fact_events": 5, "fact_transactions": 4},
    )
    differences = [measured.revenue_difference(name) for name in ("daily_revenue", "user_ltv")]
    assert differences == [0, Decimal("-0.2")]


def test_a_gold_table_that_does_not_exist_is_not_compared(spark: SparkSession) -> None:
    tables = {
        "fact_events": spark.createDataFrame(
            [("u1", date(2024, 1, 1), "DE"), ("u9", None, None)],
            "user_id string, event_date date, country string",
        ),
        "dim_users": spark.createDataFrame([("u1",)], "user_id string"),
        "fees": spark.createDataFrame(
            [(Decimal("0.000001"), Decimal(2)), (Decimal("0.000002"), None)],
            "fee decimal(18,6), tax decimal(18,2)",
        ),
    }
    assert measure_gold(tables, {"fees": ("fee", "tax")}) == GoldMeasured(
        sums={"fees": {"fee": Decimal("0.000003"), "tax": Decimal(2)}},
        unknown_user_rows={"fact_events": 1},
    )
    assert measure_gold({"fees": tables["fees"]}, {"fees": ()}) == GoldMeasured(sums={})
