"""PySpark's daemon for Python workers, which says nothing when Spark hangs up on a worker without work.

Spark closes the sockets of workers that wait: after a minute, and when it stops. PySpark's worker takes that
for an error, cannot write it to a Unix socket that is closed, and prints a traceback about that.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO

from pyspark import daemon

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader

HUNG_UP = 1  # any status but 0 ends the worker


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
    daemon.worker_main = unless_hung_up(daemon.worker_main)
    daemon.manager()  # type: ignore[no-untyped-call]  # PySpark gives its daemon no types
