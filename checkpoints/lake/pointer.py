"""Pointer: the document of a zone that names its current versions; replacing it is the commit. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from checkpoints.lake.json_documents import KNOWN_FIELDS_ONLY, DocumentCodec, Integer, Timestamp, mismatch

if TYPE_CHECKING:
    from datetime import datetime

RELEASE: Final = "release"
"""The only name in GOLD: its ten tables are promoted and rolled back together."""

KEPT_VERSIONS: Final = 2
GRACE: Final = timedelta(hours=24)
"""How long unreferenced data is kept: a run may still be writing it, a reader still reading it."""


def _read_folder(value: object) -> object:
    if not isinstance(value, dict) or value.keys() != {"path"}:
        raise mismatch("an object with a path", value)
    return value["path"]


_Folder = Annotated[str, BeforeValidator(_read_folder), PlainSerializer(lambda path: {"path": path})]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRef:
    """A version's entry in the pointer. The order of the fields is that of the document."""

    version: str
    run_id: str
    promoted_at: Timestamp
    replaced_at: Timestamp | None = None  # None: current
    verdict: str
    fingerprint: str
    files: Integer
    size_bytes: Integer
    rows: Integer | None  # None: not counted (the files of BRONZE)
    folders: tuple[_Folder, ...]  # of its data, relative to the zone's root
    document: str  # its manifest, release or ledger, relative to the zone's root
    checksum: str  # sha256 of that document; empty until it is committed


@dataclass(frozen=True, slots=True)
class Seen:
    """The current version when a run began, which it expects to replace."""

    change: int
    version: str | None

    def __str__(self) -> str:
        return f"version {self.version} (change {self.change})" if self.version else "no version yet"


@dataclass(frozen=True, slots=True)
class Line:
    """The kept versions of one name, newest first. Those before the current one were rolled back."""

    name: str
    change: Integer  # number of promotions and rollbacks so far
    current_version: Annotated[str, Field(alias="current")]
    promoted_fingerprint: str  # of the last promotion, even if it was rolled back since
    versions: tuple[VersionRef, ...]

    @property
    def current(self) -> VersionRef:
        """The current version."""
        return next(ref for ref in self.versions if ref.version == self.current_version)

    @property
    def previous(self) -> VersionRef | None:
        """The version that a rollback would make current, or None."""
        position = self.versions.index(self.current)
        return self.versions[position + 1] if position + 1 < len(self.versions) else None


def _check_current(line: Line) -> Line:
    if line.current_version not in {ref.version for ref in line.versions}:
        raise mismatch(f"version {line.current_version} among the versions of {line.name}", "no such version")
    return line


@dataclass(frozen=True, slots=True)
class Pointer:
    """All names of one zone."""

    __pydantic_config__ = KNOWN_FIELDS_ONLY

    zone: str
    lines: Annotated[tuple[Annotated[Line, AfterValidator(_check_current)], ...], Field(alias="names")] = ()

    def line(self, name: str) -> Line | None:
        """Return the line of a name, or None if it was never promoted."""
        return next((line for line in self.lines if line.name == name), None)

    def seen(self, name: str) -> Seen:
        """Return what a promotion of that name must expect from now on."""
        line = self.line(name)
        return Seen(line.change, line.current_version) if line else Seen(0, None)

    def with_line(self, line: Line) -> Pointer:
        """Return the pointer with the line of that name replaced."""
        others = [other for other in self.lines if other.name != line.name]
        return replace(self, lines=tuple(sorted((*others, line), key=lambda one: one.name)))


def promoted(line: Line | None, name: str, ref: VersionRef, now: datetime) -> Line:
    """Return a name's line after a promotion.

    It drops rolled-back versions, and versions beyond the last ``KEPT_VERSIONS`` that were replaced more than
    ``GRACE`` ago; pruning then removes their data.
    """
    if line is None:
        return Line(name, 1, ref.version, ref.fingerprint, (ref,))
    position = line.versions.index(line.current)
    replaced = replace(line.current, replaced_at=now)
    older = line.versions[position + 1 :]
    kept_refs = tuple(
        other
        for rank, other in enumerate(older, start=2)
        if rank < KEPT_VERSIONS or (other.replaced_at or now) > now - GRACE
    )
    return Line(name, line.change + 1, ref.version, ref.fingerprint, (ref, replaced, *kept_refs))


def rolled_back(line: Line, now: datetime) -> Line:
    """Return a name's line with the previous version current. Raises ValueError if none is kept."""
    target = line.previous
    if target is None:
        raise ValueError(f"{line.name} has no version before {line.current_version}")
    versions = tuple(
        replace(ref, replaced_at=None)
        if ref == target
        else replace(ref, replaced_at=now)
        if ref == line.current
        else ref
        for ref in line.versions
    )
    return replace(line, change=line.change + 1, current_version=target.version, versions=versions)


_POINTER = DocumentCodec[Pointer]("pointer", 1, Pointer)
read_pointer_document, write_pointer = _POINTER.read, _POINTER.write
