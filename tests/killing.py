"""Kill a process at its n-th write, to see that what it leaves behind is whole.

Two ways. ``run_killed`` runs a piece of work in a forked child and kills it right before the n-th change of
the file system below a folder (every rename, removal, new folder, file opened for writing: Python's audit
events), so that no production code needs a hook. ``StruckStorage`` wraps any storage and is dead from its
n-th write on, for storages that live in this process.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from checkpoints.lake.storage import Absent, ObjectInfo, Storage

_CHANGES = {
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.utime",
    "os.truncate",
    "shutil.rmtree",
}


def run_killed(work: Callable[[], object], folder: str, change: int) -> bool:
    """Run ``work`` in a child that is killed before its ``change``-th (from 1) change below ``folder``.

    Return whether it was killed; False means that the work was done before. Raises when the work failed.
    """
    child = os.fork()
    if child == 0:
        _kill_self_before(folder, change)
        try:
            work()
        except BaseException:  # noqa: BLE001 - nothing may come back out of the child
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the work failed: see stderr"
    return False


def _kill_self_before(folder: str, change: int) -> None:
    changes = 0

    def watch(event: str, args: tuple[object, ...]) -> None:
        nonlocal changes
        if event == "open":
            path, _, flags = args
            is_change = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        elif event in _CHANGES:
            path, is_change = args[0], True
        else:
            return
        if is_change and isinstance(path, (str, bytes)) and os.fsdecode(path).startswith(folder):
            changes += 1
            if changes == change:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


class Struck(BaseException):
    """What a struck storage raises in place of a kill: nothing in the code under test may catch it."""


class Blow:
    """Falls right before the n-th write (from 1) of all the storages that share it."""

    def __init__(self, write: int) -> None:
        self._left = write
        self._turn = threading.Lock()

    def around(self, write: Callable[[], object]) -> None:
        """Do a write, unless it is struck down."""
        with self._turn:
            self._left -= 1
            if self._left <= 0:
                raise Struck
            write()


class StruckStorage:
    """A storage that is struck at one of its writes, and dead from then on."""

    def __init__(self, inner: Storage, blow: Blow) -> None:
        self._inner = inner
        self._blow = blow

    def write_bytes(self, path: str, data: bytes, *, expected: str | Absent | None = None) -> str:
        result: list[str] = []
        self._blow.around(lambda: result.append(self._inner.write_bytes(path, data, expected=expected)))
        return result[0]

    def copy_from(
        self, source: Storage, source_path: str, path: str, *, source_version: str | None = None
    ) -> ObjectInfo:
        origin = source._inner if isinstance(source, StruckStorage) else source
        result: list[ObjectInfo] = []
        self._blow.around(
            lambda: result.append(
                self._inner.copy_from(origin, source_path, path, source_version=source_version)
            )
        )
        return result[0]

    def delete(self, path: str) -> None:
        self._blow.around(lambda: self._inner.delete(path))

    def delete_folder(self, folder: str) -> None:
        self._blow.around(lambda: self._inner.delete_folder(folder))

    def list(self, folder: str) -> Iterator[ObjectInfo]:
        return self._inner.list(folder)

    def list_folders(self, folder: str) -> Iterator[str]:
        return self._inner.list_folders(folder)

    def stat(self, path: str) -> ObjectInfo | None:
        return self._inner.stat(path)

    def open(self, path: str, *, version: str | None = None) -> BinaryIO:
        return self._inner.open(path, version=version)

    def read_bytes(self, path: str) -> bytes:
        return self._inner.read_bytes(path)

    def read_versioned(self, path: str) -> tuple[bytes, str] | None:
        return self._inner.read_versioned(path)

    def flush(self) -> None:
        self._inner.flush()

    def sweep(self, folder: str, *, before: datetime) -> int:
        return self._inner.sweep(folder, before=before)

    def ensure_readable(self) -> None:
        self._inner.ensure_readable()

    def uri(self, path: str) -> str:
        return self._inner.uri(path)

    def spark_uri(self, path: str) -> str:
        return self._inner.spark_uri(path)
