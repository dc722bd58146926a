"""Keys are known without a search only where they cannot repeat."""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as sf

from checkpoints.gate.known_keys import agreed_rows, counting_rows, is_unique_by_plan
from checkpoints.gate.measures import DistinctKeys, RowsWritten
from contracts.key_hash import key_hash
from contracts.model import Column, Contract, DataType, Kind, Zone

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
def test_a_plan_that_makes_keys_unique_is_told_from_one_that_does_not(
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
    ),
    (),
)


def test_rows_are_counted_as_they_are_written(stored: DataFrame, tmp_path: Path) -> None:
    some = sf.when(sf.col("day") == 2, sf.lit(None).cast("double")).otherwise(sf.col("spent"))
    table = summed(stored, "user", "day").select(
        "user", "day", some.alias("spent"), sf.lit(None).alias("rest")
    )
    counted, told = counting_rows(table, SPENT)
    counted.drop("rest").hint("rebalance").write.parquet(str(tmp_path / "out"))
    hashes = [row["hash"] for row in table.select(key_hash(["user", "day"]).alias("hash")).collect()]
    assert told is not None
    assert told() == RowsWritten(DistinctKeys(3, reduce(xor, hashes)), required_nulls=1)


def test_a_plan_that_leaves_it_open_is_written_as_it_is(stored: DataFrame) -> None:
    assert counting_rows(stored, SPENT) == (stored, None)


@pytest.mark.parametrize("column", ["event_date", "_source_file"])
def test_rows_of_which_more_is_to_be_known_are_written_as_they_are(stored: DataFrame, column: str) -> None:
    table = summed(stored, "user", "day").withColumn(column, sf.lit("2024-01-01"))
    assert is_unique_by_plan(table, SPENT.key)
    assert counting_rows(table, SPENT) == (table, None)


def test_what_was_counted_holds_only_if_the_files_hold_as_many_rows() -> None:
    counted = RowsWritten(DistinctKeys(3, 5), required_nulls=0)
    assert [agreed_rows(lambda: counted, rows) for rows in (2, 3, 4)] == [None, counted, None]


def test_of_no_rows_nobody_is_asked() -> None:
    def never() -> RowsWritten:
        raise AssertionError

    assert agreed_rows(never, 0) is None
