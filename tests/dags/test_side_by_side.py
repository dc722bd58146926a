"""Tasks side by side: results in order, one may wait for another, a failure ends them all."""

from __future__ import annotations

from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as sf

from dags.pipeline.side_by_side import side_by_side

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

    found = side_by_side(spark, {"slow": slow, "waiting": waiting})
    assert list(found.items()) == [("slow", 7), ("waiting", 8)]


def test_no_task_gives_no_result(spark: SparkSession) -> None:
    assert side_by_side(spark, {}) == {}


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
        side_by_side(spark, {"endless": endless, "failing": failing, "waiting": waiting})
    assert monotonic() - began < 60


def _sleep(number: int) -> int:
    from time import sleep

    sleep(120)
    return number
