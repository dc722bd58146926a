"""PySpark's daemon for Python workers, as suits a Spark on one machine.

It says nothing when Spark hangs up on a worker without work. Spark closes the sockets of workers that wait:
after a minute, and when it stops. PySpark's worker takes that for an error, cannot write it to a Unix socket
that is closed, and prints a traceback about that.

And it takes the archives that Spark puts on the path off it, where PySpark is installed anyway. For each task
a worker has its importers look anew at what is there, and those of archives read whole directories again: a
twentieth of a second a task (Python 3.11).
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from io import BufferedReader

HUNG_UP = 1  # any status but 0 ends the worker
_ARCHIVES = (".zip", ".jar")


def without_archives(path: Sequence[str]) -> list[str]:
    """Return the places on a path that are no archives; all of them, if only an archive holds PySpark."""
    installed = [place for place in path if not place.endswith(_ARCHIVES)]
    return installed if PathFinder.find_spec("pyspark", installed) else list(path)


def unless_hung_up(
    work: Callable[[BufferedReader, BinaryIO], None],
) -> Callable[[BufferedReader, BinaryIO], None]:
    """Let a worker wait for a task or for the end of the connection, and do the work only of a task."""

    def main(incoming: BufferedReader, outgoing: BinaryIO) -> None:
        if not incoming.peek(1):
            sys.exit(HUNG_UP)
        work(incoming, outgoing)

    return main


if __name__ == "__main__":
    sys.path[:] = without_archives(sys.path)
    sys.path_importer_cache.clear()
    from pyspark import daemon

    daemon.worker_main = unless_hung_up(daemon.worker_main)
    daemon.manager()  # type: ignore[no-untyped-call]  # PySpark gives its daemon no types
