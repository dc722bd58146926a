"""Storage interface: files under one root, in a local folder or an S3 bucket."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from checkpoints.aws import AwsClient


class Absent(Enum):
    """The version of a missing file."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""Expected version of a conditional write that only creates."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """Metadata of one stored file.

    ``path`` is relative to the storage's root, with ``/``, never URI-encoded. ``version`` changes whenever
    the content is replaced (S3: the ETag; local: modification time and size). ``modified`` is in UTC.
    """

    path: str
    size_bytes: int
    version: str
    modified: datetime


class Storage(Protocol):
    """Files under one root: a local folder or a bucket with a prefix.

    Paths are relative to the root, ``/`` separates folders, "" is the root. A write is atomic: readers see
    the old content or the new, never a part, even if the writer is killed. Every method may raise
    ``TransientStorageError`` (after its own retries) or ``TerminalStorageError``. A storage can be pickled
    and used in another process.
    """

    def list(self, folder: str) -> Iterator[ObjectInfo]:
        """Yield every file below a folder, at any depth, ordered by the path's UTF-8 bytes.

        Nothing if the folder is missing. S3's zero-length folder markers are included (they end in ``/``).
        """
        ...

    def list_folders(self, folder: str) -> Iterator[str]:
        """Yield the names of the folders directly in a folder, in order; nothing if it is missing."""
        ...

    def stat(self, path: str) -> ObjectInfo | None:
        """Return a file's metadata, or None if it is missing."""
        ...

    def open(self, path: str, *, version: str | None = None) -> BinaryIO:
        """Open a file for reading, seekable.

        Raises ``ObjectNotFoundError``, or ``PreconditionFailedError`` if it is not of that version.
        """
        ...

    def read_bytes(self, path: str) -> bytes:
        """Return a file's whole content. Raises ``ObjectNotFoundError``."""
        ...

    def read_versioned(self, path: str) -> tuple[bytes, str] | None:
        """Return a small document and its version, for a conditional write; None if it is missing."""
        ...

    def write_bytes(self, path: str, data: bytes, *, expected: str | Absent | None = None) -> str:
        """Write a small file atomically and return its new version.

        ``expected``: None writes in any case; ``ABSENT`` only creates; a version only replaces that version.
        Raises ``PreconditionFailedError``, and changes nothing, if the version differs. A document that is
        written conditionally once must always be.
        """
        ...

    def write_file(self, path: str, data: bytes) -> None:
        """Write or replace a file atomically. It survives a power cut only after ``flush``."""
        ...

    def copy_from(
        self, source: Storage, source_path: str, path: str, *, source_version: str | None = None
    ) -> ObjectInfo:
        """Copy a file from this or another storage to ``path`` atomically; between buckets within S3.

        Raises ``ObjectNotFoundError``, or ``PreconditionFailedError`` if the source is not of that version.
        """
        ...

    def delete(self, path: str) -> None:
        """Delete a file; a missing one is fine."""
        ...

    def delete_folder(self, folder: str) -> None:
        """Delete everything below a folder; a missing one is fine. Not atomic: repeat it after a crash."""
        ...

    def rename_folder(self, folder: str, to: str) -> None:
        """Move everything below a folder to another one that does not exist; not atomic on S3."""
        ...

    def flush(self) -> None:
        """Make everything written so far durable. Call it before a commit refers to it."""
        ...

    def sweep(self, folder: str, *, before: datetime) -> int:
        """Remove unfinished files of killed writers, older than ``before``; return their number."""
        ...

    def ensure_readable(self) -> None:
        """Raise ``LakeUnreadableError`` if the root does not exist or may not be listed."""
        ...

    def uri(self, path: str) -> str:
        """Return the URI for users and DuckDB: an absolute path, or ``s3://bucket/key``."""
        ...

    def spark_uri(self, path: str) -> str:
        """Return the URI for Spark: ``file:///…`` (not encoded: Hadoop does not decode) or ``s3a://…``."""
        ...


@dataclass(frozen=True, slots=True)
class S3Settings:
    """S3 connection and encryption. None: boto3's defaults, and keys managed by S3."""

    client: AwsClient | None = None
    kms_key_id: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
