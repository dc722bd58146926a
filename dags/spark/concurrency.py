"""Concurrent work around one Spark session: tasks in threads, and Spark's start beside GX's import."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from checkpoints.gate.gx_expectations import load_gx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from pyspark.sql import SparkSession

_Result = TypeVar("_Result")
_SECONDS_BETWEEN_CANCELS = 0.5


def run_concurrently(
    spark: SparkSession, tasks: Mapping[str, Callable[[Callable[[str], _Result]], _Result]]
) -> dict[str, _Result]:
    """Run tasks, each in its own thread, so that one uses the cores while another is planned or ends.

    Args:
        spark: the shared session that runs the tasks' jobs; no task may change its settings.
        tasks: by name. Each receives a function that waits for the result of an earlier task.

    Returns:
        the results by name, in the order of the tasks.

    Raises:
        Exception: of the first task that failed; the jobs of the others are cancelled.
    """
    futures: dict[str, Future[_Result]] = {}
    with ThreadPoolExecutor(max(1, len(tasks))) as pool:
        try:
            for name, task in tasks.items():
                futures[name] = pool.submit(task, lambda earlier: futures[earlier].result())
            done, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
            for future in (future for future in futures.values() if future in done):
                future.result()  # raises the task's exception
            return {name: future.result() for name, future in futures.items()}
        finally:
            while wait(futures.values(), timeout=0).not_done:
                with suppress(Exception):  # a session that has died has no job to cancel
                    spark.sparkContext.cancelAllJobs()
                wait(futures.values(), timeout=_SECONDS_BETWEEN_CANCELS)


def start_with_gx(start_spark: Callable[[], SparkSession]) -> SparkSession:
    """Start Spark, mostly a wait for another process, and import Great Expectations at the same time."""
    # Both need this package, whose modules import each other: two threads in it would see it half imported.
    import_module("pyspark.sql")
    importing = Thread(target=load_gx)
    importing.start()
    try:
        return start_spark()
    finally:
        importing.join()
