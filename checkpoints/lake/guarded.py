"""A stream that refuses to end well when its file was changed meanwhile, so that no copy is a mixture."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from checkpoints.lake.errors import PreconditionFailed, TransientStorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkpoints.lake.storage import Storage


class GuardedStream:
    """Reads a file to its end, and there looks whether it still is of the version that was opened."""

    def __init__(self, stream: BinaryIO, source: Storage, path: str, version: str | None) -> None:
        self._stream = stream
        self._source = source
        self._path = path
        self._version = version

    def read(self, count: int = -1) -> bytes:
        """Return the next bytes, fewer than asked for only at the end.

        Raises ``PreconditionFailed`` at the end of a file that was changed, ``TransientStorageError`` when
        the medium fails.
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
                raise PreconditionFailed(
                    "a file was changed while it was copied",
                    self._source.uri(self._path),
                    expected=f"version {self._version}",
                    found=f"version {after.version}" if after else "nothing there",
                )
        return data


@contextmanager
def open_guarded(source: Storage, path: str, version: str | None) -> Iterator[GuardedStream]:
    """Open a file whose every byte shall be of one version; None: of any."""
    with source.open(path, version=version) as stream:
        yield GuardedStream(stream, source, path, version)
