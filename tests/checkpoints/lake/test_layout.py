"""Layout and documents of a lake."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checkpoints.lake.layout import Area, Lake, new_version, open_lake, path_safe
from checkpoints.lake.ledger import read_ledger
from checkpoints.lake.manifest import read_manifest, read_release, write_manifest, write_release
from checkpoints.storage.errors import DamagedDocumentError
from contracts.model import Zone
from tests.checkpoints.lake.versions import write_candidate, write_release_candidate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path))


def test_the_places_of_a_lake(lake: Lake, tmp_path: Path) -> None:
    places = {
        "raw/events": lake.raw("events"),
        "bronze/events": lake.bronze("events"),
        "silver/users_history/v": lake.silver("users_history", "v"),
        "gold/dim/dim_date/v": lake.gold("dim_date", "v"),
        "gold/fact/fact_user_activity/v": lake.gold("fact_user_activity", "v"),
        "gold/mart/daily_active_users/v": lake.gold("daily_active_users", "v"),
        "quarantine/files/events/a/b.csv": lake.quarantined_file("events", "a/b.csv"),
        "quarantine/files/events/a/b.csv.reason.json": lake.quarantined_file_reason("events", "a/b.csv"),
        "quarantine/rows/events/r": lake.quarantined_rows("events", "r"),
        "quarantine/rows/events": lake.quarantined_rows("events"),
        "silver/_drift/events.json": lake.first_seen("events"),
        "metrics": lake.metrics,
        "docs": lake.docs,
        "silver/_staging/r": lake.staging(Zone.SILVER, "r"),
        "gold/_manifests/current.json": lake.pointer(Zone.GOLD),
    }
    assert {path: place.uri for path, place in places.items()} == {
        path: f"{tmp_path}/{path}" for path in places
    }


def test_a_zone_can_have_a_root_of_its_own(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path / "lake"), {Area.SILVER: f"file://{tmp_path}/elsewhere"})
    assert lake.silver("events", "v").uri == f"{tmp_path}/elsewhere/events/v"
    assert lake.pointer(Zone.SILVER).uri == f"{tmp_path}/elsewhere/_manifests/current.json"
    assert lake.gold("user_ltv", "v").uri == f"{tmp_path}/lake/gold/mart/user_ltv/v"


def test_versions_of_one_run_id_differ() -> None:
    assert new_version("run") != new_version("run")


def test_different_run_ids_have_different_folders() -> None:
    ids = ["a", "a:b", "a-b", "a+b", "_a", ".a", "..", "", "x" * 200, "x" * 201, "a/b"]
    safe = [path_safe(run_id) for run_id in ids]
    assert len(set(safe)) == len(ids)
    assert all(name and "/" not in name and name[0] not in "._" for name in safe)


def test_manifests_and_releases_read_back_as_they_were_written(lake: Lake) -> None:
    manifest = replace(write_candidate(lake, "events", "v1"), previous="v0")
    for keys_xor in (None, -(2**63)):
        keyed = replace(manifest, keys_xor=keys_xor)
        assert read_manifest(write_manifest(keyed), "here") == keyed
    release = write_release_candidate(lake, "v1")
    assert read_release(write_release(release), "here") == release


def test_the_bytes_of_a_release_never_change(lake: Lake) -> None:
    """The warehouse recognises a loaded release by their checksum."""
    document = write_release(write_release_candidate(lake, "v1"))
    expected = "013d803a1990da92b49e7a939222660b0ba63ebd7728593fca3994f7cd6a1bc1"
    assert hashlib.sha256(document).hexdigest() == expected


def test_a_manifest_without_keys_from_an_older_version_is_read(lake: Lake) -> None:
    manifest = write_candidate(lake, "events", "v1")
    document = json.loads(write_manifest(manifest))
    del document["keys_xor"]
    assert read_manifest(json.dumps(document).encode(), "here") == manifest


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"rows": 7', '"rows": "7"', "field 'rows', expected a valid integer, found \"7\""),
        ('"rows": 7', '"rows": true', "field 'rows', expected a valid integer, found true"),
        ('"rows": 7', '"row": 7', "field 'rows', expected a value, found no such field"),
        ('"rows": 7', '"rows": 7, "more": 1', "field 'more', expected no such field, found 1"),
        ('"type": "string"', '"type": "string", "more": 1', "field 'schema[0].more', expected no such field"),
        ('"version": "v1"', '"version": null', "field 'version', expected a valid string, found null"),
        (
            '"total": "12.5000"',
            '"total": "much"',
            "field 'sums[0].total', expected a decimal number, found much",
        ),
        ('"size_bytes": 4', '"size_bytes": 5', "expected files of"),
        ("2026-01-01T12:00:00+00:00", "2026-01-01T12:00:00", "expected a time with its offset"),
        ("2026-01-01T12:00:00+00:00", "noon", "expected an ISO 8601 time, found noon"),
        ('"format": 1', '"format": 9', "expected format 1, found format 9"),
        ('"kind": "manifest"', '"kind": "release"', "expected a document of kind 'manifest'"),
    ],
)
def test_a_damaged_manifest_names_the_field(lake: Lake, old: str, new: str, words: str) -> None:
    document = write_manifest(write_candidate(lake, "events", "v1")).decode()
    assert old in document
    with pytest.raises(DamagedDocumentError) as caught:
        read_manifest(document.replace(old, new).encode(), "manifest here")
    assert words in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"no gzip", b"\x1f\x8b\x08\x00", b"{}"])
def test_a_damaged_ledger_is_an_error(data: bytes) -> None:
    with pytest.raises(
        DamagedDocumentError, match="a damaged document: ledger here, expected a ledger of format 1"
    ):
        read_ledger(data, "ledger here")


def test_a_local_lake_imports_nothing_heavy() -> None:
    code = (
        "import sys; from checkpoints.lake import promotion, housekeeping, bronze_promotion;"
        "from checkpoints.quarantine import files;"
        "from checkpoints.lake.layout import open_lake; open_lake('/nowhere').docs;"
        "heavy = {'boto3', 'botocore', 'pandas', 'pyarrow', 'pyspark', 'tenacity', 'great_expectations'};"
        "sys.exit(str(sorted(heavy & sys.modules.keys())) if heavy & sys.modules.keys() else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
