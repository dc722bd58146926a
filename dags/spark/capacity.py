"""How long the workers of a Spark cluster have been running."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.spark import JavaObject


def worker_seconds() -> float | None:
    """Return the seconds that driver and executors have run, in sum; None without a cluster's Spark."""
    if "pyspark" not in sys.modules:
        return None
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is None or str(context.master).startswith("local"):
        return None
    return executor_seconds(context)


def executor_seconds(context: JavaObject) -> float:
    """Return the seconds that driver and executors of a Spark context have run, those that ended included."""
    found, now = context._jsc.sc().statusStore().executorList(False), time.time() * 1000
    executors = [found.apply(number) for number in range(found.size())]
    return float(sum((_ended_at(one, now) - one.addTime().getTime()) / 1000 for one in executors))


def _ended_at(executor: JavaObject, now: float) -> float:
    removed = executor.removeTime()
    return float(removed.get().getTime()) if removed.isDefined() else now
