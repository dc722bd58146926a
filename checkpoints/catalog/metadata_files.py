"""Metadata files of Iceberg that no snapshot refers to any more.

PyIceberg deletes older ``metadata.json`` files, but no lists and manifests of snapshots that are expired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pyiceberg.table import Table

    from checkpoints.storage.place import Place


def remove_unreferenced(table: Table, folder: Place, before: datetime) -> int:
    """Delete a table's Avro files that none of its snapshots needs, and return their number.

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
