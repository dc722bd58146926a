"""PySpark's daemon for Python workers, adjusted for Spark on one machine.

1. Idle workers exit quietly when Spark closes their socket (after a minute, and when it stops). PySpark's
   worker treats that as an error, cannot write it to the closed Unix socket, and prints a traceback.
2. PySpark's own archives are taken off ``sys.path``, where Spark puts them although PySpark is installed.
   Each task invalidates the import caches, and archive importers then re-read whole directories: a twentieth
   of a second for each task (Python 3.11).
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from io import BufferedReader

CLOSED = 1  # exit status; any but 0 ends the worker
_ARCHIVES = (".zip", ".jar")


def without_own_archives(path: Sequence[str]) -> list[str]:
    """Return the entries of a path without the archives in the folder of the PySpark found on it."""
    installed = PathFinder.find_spec("pyspark", [entry for entry in path if not entry.endswith(_ARCHIVES)])
    if installed is None or installed.origin is None:
        return list(path)
    home = Path(installed.origin).resolve().parent  # either path may lead over a symbolic link
    return [
        entry
        for entry in path
        if not (entry.endswith(_ARCHIVES) and Path(entry).resolve().is_relative_to(home))
    ]


def exit_when_closed(
    work: Callable[[BufferedReader, BinaryIO], None],
) -> Callable[[BufferedReader, BinaryIO], None]:
    """Return ``work`` for a worker that waits for a task and exits when the connection is closed instead."""

    def main(incoming: BufferedReader, outgoing: BinaryIO) -> None:
        if not incoming.peek(1):
            sys.exit(CLOSED)
        work(incoming, outgoing)

    return main


if __name__ == "__main__":
    sys.path[:] = without_own_archives(sys.path)
    sys.path_importer_cache.clear()
    from pyspark import daemon

    daemon.worker_main = exit_when_closed(daemon.worker_main)
    daemon.manager()  # type: ignore[no-untyped-call]  # untyped in PySpark
