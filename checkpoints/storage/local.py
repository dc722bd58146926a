"""Local storage: atomic writes by rename, compare-and-swap under a lock."""

# Keys may hold what pathlib would normalise away, and listings must be fast.
# ruff: noqa: PTH100, PTH104, PTH105, PTH108, PTH114, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import errno
import os
import shutil
import stat as stat_bits
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from checkpoints.storage.errors import (
    LakeUnreadableError,
    ObjectNotFoundError,
    PreconditionFailedError,
    TerminalStorageError,
)
from checkpoints.storage.local_atomic import (
    INTERNAL_PREFIX,
    ensure_newer_version,
    folder_lock,
    raise_translated,
    sync_folder,
    temporary_sibling,
    translate_errors,
    version_of,
)
from checkpoints.storage.storage import ABSENT, Absent, ObjectInfo
from checkpoints.storage.versioned_stream import open_version_checked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checkpoints.storage.storage import Storage

_MISSING = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}  # also broken links
_CHUNK_BYTES = 4 * 1024 * 1024


class LocalStorage:
    """Files below one folder. The first write creates the folder."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.abspath(root)

    def __repr__(self) -> str:
        return f"LocalStorage({self._root!r})"

    def list(self, folder: str) -> Iterator[ObjectInfo]:
        """Yield every regular file below a folder; follows links, skips sockets and pipes."""
        levels = [self._entries(folder, ())]
        while levels:
            found = next(levels[-1], None)
            if found is None:
                levels.pop()
            elif isinstance(found, ObjectInfo):
                yield found
            else:
                levels.append(self._entries(*found))

    def _entries(
        self, folder: str, above: tuple[tuple[int, int], ...]
    ) -> Iterator[ObjectInfo | tuple[str, tuple[tuple[int, int], ...]]]:
        """Yield a folder's files, and its folders with the identities of their parents."""
        absolute = self._absolute(folder)
        try:
            identity = os.stat(absolute)
            with os.scandir(absolute) as scan:
                entries = [(e, _facts(e)) for e in scan if not e.name.startswith(INTERNAL_PREFIX)]
        except OSError as error:
            if error.errno in _MISSING:
                return
            raise_translated(error, "cannot list", absolute)
        here = (identity.st_dev, identity.st_ino)
        if here in above:
            return  # a symbolic link to a parent folder
        # S3 orders whole keys by their bytes: a folder sorts as its name with the slash.
        entries.sort(
            key=lambda e: os.fsencode(e[0].name) + (b"/" if stat_bits.S_ISDIR(e[1].st_mode) else b"")
        )
        for entry, facts in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if stat_bits.S_ISDIR(facts.st_mode):
                yield path, (*above, here)
            elif stat_bits.S_ISREG(facts.st_mode) or stat_bits.S_ISLNK(facts.st_mode):
                yield _info(path, facts)

    def list_folders(self, folder: str) -> Iterator[str]:
        """Yield the names of the folders directly in a folder."""
        absolute = self._absolute(folder)
        try:
            with os.scandir(absolute) as scan:
                names = [e.name for e in scan if e.is_dir() and not e.name.startswith(INTERNAL_PREFIX)]
        except OSError as error:
            if error.errno in _MISSING:
                return
            raise_translated(error, "cannot list", absolute)
        yield from sorted(names, key=os.fsencode)

    def stat(self, path: str) -> ObjectInfo | None:
        """Return a file's metadata, or None if it is missing."""
        absolute = self._absolute(path)
        try:
            facts = os.stat(absolute)
        except OSError as error:
            if error.errno in _MISSING:
                return None
            raise_translated(error, "cannot read the metadata of a file", absolute)
        return _info(path, facts) if stat_bits.S_ISREG(facts.st_mode) else None

    def open(self, path: str, *, version: str | None = None) -> BinaryIO:
        """Open a file for reading."""
        absolute = self._absolute(path)
        with translate_errors("cannot read", absolute):
            stream = open(absolute, "rb")  # noqa: SIM115 - the caller closes it
        found = version_of(os.fstat(stream.fileno()))
        if version is not None and found != version:
            stream.close()
            raise PreconditionFailedError("a file was changed", absolute, expected=version, found=found)
        return stream

    def read_bytes(self, path: str) -> bytes:
        """Return a file's whole content."""
        with self.open(path) as stream, translate_errors("cannot read", self._absolute(path)):
            return stream.read()

    def read_versioned(self, path: str) -> tuple[bytes, str] | None:
        """Return a document and its version, both of the same file."""
        try:
            # A write renames a new file into place, so that an open one never changes.
            with self.open(path) as stream, translate_errors("cannot read", self._absolute(path)):
                return stream.read(), version_of(os.fstat(stream.fileno()))
        except ObjectNotFoundError:
            return None

    def write_bytes(self, path: str, data: bytes, *, expected: str | Absent | None = None) -> str:
        """Write and sync a temporary file, then rename it; a conditional write compares under a lock."""
        absolute = self._absolute(path)
        folder = os.path.dirname(absolute)
        with translate_errors("cannot write", absolute), temporary_sibling(absolute) as temporary:
            with open(temporary, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            if expected is None:
                os.replace(temporary, absolute)
            else:
                with folder_lock(folder):
                    found = self.stat(path)
                    if (found.version if found else ABSENT) != expected:
                        raise PreconditionFailedError(
                            "another writer was faster",
                            absolute,
                            expected=_describe(expected),
                            found=_describe(found.version if found else ABSENT),
                        )
                    if found is not None:
                        ensure_newer_version(temporary, found.version)
                    os.replace(temporary, absolute)
            sync_folder(folder)
            return version_of(os.stat(absolute))

    def write_file(self, path: str, data: bytes) -> None:
        """Write a temporary file beside the target and rename it."""
        absolute = self._absolute(path)
        with translate_errors("cannot write", absolute), temporary_sibling(absolute) as temporary:
            with open(temporary, "wb") as stream:
                stream.write(data)
            os.replace(temporary, absolute)

    def copy_from(
        self, source: Storage, source_path: str, path: str, *, source_version: str | None = None
    ) -> ObjectInfo:
        """Copy a file with its modification time, so that copies of one version have one version.

        A single copy is not synced: ``flush`` syncs many at once.
        """
        absolute = self._absolute(path)
        origin = source.stat(source_path)
        with (
            open_version_checked(source, source_path, source_version) as stream,
            translate_errors("cannot write", absolute),
            temporary_sibling(absolute) as temporary,
        ):
            with open(temporary, "wb") as target:
                while chunk := stream.read(_CHUNK_BYTES):
                    target.write(chunk)
            if origin is not None:
                modified = origin.modified.timestamp()
                os.utime(temporary, (modified, modified))
            facts = os.stat(temporary)
            os.replace(temporary, absolute)
        return _info(path, facts)

    def delete(self, path: str) -> None:
        """Delete a file. An empty folder stays: another thread may be about to write there."""
        absolute = self._absolute(path)
        with translate_errors("cannot delete", absolute):
            try:
                os.unlink(absolute)
            except FileNotFoundError:
                return

    def delete_folder(self, folder: str) -> None:
        """Delete a folder and its content."""
        absolute = self._absolute(folder)
        with translate_errors("cannot delete", absolute):
            try:
                if os.path.islink(absolute):
                    os.unlink(absolute)
                else:
                    shutil.rmtree(absolute)
            except FileNotFoundError:
                return

    def rename_folder(self, folder: str, to: str) -> None:
        """Rename a folder."""
        absolute = self._absolute(folder)
        with translate_errors("cannot rename", absolute):
            os.rename(absolute, self._absolute(to))

    def flush(self) -> None:
        """Sync all file systems: one call for any number of files, including those written by Spark."""
        os.sync()

    def sweep(self, folder: str, *, before: datetime) -> int:
        """Remove temporary files of killed writers."""
        removed = 0
        for parent, _, names in os.walk(self._absolute(folder)):
            for name in names:
                if name.startswith(INTERNAL_PREFIX) and name.endswith(".tmp"):
                    absolute = os.path.join(parent, name)
                    try:
                        # A copy has the modification time of its source; the change time cannot be set.
                        if os.stat(absolute).st_ctime < before.timestamp():
                            os.unlink(absolute)
                            removed += 1
                    except FileNotFoundError:
                        continue  # just renamed by its writer
                    except OSError as error:
                        raise_translated(error, "cannot remove a temporary file", absolute)
        return removed

    def ensure_readable(self) -> None:
        """Raise ``LakeUnreadableError`` if the folder is missing, not a folder, or access is denied."""
        try:
            with os.scandir(self._root):
                return
        except FileNotFoundError as error:
            raise LakeUnreadableError(
                "the folder does not exist", self._root, next_step="create it, or point --lake at another"
            ) from error
        except NotADirectoryError as error:
            raise LakeUnreadableError(
                "not a folder", self._root, next_step="point --lake at a folder"
            ) from error
        except OSError as error:
            raise_translated(error, "cannot list", self._root)

    def uri(self, path: str) -> str:
        """Return the absolute path."""
        return self._absolute(path)

    def spark_uri(self, path: str) -> str:
        """Return ``file://`` with the absolute path, not encoded: Hadoop's Path does not decode."""
        return f"file://{self._absolute(path)}"

    def _absolute(self, path: str) -> str:
        if not path:
            return self._root
        parts = path.split("/")
        if "\0" in path or any(part in {"", ".", ".."} for part in parts):
            raise TerminalStorageError(
                "a key that cannot be a path in a folder",
                repr(path),
                expected="no empty, '.' or '..' parts",
                next_step="rename it upstream, or keep this zone on S3 too",
            )
        return os.path.join(self._root, path)


def _facts(entry: os.DirEntry[str]) -> os.stat_result:
    """Return the stat of an entry, or of a link's target; of a broken link, of the link itself.

    A broken link is listed as an unreadable file instead of being skipped silently.
    """
    try:
        return entry.stat()
    except OSError:
        return entry.stat(follow_symlinks=False)


def _info(path: str, facts: os.stat_result) -> ObjectInfo:
    return ObjectInfo(path, facts.st_size, version_of(facts), datetime.fromtimestamp(facts.st_mtime, UTC))


def _describe(version: str | Absent) -> str:
    return "nothing there" if version is ABSENT else f"version {version}"
