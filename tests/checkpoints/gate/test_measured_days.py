"""Rows by day and the latest timestamp are measured with everything else, in one job."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from checkpoints.gate.measure_tables import WrittenTable, measure_groups, measure_tables, observe_counts
from contracts.model import Column, DataType, Domain, Kind, Rule, Severity, Zone
from tests.checkpoints.gate.test_measures import CONTRACT

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

VISITS = replace(
    CONTRACT,
    columns=(
        *CONTRACT.columns,
        Column("at", DataType(Kind.TIMESTAMP)),
        Column("to", DataType(Kind.TIMESTAMP)),
    ),
)
FIRST, SECOND = date(2024, 5, 1), date(2024, 5, 3)


def visits(spark: SparkSession) -> DataFrame:
    """Two files of which each holds two days, an undated row, and a second timestamp that dates nothing."""
    night, noon = datetime(2024, 5, 1, 23, 59, 59, 999_999, UTC), datetime(2024, 5, 3, 12, tzinfo=UTC)
    rows = [
        ("a", 1, night, noon, FIRST, "f1", "one"),
        ("b", 1, noon, noon, SECOND, "f1", "one"),
        ("c", 1, night, noon, FIRST, "f2", "one"),
        ("d", None, None, noon, date(1900, 1, 1), "f2", "one"),
        ("d", 1, night, None, FIRST, "f1", "two"),
    ]
    return spark.createDataFrame(
        rows,
        "id string, age int, at timestamp, to timestamp, event_date date, _source_file string, of string",
    )


def test_a_dataset_is_measured_by_file_and_by_day(spark: SparkSession) -> None:
    frame = visits(spark).where("of = 'one'").drop("of")
    (found,) = measure_tables([WrittenTable(frame, VISITS)])
    assert found.by_day == {"rows": {FIRST: 2, SECOND: 1}}
    assert found.latest == datetime(2024, 5, 3, 12, tzinfo=UTC)
    assert (found.rows, found.undated_rows, found.date_span_days) == (4, 1, 2)
    assert found.rows_by_file == {"f1": 2, "f2": 2}
    assert (found.nulls, found.duplicate_rows) == ({"id": 0}, 0)


def test_each_group_is_measured_by_its_own_days(spark: SparkSession) -> None:
    found = measure_groups(WrittenTable(visits(spark), VISITS), "of", ["one", "two", "none"])
    assert {name: table.by_day for name, table in found.items()} == {
        "one": {"rows": {FIRST: 2, SECOND: 1}},
        "two": {"rows": {FIRST: 1}},
        "none": {"rows": {}},
    }
    assert found["two"].latest == datetime(2024, 5, 1, 23, 59, 59, 999_999, UTC)
    assert found["none"].latest is None
    assert found["one"].rows_by_file == {"f1": 2, "f2": 2}


def judged_by_day(measure: str) -> Rule:
    arguments = {"measure": measure}
    return Rule("r", Domain.TABLE, Severity.WARN, "", "", "", "expect_values_by_day_to_be_in_line", arguments)


def test_of_a_table_with_one_row_a_day_the_judged_columns_are_measured(spark: SparkSession) -> None:
    money, count = DataType(Kind.DECIMAL, 38, 4), DataType(Kind.BIGINT)
    revenue = replace(
        CONTRACT,
        zone=Zone.GOLD,
        derived_from=("orders",),
        columns=(
            Column("date", DataType(Kind.DATE), required=True, primary_key_position=1),
            Column("revenue", money),
            Column("orders", count),
            Column("ignored", count),
        ),
        rules=(judged_by_day("orders"), judged_by_day("revenue")),
    )
    large = Decimal("12345678901234567890123456789012.3456")
    frame = spark.createDataFrame(
        [(FIRST, large, 3, 9), (SECOND, None, 4, 9)],
        "date date, revenue decimal(38,4), orders bigint, ignored bigint",
    )
    grouped = frame.groupBy("date").agg(*(sf.max(name).alias(name) for name in frame.columns[1:]))
    written, observed = observe_counts(grouped, revenue)
    assert observed is not None
    written.collect()
    both = [WrittenTable(frame, revenue), WrittenTable(frame, revenue, counted=observed())]
    for found in measure_tables(both):
        assert found.by_day == {"revenue": {FIRST: large}, "orders": {FIRST: 3, SECOND: 4}}
        assert (found.rows, found.latest) == (2, None)
