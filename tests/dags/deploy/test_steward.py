"""A data steward's way with the permissions of the steward's role alone."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from checkpoints.storage.errors import StorageError
from checkpoints.storage.opening import open_storage
from dags.deploy.policies import policy_documents
from tests.dags.deploy.conftest import client
from tests.dags.lake_runs import LakeRuns
from tests.stand_ins.permissions import allowed_only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyspark.sql import SparkSession

    from dags.deploy.target import Target
    from tests.dags.deploy.conftest import Deployed

LAKE = "s3://shop/lake"
REJECTED = (
    "event_id,user_id,ts,country,age\ne8,u1,2024-05-04T09:00:00Z,IT,301\ne9,u1,2024-05-04T10:00:00Z,IT,300\n"
)


@pytest.fixture
def quarantined(aws: None, spark: SparkSession, tmp_path: Path) -> None:
    """Put the zones of a lake with two rejected rows into the bucket."""
    lake = LakeRuns(tmp_path / "lake", spark)
    lake.drop_shop()
    lake.drop("events/app.csv", REJECTED)
    for only in ("raw_to_bronze", "bronze_to_silver"):
        lake.run(only=only, run_id="first")
    client("s3").create_bucket(Bucket="shop")
    for path in lake.root.rglob("*"):
        if path.is_file():
            key = f"lake/{path.relative_to(lake.root).as_posix()}"
            client("s3").put_object(Bucket="shop", Key=key, Body=path.read_bytes())


@pytest.mark.aws
def test_a_steward_decides_on_rows_and_reads_and_changes_nothing_else(
    quarantined: None,
    target: Callable[..., Target],
    lakegate: Callable[..., Deployed],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    sheet = tmp_path / "sheet.csv"
    lake = ("--lake", LAKE)
    with allowed_only(policy_documents(target())["steward"]):
        exported = lakegate("quarantine", "export", "--dataset", "events", "--out", sheet, *lake)
        assert exported.status == 0, exported.err
        with sheet.open(encoding="utf-8-sig", newline="") as file:
            header, first, second = csv.reader(file)
        age, row_id = header.index("age"), header.index("row_id")
        assert (first[age], second[age]) == ("'301", "'300")
        first[age] = "31"
        with sheet.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([header, first])
        fixed = lakegate("quarantine", "fix", sheet, "--reason", "asked the user", "--yes", "--json", *lake)
        assert fixed.status == 0, fixed.err
        discard = (
            "discard",
            "--dataset",
            "events",
            "--row",
            second[row_id].removeprefix("'"),
            "--reason",
            "a robot",
            "--yes",
        )
        discarded = lakegate("quarantine", *discard, *lake)
        assert discarded.status == 0, discarded.err
        logged = lakegate("quarantine", "log", "--json", *lake)
        assert logged.status == 0, logged.err
        assert [one["action"] for one in logged.document["decisions"]] == ["fix", "discard"]
        corrections = open_storage(f"{LAKE}/corrections")
        decided = next(one.path for one in corrections.list("events"))
        for refused in (
            lambda: corrections.write_bytes(decided, b"{}"),
            lambda: corrections.delete(decided),
            lambda: open_storage(f"{LAKE}/quarantine").write_bytes("events/x", b""),
            lambda: open_storage(f"{LAKE}/silver").read_versioned("_manifests/current.json"),
            lambda: open_storage(f"{LAKE}/raw").read_versioned("events/app.csv"),
        ):
            with pytest.raises(StorageError, match="denied"):
                refused()
