"""Promotion is one write: everything before it is invisible, everything after it permanent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from checkpoints.lake.commit import read_pointer
from checkpoints.lake.housekeeping import prune
from checkpoints.lake.layout import Lake, document_path
from checkpoints.lake.pointer import Seen
from checkpoints.lake.promotion import (
    current_manifest,
    current_place,
    current_release,
    current_silver,
    promote_release,
    promote_silver,
    rollback,
)
from checkpoints.storage.errors import (
    DamagedDocumentError,
    NeverPromotedError,
    NoEarlierVersionError,
    PromotionConflictError,
    PromotionRefusedError,
)
from checkpoints.storage.place import Place
from contracts.model import Zone
from tests.checkpoints.lake.versions import NOON, TABLES, write_candidate, write_release_candidate

if TYPE_CHECKING:
    from checkpoints.storage.storage import Storage

DAY = timedelta(days=1)


@pytest.fixture
def lake(storage: Storage) -> Lake:
    return Lake(Place(storage))


def promote(lake: Lake, *names: str, version: str, now=NOON) -> None:
    pointer = read_pointer(lake, Zone.SILVER)
    manifests = [write_candidate(lake, name, version) for name in names]
    promote_silver(lake, manifests, {name: pointer.seen(name) for name in names}, now=now)


def kept_versions(lake: Lake) -> list[str]:
    line = read_pointer(lake, Zone.SILVER).line("events")
    assert line is not None
    return [ref.version for ref in line.versions]


def test_nothing_is_current_before_the_first_promotion(lake: Lake) -> None:
    write_candidate(lake, "events", "v1")
    assert current_silver(lake, "events") is None
    assert current_release(lake) is None
    with pytest.raises(NeverPromotedError, match=r"silver/events.*nothing promoted; run the pipeline first"):
        current_manifest(lake, Zone.SILVER, "events")


def test_what_is_promoted_is_current_and_reads_back_whole(lake: Lake) -> None:
    manifest = write_candidate(lake, "events", "v1")
    (promoted,) = promote_silver(lake, [manifest], {"events": Seen(0, None)}, now=NOON)
    assert promoted == manifest
    assert current_manifest(lake, Zone.SILVER, "events") == manifest
    assert current_place(lake, Zone.SILVER, manifest).path == "silver/events/v1"
    assert [f.path for f in manifest.files] == [
        "event_date=2026-01-01/part-0.parquet",
        "event_date=2026-01-02/part-1.parquet",
    ]


def test_the_datasets_of_a_run_are_promoted_together(lake: Lake) -> None:
    promote(lake, "events", "users", version="v1")
    before = read_pointer(lake, Zone.SILVER)
    promote(lake, "users", version="v2")  # another run was faster with one of them
    manifests = [write_candidate(lake, name, "v3") for name in ("events", "users")]
    expected = {name: before.seen(name) for name in ("events", "users")}
    with pytest.raises(PromotionConflictError) as caught:
        promote_silver(lake, manifests, expected, now=NOON)
    assert "silver/users was changed by another run or a rollback" in str(caught.value)
    assert "expected version v1 (change 1), found version v2 (change 2)" in str(caught.value)
    assert current_manifest(lake, Zone.SILVER, "events").version == "v1"
    assert current_manifest(lake, Zone.SILVER, "users").version == "v2"


def test_runs_that_promote_different_names_do_not_conflict(lake: Lake) -> None:
    before = read_pointer(lake, Zone.SILVER)
    promote(lake, "events", version="v1")
    users = write_candidate(lake, "users", "v1")
    promote_silver(lake, [users], {"users": before.seen("users")}, now=NOON)
    assert current_manifest(lake, Zone.SILVER, "events").version == "v1"
    assert current_manifest(lake, Zone.SILVER, "users").version == "v1"


def test_the_same_promotion_twice_changes_nothing(lake: Lake) -> None:
    manifest = write_candidate(lake, "events", "v1")
    promote_silver(lake, [manifest], {"events": Seen(0, None)}, now=NOON)
    promote_silver(lake, [manifest], {"events": Seen(0, None)}, now=NOON)
    assert read_pointer(lake, Zone.SILVER).seen("events") == Seen(1, "v1")


def test_a_blocked_candidate_is_refused(lake: Lake) -> None:
    manifest = write_candidate(lake, "events", "v1", verdict="block")
    with pytest.raises(PromotionRefusedError, match="expected verdict pass or warn, found verdict block"):
        promote_silver(lake, [manifest], {"events": Seen(0, None)}, now=NOON)
    assert current_silver(lake, "events") is None


@pytest.mark.parametrize("wrong", ["missing", "shorter", "additional"])
def test_a_candidate_whose_files_differ_from_its_manifest_is_refused(lake: Lake, wrong: str) -> None:
    manifest = write_candidate(lake, "events", "v1")
    file = lake.silver("events", "v1").child("event_date=2026-01-02/part-1.parquet")
    if wrong == "missing":
        file.delete()
    elif wrong == "shorter":
        file.write_bytes(b"mor")
    else:
        lake.silver("events", "v1").child("part-9.parquet").write_bytes(b"x")
    with pytest.raises(PromotionRefusedError, match="1 files differ from the manifest"):
        promote_silver(lake, [manifest], {"events": Seen(0, None)}, now=NOON)


def test_a_version_is_never_overwritten(lake: Lake) -> None:
    promote(lake, "events", version="v1")
    other = replace(write_candidate(lake, "events", "v1"), rows=8)
    with pytest.raises(PromotionRefusedError, match="another version of that name exists"):
        promote_silver(lake, [other], {"events": read_pointer(lake, Zone.SILVER).seen("events")}, now=NOON)


def test_a_rollback_makes_the_previous_version_current(lake: Lake) -> None:
    for version in ("v1", "v2"):
        promote(lake, "events", "users", version=version)
    done = rollback(lake, Zone.SILVER, "events", now=NOON)
    assert (done.names, done.from_version, done.to_version) == (("events",), "v2", "v1")
    assert current_manifest(lake, Zone.SILVER, "events").version == "v1"
    assert current_manifest(lake, Zone.SILVER, "users").version == "v2"
    line = read_pointer(lake, Zone.SILVER).line("events")
    assert line is not None
    assert line.promoted_fingerprint == "fingerprint of v2"  # so that the next run does not undo it
    assert [(ref.version, ref.replaced_at) for ref in line.versions] == [("v2", NOON), ("v1", None)]


def test_a_rollback_without_an_earlier_version_is_an_error(lake: Lake) -> None:
    promote(lake, "events", version="v1")
    with pytest.raises(NoEarlierVersionError, match="silver/events has no earlier version"):
        rollback(lake, Zone.SILVER, "events", now=NOON)
    with pytest.raises(NeverPromotedError, match=r"silver/event\b.*promoted: silver/events; check the name"):
        rollback(lake, Zone.SILVER, "event", now=NOON)
    with pytest.raises(NoEarlierVersionError, match="bronze/events cannot be rolled back"):
        rollback(lake, Zone.BRONZE, "events", now=NOON)


def test_a_promotion_after_a_rollback_replaces_the_version_rolled_back_to(lake: Lake) -> None:
    for version in ("v1", "v2"):
        promote(lake, "events", version=version)
    rollback(lake, Zone.SILVER, "events", now=NOON)
    promote(lake, "events", version="v3")
    assert current_manifest(lake, Zone.SILVER, "events").previous == "v1"
    assert kept_versions(lake) == ["v3", "v1"]
    rollback(lake, Zone.SILVER, "events", now=NOON)
    assert current_manifest(lake, Zone.SILVER, "events").version == "v1"


def test_a_rollback_to_damaged_files_is_refused(lake: Lake) -> None:
    for version in ("v1", "v2"):
        promote(lake, "events", version=version)
    lake.silver("events", "v1").child("event_date=2026-01-02/part-1.parquet").delete()
    with pytest.raises(PromotionRefusedError, match=r"part-1\.parquet, expected 4 bytes, found no such file"):
        rollback(lake, Zone.SILVER, "events", now=NOON)
    assert current_manifest(lake, Zone.SILVER, "events").version == "v2"


def test_a_promotion_conflicts_with_a_rollback_since_the_run_began(lake: Lake) -> None:
    for version in ("v1", "v2"):
        promote(lake, "events", version=version)
    seen = read_pointer(lake, Zone.SILVER).seen("events")
    rollback(lake, Zone.SILVER, "events", now=NOON)
    with pytest.raises(PromotionConflictError):
        promote_silver(lake, [write_candidate(lake, "events", "v3")], {"events": seen}, now=NOON)


def test_the_gold_tables_are_one_release(lake: Lake) -> None:
    for version in ("v1", "v2"):
        seen = read_pointer(lake, Zone.GOLD).seen("release")
        promote_release(lake, write_release_candidate(lake, version), seen, now=NOON)
    release = current_release(lake)
    assert release is not None
    assert (release.version, release.previous, release.rows) == ("v2", "v1", 21)
    assert [table.folder for table in release.tables] == [
        "dim/dim_users/v2",
        "fact/fact_events/v2",
        "mart/daily_revenue/v2",
    ]
    assert current_manifest(lake, Zone.GOLD, "fact_events") == release.table("fact_events")
    done = rollback(lake, Zone.GOLD, "fact_events", now=NOON)
    assert (done.names, done.to_version) == (TABLES, "v1")
    assert {current_manifest(lake, Zone.GOLD, name).version for name in TABLES} == {"v1"}
    with pytest.raises(NeverPromotedError, match="gold/fact_event"):
        rollback(lake, Zone.GOLD, "fact_event", now=NOON)


def test_a_release_with_one_unfit_table_promotes_none(lake: Lake) -> None:
    release = write_release_candidate(lake, "v1")
    lake.gold("daily_revenue", "v1").child("event_date=2026-01-01/part-0.parquet").delete()
    with pytest.raises(PromotionRefusedError, match="gold/daily_revenue"):
        promote_release(lake, release, Seen(0, None), now=NOON)
    assert current_release(lake) is None


def test_a_changed_manifest_is_an_error(lake: Lake) -> None:
    promote(lake, "events", version="v1")
    place = lake.area(Zone.SILVER).child(document_path("events", "v1"))
    place.write_bytes(place.read_bytes().replace(b'"rows": 7', b'"rows": 8'))
    with pytest.raises(DamagedDocumentError, match="the document of a promoted version was changed"):
        current_silver(lake, "events")
    place.delete()
    with pytest.raises(DamagedDocumentError, match="the document of a promoted version is missing"):
        current_silver(lake, "events")


def test_a_damaged_pointer_is_an_error(lake: Lake) -> None:
    for content in (
        b"",
        b"{",
        b"[]",
        b'{"kind": "manifest", "format": 1}',
        b'{"kind": "pointer", "format": 2}',
        b'{"kind": "pointer", "format": 1, "zone": "silver", "names": [{"name": "events", "change": 1,'
        b' "current": "v1", "promoted_fingerprint": "", "versions": []}]}',
    ):
        lake.pointer(Zone.SILVER).write_bytes(content)
        with pytest.raises(DamagedDocumentError, match=r"_manifests/current\.json.*expected .* found "):
            read_pointer(lake, Zone.SILVER)


def test_pruning_keeps_the_last_two_versions_and_everything_young(lake: Lake) -> None:
    for hour, version in enumerate(("v1", "v2", "v3", "v4")):
        promote(lake, "events", version=version, now=NOON + timedelta(hours=hour))
    write_candidate(lake, "events", "candidate")
    lake.staging(Zone.SILVER, "a run").child("rows.parquet").write_bytes(b"x")
    info = lake.silver("events", "candidate").child("_SUCCESS").stat()
    assert info is not None
    written = info.modified

    pruned = prune(lake, now=written + timedelta(hours=23))
    assert (pruned.versions, pruned.documents, pruned.staging) == ((), (), ())

    # A day later the next promotion lets go of what was replaced long ago, and pruning removes it.
    promote(lake, "events", version="v5", now=NOON + 2 * DAY)
    pruned = prune(lake, now=written + 2 * DAY)
    assert kept_versions(lake) == ["v5", "v4"]
    assert list(lake.area(Zone.SILVER).storage.list_folders("silver/events")) == ["v4", "v5"]
    assert [uri.rpartition("/")[2] for uri in pruned.versions] == ["candidate", "v1", "v2", "v3"]
    assert [uri.rpartition("/")[2] for uri in pruned.documents] == ["v1.json", "v2.json", "v3.json"]
    assert len(pruned.staging) == 1
    rollback(lake, Zone.SILVER, "events", now=NOON)
    assert current_manifest(lake, Zone.SILVER, "events").version == "v4"


def test_pruning_gold_never_touches_the_kept_releases(lake: Lake) -> None:
    for version in ("v1", "v2", "v3"):
        seen = read_pointer(lake, Zone.GOLD).seen("release")
        promote_release(lake, write_release_candidate(lake, version), seen, now=NOON)
    promote_release(
        lake,
        write_release_candidate(lake, "v4"),
        read_pointer(lake, Zone.GOLD).seen("release"),
        now=NOON + 3 * DAY,
    )
    info = lake.gold("dim_users", "v4").child("_SUCCESS").stat()
    assert info is not None
    prune(lake, now=info.modified + 2 * DAY)
    for table, folder in zip(TABLES, ("dim", "fact", "mart"), strict=True):
        assert list(lake.area(Zone.GOLD).storage.list_folders(f"gold/{folder}/{table}")) == ["v3", "v4"]
