"""Which versions of a zone are current: the one document whose replacement is a promotion. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from checkpoints.lake.strict_json import Fields, damaged, read_document, write_document

if TYPE_CHECKING:
    from datetime import datetime

RELEASE: Final = "release"
"""The one name of GOLD: its ten tables are promoted and rolled back together."""

KEPT_VERSIONS: Final = 2
GRACE: Final = timedelta(hours=24)
"""How long what nobody refers to any more stays: a run may still write it, a reader still read it."""

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class VersionRef:
    """What the pointer says of a version without opening its document."""

    version: str
    run_id: str
    promoted_at: datetime
    verdict: str
    fingerprint: str
    files: int
    size_bytes: int
    rows: int | None  # None: not counted (the files of BRONZE)
    folders: tuple[str, ...]  # of its data, relative to the zone's root
    document: str  # its manifest, release or ledger, relative to the zone's root
    checksum: str  # sha256 of that document
    replaced_at: datetime | None = None  # None: current


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run found current when it began, and expects to replace."""

    change: int
    version: str | None

    def __str__(self) -> str:
        return f"version {self.version} (change {self.change})" if self.version else "no version yet"


@dataclass(frozen=True, slots=True)
class Line:
    """The versions of one name, newest first. Those before the current one were rolled back."""

    name: str
    change: int  # grows with every promotion and rollback
    current_version: str
    promoted_fingerprint: str  # of the last promotion, also when it was rolled back since
    versions: tuple[VersionRef, ...]

    @property
    def current(self) -> VersionRef:
        """The version that readers get."""
        return next(ref for ref in self.versions if ref.version == self.current_version)

    @property
    def previous(self) -> VersionRef | None:
        """The version that a rollback would make current."""
        position = self.versions.index(self.current)
        return self.versions[position + 1] if position + 1 < len(self.versions) else None


@dataclass(frozen=True, slots=True)
class Pointer:
    """All names of one zone."""

    zone: str
    lines: tuple[Line, ...] = ()

    def line(self, name: str) -> Line | None:
        """Return one name's line, or None when it was never promoted."""
        return next((line for line in self.lines if line.name == name), None)

    def seen(self, name: str) -> Seen:
        """Return what a promotion of that name has to expect from now on."""
        line = self.line(name)
        return Seen(line.change, line.current_version) if line else Seen(0, None)

    def with_line(self, line: Line) -> Pointer:
        """Return the pointer with that line in place of the one of its name."""
        others = [other for other in self.lines if other.name != line.name]
        return replace(self, lines=tuple(sorted((*others, line), key=lambda one: one.name)))


def promoted(
    line: Line | None, name: str, ref: VersionRef, now: datetime, kept: int, grace: timedelta
) -> Line:
    """Return a name's line after a promotion.

    What was rolled back leaves it: its data is an orphan from then on. So do versions beyond the last
    ``kept`` that were replaced longer than ``grace`` ago.
    """
    if line is None:
        return Line(name, 1, ref.version, ref.fingerprint, (ref,))
    position = line.versions.index(line.current)
    replaced = replace(line.current, replaced_at=now)
    older = line.versions[position + 1 :]
    stays = tuple(
        other
        for place, other in enumerate(older, start=2)
        if place < max(kept, KEPT_VERSIONS) or (other.replaced_at or now) > now - grace
    )
    return Line(name, line.change + 1, ref.version, ref.fingerprint, (ref, replaced, *stays))


def rolled_back(line: Line, now: datetime) -> Line:
    """Return a name's line with the previous version current. Raises ValueError when none is kept."""
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


def write_pointer(pointer: Pointer) -> bytes:
    """Return a pointer's document."""
    return write_document(
        "pointer", _FORMAT, {"zone": pointer.zone, "names": [_line_values(line) for line in pointer.lines]}
    )


def read_pointer_document(data: bytes, where: str) -> Pointer:
    """Read a pointer's document. Raises ``DocumentDamaged``."""

    def read(fields: Fields) -> Pointer:
        return Pointer(fields.text("zone"), fields.each("names", lambda line: _read_line(line, where)))

    return read_document(data, where, "pointer", _FORMAT, read)


def _line_values(line: Line) -> dict[str, object]:
    return {
        "name": line.name,
        "change": line.change,
        "current": line.current_version,
        "promoted_fingerprint": line.promoted_fingerprint,
        "versions": [_ref_values(ref) for ref in line.versions],
    }


def _ref_values(ref: VersionRef) -> dict[str, object]:
    return {
        "version": ref.version,
        "run_id": ref.run_id,
        "promoted_at": ref.promoted_at.isoformat(),
        "replaced_at": ref.replaced_at.isoformat() if ref.replaced_at else None,
        "verdict": ref.verdict,
        "fingerprint": ref.fingerprint,
        "files": ref.files,
        "size_bytes": ref.size_bytes,
        "rows": ref.rows,
        "folders": [{"path": folder} for folder in ref.folders],
        "document": ref.document,
        "checksum": ref.checksum,
    }


def _read_line(fields: Fields, where: str) -> Line:
    line = Line(
        name=fields.text("name"),
        change=fields.number("change"),
        current_version=fields.text("current"),
        promoted_fingerprint=fields.text("promoted_fingerprint"),
        versions=fields.each("versions", _read_ref),
    )
    if line.current_version not in {ref.version for ref in line.versions}:
        raise damaged(
            f"{where}, {line.name}", f"version {line.current_version} among its versions", "it is not"
        )
    return line


def _read_ref(fields: Fields) -> VersionRef:
    return VersionRef(
        version=fields.text("version"),
        run_id=fields.text("run_id"),
        promoted_at=fields.time("promoted_at"),
        replaced_at=fields.optional_time("replaced_at"),
        verdict=fields.text("verdict"),
        fingerprint=fields.text("fingerprint"),
        files=fields.number("files"),
        size_bytes=fields.number("size_bytes"),
        rows=fields.optional_number("rows"),
        folders=fields.each("folders", lambda folder: folder.text("path")),
        document=fields.text("document"),
        checksum=fields.text("checksum"),
    )
