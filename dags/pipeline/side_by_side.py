"""Tables worked on at the same time: while one is planned or ends on few tasks, another uses the cores."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from pyspark.sql import SparkSession

_Result = TypeVar("_Result")
_SECONDS_BETWEEN_CANCELS = 0.5


def side_by_side(
    spark: SparkSession, tasks: Mapping[str, Callable[[Callable[[str], _Result]], _Result]]
) -> dict[str, _Result]:
    """Carry out tasks, each in a thread of its own.

    Args:
        spark: the session whose jobs the tasks run; it is shared, so no task may change its settings.
        tasks: by name. Each is handed a function that waits for the result of a task before it.

    Returns:
        the results by name, in the order of the tasks.

    Raises:
        Exception: what the first task raised that failed; the jobs of the others are cancelled.
    """
    futures: dict[str, Future[_Result]] = {}
    with ThreadPoolExecutor(max(1, len(tasks))) as pool:
        try:
            for name, task in tasks.items():
                futures[name] = pool.submit(task, lambda before: futures[before].result())
            done, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
            for future in (future for future in futures.values() if future in done):
                future.result()  # raises what its task raised
            return {name: future.result() for name, future in futures.items()}
        finally:
            while wait(futures.values(), timeout=0).not_done:
                with suppress(Exception):  # a Spark that is gone has no job to cancel
                    spark.sparkContext.cancelAllJobs()
                wait(futures.values(), timeout=_SECONDS_BETWEEN_CANCELS)
