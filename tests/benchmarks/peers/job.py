"""The one job of all contestants: split a table by nine rules, write good and bad rows, count by rule.

Scripts that run in a peer's own environment import this file: it needs PySpark alone.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession
from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import Column, DataFrame

KEY = "order_id"
ROW_ID = "row_id"  # tells rows apart whose key is null or repeated
COPIES = "_copies"
IS_GOOD = "is_good"
STATUSES = ("pending", "paid", "shipped", "delivered", "cancelled", "returned", "refunded", "failed")
EMAIL = r"^[^@\s]+@[^@\s.]+\.[^@\s]+$"

# By rule, what breaks it. A null breaks `required` alone: for the others it is no value to judge.
BROKEN: Mapping[str, str] = {
    "order_id_required": "order_id IS NULL",
    "order_id_unique": f"{COPIES} > 1",
    "user_id_required": "user_id IS NULL",
    "amount_negative": "amount < 0",
    "quantity_range": "quantity NOT BETWEEN 1 AND 1000",
    "age_range": "age NOT BETWEEN 0 AND 120",
    "status_known": f"status NOT IN {STATUSES}",
    "email_format": f"NOT email RLIKE r'{EMAIL}'",
    "delivery_before_creation": "delivered_at < created_at",
}

# The same for all; what the bench adds (an event log) comes from the environment, as `lakegate` takes it.
_OPTIONS = {
    "spark.master": "local[*]",
    "spark.driver.memory": "3g",
    "spark.sql.shuffle.partitions": "8",  # 200, the default, would cost a small machine dear
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}


@dataclass(slots=True)
class Result:
    """What a contestant hands back: two folders of Parquet, and how many rows broke each rule."""

    good: Path
    bad: Path
    counts: Mapping[str, int]


def arguments() -> tuple[str, Path]:
    """Return what every contestant is called with: the input, and the folder to write below."""
    return sys.argv[1], Path(sys.argv[2])


def start_spark(**further: str) -> SparkSession:
    """Start Spark with the options that all contestants share."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder
    given = json.loads(os.environ.get("LAKEGATE_SPARK_OPTIONS", "{}"))
    for name, value in {**_OPTIONS, **further, **given}.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


@contextmanager
def timed(result: Result) -> Iterator[None]:
    """Take the seconds of the job, from a running session with all imported; tell them and the result."""
    began = time.monotonic()
    yield
    seconds = time.monotonic() - began
    told = {
        "seconds": seconds,
        "good": str(result.good),
        "bad": str(result.bad),
        "counts": dict(result.counts),
    }
    print(json.dumps(told))


def with_copies(rows: DataFrame) -> DataFrame:
    """Add ``_copies``: how many rows hold this row's key; 1 where the key is null.

    No row is shuffled: the keys alone are counted, and the few that repeat are broadcast.
    """
    counted = rows.where(sf.col(KEY).isNotNull()).groupBy(KEY).agg(sf.count(sf.lit(1)).alias(COPIES))
    marked = rows.join(sf.broadcast(counted.where(f"{COPIES} > 1")), KEY, "left")
    return marked.withColumn(COPIES, sf.coalesce(COPIES, sf.lit(1)))


def routed(rows: DataFrame) -> DataFrame:
    """Add ``is_good``, and for a bad row ``failed_rules``: the filter that somebody writes by hand."""
    broken = broken_conditions()
    failed = sf.array_compact(sf.array(*[sf.when(broken[name], sf.lit(name)) for name in sorted(broken)]))
    marked = rows.withColumn(IS_GOOD, ~reduce(or_, broken.values()))
    return marked.withColumn("failed_rules", sf.when(~sf.col(IS_GOOD), failed))


def result_below(out: Path, counts: Mapping[str, int]) -> Result:
    """Return the result of one write that is partitioned by ``is_good``."""
    return Result(out / f"{IS_GOOD}=true", out / f"{IS_GOOD}=false", counts)


def broken_conditions() -> dict[str, Column]:
    """Return, by rule, what is true for a row that breaks it, and never null."""
    return {name: sf.coalesce(sf.expr(broken), sf.lit(False)) for name, broken in BROKEN.items()}
