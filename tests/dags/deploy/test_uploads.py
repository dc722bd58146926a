"""Uploads: all files of a job, only changed ones, no stale ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import contracts
import dags.glue
from contracts.loader import promise_files
from tests.dags.deploy.conftest import WHEELS, WHEELS_WITH_REDSHIFT, client

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.dags.deploy.conftest import Deployed

ARTIFACTS = "lake/artifacts/"


def uploaded() -> dict[str, bytes]:
    s3 = client("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="shop")["Contents"]]
    return {key.removeprefix(ARTIFACTS): s3.get_object(Bucket="shop", Key=key)["Body"].read() for key in keys}


def test_wheels_script_contracts_and_policies_are_uploaded(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    deploy("--create-roles")
    found = uploaded()
    assert found[WHEELS] == WHEELS.encode()
    assert WHEELS_WITH_REDSHIFT not in found
    assert found["lakegate_job.py"] == Path(dags.glue.__file__).with_name("job.py").read_bytes()
    root = Path(contracts.__file__).parent
    assert {key for key in found if key.startswith("contracts/")} == {
        f"contracts/{path.relative_to(root).as_posix()}" for path in promise_files(root)
    }
    assert "contracts/silver/defaults.yaml" in found
    assert {key for key in found if key.startswith("policies/")} == {
        f"policies/{name}.yaml" for name in ("events", "users", "transactions", "gold")
    }


@pytest.mark.aws
def test_only_what_changed_is_uploaded_again(aws: None, deploy: Callable[..., Deployed], dist: Path) -> None:
    deploy("--create-roles")
    (dist / WHEELS).write_bytes(b"other wheels")
    result = deploy("--create-roles", "--json")
    assert result.steps("unchanged") == {f"upload s3://shop/lake/artifacts/{WHEELS}": "update"}
    assert uploaded()[WHEELS] == b"other wheels"


@pytest.mark.aws
def test_a_removed_contract_is_deleted_and_other_files_are_kept(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    deploy("--create-roles")
    for key in ("contracts/silver/gone.yaml", "contracts/notes.txt", "mine.yaml"):
        client("s3").put_object(Bucket="shop", Key=f"{ARTIFACTS}{key}", Body=b"x")
    result = deploy("--create-roles", "--json")
    assert result.steps("unchanged") == {
        "upload s3://shop/lake/artifacts/contracts/silver/gone.yaml": "delete"
    }
    assert {"contracts/notes.txt", "mine.yaml"} <= uploaded().keys()
    assert "contracts/silver/gone.yaml" not in uploaded()


@pytest.mark.aws
def test_custom_contracts_replace_the_shipped_ones(
    aws: None, deploy: Callable[..., Deployed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(contracts.__file__).parent
    for path in root.rglob("*.yaml"):
        own = tmp_path / "own" / path.relative_to(root)
        own.parent.mkdir(parents=True, exist_ok=True)
        own.write_text(path.read_text() + "# ours\n")
    monkeypatch.setenv("LAKEGATE_CONTRACTS", str(tmp_path / "own"))
    deploy("--create-roles")
    assert uploaded()["contracts/silver/events.yaml"].endswith(b"# ours\n")
    job = client("glue").get_job(JobName="lakegate-raw_to_bronze")["Job"]
    assert job["DefaultArguments"]["--contracts"] == "s3://shop/lake/artifacts/contracts"
