"""One file or folder of a storage."""

from __future__ import annotations

from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING

from checkpoints.storage.errors import PreconditionFailedError
from checkpoints.storage.storage import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from checkpoints.storage.storage import Absent, ObjectInfo, Storage


_MAX_ATTEMPTS = 20
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Place:
    """A storage and a path in it."""

    storage: Storage
    path: str = ""

    def child(self, *parts: str) -> Place:
        """Return a place below this one. A part may contain ``/``."""
        return Place(self.storage, "/".join(part for part in (self.path, *parts) if part))

    @property
    def uri(self) -> str:
        """The URI for users, DuckDB and pandas: an absolute path or ``s3://…``."""
        return self.storage.uri(self.path)

    @property
    def spark_uri(self) -> str:
        """The URI for Spark: ``file:///…`` or ``s3a://…``."""
        return self.storage.spark_uri(self.path)

    def list(self) -> Iterator[ObjectInfo]:
        """Yield every file below; ``ObjectInfo.path`` is relative to the storage's root."""
        return self.storage.list(self.path)

    def relative(self, info: ObjectInfo) -> str:
        """Return a listed file's path relative to this folder."""
        return info.path[len(self.path) + 1 :] if self.path else info.path

    def below(self, place: Place) -> str:
        """Return the path of a place below this folder, relative to it."""
        return place.path[len(self.path) + 1 :] if self.path else place.path

    def stat(self) -> ObjectInfo | None:
        """Return the file's metadata, or None if it is missing."""
        return self.storage.stat(self.path)

    def read_bytes(self) -> bytes:
        """Return the file's content. Raises ``ObjectNotFoundError``."""
        return self.storage.read_bytes(self.path)

    def write_bytes(self, data: bytes, *, expected: str | Absent | None = None) -> str:
        """Write the file atomically; see ``Storage.write_bytes``."""
        return self.storage.write_bytes(self.path, data, expected=expected)

    def update(self, change: Callable[[bytes | None], bytes]) -> bytes:
        """Replace the file by what ``change`` makes of its content, by compare-and-swap.

        Args:
            change: is given the content, or None if there is no file, and is called again if another process
                wrote the file meanwhile.

        Returns:
            the new content.

        Raises:
            PreconditionFailedError: other processes changed the file at every attempt.
        """
        attempts = 0
        while True:
            content, version = self.storage.read_versioned(self.path) or (None, ABSENT)
            changed = change(content)
            try:
                self.write_bytes(changed, expected=version)
            except PreconditionFailedError:
                attempts += 1
                if attempts == _MAX_ATTEMPTS:
                    raise
                sleep(_PAUSE_SECONDS * attempts)
            else:
                return changed

    def delete(self) -> None:
        """Delete the file, if it exists."""
        self.storage.delete(self.path)

    def copy_from(self, source: Place, *, source_version: str | None = None) -> ObjectInfo:
        """Copy a file here atomically; see ``Storage.copy_from``."""
        return self.storage.copy_from(source.storage, source.path, self.path, source_version=source_version)
