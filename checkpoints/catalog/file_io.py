"""PyIceberg's file access through the lake's storage: its encryption, retries, credentials and endpoint."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Final

from pyiceberg.io import FileIO, InputFile, OutputFile

from checkpoints.storage.opening import open_storage
from checkpoints.storage.place import Place
from checkpoints.storage.storage import S3Settings

if TYPE_CHECKING:
    from datetime import datetime

    from pyiceberg.io import InputStream, OutputStream
    from pyiceberg.table import Table
    from pyiceberg.typedef import Properties

METADATA_FOLDER: Final = "_catalog"  # below a zone's root; hidden from readers of Parquet folders
ROOT, KMS_KEY = "lakegate.root", "lakegate.kms-key"  # properties of the catalog


class LakeFileIO(FileIO):
    """Files of one zone, whose root is the property ``lakegate.root``. Deletes metadata only, never data."""

    def __init__(self, properties: Properties) -> None:
        super().__init__(properties)
        self._root = _open_root(properties[ROOT], properties.get(KMS_KEY))

    def new_input(self, location: str) -> LakeFile:
        """Return a file to read."""
        return self._file(location)

    def new_output(self, location: str) -> LakeFile:
        """Return a file to write."""
        return self._file(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete a file of metadata.

        Raises:
            PermissionError: it is not one: the lake's housekeeping alone removes data.
        """
        file = self._file(location if isinstance(location, str) else location.location)
        if not file.place.path.startswith(self._root.child(METADATA_FOLDER, "").path):
            raise PermissionError(f"not a file of Iceberg metadata: {file.location}")
        file.place.delete()

    def _file(self, location: str) -> LakeFile:
        prefix = f"{self._root.uri}/"
        if not location.startswith(prefix):
            raise PermissionError(
                f"outside of {prefix}: {location}: another lake's table has this name, or the lake was moved;"
                " drop the table from the catalog, or set another catalog"
            )
        return LakeFile(location, self._root.child(location.removeprefix(prefix)))


class LakeFile(InputFile, OutputFile):
    """One file of the lake, to read or to write."""

    def __init__(self, location: str, place: Place) -> None:
        super().__init__(location)
        self.place = place

    def __len__(self) -> int:
        """Return the size in bytes."""
        info = self.place.stat()
        if info is None:
            raise FileNotFoundError(self.location)
        return info.size_bytes

    def exists(self) -> bool:
        """Whether the file exists."""
        return self.place.stat() is not None

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002 - as PyIceberg calls it
        """Open the file for reading."""
        return self.place.storage.open(self.place.path)

    def create(self, overwrite: bool = False) -> OutputStream:
        """Return a stream whose content becomes the file when it is closed."""
        if not overwrite and self.exists():
            raise FileExistsError(self.location)
        return _Upload(self.place)

    def to_input_file(self) -> LakeFile:
        """Return the file to read."""
        return self


class _Upload(io.BytesIO):
    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def close(self) -> None:
        if not self.closed:
            self._place.write_bytes(self.getvalue())
        super().close()


@cache
def _open_root(uri: str, kms_key: str | None) -> Place:
    """Return one storage per process for a root, as each client costs time and connections."""
    return Place(open_storage(uri, S3Settings(kms_key_id=kms_key)))


def remove_unreferenced(table: Table, folder: Place, before: datetime) -> int:
    """Delete a table's Avro files that none of its snapshots needs, and return their number.

    PyIceberg deletes older ``metadata.json`` files, but no lists and manifests of expired snapshots.

    Args:
        table: as it was committed last.
        folder: of its metadata.
        before: younger files stay: an engine may be reading the metadata before that commit, and another
            publisher's files are not committed yet.

    Raises:
        StorageError: the folder cannot be listed, or a file cannot be deleted.
    """
    needed = set()
    for snapshot in table.metadata.snapshots:
        needed.add(snapshot.manifest_list)
        needed.update(manifest.manifest_path for manifest in snapshot.manifests(table.io))
    files = {folder.child(folder.relative(info)): info for info in folder.list()}
    obsolete = [
        place
        for place, info in files.items()
        if info.path.endswith(".avro") and info.modified < before and place.uri not in needed
    ]
    for place in obsolete:
        place.delete()
    return len(obsolete)
