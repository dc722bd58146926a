"""Translation of Spark errors into one actionable sentence that quotes no row."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from checkpoints.storage.errors import StorageFullError
from contracts.errors import LakegateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contracts.spark import JavaObject

_DISK_FULL = ("No space left on device", "Disk quota exceeded")
_LONGEST = 300  # characters of a message
_MOST_CAUSES = 20
_STORAGE_ERRORS = "checkpoints.storage.errors."  # prefix of an error's name in a worker's traceback
_OF_THE_SYSTEM = ("java.io.", "java.nio.", "java.net.", "org.apache.hadoop.", "java.lang.OutOfMemoryError")


@contextmanager
def translate_errors(transition: str) -> Iterator[None]:
    """Turn Spark's exceptions into ``StorageFullError`` or ``LakegateError``.

    Messages of Spark's own error conditions quote values of rows, so only the condition is reported. Messages
    of the system (a path, a reason) and of the lake's storage on a worker are reported in full.
    """
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark.", "py4j.")):
            raise
        causes, of_worker = list(_causes(error)), _storage_error_on_worker(error)
        for message in (of_worker, *(cause.message for cause in causes)):
            if any(words in message for words in _DISK_FULL):
                raise StorageFullError(
                    "Spark cannot write",
                    transition,
                    found=message,
                    next_step="free space there and in spark.local.dir, then run again",
                ) from error
        summaries = (cause.summary for cause in reversed(causes))
        raise LakegateError(
            "Spark job failed",
            where=transition,
            found=of_worker or next(filter(None, summaries), type(error).__name__),
            next_step="nothing was promoted; run again with --debug to see where",
        ) from error


def _storage_error_on_worker(error: Exception) -> str:
    """Return the message of a storage error raised on a worker, from the end of its traceback; else ''."""
    lines = (line.strip() for line in reversed(str(error).splitlines()))
    line = next((line for line in lines if line.startswith(_STORAGE_ERRORS)), "")
    return line.partition(": ")[2][:_LONGEST]


class _Cause:
    """One Java exception in a chain of causes."""

    def __init__(self, java: JavaObject) -> None:
        self.message = (str(java.getMessage() or "").splitlines() or [""])[0][:_LONGEST]
        self._class = str(java.getClass().getName())
        self._condition = _condition(java)

    @property
    def summary(self) -> str:
        """What may be reported of it; '' for a mere wrapper of its cause."""
        name = self._class.rpartition(".")[2]
        if self._condition:
            return f"{name} {self._condition}"
        if self._class.startswith(_OF_THE_SYSTEM):
            return f"{name}: {self.message}"
        return "" if self._class.startswith("org.apache.spark.SparkException") else name


def _causes(error: Exception) -> Iterator[_Cause]:
    java: JavaObject = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    for _ in range(_MOST_CAUSES):
        if java is None:
            return
        yield _Cause(java)
        java = java.getCause()


def _condition(java: JavaObject) -> str:
    """Return Spark's error condition of an exception, '' for other exceptions."""
    from py4j.protocol import Py4JError

    try:
        return str(java.getCondition() or "")
    except Py4JError:
        return ""
