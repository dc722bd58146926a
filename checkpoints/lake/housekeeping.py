"""Pruning of unreferenced versions, documents and staging folders, and of killed writers' unfinished files.

Everything younger than ``GRACE`` is kept: a run may still be writing it, or a reader may have looked it up
before it was replaced. Pruning can be killed and repeated at any point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.lake.commit import read_pointer
from checkpoints.lake.layout import DOCUMENTS, Area, Lake
from checkpoints.lake.pointer import GRACE, Pointer
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from checkpoints.storage.place import Place

_ZONES = (Zone.BRONZE, Zone.SILVER, Zone.GOLD)


@dataclass(frozen=True, slots=True)
class Pruned:
    """URIs of what was removed."""

    versions: tuple[str, ...]
    documents: tuple[str, ...]
    staging: tuple[str, ...]
    unfinished: int  # number of unfinished files of killed writers


def prune(lake: Lake, *, now: datetime) -> Pruned:
    """Remove from all zones what no pointer refers to and is older than ``GRACE``."""
    before = now - GRACE
    versions = [uri for zone in (Zone.SILVER, Zone.GOLD) for uri in _prune_versions(lake, zone, before)]
    documents = [uri for zone in _ZONES for uri in _prune_documents(lake, zone, before)]
    written = [area for area in Area if area not in (Area.RAW, Area.CORRECTIONS)]
    staging = [uri for area in written for uri in _prune_staging(lake, area, before)]
    unfinished = sum(lake.area(area).storage.sweep(lake.area(area).path, before=before) for area in written)
    return Pruned(tuple(versions), tuple(documents), tuple(staging), unfinished)


def _prune_versions(lake: Lake, zone: Zone, before: datetime) -> Iterator[str]:
    root = lake.area(zone)
    # The pointer is read after the listing, so that it names versions promoted meanwhile.
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
    manifests = root.child(DOCUMENTS)
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
    """Return whether a folder holds files, all written before that time; an empty one has no known age."""
    times = [info.modified for info in folder.list()]
    return bool(times) and max(times) < before
