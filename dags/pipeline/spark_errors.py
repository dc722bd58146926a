"""What goes wrong within Spark as one sentence that a person can act on, and that quotes no row."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from checkpoints.lake.errors import StorageFull
from contracts.faults import LakegateError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_ROOM = ("No space left on device", "Disk quota exceeded")
_LONGEST = 300
_OUR_STORAGE = "checkpoints.lake.errors."  # an error's name in a worker's traceback


@contextmanager
def speaking(transition: str) -> Iterator[None]:
    """Turn what Spark raises within into ``StorageFull`` or ``LakegateError``.

    The messages of Spark's own error conditions quote values of rows, so that only the condition is told; the
    system's (a path, a reason), and what our own storage says on a worker, are told as they are.
    """
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark.", "py4j.")):
            raise
        causes, of_worker = list(_causes(error)), _told_by_worker(error)
        for message in (of_worker, *(cause.message for cause in causes)):
            if any(words in message for words in _NO_ROOM):
                raise StorageFull(
                    "Spark cannot write",
                    transition,
                    found=message,
                    next_step="free space there and in spark.local.dir, then run again",
                ) from error
        of_java = next((cause.told for cause in reversed(causes) if cause.told), type(error).__name__)
        raise LakegateError(
            "Spark gave up",
            where=transition,
            found=of_worker or of_java,
            next_step="nothing was promoted; run again with --debug to see where",
        ) from error


def _told_by_worker(error: Exception) -> str:
    """Return what our own storage said on a worker, at the end of a traceback; else nothing."""
    lines = (line.strip() for line in reversed(str(error).splitlines()))
    ours = next((line for line in lines if line.startswith(_OUR_STORAGE)), "")
    return ours.partition(": ")[2][:_LONGEST]


class _Cause:
    """One of the Java exceptions that caused another."""

    def __init__(self, java: Any) -> None:  # noqa: ANN401  (a Java object)
        self.kind = str(java.getClass().getName())
        self.message = (str(java.getMessage() or "").splitlines() or [""])[0][:_LONGEST]
        self._condition = _condition(java)

    @property
    def told(self) -> str:
        """What may be said of it; empty where it says nothing but that there is a cause."""
        name = self.kind.rpartition(".")[2]
        if self._condition:
            return f"{name} {self._condition}"
        is_systems = self.kind.startswith(("java.io.", "java.nio.", "org.apache.hadoop.", "java.net."))
        if is_systems or self.kind == "java.lang.OutOfMemoryError":
            return f"{name}: {self.message}"
        return "" if self.kind.startswith("org.apache.spark.SparkException") else name


def _causes(error: Exception) -> Iterator[_Cause]:
    java: Any = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    for _ in range(20):
        if java is None:
            return
        yield _Cause(java)
        java = java.getCause()


def _condition(java: Any) -> str:  # noqa: ANN401  (a Java object)
    """Return the error condition of an exception of Spark's, empty for another."""
    from py4j.protocol import Py4JError

    try:
        return str(java.getCondition() or "")
    except Py4JError:
        return ""
