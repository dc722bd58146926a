"""A lake in a local folder: atomic by rename, compare-and-swap by a lock."""

# A key may hold what pathlib would normalise away, and listings must be quick.
# ruff: noqa: PTH100, PTH105, PTH108, PTH114, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import errno
import os
import shutil
import stat as stat_bits
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from checkpoints.lake.atomic import OWN, locked, make_newer, sync_folder, temporary_beside, version_of
from checkpoints.lake.errors import LakeUnreadable, ObjectNotFound, PreconditionFailed, TerminalStorageError
from checkpoints.lake.guarded import open_guarded
from checkpoints.lake.local_errors import explain, explained
from checkpoints.lake.storage import ABSENT, Absent, ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checkpoints.lake.storage import Storage

_MISSING = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}  # also links that lead nowhere
_CHUNK_BYTES = 4 * 1024 * 1024


class LocalStorage:
    """Files below one folder. The folder itself is made by the first write."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.abspath(root)

    def __repr__(self) -> str:
        return f"LocalStorage({self._root!r})"

    def list(self, folder: str) -> Iterator[ObjectInfo]:
        """Yield every regular file below a folder; links are followed, sockets and pipes passed over."""
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
        """Yield a folder's files, and its folders with the identities of those above them."""
        absolute = self._absolute(folder)
        try:
            identity = os.stat(absolute)
            with os.scandir(absolute) as scan:
                entries = [(e, _facts(e)) for e in scan if not e.name.startswith(OWN)]
        except OSError as error:
            if error.errno in _MISSING:
                return
            explain(error, "cannot list", absolute)
        here = (identity.st_dev, identity.st_ino)
        if here in above:
            return  # a symbolic link that leads back up
        # S3 orders whole keys by their bytes; a folder sorts as its name with the slash.
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
                names = [e.name for e in scan if e.is_dir() and not e.name.startswith(OWN)]
        except OSError as error:
            if error.errno in _MISSING:
                return
            explain(error, "cannot list", absolute)
        yield from sorted(names, key=os.fsencode)

    def stat(self, path: str) -> ObjectInfo | None:
        """Return one file's facts, or None when there is no such file."""
        absolute = self._absolute(path)
        try:
            facts = os.stat(absolute)
        except OSError as error:
            if error.errno in _MISSING:
                return None
            explain(error, "cannot read the facts of a file", absolute)
        return _info(path, facts) if stat_bits.S_ISREG(facts.st_mode) else None

    def open(self, path: str, *, version: str | None = None) -> BinaryIO:
        """Open a file for reading."""
        absolute = self._absolute(path)
        try:
            stream = open(absolute, "rb")  # noqa: SIM115 - handed to the caller
        except OSError as error:
            explain(error, "cannot read", absolute)
        found = version_of(os.fstat(stream.fileno()))
        if version is not None and found != version:
            stream.close()
            raise PreconditionFailed("a file was changed", absolute, expected=version, found=found)
        return stream

    def read_bytes(self, path: str) -> bytes:
        """Return a file's whole content."""
        with self.open(path) as stream:
            try:
                return stream.read()
            except OSError as error:
                explain(error, "cannot read", self._absolute(path))

    def read_versioned(self, path: str) -> tuple[bytes, str] | None:
        """Return a document and its version, both of the same moment."""
        try:
            with self.open(path) as stream:
                # The version first: a rename swaps the whole file, the one opened never changes.
                version = version_of(os.fstat(stream.fileno()))
                return stream.read(), version
        except ObjectNotFound:
            return None
        except OSError as error:
            explain(error, "cannot read", self._absolute(path))

    def write_bytes(self, path: str, data: bytes, *, expected: str | Absent | None = None) -> str:
        """Write a temporary file beside the target and rename it; if conditional, compare under a lock."""
        absolute = self._absolute(path)
        folder = os.path.dirname(absolute)
        with explained("cannot write", absolute), temporary_beside(absolute) as temporary:
            with open(temporary, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            if expected is None:
                os.replace(temporary, absolute)
            else:
                with locked(folder):
                    found = self.stat(path)
                    if (found.version if found else ABSENT) != expected:
                        raise PreconditionFailed(
                            "somebody else wrote it first",
                            absolute,
                            expected=_named(expected),
                            found=_named(found.version if found else ABSENT),
                        )
                    if found is not None:
                        make_newer(temporary, found.version)
                    os.replace(temporary, absolute)
            sync_folder(folder)
            return version_of(os.stat(absolute))

    def write_file(self, path: str, data: bytes) -> None:
        """Write a temporary file beside the target and rename it."""
        absolute = self._absolute(path)
        with explained("cannot write", absolute), temporary_beside(absolute) as temporary:
            with open(temporary, "wb") as stream:
                stream.write(data)
            os.replace(temporary, absolute)

    def copy_from(
        self, source: Storage, source_path: str, path: str, *, source_version: str | None = None
    ) -> ObjectInfo:
        """Copy a file here, with its modification time: copies of one version are of one version.

        A copy is not synced by itself: ``flush`` does that for many at once.
        """
        absolute = self._absolute(path)
        origin = source.stat(source_path)
        with (
            open_guarded(source, source_path, source_version) as stream,
            explained("cannot write", absolute),
            temporary_beside(absolute) as temporary,
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
        """Delete a file. An emptied folder stays: another thread may be about to write there."""
        absolute = self._absolute(path)
        with explained("cannot delete", absolute):
            try:
                os.unlink(absolute)
            except FileNotFoundError:
                return

    def delete_folder(self, folder: str) -> None:
        """Delete a folder with all that is in it."""
        absolute = self._absolute(folder)
        with explained("cannot delete", absolute):
            try:
                if os.path.islink(absolute):
                    os.unlink(absolute)
                else:
                    shutil.rmtree(absolute)
            except FileNotFoundError:
                return

    def flush(self) -> None:
        """Write the machine's dirty pages out: one call for any number of files, Spark's too."""
        os.sync()

    def sweep(self, folder: str, *, before: datetime) -> int:
        """Remove temporary files of killed writers."""
        removed = 0
        for parent, _, names in os.walk(self._absolute(folder)):
            for name in names:
                if name.startswith(OWN) and name.endswith(".tmp"):
                    absolute = os.path.join(parent, name)
                    try:
                        # A copy carries the time of its source; when it was made cannot be set.
                        if os.stat(absolute).st_ctime < before.timestamp():
                            os.unlink(absolute)
                            removed += 1
                    except FileNotFoundError:
                        continue  # its writer has just finished
                    except OSError as error:
                        explain(error, "cannot remove a temporary file", absolute)
        return removed

    def ensure_readable(self) -> None:
        """Raise when the folder is missing, no folder, or closed to us."""
        try:
            with os.scandir(self._root):
                return
        except FileNotFoundError as error:
            raise LakeUnreadable(
                "the folder does not exist", self._root, next_step="create it, or point --lake at another"
            ) from error
        except NotADirectoryError as error:
            raise LakeUnreadable("not a folder", self._root, next_step="point --lake at a folder") from error
        except OSError as error:
            explain(error, "cannot list", self._root)

    def uri(self, path: str) -> str:
        """Return the absolute path."""
        return self._absolute(path)

    def spark_uri(self, path: str) -> str:
        """Return ``file://`` with the absolute path as it is: Hadoop's Path takes its string literally."""
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
    """Return what an entry, or what it links to, is; of a link that leads nowhere, the link itself.

    Such a link is a file that nobody can read: it is shown, so that it is not lost in silence.
    """
    try:
        return entry.stat()
    except OSError:
        return entry.stat(follow_symlinks=False)


def _info(path: str, facts: os.stat_result) -> ObjectInfo:
    return ObjectInfo(path, facts.st_size, version_of(facts), datetime.fromtimestamp(facts.st_mtime, UTC))


def _named(version: str | Absent) -> str:
    return "nothing there" if version is ABSENT else f"version {version}"
