"""Ordered, concurrent work on many files, with progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
R = TypeVar("R")

Progress = Callable[[int, int], None]
"""Receives the number of files done and the total; one call at a time, from any thread."""

THREADS: Final = 8


def progress_counter(progress: Progress | None, total: int) -> Callable[[], None]:
    """Return a function that counts one more file as done and reports it; callable from any thread."""
    lock = threading.Lock()
    done = 0

    def count() -> None:
        nonlocal done
        if progress is not None:
            with lock:
                done += 1
                progress(done, total)

    return count


def map_in_threads(
    work: Callable[[T], R], items: Sequence[T], threads: int, on_done: Callable[[], None] = lambda: None
) -> list[R]:
    """Return the results in the order of the items. The first failure cancels the rest and is raised.

    ``on_done`` is called after each item, in its thread.
    """

    def work_and_report(item: T) -> R:
        result = work(item)
        on_done()
        return result

    if not items:
        return []
    pool = ThreadPoolExecutor(min(threads, len(items)), thread_name_prefix="lake")
    try:
        futures = [pool.submit(work_and_report, item) for item in items]
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)
