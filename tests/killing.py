"""Kill a process at its n-th write, to see that what it leaves behind is whole.

Three ways. ``run_killed`` runs a piece of work in a forked child and kills it right before the n-th change of
the file system below a folder (every rename, removal, new folder, file opened for writing: Python's audit
events), so that no production code needs a hook. ``left_behind`` does work once, in this process, and keeps
a copy of what a kill right before each of its changes would have left; ``left_before_calls`` does so before
each call of DuckDB. ``StruckStorage`` wraps any storage and is dead from its n-th write on, for storages that
live in this process.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from types import FrameType

    from checkpoints.storage.storage import Absent, ObjectInfo, Storage

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
    return _run_in_child(work, partial(_kill_self_before, folder, change))


def left_behind(work: Callable[[], object], folder: Path, copies: Path) -> list[Path]:
    """Run ``work`` and return copies of ``folder`` as they were right before each of its changes, in order.

    What a killed process leaves is what lies on the disk at that moment; nothing else of it survives.
    Changes of Data Docs, and of the folders of dates that are renamed in a candidate, come by the hundred:
    every 25th of them has a copy.
    """
    made: list[Path] = []
    turn = threading.RLock()
    of_many = count()

    def keep(path: str) -> None:
        with turn:
            is_one_of_many = path.startswith(f"{folder}{os.sep}docs{os.sep}") or f"{os.sep}_folder_" in path
            if is_one_of_many and next(of_many) % 25:
                return
            made.append(copies / f"{len(made) + 1}")
            _copy(folder, made[-1])

    _watched[f"{folder}{os.sep}"] = keep
    _watch_for_good()
    try:
        work()
    finally:
        del _watched[f"{folder}{os.sep}"]
    return made


def left_before_calls(
    work: Callable[[], object], names: frozenset[str], folder: Path, copies: Path
) -> list[Path]:
    """Run ``work`` and return copies of ``folder`` as they were right before each of its calls of DuckDB.

    DuckDB writes from C, where no audit event tells of it. Watched are the calls of functions in C that have
    one of ``names``, from the first ``connect`` on: the code before it runs many times slower when watched.
    """
    made: list[Path] = []
    connect = duckdb.connect

    def keep() -> None:
        made.append(copies / f"call-{len(made) + 1}")
        _copy(folder, made[-1])

    def watch(_frame: FrameType, event: str, called: object) -> None:
        if event == "c_call" and getattr(called, "__name__", "") in names:
            keep()

    def watched_connect(*args: Any, **options: Any) -> duckdb.DuckDBPyConnection:
        keep()
        sys.setprofile(watch)
        return connect(*args, **options)

    duckdb.connect = watched_connect
    try:
        work()
    finally:
        sys.setprofile(None)
        duckdb.connect = connect
    return made


def _copy(folder: Path, to: Path) -> None:
    """Copy a folder with the times of its files; what another thread removes meanwhile is left out."""
    for parent, _, names in os.walk(folder):
        own = to / Path(parent).relative_to(folder)
        own.mkdir(parents=True, exist_ok=True)
        for name in names:
            try:
                shutil.copy2(Path(parent) / name, own / name)
            except FileNotFoundError:
                (own / name).unlink(missing_ok=True)


def _run_in_child(work: Callable[[], object], arm: Callable[[], None]) -> bool:
    """Return whether the child was killed; False means that it did its work."""
    child = os.fork()
    if child == 0:
        try:
            arm()
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
        path = _changed(event, args)
        if path is not None and path.startswith(folder):
            changes += 1
            if changes == change:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


_watched: dict[str, Callable[[str], None]] = {}  # folder -> called with the path before each change below it
_hooks: list[str] = []


def _watch_for_good() -> None:
    """Install the audit hook, once: it cannot be removed again."""
    if _hooks:
        return

    def watch(event: str, args: tuple[object, ...]) -> None:
        if _watched and (path := _changed(event, args)) is not None:
            for folder, keep in list(_watched.items()):
                if path.startswith(folder):
                    keep(path)

    sys.addaudithook(watch)
    _hooks.append("watching")


def _changed(event: str, args: tuple[object, ...]) -> str | None:
    """Return the path that an audit event is about to change."""
    if event == "open":
        path, _, flags = args
        if not (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
            return None
    elif event in _CHANGES:
        path = args[0]
    else:
        return None
    return os.fsdecode(path) if isinstance(path, (str, bytes)) else None


class Struck(BaseException):
    """Raised by a struck storage in place of a kill; the code under test must not catch it."""


class Blow:
    """Strikes right before the n-th write (from 1) of all storages that share it."""

    def __init__(self, write: int) -> None:
        self._left = write
        self._turn = threading.Lock()

    def around(self, write: Callable[[], object]) -> None:
        """Do a write, unless this one is struck."""
        with self._turn:
            self._left -= 1
            if self._left <= 0:
                raise Struck
            write()


class StruckStorage:
    """Wraps a storage; from its n-th write on, each write raises ``Struck``."""

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

    def rename_folder(self, folder: str, to: str) -> None:
        self._blow.around(lambda: self._inner.rename_folder(folder, to))

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
