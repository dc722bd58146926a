"""Replace a zone's pointer if, and only if, nobody else moved the same names meanwhile."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.lake.errors import (
    DocumentDamaged,
    ObjectNotFound,
    PreconditionFailed,
    PromotionConflict,
    PromotionRefused,
    TransientStorageError,
)
from checkpoints.lake.pointer import Pointer, Seen, promoted, read_pointer_document, write_pointer
from checkpoints.lake.storage import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from checkpoints.lake.layout import Lake, Place
    from checkpoints.lake.pointer import VersionRef
    from contracts.model import Zone

_ATTEMPTS = 40
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Change:
    """One name's new version: its document, what the pointer shall say of it, and what it shall replace."""

    name: str
    ref: VersionRef
    document: bytes
    expected: Seen


def read_pointer(lake: Lake, zone: Zone) -> Pointer:
    """Return a zone's pointer; an empty one when nothing was ever promoted. Raises ``DocumentDamaged``."""
    return _read(lake.pointer(zone), zone)[0]


def read_version_document(lake: Lake, zone: Zone, ref: VersionRef) -> bytes:
    """Return a version's document. Raises ``DocumentDamaged`` when it is not the one that was promoted."""
    place = lake.area(zone).child(ref.document)
    try:
        data = place.read_bytes()
    except ObjectNotFound as error:
        raise DocumentDamaged(
            "the document of a promoted version is gone",
            place.uri,
            next_step="roll back, or run the transition again with --force",
        ) from error
    if (found := hashlib.sha256(data).hexdigest()) != ref.checksum:
        raise DocumentDamaged(
            "the document of a promoted version was changed",
            place.uri,
            expected=f"checksum {ref.checksum}",
            found=found,
            next_step="roll back, or run the transition again with --force",
        )
    return data


def commit(
    lake: Lake, zone: Zone, changes: Sequence[Change], *, now: datetime, kept: int, grace: timedelta
) -> Pointer:
    """Make all changes current in one write. Until that write nothing is visible; after it, all is.

    Raises ``PromotionConflict`` when one of the names is not what its change expects; other names may have
    moved. Doing the same commit again is fine.
    """
    refs = []
    for change in changes:
        place = lake.area(zone).child(change.ref.document)
        _write_once(place, change.document)
        refs.append(replace(change.ref, checksum=hashlib.sha256(change.document).hexdigest()))
    lake.area(zone).storage.flush()  # Spark's files and ours: durable before they are named

    def change_lines(pointer: Pointer) -> Pointer | None:
        lines = [pointer.line(change.name) for change in changes]
        if all(line and line.current == ref for line, ref in zip(lines, refs, strict=True)):
            return None  # the write was done, only its answer was lost
        for change, line, ref in zip(changes, lines, refs, strict=True):
            expect(lake, zone, pointer, change.name, change.expected)
            pointer = pointer.with_line(promoted(line, change.name, ref, now, kept, grace))
        return pointer

    return replace_pointer(lake, zone, change_lines)


def replace_pointer(lake: Lake, zone: Zone, change: Callable[[Pointer], Pointer | None]) -> Pointer:
    """Read, change, and write the pointer if it still is the one that was read; else begin again.

    ``change`` returns None when there is nothing (left) to do.
    """
    place = lake.pointer(zone)
    for attempt in range(_ATTEMPTS):
        pointer, version = _read(place, zone)
        changed = change(pointer)
        if changed is None:
            return pointer
        try:
            place.write_bytes(write_pointer(changed), expected=ABSENT if version is None else version)
        except PreconditionFailed:
            time.sleep(_PAUSE_SECONDS * (attempt % 5))
            continue
        return changed
    raise TransientStorageError(
        "too many writers at once", place.uri, found=f"{_ATTEMPTS} lost races", next_step="run again"
    )


def expect(lake: Lake, zone: Zone, pointer: Pointer, name: str, expected: Seen) -> None:
    """Raise ``PromotionConflict`` unless a name still is what was seen."""
    found = pointer.seen(name)
    if found != expected:
        raise PromotionConflict(
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
    """Write a version's document, which never changes; the same one again is fine."""
    try:
        place.write_bytes(document, expected=ABSENT)
    except PreconditionFailed as error:
        if place.read_bytes() != document:
            raise PromotionRefused(
                "another version of that name exists", place.uri, next_step="run again under a new version"
            ) from error
