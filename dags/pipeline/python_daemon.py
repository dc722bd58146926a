"""PySpark's daemon for Python workers, as suits a Spark on one machine.

It says nothing when Spark hangs up on a worker without work. Spark closes the sockets of workers that wait:
after a minute, and when it stops. PySpark's worker takes that for an error, cannot write it to a Unix socket
that is closed, and prints a traceback about that.

And it takes PySpark's own archives off the path, which Spark puts there although it is installed. For each
task a worker has its importers look anew at what is there, and those of archives read whole directories
again: a twentieth of a second a task (Python 3.11).
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from io import BufferedReader

HUNG_UP = 1  # any status but 0 ends the worker
_ARCHIVES = (".zip", ".jar")


def without_own_archives(path: Sequence[str]) -> list[str]:
    """Return the places on a path less the archives that lie in the folder of the PySpark found on it."""
    installed = PathFinder.find_spec("pyspark", [place for place in path if not place.endswith(_ARCHIVES)])
    if installed is None or installed.origin is None:
        return list(path)
    home = f"{Path(installed.origin).parent}/"
    return [place for place in path if not (place.endswith(_ARCHIVES) and place.startswith(home))]


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
    sys.path[:] = without_own_archives(sys.path)
    sys.path_importer_cache.clear()
    from pyspark import daemon

    daemon.worker_main = unless_hung_up(daemon.worker_main)
    daemon.manager()  # type: ignore[no-untyped-call]  # PySpark gives its daemon no types
