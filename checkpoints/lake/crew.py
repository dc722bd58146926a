"""Work on many files at once, in order, and tell how far it has come."""

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
"""Is told how many files are done, of how many; one call at a time, from any thread."""

THREADS: Final = 8


def counted(progress: Progress | None, total: int) -> Callable[[], None]:
    """Return what is to be called after each file."""
    lock = threading.Lock()
    done = 0

    def tell() -> None:
        nonlocal done
        if progress is not None:
            with lock:
                done += 1
                progress(done, total)

    return tell


def in_threads(work: Callable[[T], R], items: Sequence[T], threads: int, told: Callable[[], None]) -> list[R]:
    """Return the results in the order of the items. The first failure ends the rest and is raised."""

    def one(item: T) -> R:
        result = work(item)
        told()
        return result

    if not items:
        return []
    pool = ThreadPoolExecutor(min(threads, len(items)), thread_name_prefix="lake")
    try:
        futures = [pool.submit(one, item) for item in items]
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)
