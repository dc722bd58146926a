"""Remove what nobody refers to any more: versions, documents, staging and half-written files of dead runs.

Whatever is younger than the grace stays: it may be a candidate of a run that still writes, or be read by
somebody who looked it up before it was replaced. A kill in the middle leaves less to do next time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.lake.commit import read_pointer
from checkpoints.lake.layout import Area, Lake, Place
from checkpoints.lake.pointer import GRACE, Pointer
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

_ZONES = (Zone.BRONZE, Zone.SILVER, Zone.GOLD)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, as URIs."""

    versions: tuple[str, ...]
    documents: tuple[str, ...]
    staging: tuple[str, ...]
    unfinished: int  # half-written files of killed writers


def prune(lake: Lake, *, now: datetime, grace: timedelta = GRACE) -> Pruned:
    """Remove from all zones what no pointer refers to and nobody has written for longer than ``grace``."""
    before = now - grace
    versions = [
        *_prune_versions(lake, Zone.SILVER, before),
        *_prune_versions(lake, Zone.GOLD, before),
    ]
    documents = [uri for zone in _ZONES for uri in _prune_documents(lake, zone, before)]
    staging = [uri for area in Area if area is not Area.RAW for uri in _prune_staging(lake, area, before)]
    written = [area for area in Area if area is not Area.RAW]
    unfinished = sum(lake.area(area).storage.sweep(lake.area(area).path, before=before) for area in written)
    return Pruned(tuple(versions), tuple(documents), tuple(staging), unfinished)


def _prune_versions(lake: Lake, zone: Zone, before: datetime) -> Iterator[str]:
    root = lake.area(zone)
    # The pointer is read after the listing: a version that was promoted meanwhile is in it.
    found = list(_version_folders(root, depth=2 if zone is Zone.SILVER else 3))
    kept = _folders(read_pointer(lake, zone))
    for folder in found:
        if root.below(folder) not in kept and _is_abandoned(folder, before):
            folder.storage.delete_folder(folder.path)
            yield folder.uri


def _version_folders(root: Place, depth: int) -> Iterator[Place]:
    """Yield the folders at a depth: ``events/<version>``, ``dim/dim_users/<version>``."""
    for name in root.storage.list_folders(root.path):
        if name.startswith(("_", ".")):
            continue
        if depth == 1:
            yield root.child(name)
        else:
            yield from _version_folders(root.child(name), depth - 1)


def _prune_documents(lake: Lake, zone: Zone, before: datetime) -> Iterator[str]:
    root = lake.area(zone)
    manifests = root.child("_manifests")
    found = [(manifests.child(manifests.relative(info)), info) for info in manifests.list()]
    kept = {ref.document for line in read_pointer(lake, zone).lines for ref in line.versions}
    for place, info in found:
        is_pointer = place.path == lake.pointer(zone).path
        if not is_pointer and root.below(place) not in kept and info.modified < before:
            place.delete()
            yield place.uri


def _prune_staging(lake: Lake, area: Area, before: datetime) -> Iterator[str]:
    staging = lake.staging(area)
    for name in staging.storage.list_folders(staging.path):
        folder = staging.child(name)
        if _is_abandoned(folder, before):
            folder.storage.delete_folder(folder.path)
            yield folder.uri


def _folders(pointer: Pointer) -> set[str]:
    return {folder for line in pointer.lines for ref in line.versions for folder in ref.folders}


def _is_abandoned(folder: Place, before: datetime) -> bool:
    """Tell whether every file in a folder is older than that; of an empty one nobody knows."""
    times = [info.modified for info in folder.list()]
    return bool(times) and max(times) < before
