"""A stream that tries again before it gives up, so that a hiccup of the medium rejects no file."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from checkpoints.lake.errors import StorageError, TerminalStorageError, TransientStorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkpoints.lake.storage import Storage

T = TypeVar("T")

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.2


def open_patiently(storage: Storage, path: str, version: str) -> BinaryIO:
    """Open a file for one read from beginning to end, all of it of that version.

    What cannot be cured is an ``OSError``, as of any stream. Raises ``PreconditionFailed`` when the file
    was changed, when opened or read.
    """
    return cast("BinaryIO", _PatientStream(storage, path, version))


class _PatientStream(io.RawIOBase):
    def __init__(self, storage: Storage, path: str, version: str) -> None:
        super().__init__()
        self._storage = storage
        self._path = path
        self._version = version
        self._position = 0
        self._stream: BinaryIO | None = None
        self._again(self._open)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever io hands over: memoryview, bytearray
        data = self._again(lambda: self._open().read(len(buffer)))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        self._drop()
        super().close()

    def _open(self) -> BinaryIO:
        if self._stream is None:
            self._stream = self._storage.open(self._path, version=self._version)
            if self._position:
                self._stream.seek(self._position)
        return self._stream

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _again(self, read: Callable[[], T]) -> T:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return read()
            except TerminalStorageError as error:
                raise OSError(_clause(error)) from error
            except (TransientStorageError, OSError) as error:
                self._drop()
                if attempt == _ATTEMPTS:
                    raise OSError(_clause(error)) from error
                time.sleep(_PAUSE_SECONDS * attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")


def _clause(error: Exception) -> str:
    if isinstance(error, StorageError):
        return error.found or error.what
    return getattr(error, "strerror", None) or str(error)
