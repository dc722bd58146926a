"""Typed numbers and times are written in their one text form (spec 4.1)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from tests.transforms.bronze_to_silver.evaluated import assert_same, evaluate
from transforms.bronze_to_silver.parquet_text import double_text, timestamp_text

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TEXTS_OF_DOUBLES = (
    (0.1, "0.1"),
    (1001.0, "1001"),
    (-1001.0, "-1001"),
    (123456.78, "123456.78"),
    (12345678.0, "12345678"),
    (123456789.125, "123456789.125"),
    (1704067200.123, "1704067200.123"),
    (1e23, "1" + "0" * 23),
    (1.5e300, "15" + "0" * 299),
    (0.001, "0.001"),
    (0.00015, "0.00015"),
    (-1.5e-7, "-0.00000015"),
    (0.0, "0"),
    (-0.0, "0"),
    (math.nan, None),
    (math.inf, None),
    (-math.inf, None),
    (None, None),
)


def test_a_double_is_written_shortest_and_without_exponent(spark: SparkSession) -> None:
    values = [value for value, _ in TEXTS_OF_DOUBLES]
    rows = spark.createDataFrame(list(enumerate(values)), "position int, value double")
    found = {row[0]: row[1] for row in rows.select("position", double_text(sf.col("value"))).collect()}
    assert_same(
        map(repr, values), [found[i] for i in range(len(values))], [text for _, text in TEXTS_OF_DOUBLES]
    )


def test_a_float_is_written_by_its_own_width(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(0.1,), (1001.0,), (16777216.0,), (3.3e-7,), (None,)], "value float")
    found = [row[0] for row in rows.select(double_text(sf.col("value"))).collect()]
    assert found == ["0.1", "1001", "16777216", "0.00000033", None]


def test_a_timestamp_is_written_with_six_decimals(spark: SparkSession) -> None:
    written = {
        0: "1970-01-01T00:00:00.000000Z",
        -1: "1969-12-31T23:59:59.999999Z",
        1706696430120000: "2024-01-31T10:20:30.120000Z",
        -62135596800000000: "0001-01-01T00:00:00.000000Z",
        253402300799999999: "9999-12-31T23:59:59.999999Z",
    }
    text = timestamp_text(sf.timestamp_micros(sf.col("text").cast("bigint")))
    found = evaluate(spark, [*map(str, written), None], {"written": text})
    assert found == [*((text,) for text in written.values()), (None,)]
