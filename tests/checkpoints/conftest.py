"""Fixtures: an empty storage of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from checkpoints.storage.local import LocalStorage
from checkpoints.storage.s3 import S3Storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checkpoints.storage.storage import Storage


@pytest.fixture
def s3_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A boto3 client of moto's S3, with the bucket ``lake``."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="lake")
        yield client


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """An empty storage, once in a folder and once in a bucket below a prefix."""
    if request.param == "local":
        return LocalStorage(tmp_path / "lake")
    return S3Storage(request.getfixturevalue("s3_client"), "lake", "some/prefix")
