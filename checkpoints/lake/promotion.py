"""Make a candidate current, look up what is current, go back one version: SILVER by dataset, GOLD as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.lake.commit import (
    Change,
    commit,
    expect,
    read_pointer,
    read_version_document,
    replace_pointer,
)
from checkpoints.lake.errors import NeverPromoted, NothingToRollBackTo, PromotionRefused, UnknownName
from checkpoints.lake.layout import gold_folder
from checkpoints.lake.manifest import (
    Manifest,
    ManifestFile,
    Release,
    read_manifest,
    read_release,
    write_manifest,
    write_release,
)
from checkpoints.lake.pointer import GRACE, KEPT_VERSIONS, RELEASE, VersionRef, rolled_back
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from checkpoints.lake.layout import Lake, Place
    from checkpoints.lake.pointer import Pointer, Seen

_PROMOTED_VERDICTS = ("pass", "warn")


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a rollback did; ``names`` are all that went back, for GOLD the whole release."""

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
    """Return a version's folder relative to its zone's root, as a manifest holds it."""
    return f"{gold_folder(name)}/{name}/{version}" if zone is Zone.GOLD else f"{name}/{version}"


def promote_silver(
    lake: Lake,
    manifests: Sequence[Manifest],
    expected: Mapping[str, Seen],
    *,
    now: datetime,
    kept: int = KEPT_VERSIONS,
    grace: timedelta = GRACE,
) -> tuple[Manifest, ...]:
    """Make these versions current together; return their manifests, each with what it replaced.

    ``expected``: by name, what ``read_pointer(…).seen(name)`` said when the run began. Raises
    ``PromotionRefused`` (blocked, or files that are not there), ``PromotionConflict`` (somebody was faster).
    """
    changes, complete = [], []
    for manifest in manifests:
        _refuse_unfit(lake, Zone.SILVER, manifest)
        one = replace(manifest, previous=expected[manifest.name].version)
        changes.append(
            Change(manifest.name, _manifest_ref(one), write_manifest(one), expected[manifest.name])
        )
        complete.append(one)
    commit(lake, Zone.SILVER, changes, now=now, kept=kept, grace=grace)
    return tuple(complete)


def promote_release(
    lake: Lake,
    release: Release,
    expected: Seen,
    *,
    now: datetime,
    kept: int = KEPT_VERSIONS,
    grace: timedelta = GRACE,
) -> Release:
    """Make all gold tables of a release current together; return it with what it replaced.

    Raises as ``promote_silver`` does.
    """
    _refuse_blocked("gold", release.version, release.verdict)
    for table in release.tables:
        _refuse_unfit(lake, Zone.GOLD, table)
    complete = replace(release, previous=expected.version)
    ref = VersionRef(
        version=release.version,
        run_id=release.run_id,
        promoted_at=release.promoted_at,
        verdict=release.verdict,
        fingerprint=release.fingerprint,
        files=sum(len(table.files) for table in release.tables),
        size_bytes=release.size_bytes,
        rows=release.rows,
        folders=tuple(table.folder for table in release.tables),
        document=f"_manifests/{RELEASE}/{release.version}.json",
        checksum="",
    )
    change = Change(RELEASE, ref, write_release(complete), expected)
    commit(lake, Zone.GOLD, [change], now=now, kept=kept, grace=grace)
    return complete


def current_silver(lake: Lake, name: str, pointer: Pointer | None = None) -> Manifest | None:
    """Return the current manifest of a silver dataset, or None when it was never promoted.

    Hand in the pointer to see several names as of one moment.
    """
    line = (pointer or read_pointer(lake, Zone.SILVER)).line(name)
    if line is None:
        return None
    return _read_manifest(lake, line.current)


def current_release(lake: Lake, pointer: Pointer | None = None) -> Release | None:
    """Return the current release, or None when there was never one."""
    line = (pointer or read_pointer(lake, Zone.GOLD)).line(RELEASE)
    return None if line is None else _read_release(lake, line.current)


def current_manifest(lake: Lake, zone: Zone, name: str) -> Manifest:
    """Return the current manifest of a silver dataset or a gold table. Raises ``NeverPromoted``."""
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


def current_place(lake: Lake, zone: Zone, manifest: Manifest) -> Place:
    """Return the folder of a manifest's version."""
    return lake.area(zone).child(manifest.folder)


def versions(lake: Lake, zone: Zone, name: str) -> tuple[VersionRef, ...]:
    """Return the kept versions of a name, newest first; the current one has no ``replaced_at``."""
    line = read_pointer(lake, zone).line(RELEASE if zone is Zone.GOLD else name)
    return line.versions if line else ()


def rollback(lake: Lake, zone: Zone, name: str, *, now: datetime) -> Rollback:
    """Make the previous version current again. Of GOLD, whatever table is named, the whole release.

    Raises ``NeverPromoted``, ``NothingToRollBackTo``, ``PromotionRefused`` (its files are damaged),
    ``PromotionConflict``.
    """
    if zone not in {Zone.SILVER, Zone.GOLD}:
        raise NothingToRollBackTo(
            f"{zone}/{name} cannot be rolled back",
            lake.area(zone).uri,
            found="files that are superseded in place",
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
        raise NothingToRollBackTo(
            f"{zone}/{name} has no earlier version",
            lake.pointer(zone).uri,
            found=f"{line.current_version} as the oldest that is kept",
            next_step="put the data right and run again",
        )
    manifests = (_read_manifest(lake, target),) if zone is Zone.SILVER else _read_release(lake, target).tables
    for manifest in manifests:
        _refuse_unfit(lake, zone, manifest)

    def go_back(pointer: Pointer) -> Pointer:
        expect(lake, zone, pointer, key, before.seen(key))
        return pointer.with_line(rolled_back(line, now))

    replace_pointer(lake, zone, go_back)
    return Rollback(names, line.current_version, target.version)


def _table_names(lake: Lake, pointer: Pointer) -> tuple[str, ...]:
    release = current_release(lake, pointer)
    return tuple(table.name for table in release.tables) if release else ()


def _read_manifest(lake: Lake, ref: VersionRef) -> Manifest:
    where = lake.area(Zone.SILVER).child(ref.document).uri
    return read_manifest(read_version_document(lake, Zone.SILVER, ref), where)


def _read_release(lake: Lake, ref: VersionRef) -> Release:
    where = lake.area(Zone.GOLD).child(ref.document).uri
    return read_release(read_version_document(lake, Zone.GOLD, ref), where)


def _manifest_ref(manifest: Manifest) -> VersionRef:
    return VersionRef(
        version=manifest.version,
        run_id=manifest.run_id,
        promoted_at=manifest.promoted_at,
        verdict=manifest.verdict,
        fingerprint=manifest.fingerprint,
        files=len(manifest.files),
        size_bytes=manifest.size_bytes,
        rows=manifest.rows,
        folders=(manifest.folder,),
        document=f"_manifests/{manifest.name}/{manifest.version}.json",
        checksum="",
    )


def _refuse_unfit(lake: Lake, zone: Zone, manifest: Manifest) -> None:
    """Refuse a version that was blocked, or whose folder does not hold exactly the manifest's files."""
    _refuse_blocked(f"{zone}/{manifest.name}", manifest.version, manifest.verdict)
    place = lake.area(zone).child(manifest.folder)
    found = {file.path: file.size_bytes for file in candidate_files(place)}
    expected = {file.path: file.size_bytes for file in manifest.files}
    wrong = sorted(path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path))
    if wrong:
        first = wrong[0]
        raise PromotionRefused(
            f"{zone}/{manifest.name}: {len(wrong)} files are not what the manifest says",
            place.child(first).uri,
            expected=_bytes_of(expected.get(first)),
            found=_bytes_of(found.get(first)),
            next_step="run the transition again",
        )


def _refuse_blocked(name: str, version: str, verdict: str) -> None:
    if verdict not in _PROMOTED_VERDICTS:
        raise PromotionRefused(
            f"{name} must not be promoted",
            version,
            expected="verdict pass or warn",
            found=f"verdict {verdict}",
        )


def _bytes_of(size_bytes: int | None) -> str:
    return "no such file" if size_bytes is None else f"{size_bytes} bytes"


def _is_data(path: str) -> bool:
    """Tell data files from the markers that Spark's committers leave."""
    return not any(part.startswith(("_", ".")) for part in path.split("/")) and path.endswith(".parquet")


def never_promoted(lake: Lake, zone: Zone, name: str, known: Sequence[str]) -> NeverPromoted:
    """Return the error about a name without a version; ``known`` are those that have one."""
    return (UnknownName if known else NeverPromoted)(
        f"no promoted version of {zone}/{name}",
        lake.area(zone).uri,
        found=f"promoted: {', '.join(f'{zone}/{one}' for one in known)}" if known else "nothing promoted",
        next_step="check the name" if known else "run the pipeline first",
    )
