"""Atomic local writes, a lock between writers, and translation of operating system errors."""

# Keys may hold what pathlib would normalise away.
# ruff: noqa: PTH102, PTH108, PTH112, PTH116, PTH118, PTH120

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NoReturn
from uuid import uuid4

from checkpoints.storage.errors import (
    LakeUnreadableError,
    ObjectNotFoundError,
    StorageFullError,
    TerminalStorageError,
    TransientStorageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


INTERNAL_PREFIX: Final = ".lakegate-"  # of the storage's own files, which no listing shows
_LOCK = f"{INTERNAL_PREFIX}lock"
_COARSEST_CLOCK_NS = 2_000_000_000  # FAT keeps modification times to two seconds

_TRANSIENT = {errno.EIO, errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT, errno.EINTR, errno.EMFILE}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL = {errno.ENOSPC, errno.EDQUOT}

# flock locks an open file, but on some network file systems a process: threads need a lock of their own.
_thread_lock = threading.Lock()


@contextmanager
def folder_lock(folder: str) -> Iterator[None]:
    """Hold the lock of a folder's documents; the kernel releases it when the process is killed.

    The lock file is beside the documents, so that lakes with different roots that share a zone share its
    lock.
    """
    lock = os.path.join(folder, _LOCK)
    with _thread_lock:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


@contextmanager
def temporary_sibling(absolute: str) -> Iterator[str]:
    """Yield the name of a temporary file in the target's folder, and remove it unless it was renamed."""
    folder = os.path.dirname(absolute)
    temporary = os.path.join(folder, f"{INTERNAL_PREFIX}{uuid4().hex}.tmp")
    _make_folders(folder)
    try:
        yield temporary
    finally:
        with suppress(OSError):  # it was renamed or never created
            os.unlink(temporary)


def _make_folders(folder: str) -> None:
    """Make a folder and its parents; os.makedirs recurses, and a path can be deeper than Python's stack."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for one in reversed(missing):
        with suppress(FileExistsError):  # another thread was faster
            os.mkdir(one)


def sync_folder(folder: str) -> None:
    """Make a rename durable, where the file system supports it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(handle)


def ensure_newer_version(temporary: str, replaced: str) -> None:
    """Set a modification time such that the version differs from the replaced one, on coarse clocks too."""
    facts = os.stat(temporary)
    replaced_ns = int(replaced.partition("-")[0])
    newer_ns = max(time.time_ns(), facts.st_mtime_ns, replaced_ns + 1)
    os.utime(temporary, ns=(newer_ns, newer_ns))
    if version_of(os.stat(temporary)) == replaced:
        newer_ns = replaced_ns + _COARSEST_CLOCK_NS
        os.utime(temporary, ns=(newer_ns, newer_ns))


def version_of(facts: os.stat_result) -> str:
    """Return a file's version: it changes with every write, and a copy that keeps times has the same one."""
    return f"{facts.st_mtime_ns}-{facts.st_size}"


@contextmanager
def translate_errors(what: str, absolute: str) -> Iterator[None]:
    """Raise operating system errors as ``StorageError``."""
    try:
        yield
    except OSError as error:
        raise_translated(error, what, absolute)


def raise_translated(error: OSError, what: str, absolute: str) -> NoReturn:
    """Raise the ``StorageError`` for an operating system error."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL:
        raise StorageFullError(
            what,
            absolute,
            found=f"no space left ({reason})",
            next_step="free space there or move the lake, then run again",
        ) from error
    if error.errno in _DENIED:
        raise LakeUnreadableError(
            what, absolute, found=reason.lower(), next_step="give this user access to it, then run again"
        ) from error
    if error.errno == errno.ENOENT:
        raise ObjectNotFoundError(what, absolute, found="nothing there") from error
    kind = TransientStorageError if error.errno in _TRANSIENT else TerminalStorageError
    raise kind(what, absolute, found=reason) from error
