"""The system's error numbers, told apart as the few kinds that a caller acts on."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from checkpoints.lake.errors import (
    LakeUnreadable,
    ObjectNotFound,
    StorageFull,
    TerminalStorageError,
    TransientStorageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRANSIENT = {errno.EIO, errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT, errno.EINTR, errno.EMFILE}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def explained(what: str, absolute: str) -> Iterator[None]:
    """Turn what the system raises into one sentence of the right kind."""
    try:
        yield
    except OSError as error:
        explain(error, what, absolute)


def explain(error: OSError, what: str, absolute: str) -> NoReturn:
    """Turn the system's error number into one sentence of the right kind."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL:
        raise StorageFull(
            what,
            absolute,
            found=f"no space left ({reason})",
            next_step="free space there or move the lake, then run again",
        ) from error
    if error.errno in _DENIED:
        raise LakeUnreadable(
            what, absolute, found=reason.lower(), next_step="give this user access to it, then run again"
        ) from error
    if error.errno == errno.ENOENT:
        raise ObjectNotFound(what, absolute, found="nothing there") from error
    kind = TransientStorageError if error.errno in _TRANSIENT else TerminalStorageError
    raise kind(what, absolute, found=reason) from error
