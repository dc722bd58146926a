"""Fixture: an empty lake with a catalog, once in a folder with SQLite and once on moto's S3 with Glue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from checkpoints.catalog.address import read_catalog_address
from checkpoints.lake.layout import open_lake
from tests.checkpoints.catalog.lakes import CatalogedLake

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["local", "in_glue"])
def cataloged(request: pytest.FixtureRequest) -> CatalogedLake:
    """An empty lake and an empty catalog: local with SQLite, or on S3 with Glue."""
    lake: CatalogedLake = request.getfixturevalue(request.param)
    return lake


@pytest.fixture
def in_glue(s3_client: object, monkeypatch: pytest.MonkeyPatch) -> CatalogedLake:
    """An empty lake on moto's S3 and an empty database in moto's Glue."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    boto3.client("glue").create_database(DatabaseInput={"Name": "shop"})
    return CatalogedLake(open_lake("s3://lake/some/prefix"), read_catalog_address("glue://shop"))


@pytest.fixture
def local(tmp_path: Path) -> CatalogedLake:
    """An empty local lake and an empty catalog in SQLite."""
    return local_lake(tmp_path)


def local_lake(folder: Path) -> CatalogedLake:
    """Return a lake and a catalog below a folder."""
    address = read_catalog_address(f"sqlite:///{folder}/lake/catalog.db")
    return CatalogedLake(open_lake(str(folder / "lake")), address)
