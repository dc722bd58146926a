"""Commit: replace a zone's pointer, unless another writer changed the same names meanwhile."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.lake.pointer import Pointer, Seen, promoted, read_pointer_document, write_pointer
from checkpoints.storage.errors import (
    DamagedDocumentError,
    ObjectNotFoundError,
    PreconditionFailedError,
    PromotionConflictError,
    PromotionRefusedError,
    TransientStorageError,
)
from checkpoints.storage.storage import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from checkpoints.lake.layout import Lake
    from checkpoints.lake.pointer import VersionRef
    from checkpoints.storage.place import Place
    from contracts.model import Zone

_ATTEMPTS = 40
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class PendingVersion:
    """A version to make current: its entry in the pointer, its document, and the version it replaces."""

    name: str
    ref: VersionRef
    document: bytes
    expected: Seen


def read_pointer(lake: Lake, zone: Zone) -> Pointer:
    """Return a zone's pointer, an empty one before the first promotion. Raises ``DamagedDocumentError``."""
    return _read(lake.pointer(zone), zone)[0]


def read_version_document(lake: Lake, zone: Zone, ref: VersionRef) -> bytes:
    """Return a version's document. Raises ``DamagedDocumentError`` if it is missing or was changed."""
    place = lake.area(zone).child(ref.document)
    try:
        data = place.read_bytes()
    except ObjectNotFoundError as error:
        raise DamagedDocumentError(
            "the document of a promoted version is missing",
            place.uri,
            next_step="roll back, or run the transition again with --force",
        ) from error
    if (found := hashlib.sha256(data).hexdigest()) != ref.checksum:
        raise DamagedDocumentError(
            "the document of a promoted version was changed",
            place.uri,
            expected=f"checksum {ref.checksum}",
            found=found,
            next_step="roll back, or run the transition again with --force",
        )
    return data


def commit(lake: Lake, zone: Zone, versions: Sequence[PendingVersion], *, now: datetime) -> Pointer:
    """Make all versions current in one write: before it none is visible, after it all are.

    Raises ``PromotionConflictError`` if another version of one of the names is current than expected; other
    names may have changed. Repeating a commit has no further effect.
    """
    refs = []
    for version in versions:
        _write_once(lake.area(zone).child(version.ref.document), version.document)
        refs.append(replace(version.ref, checksum=hashlib.sha256(version.document).hexdigest()))
    lake.area(zone).storage.flush()  # also the files written by Spark: durable before the pointer names them

    def promote_all(pointer: Pointer) -> Pointer | None:
        lines = [pointer.line(version.name) for version in versions]
        if all(line and line.current == ref for line, ref in zip(lines, refs, strict=True)):
            return None  # the pointer was replaced before, but the response was lost
        for version, line, ref in zip(versions, lines, refs, strict=True):
            expect(lake, zone, pointer, version.name, version.expected)
            pointer = pointer.with_line(promoted(line, version.name, ref, now))
        return pointer

    return replace_pointer(lake, zone, promote_all)


def replace_pointer(lake: Lake, zone: Zone, change: Callable[[Pointer], Pointer | None]) -> Pointer:
    """Read, change and conditionally write the pointer; repeat if another writer replaced it meanwhile.

    ``change`` returns None if the pointer needs no change.
    """
    place = lake.pointer(zone)
    for attempt in range(_ATTEMPTS):
        pointer, version = _read(place, zone)
        changed = change(pointer)
        if changed is None:
            return pointer
        try:
            place.write_bytes(write_pointer(changed), expected=ABSENT if version is None else version)
        except PreconditionFailedError:
            time.sleep(_PAUSE_SECONDS * (attempt % 5))
            continue
        return changed
    raise TransientStorageError(
        "too many concurrent writers", place.uri, found=f"{_ATTEMPTS} failed attempts", next_step="run again"
    )


def expect(lake: Lake, zone: Zone, pointer: Pointer, name: str, expected: Seen) -> None:
    """Raise ``PromotionConflictError`` unless a name's current version is the expected one."""
    found = pointer.seen(name)
    if found != expected:
        raise PromotionConflictError(
            f"{zone}/{name} was changed by another run or a rollback",
            lake.pointer(zone).uri,
            expected=str(expected),
            found=str(found),
            next_step="nothing was promoted: run again",
        )


def _read(place: Place, zone: Zone) -> tuple[Pointer, str | None]:
    found = place.storage.read_versioned(place.path)
    if found is None:
        return Pointer(zone.value), None
    data, version = found
    return read_pointer_document(data, place.uri), version


def _write_once(place: Place, document: bytes) -> None:
    """Write a version's document, which never changes; writing the same again has no effect."""
    try:
        place.write_bytes(document, expected=ABSENT)
    except PreconditionFailedError as error:
        if place.read_bytes() != document:
            raise PromotionRefusedError(
                "another version of that name exists", place.uri, next_step="run again under a new version"
            ) from error
