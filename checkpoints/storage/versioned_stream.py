"""Read streams bound to one version of a file: one retries, one checks the version at the end."""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from checkpoints.storage.errors import (
    PreconditionFailedError,
    StorageError,
    TerminalStorageError,
    TransientStorageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from checkpoints.storage.storage import Storage


T = TypeVar("T")

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.2


def open_with_retries(storage: Storage, path: str, version: str) -> BinaryIO:
    """Open a file of a given version for one sequential read; transient errors are retried.

    Other errors, and transient ones after three attempts, are raised as ``OSError``, which readers of any
    stream handle; ``PreconditionFailedError`` when opening or reading finds another version.
    """
    return cast("BinaryIO", _RetryingStream(storage, path, version))


class _RetryingStream(io.RawIOBase):
    def __init__(self, storage: Storage, path: str, version: str) -> None:
        super().__init__()
        self._storage = storage
        self._path = path
        self._version = version
        self._position = 0
        self._stream: BinaryIO | None = None
        self._retry(self._open)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - memoryview or bytearray, as io passes it
        data = self._retry(lambda: self._open().read(len(buffer)))
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

    def _retry(self, read: Callable[[], T]) -> T:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return read()
            except TerminalStorageError as error:
                raise OSError(_reason(error)) from error
            except (TransientStorageError, OSError) as error:
                self._drop()
                if attempt == _ATTEMPTS:
                    raise OSError(_reason(error)) from error
                time.sleep(_PAUSE_SECONDS * attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")


def _reason(error: Exception) -> str:
    if isinstance(error, StorageError):
        return error.found or error.what
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def open_version_checked(source: Storage, path: str, version: str | None) -> Iterator[VersionCheckedStream]:
    """Open a file of a given version (None: any) to be copied."""
    with source.open(path, version=version) as stream:
        yield VersionCheckedStream(stream, source, path, version)


class VersionCheckedStream:
    """Read stream that checks at its end that the file still has the version that was opened."""

    def __init__(self, stream: BinaryIO, source: Storage, path: str, version: str | None) -> None:
        self._stream = stream
        self._source = source
        self._path = path
        self._version = version

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes, fewer than ``count`` only at the end.

        Raises ``PreconditionFailedError`` at the end of a file that changed meanwhile, and
        ``TransientStorageError`` for an I/O error.
        """
        try:
            data = self._stream.read(count)
        except OSError as error:
            raise TransientStorageError(
                "cannot read", self._source.uri(self._path), found=str(error), next_step="run again"
            ) from error
        if self._version is not None and (count < 0 or len(data) < count):
            after = self._source.stat(self._path)
            if after is None or after.version != self._version:
                raise PreconditionFailedError(
                    "a file was changed while it was copied",
                    self._source.uri(self._path),
                    expected=f"version {self._version}",
                    found=f"version {after.version}" if after else "nothing there",
                )
        return data
