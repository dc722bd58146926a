"""Promotion, lookup and rollback of versions: SILVER by dataset, GOLD as one release."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.lake.commit import (
    PendingVersion,
    commit,
    expect,
    read_pointer,
    read_version_document,
    replace_pointer,
)
from checkpoints.lake.layout import document_path, gold_folder
from checkpoints.lake.manifest import (
    Manifest,
    ManifestFile,
    Release,
    read_manifest,
    read_release,
    write_manifest,
    write_release,
)
from checkpoints.lake.pointer import RELEASE, VersionRef, rolled_back
from checkpoints.storage.errors import (
    NeverPromotedError,
    NoEarlierVersionError,
    PromotionRefusedError,
    UnknownNameError,
)
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from checkpoints.lake.layout import Lake
    from checkpoints.lake.pointer import Pointer, Seen
    from checkpoints.storage.place import Place

_PROMOTED_VERDICTS = ("pass", "warn")


@dataclass(frozen=True, slots=True)
class Rollback:
    """The result of a rollback; ``names`` are all that were rolled back, in GOLD the whole release."""

    names: tuple[str, ...]
    from_version: str
    to_version: str


def candidate_files(place: Place) -> tuple[ManifestFile, ...]:
    """List a candidate's data files, in order, without their rows."""
    return tuple(
        ManifestFile(place.relative(info), info.size_bytes)
        for info in place.list()
        if _is_data(place.relative(info))
    )


def version_folder(zone: Zone, name: str, version: str) -> str:
    """Return a version's folder relative to its zone's root, as in a manifest."""
    return f"{gold_folder(name)}/{name}/{version}" if zone is Zone.GOLD else f"{name}/{version}"


def promote_silver(
    lake: Lake, manifests: Sequence[Manifest], expected: Mapping[str, Seen], *, now: datetime
) -> tuple[Manifest, ...]:
    """Make these versions current together; return their manifests, each with the version it replaced.

    ``expected``: by name, ``read_pointer(…).seen(name)`` when the run began. Raises ``PromotionRefusedError``
    (blocked, or other files than in the manifest) and ``PromotionConflictError`` (another run was faster).
    """
    pending, complete = [], []
    for manifest in manifests:
        _refuse_unfit(lake, Zone.SILVER, manifest)
        seen = expected[manifest.name]
        one = replace(manifest, previous=seen.version)
        pending.append(
            PendingVersion(one.name, _version_ref(one.name, one, [one]), write_manifest(one), seen)
        )
        complete.append(one)
    commit(lake, Zone.SILVER, pending, now=now)
    return tuple(complete)


def promote_release(lake: Lake, release: Release, expected: Seen, *, now: datetime) -> Release:
    """Make all gold tables of a release current together; return it with the version it replaced.

    Raises as ``promote_silver`` does.
    """
    _refuse_blocked("gold", release.version, release.verdict)
    for table in release.tables:
        _refuse_unfit(lake, Zone.GOLD, table)
    complete = replace(release, previous=expected.version)
    ref = _version_ref(RELEASE, complete, complete.tables)
    pending = PendingVersion(RELEASE, ref, write_release(complete), expected)
    commit(lake, Zone.GOLD, [pending], now=now)
    return complete


def current_silver(lake: Lake, name: str, pointer: Pointer | None = None) -> Manifest | None:
    """Return the current manifest of a silver dataset, or None if it was never promoted.

    Pass one pointer to read several names as of one moment.
    """
    line = (pointer or read_pointer(lake, Zone.SILVER)).line(name)
    return None if line is None else _read_manifest(lake, line.current)


def current_release(lake: Lake, pointer: Pointer | None = None) -> Release | None:
    """Return the current release, or None before the first one."""
    line = (pointer or read_pointer(lake, Zone.GOLD)).line(RELEASE)
    return None if line is None else _read_release(lake, line.current)


def kept_releases(lake: Lake) -> tuple[Release, ...]:
    """Return all kept releases, the current one first."""
    line = read_pointer(lake, Zone.GOLD).line(RELEASE)
    if line is None:
        return ()
    others = [ref for ref in line.versions if ref != line.current]
    return tuple(_read_release(lake, ref) for ref in (line.current, *others))


def current_manifest(lake: Lake, zone: Zone, name: str) -> Manifest:
    """Return the current manifest of a silver dataset or a gold table. Raises ``NeverPromotedError``."""
    if zone is Zone.SILVER:
        manifest = current_silver(lake, name)
        known = [line.name for line in read_pointer(lake, zone).lines] if manifest is None else []
    else:
        release = current_release(lake)
        tables = {table.name: table for table in release.tables} if release else {}
        manifest, known = tables.get(name), list(tables)
    if manifest is None:
        raise never_promoted(lake, zone, name, known)
    return manifest


def kept_manifests(lake: Lake, zone: Zone, name: str) -> tuple[Manifest, ...]:
    """Return the manifests of all kept versions of a silver dataset or a gold table, newest first.

    Raises:
        NeverPromotedError: there is none.
    """
    pointer = read_pointer(lake, zone)
    line = pointer.line(name if zone is Zone.SILVER else RELEASE)
    refs = line.versions if line else ()
    if zone is Zone.SILVER:
        found = [_read_manifest(lake, ref) for ref in refs]
        known = [one.name for one in pointer.lines]
    else:
        releases = [_read_release(lake, ref) for ref in refs]
        found = [table for release in releases for table in release.tables if table.name == name]
        known = [table.name for table in releases[0].tables] if releases else []
    if not found:
        raise never_promoted(lake, zone, name, known)
    return tuple(found)


def current_place(lake: Lake, zone: Zone, manifest: Manifest) -> Place:
    """Return the folder of a manifest's version."""
    return lake.area(zone).child(manifest.folder)


def rollback(lake: Lake, zone: Zone, name: str, *, now: datetime) -> Rollback:
    """Make the previous version current again; in GOLD the whole release, whichever table is named.

    Raises ``NeverPromotedError``, ``NoEarlierVersionError``, ``PromotionRefusedError`` (its files are
    damaged) and ``PromotionConflictError``.
    """
    if zone not in {Zone.SILVER, Zone.GOLD}:
        raise NoEarlierVersionError(
            f"{zone}/{name} cannot be rolled back",
            lake.area(zone).uri,
            found="files that are replaced in place",
            next_step="put the old file back under RAW and run again",
        )
    key = RELEASE if zone is Zone.GOLD else name
    before = read_pointer(lake, zone)
    line = before.line(key)
    names = (name,) if zone is Zone.SILVER else _table_names(lake, before)
    if line is None or name not in {*names, RELEASE}:
        known = names if zone is Zone.GOLD else [one.name for one in before.lines]
        raise never_promoted(lake, zone, name, known)
    target = line.previous
    if target is None:
        raise NoEarlierVersionError(
            f"{zone}/{name} has no earlier version",
            lake.pointer(zone).uri,
            found=f"{line.current_version} as the oldest version kept",
            next_step="correct the data and run again",
        )
    manifests = (_read_manifest(lake, target),) if zone is Zone.SILVER else _read_release(lake, target).tables
    for manifest in manifests:
        _refuse_unfit(lake, zone, manifest)

    def roll_back(pointer: Pointer) -> Pointer:
        expect(lake, zone, pointer, key, before.seen(key))
        return pointer.with_line(rolled_back(line, now))

    replace_pointer(lake, zone, roll_back)
    return Rollback(names, line.current_version, target.version)


def never_promoted(lake: Lake, zone: Zone, name: str, known: Sequence[str]) -> NeverPromotedError:
    """Return the error for a name without a version; ``known``: the names that have one."""
    return (UnknownNameError if known else NeverPromotedError)(
        f"no promoted version of {zone}/{name}",
        lake.area(zone).uri,
        found=f"promoted: {', '.join(f'{zone}/{one}' for one in known)}" if known else "nothing promoted",
        next_step="check the name" if known else "run the pipeline first",
    )


def _table_names(lake: Lake, pointer: Pointer) -> tuple[str, ...]:
    release = current_release(lake, pointer)
    return tuple(table.name for table in release.tables) if release else ()


def _read_manifest(lake: Lake, ref: VersionRef) -> Manifest:
    where = lake.area(Zone.SILVER).child(ref.document).uri
    return read_manifest(read_version_document(lake, Zone.SILVER, ref), where)


def _read_release(lake: Lake, ref: VersionRef) -> Release:
    where = lake.area(Zone.GOLD).child(ref.document).uri
    return read_release(read_version_document(lake, Zone.GOLD, ref), where)


def _version_ref(name: str, version: Manifest | Release, tables: Sequence[Manifest]) -> VersionRef:
    return VersionRef(
        version=version.version,
        run_id=version.run_id,
        promoted_at=version.promoted_at,
        verdict=version.verdict,
        fingerprint=version.fingerprint,
        files=sum(len(table.files) for table in tables),
        size_bytes=version.size_bytes,
        rows=version.rows,
        folders=tuple(table.folder for table in tables),
        document=document_path(name, version.version),
        checksum="",
    )


def _refuse_unfit(lake: Lake, zone: Zone, manifest: Manifest) -> None:
    """Raise unless a version passed, and its folder holds exactly the manifest's files."""
    _refuse_blocked(f"{zone}/{manifest.name}", manifest.version, manifest.verdict)
    place = lake.area(zone).child(manifest.folder)
    found = {file.path: file.size_bytes for file in candidate_files(place)}
    expected = {file.path: file.size_bytes for file in manifest.files}
    wrong = sorted(path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path))
    if wrong:
        first = wrong[0]
        raise PromotionRefusedError(
            f"{zone}/{manifest.name}: {len(wrong)} files differ from the manifest",
            place.child(first).uri,
            expected=_bytes_of(expected.get(first)),
            found=_bytes_of(found.get(first)),
            next_step="run the transition again",
        )


def _refuse_blocked(name: str, version: str, verdict: str) -> None:
    if verdict not in _PROMOTED_VERDICTS:
        raise PromotionRefusedError(
            f"{name} must not be promoted",
            version,
            expected="verdict pass or warn",
            found=f"verdict {verdict}",
        )


def _bytes_of(size_bytes: int | None) -> str:
    return "no such file" if size_bytes is None else f"{size_bytes} bytes"


def _is_data(path: str) -> bool:
    """Return whether a file holds data; others are markers of Spark's committers."""
    return not any(part.startswith(("_", ".")) for part in path.split("/")) and path.endswith(".parquet")
