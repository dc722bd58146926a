"""The few verbs that the pipeline needs of a place to keep files, so that a folder and a bucket are alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from checkpoints.aws_client import AwsClient


class Absent(Enum):
    """The version of what is not there."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""As the expectation of a conditional write: create it, and only if nothing is there."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One stored file as a listing shows it.

    ``path`` is relative to the storage's root, with ``/``, never URI-encoded. ``version`` changes whenever
    the content is replaced (S3: the ETag; local: modification time and size). ``modified`` is in UTC.
    """

    path: str
    size_bytes: int
    version: str
    modified: datetime


class Storage(Protocol):
    """Files under one root: a local folder or a bucket with a prefix.

    Paths are relative to the root, ``/`` separates folders, "" is the root. A write is atomic: whoever
    reads sees the old content or the new, never a part, also when the writer is killed. Every method may
    raise ``TransientStorageError`` (its own retries are used up by then) or ``TerminalStorageError``.
    A storage can be pickled: in another process it is the same place.
    """

    def list(self, folder: str) -> Iterator[ObjectInfo]:
        """Yield every file below a folder, at any depth, ordered by the path's UTF-8 bytes.

        None when the folder is missing. S3's zero-length folder markers are shown (they end in ``/``).
        """
        ...

    def list_folders(self, folder: str) -> Iterator[str]:
        """Yield the names of the folders directly in a folder, in order; none if it is missing."""
        ...

    def stat(self, path: str) -> ObjectInfo | None:
        """Return one file's facts, or None when it is missing."""
        ...

    def open(self, path: str, *, version: str | None = None) -> BinaryIO:
        """Open a file for reading, seekable.

        Raises ``ObjectNotFound`` when it is missing, ``PreconditionFailed`` when it is not of that version.
        """
        ...

    def read_bytes(self, path: str) -> bytes:
        """Return a file's whole content. Raises ``ObjectNotFound``."""
        ...

    def read_versioned(self, path: str) -> tuple[bytes, str] | None:
        """Return a small document with the version that a conditional write can expect; None when missing."""
        ...

    def write_bytes(self, path: str, data: bytes, *, expected: str | Absent | None = None) -> str:
        """Write a small file atomically and return its new version.

        ``expected``: None writes in any case; ``ABSENT`` only creates; a version only replaces that version.
        Raises ``PreconditionFailed``, and changes nothing, when something else is there. Documents that are
        ever written conditionally must always be.
        """
        ...

    def write_file(self, path: str, data: bytes) -> None:
        """Write a file atomically, whatever was there. It survives a power cut only after ``flush``."""
        ...

    def copy_from(
        self, source: Storage, source_path: str, path: str, *, source_version: str | None = None
    ) -> ObjectInfo:
        """Copy a file from a storage (this one too) to ``path`` atomically; between buckets inside S3.

        Raises ``ObjectNotFound``, or ``PreconditionFailed`` when the source is not of that version.
        """
        ...

    def delete(self, path: str) -> None:
        """Delete a file; a missing one is fine."""
        ...

    def delete_folder(self, folder: str) -> None:
        """Delete everything below a folder; a missing one is fine. Not atomic: repeat it after a crash."""
        ...

    def flush(self) -> None:
        """Make everything written so far survive a power cut. Call it before a commit names it."""
        ...

    def sweep(self, folder: str, *, before: datetime) -> int:
        """Remove what killed writers left half-written below a folder before that time; return how many."""
        ...

    def ensure_readable(self) -> None:
        """Raise ``LakeUnreadable`` when the root does not exist or may not be listed."""
        ...

    def uri(self, path: str) -> str:
        """Return what a person or DuckDB opens: an absolute path, or ``s3://bucket/key``."""
        ...

    def spark_uri(self, path: str) -> str:
        """Return what Spark opens: ``file:///…`` (not encoded: Hadoop does not decode) or ``s3a://…``."""
        ...


@dataclass(frozen=True, slots=True)
class S3Settings:
    """How S3 is reached and written. None everywhere: boto3's defaults and keys managed by S3."""

    client: AwsClient | None = None
    kms_key_id: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    spark_scheme: str = "s3a"  # EMR and Glue may prefer their own s3
