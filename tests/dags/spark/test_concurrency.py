"""Concurrent tasks: results in order, one may wait for another, a failure cancels all."""

from __future__ import annotations

import subprocess
import sys
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as sf

from dags.spark.concurrency import run_concurrently

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession


def test_a_task_can_wait_for_one_before_it(spark: SparkSession) -> None:
    begun = Event()

    def slow(_: Callable[[str], int]) -> int:
        assert begun.wait(30)  # it ends only once the other has begun
        return spark.range(7).count()

    def waiting(result_of: Callable[[str], int]) -> int:
        begun.set()
        return result_of("slow") + 1

    found = run_concurrently(spark, {"slow": slow, "waiting": waiting})
    assert list(found.items()) == [("slow", 7), ("waiting", 8)]


def test_no_task_gives_no_result(spark: SparkSession) -> None:
    assert run_concurrently(spark, {}) == {}


def test_the_first_failure_is_raised_and_the_other_jobs_are_cancelled(spark: SparkSession) -> None:
    begun = Event()

    def endless(_: Callable[[str], int]) -> int:
        begun.set()
        slept = sf.udf(_sleep, "bigint", useArrow=False)("id")
        return len(spark.range(0, 2, 1, 2).select(slept).collect())

    def failing(_: Callable[[str], int]) -> int:
        assert begun.wait(30)
        raise ValueError("no such table")

    def waiting(result_of: Callable[[str], int]) -> int:
        return result_of("failing")

    began = monotonic()
    with pytest.raises(ValueError, match="no such table"):
        run_concurrently(spark, {"endless": endless, "failing": failing, "waiting": waiting})
    assert monotonic() - began < 60


def _sleep(number: int) -> int:
    from time import sleep

    sleep(120)
    return number


def test_pyspark_is_whole_before_two_threads_use_it() -> None:
    starts = (
        "import sys\n"
        "from dags.spark.concurrency import start_with_gx\n"
        "assert 'pyspark.sql' not in sys.modules\n"
        "def start():\n"
        "    return hasattr(sys.modules['pyspark.sql'], 'SparkSession')\n"
        "print(start_with_gx(start))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", starts], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "True\n"
