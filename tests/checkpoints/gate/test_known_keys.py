"""Keys are known to be unique without a scan only where the plan proves it."""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as sf

from checkpoints.gate.measure_tables import confirmed_counts, is_unique_by_plan, observe_counts
from checkpoints.gate.measures import DistinctKeys, RowsWritten
from contracts.model import Column, Contract, DataType, Kind, Zone
from contracts.spark import key_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

ROWS = [("a", 1, 1.0), ("a", 2, 2.0), ("b", 1, 3.0), ("a", 1, 4.0)]


@pytest.fixture
def stored(spark: SparkSession, tmp_path: Path) -> DataFrame:
    spark.createDataFrame(ROWS, "user string, day int, spent double").write.parquet(str(tmp_path / "rows"))
    return spark.read.parquet(str(tmp_path / "rows"))


def summed(rows: DataFrame, *key: str) -> DataFrame:
    return rows.groupBy(*key).agg(sf.sum("spent").alias("spent"))


@pytest.mark.parametrize(
    ("title", "plan", "key", "is_unique"),
    [
        ("rows as stored", lambda rows: rows, ["user", "day"], False),
        ("grouped by the key", lambda rows: summed(rows, "user", "day"), ["user", "day"], True),
        ("grouped by part of the key", lambda rows: summed(rows, "user"), ["user", "spent"], True),
        ("grouped by more than the key", lambda rows: summed(rows, "user", "day"), ["user"], False),
        ("grouped by something else", lambda rows: summed(rows, "day"), ["user"], False),
        ("distinct", lambda rows: rows.select("user").distinct(), ["user"], True),
        (
            "renamed and cast to its own type",
            lambda rows: summed(rows, "user").select(sf.col("user").cast("string").alias("who"), "spent"),
            ["who"],
            True,
        ),
        (
            "cut short after it was grouped",
            lambda rows: summed(rows, "user").select(sf.substring("user", 1, 1).alias("user")),
            ["user"],
            False,
        ),
        (
            "two such tables, one below the other",
            lambda rows: summed(rows, "user").union(summed(rows, "user")),
            ["user"],
            False,
        ),
        (
            "multiplied by a join",
            lambda rows: summed(rows, "user").join(rows.select("user", "day"), "user"),
            ["user"],
            False,
        ),
        (
            "beside a table that has each key once",
            lambda rows: summed(rows, "user").join(rows.select("user").distinct(), "user", "left"),
            ["user"],
            True,
        ),
    ],
)
def test_a_plan_that_makes_keys_unique_is_recognised(
    stored: DataFrame, title: str, plan: Callable[[DataFrame], DataFrame], key: list[str], is_unique: bool
) -> None:
    assert is_unique_by_plan(plan(stored), key) is is_unique, title


SPENT = Contract(
    "spent",
    Zone.GOLD,
    "1.0.0",
    "",
    "",
    "",
    (
        Column("user", DataType(Kind.STRING), required=True, primary_key_position=1),
        Column("day", DataType(Kind.INTEGER), required=True, primary_key_position=2),
        Column("spent", DataType(Kind.DOUBLE), required=True),
        Column("rest", DataType(Kind.DOUBLE)),
        Column("note", DataType(Kind.STRING, max_bytes=3)),
    ),
    (),
)


def test_rows_are_counted_as_they_are_written(stored: DataFrame, tmp_path: Path) -> None:
    note = sf.when(sf.col("day") == 2, "éé").when(sf.col("user") == "a", "abc")
    some = sf.when(sf.col("day") == 2, sf.lit(None).cast("double")).otherwise(sf.col("spent"))
    table = summed(stored, "user", "day").select(
        "user", "day", some.alias("spent"), sf.lit(None).alias("rest"), note.alias("note")
    )
    frame, counts = observe_counts(table, SPENT)
    frame.drop("rest").hint("rebalance").write.parquet(str(tmp_path / "out"))
    hashes = [row["hash"] for row in table.select(key_hash(["user", "day"]).alias("hash")).collect()]
    assert counts is not None
    assert counts() == RowsWritten(
        DistinctKeys(3, reduce(xor, hashes)), {"user": 0, "day": 0, "spent": 1}, too_long_values=1
    )


def test_a_table_whose_plan_proves_nothing_is_not_observed(stored: DataFrame) -> None:
    assert observe_counts(stored, SPENT) == (stored, None)


@pytest.mark.parametrize("column", ["event_date", "_source_file"])
def test_a_table_with_dates_or_source_files_is_not_observed(stored: DataFrame, column: str) -> None:
    table = summed(stored, "user", "day").withColumn(column, sf.lit("2024-01-01"))
    assert is_unique_by_plan(table, SPENT.key)
    assert observe_counts(table, SPENT) == (table, None)


def test_counts_are_confirmed_only_by_files_with_as_many_rows() -> None:
    counted = RowsWritten(DistinctKeys(3, 5), {})
    assert [confirmed_counts(lambda: counted, rows) for rows in (2, 3, 4)] == [None, counted, None]


def test_the_observation_of_no_rows_is_not_read() -> None:
    def never() -> RowsWritten:
        raise AssertionError

    assert confirmed_counts(never, 0) is None
