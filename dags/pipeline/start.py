"""Starts what takes seconds to start at the same time: Spark, and Great Expectations."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from checkpoints.gate.expectations import load_gx

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession


def start_beside_gx(start_spark: Callable[[], SparkSession]) -> SparkSession:
    """Start Spark, most of which happens in another process, and import Great Expectations meanwhile."""
    importing = Thread(target=load_gx)
    importing.start()
    try:
        return start_spark()
    finally:
        importing.join()
