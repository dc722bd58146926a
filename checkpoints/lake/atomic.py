"""The means by which a local write is seen whole or not at all, and by which two writers take turns."""

# Keys may hold what pathlib would normalise away.
# ruff: noqa: PTH102, PTH108, PTH112, PTH116, PTH118, PTH120

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN: Final = ".lakegate-"  # names that begin so are the storage's own and in no listing
_LOCK = f"{OWN}lock"
_COARSEST_CLOCK_NS = 2_000_000_000  # FAT keeps modification times to two seconds

# flock is per open file, but some network file systems make it per process: threads need a lock of their own.
_threads = threading.Lock()


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Hold the lock of a folder's documents; the kernel frees it when the holder is killed.

    It lies beside the documents, so that two lakes that share a zone share its lock, whatever their roots.
    """
    lock = os.path.join(folder, _LOCK)
    with _threads:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


@contextmanager
def temporary_beside(absolute: str) -> Iterator[str]:
    """Name a temporary file on the same file system as the target, and leave none behind on failure."""
    folder = os.path.dirname(absolute)
    temporary = os.path.join(folder, f"{OWN}{uuid4().hex}.tmp")
    _make_folders(folder)
    try:
        yield temporary
    finally:
        with suppress(OSError):  # renamed away, as it should be; or never made
            os.unlink(temporary)


def _make_folders(folder: str) -> None:
    """Make a folder and those above it; not by recursion, which ends before the depth of a path does."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for one in reversed(missing):
        with suppress(FileExistsError):  # another thread was faster
            os.mkdir(one)


def sync_folder(folder: str) -> None:
    """Make a rename survive a power cut, where the file system can."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(handle)


def make_newer(temporary: str, replaced: str) -> None:
    """Give the next version of a document a version of its own, however fast writes follow each other."""
    facts = os.stat(temporary)
    replaced_ns = int(replaced.partition("-")[0])
    newer_ns = max(time.time_ns(), facts.st_mtime_ns, replaced_ns + 1)
    os.utime(temporary, ns=(newer_ns, newer_ns))
    if version_of(os.stat(temporary)) == replaced:
        newer_ns = replaced_ns + _COARSEST_CLOCK_NS
        os.utime(temporary, ns=(newer_ns, newer_ns))


def version_of(facts: os.stat_result) -> str:
    """Return what changes whenever a file's content is replaced, and survives a copy that keeps times."""
    return f"{facts.st_mtime_ns}-{facts.st_size}"
