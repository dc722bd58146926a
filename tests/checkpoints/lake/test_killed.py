"""A kill at any write of an ingestion or promotion leaves promoted data intact; the next run recovers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from checkpoints.lake.bronze import current_ledger, verify_bronze
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.layout import Lake
from checkpoints.lake.promotion import (
    candidate_files,
    current_place,
    current_release,
    current_silver,
    promote_release,
    promote_silver,
    rollback,
)
from checkpoints.storage.errors import DamagedBronzeError
from checkpoints.storage.local import LocalStorage
from checkpoints.storage.place import Place
from contracts.model import Zone
from tests.checkpoints.lake.ingesting import bronze_content, counts, run
from tests.checkpoints.lake.versions import (
    NOON,
    describe_candidate,
    describe_release,
    write_candidate,
    write_release_candidate,
)
from tests.killing import Blow, Struck, StruckStorage, run_killed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from checkpoints.storage.storage import Storage

NAMES = ("events", "users", "users_history")


def at_every_change(
    tmp_path: Path, prepare: Callable[[Lake], None], work: Callable[[Lake], None]
) -> list[Lake]:
    """Return the lakes that ``work``, killed before each of its changes in turn, leaves behind."""
    prepared = tmp_path / "prepared"
    prepare(Lake(Place(LocalStorage(prepared))))
    lakes: list[Lake] = []
    while True:
        folder = tmp_path / f"killed-{len(lakes) + 1}"
        shutil.copytree(prepared, folder)  # with the times of the files
        lake = Lake(Place(LocalStorage(folder)))
        if not run_killed(lambda lake=lake: work(lake), str(folder), len(lakes) + 1):
            return lakes
        lakes.append(lake)


def write_all(lake: Lake, version: str) -> None:
    for name in NAMES:
        write_candidate(lake, name, version)
    write_release_candidate(lake, version)


def promote_all(lake: Lake, version: str) -> None:
    pointer = read_pointer(lake, Zone.SILVER)
    manifests = [describe_candidate(lake, name, version) for name in NAMES]
    promote_silver(lake, manifests, {name: pointer.seen(name) for name in NAMES}, now=NOON)


def release(lake: Lake, version: str) -> None:
    seen = read_pointer(lake, Zone.GOLD).seen("release")
    promote_release(lake, describe_release(lake, version), seen, now=NOON)


def silver_versions(lake: Lake) -> set[str]:
    found = set()
    for name in NAMES:
        manifest = current_silver(lake, name)
        assert manifest is not None
        assert candidate_files(current_place(lake, Zone.SILVER, manifest)) == manifest.files
        found.add(manifest.version)
    return found


def gold_version(lake: Lake) -> str:
    found = current_release(lake)
    assert found is not None
    for table in found.tables:
        assert candidate_files(current_place(lake, Zone.GOLD, table)) == table.files
    return found.version


def prepare_first(lake: Lake) -> None:
    for version in ("v1", "v2", "v3"):
        write_all(lake, version)
    promote_all(lake, "v1")
    release(lake, "v1")


def test_a_promotion_of_several_datasets_is_all_or_nothing(tmp_path: Path) -> None:
    lakes = at_every_change(tmp_path, prepare_first, lambda lake: promote_all(lake, "v2"))
    found = [silver_versions(lake) for lake in lakes]
    assert found.count({"v1"}) > 10
    assert found.count({"v2"}) >= 1
    assert all(versions in ({"v1"}, {"v2"}) for versions in found)
    for lake in lakes:
        promote_all(lake, "v3")
        assert silver_versions(lake) == {"v3"}


def test_a_release_is_all_or_nothing(tmp_path: Path) -> None:
    lakes = at_every_change(tmp_path, prepare_first, lambda lake: release(lake, "v2"))
    found = [gold_version(lake) for lake in lakes]
    assert found.count("v1") > 5
    assert found.count("v2") >= 1
    for lake in lakes:
        release(lake, "v3")
        assert gold_version(lake) == "v3"


def test_a_rollback_is_all_or_nothing(tmp_path: Path) -> None:
    def prepare(lake: Lake) -> None:
        prepare_first(lake)
        release(lake, "v2")

    lakes = at_every_change(tmp_path, prepare, lambda lake: rollback(lake, Zone.GOLD, "dim_users", now=NOON))
    found = [gold_version(lake) for lake in lakes]
    assert set(found) == {"v1", "v2"}
    for lake, version in zip(lakes, found, strict=True):
        if version == "v2":
            rollback(lake, Zone.GOLD, "dim_users", now=NOON)
        assert gold_version(lake) == "v1"


def drop_first(lake: Lake) -> None:
    for key, content in {
        "a.csv": "old",
        "same.csv": "same",
        "_alias.csv": "alias",
        "bad.csv": "!empty",
    }.items():
        lake.raw("events").child(key).write_bytes(content.encode())
    run(lake)
    raw = lake.raw("events")
    raw.child("a.csv").write_bytes(b"newer content")
    raw.child("_alias.csv").write_bytes(b"another alias")
    raw.child("new/b.csv").write_bytes(b"b")
    raw.child("worse.csv").write_bytes(b"!undecodable")


WANTED = {"_alias.csv": b"another alias", "a.csv": b"newer content", "new/b.csv": b"b", "same.csv": b"same"}


def assert_intact_and_recovers(lake: Lake) -> None:
    content = bronze_content(lake)
    assert content["a.csv"] in {b"old", b"newer content"}
    assert all(content[key] in {WANTED[key], b"alias"} for key in content if key != "a.csv")
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    try:
        verify_bronze(lake, ledger)
    except DamagedBronzeError:
        # The new copy is written but not the new ledger: readers get an error, not wrong data.
        assert (content["a.csv"], content["_alias.csv"]) != (b"old", b"alias")
    again = counts(run(lake))
    assert again["empty"] == again["undecodable"] == 1
    assert again.get("valid", 0) + again.get("unchanged", 0) == 4
    assert bronze_content(lake) == WANTED
    recovered = current_ledger(lake, "events")
    assert recovered is not None
    verify_bronze(lake, recovered)
    for key in ("bad.csv", "worse.csv"):
        assert lake.quarantined_file_reason("events", key).stat() is not None
    assert counts(run(lake)) == {"unchanged": 4, "empty": 1, "undecodable": 1}


def test_an_ingestion_killed_at_any_change_is_completed_by_the_next(tmp_path: Path) -> None:
    lakes = at_every_change(tmp_path, drop_first, lambda lake: run(lake) and None)
    assert len(lakes) > 15
    for lake in lakes:
        assert_intact_and_recovers(lake)


def test_an_ingestion_whose_storage_dies_at_any_write_is_completed_by_the_next(storage: Storage) -> None:
    """On S3 the storage fails from one write on, in place of a killed process."""
    for write in range(1, 100):
        lake = Lake(Place(storage, f"lake-{write}"))
        drop_first(lake)
        try:
            run(Lake(Place(StruckStorage(storage, Blow(write)), lake.root.path)))
        except Struck:
            assert_intact_and_recovers(lake)
            continue
        break
    assert 5 < write < 99
