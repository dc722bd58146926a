"""Averages are rounded once, half up, away from zero (spec 5)."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as sf

from transforms.silver_to_gold.averages import average

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CASES = (
    ("exact", "10.0000", 4, "2.5000"),
    ("nothing sold", "0.0000", 3, "0.0000"),
    ("nothing to divide by", "0.0000", 0, "0.0000"),
    ("one amount", "-0.0003", 1, "-0.0003"),
    ("below a half is rounded down", "0.0001", 3, "0.0000"),
    ("above a half is rounded up", "0.0002", 3, "0.0001"),
    ("a half is rounded up", "0.0001", 2, "0.0001"),
    ("a half is rounded up from an even digit too", "0.0005", 2, "0.0003"),
    ("a negative half is rounded away from zero", "-0.0001", 2, "-0.0001"),
    ("a negative number above a half", "-0.0001", 3, "0.0000"),
    # Spark's avg(decimal(18,4)) has eight decimals: 0.000049999... becomes 0.00005000, then 0.0001.
    ("just below a half is no half", "499.9999", 10_000_000, "0.0000"),
    ("just below a negative half is no half", "-499.9999", 10_000_000, "0.0000"),
    ("the greatest amount", "99999999999999.9999", 1, "99999999999999.9999"),
)


@pytest.fixture(scope="module")
def averages(spark: SparkSession) -> dict[str, Decimal]:
    """The averages of all cases in one job."""
    rows = [(title, Decimal(total), count) for title, total, count, _ in CASES]
    frame = spark.createDataFrame(rows, "title string, total decimal(28,4), n bigint")
    found = frame.select("title", average(sf.col("total"), sf.col("n")).alias("average")).collect()
    return {row["title"]: row["average"] for row in found}


@pytest.mark.parametrize(("title", "total", "count", "expected"), CASES, ids=[c[0] for c in CASES])
def test_average(averages: dict[str, Decimal], title: str, total: str, count: int, expected: str) -> None:
    assert str(averages[title]) == expected


def test_averages_of_many_sums_are_pythons(spark: SparkSession) -> None:
    chance = random.Random(5)
    rows = []
    for number in range(2000):
        count = chance.choice([1, 2, 3, 7, 8, 16, 1000, 9_999_999, 10_000_000_000])
        total = chance.randint(-(10 ** chance.randint(1, 17)), 10 ** chance.randint(1, 17)) * min(
            count, 10**10
        )
        total = total // 2 + chance.randint(-2, 2)
        rows.append((number, Decimal(total).scaleb(-4), count))
    frame = spark.createDataFrame(rows, "number int, total decimal(28,4), n bigint")
    found = frame.select("number", average(sf.col("total"), sf.col("n")).alias("average")).collect()
    with localcontext() as context:
        context.prec = 60
        expected = {
            number: (total / count).quantize(Decimal("0.0001"), ROUND_HALF_UP)
            for number, total, count in rows
        }
    assert {row["number"]: row["average"] for row in found} == expected
