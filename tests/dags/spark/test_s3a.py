"""A lake on S3, which Spark reaches by s3a, holds row for row what a local lake holds."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pyarrow.dataset as pds
import pytest

from checkpoints.lake.layout import Area
from dags.settings import Settings
from dags.spark.s3a import s3_options
from tests.dags.lake_runs import AS_OF, LakeRuns
from tests.stand_ins.aws import REGION, aws_on_loopback, client
from tests.stand_ins.redshift.data_api import DataApiServer
from tests.stand_ins.redshift.database import RedshiftDatabase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SILVER = ("silver/events", "silver/users", "silver/transactions", "silver/users_history")
GOLD = (
    *("gold/dim_users", "gold/dim_country", "gold/dim_status", "gold/dim_date", "gold/fact_events"),
    *("gold/fact_transactions", "gold/fact_user_activity", "gold/daily_revenue"),
    *("gold/daily_active_users", "gold/user_ltv"),
)
# The AWS SDK in Hadoop 3.4.2 gives every multipart upload this type, and S3A has no option for another one.
UPSTREAMS_OR_SPARKS = re.compile(r"shop/(raw/.*|(silver|gold)/.*/part-[^/]*\.parquet)", re.DOTALL)
ROLE = "arn:aws:iam::123456789012:role/lakegate-copy"
SPARK = {"spark.master": "local[2]", "spark.driver.memory": "2g", "spark.sql.shuffle.partitions": "2"}


def run(lake: str, warehouse: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run the pipeline in a process of its own, which has a Spark of its own, and return the report."""
    command = ("run", "--json", "--lake", lake, "--as-of", AS_OF, "--run-id", "r1")
    told = subprocess.run(
        [sys.executable, "-m", "dags.cli.main", *command, "--warehouse", warehouse],
        env={**os.environ, **environment, "LAKEGATE_SPARK_OPTIONS": json.dumps(SPARK)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def without_places(document: Any) -> Any:
    """Return a report without what differs from lake to lake: times and URIs."""
    if isinstance(document, dict):
        left_out = ("seconds", "promoted", "docs")
        return {name: without_places(value) for name, value in document.items() if name not in left_out}
    return [without_places(one) for one in document] if isinstance(document, list) else document


def quarantined(root: Path) -> list[dict[str, Any]]:
    files = sorted(str(path) for path in (root / "quarantine/rows").rglob("*.parquet"))
    rows = pds.dataset(files).to_table().drop_columns(["quarantined_at"]).to_pylist()
    return sorted(rows, key=lambda row: (row["dataset"], row["source_file"], row["raw"]))


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder that is no document of ours."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "_manifests" not in path.parts
    }


@pytest.mark.aws
def test_a_lake_on_s3_is_row_for_row_the_local_lake(tmp_path: Path) -> None:
    local = LakeRuns(tmp_path / "local", spark=None)  # type: ignore[arg-type]
    local.drop_messy_shop()
    local.drop("events/a folder/ümlaut + 100%.csv", "event_id,user_id,ts\ne77,u1,2024-05-04T10:00:00Z\n")
    here = run(str(local.root), f"duckdb://{tmp_path}/here.duckdb", {})

    with aws_on_loopback() as environment:
        s3 = client(environment, "s3")
        s3.create_bucket(Bucket="lake")
        for path in (local.root / "raw").rglob("*"):
            if path.is_file():
                s3.upload_file(str(path), "lake", f"shop/{path.relative_to(local.root).as_posix()}")
        database = RedshiftDatabase(s3, roles=(ROLE,))
        database.query("CREATE SCHEMA gold")
        with DataApiServer(database) as redshift:
            at = f"redshift-data://{redshift.workgroup}/{database.name}"
            warehouse = f"{at}?schema=gold&iam_role={ROLE}&region={REGION}"
            everything = {**environment, "AWS_ENDPOINT_URL_REDSHIFT_DATA": redshift.url}
            there = run("s3://lake/shop", warehouse, everything)
            again = run("s3://lake/shop", warehouse, everything)
            facts = database.query("SELECT count(*) FROM fact_events", search_path="gold")
        copy = LakeRuns(tmp_path / "copy", spark=None)  # type: ignore[arg-type]
        types: dict[str, str] = {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="lake", Prefix="shop/"):
            for item in page["Contents"]:
                types[item["Key"]] = s3.head_object(Bucket="lake", Key=item["Key"])["ContentType"]
                path = copy.root / item["Key"].removeprefix("shop/")
                if not item["Key"].endswith("/"):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    s3.download_file("lake", item["Key"], str(path))

    assert without_places(there) == without_places(here)
    assert {one["verdict"] for one in again["transitions"][1:]} == {"unchanged"}
    assert facts == [(len(local.rows("gold/fact_events")),)]
    for name in (*SILVER, *GOLD):
        assert copy.rows(name) == local.rows(name), name
    assert quarantined(copy.root) == quarantined(local.root)
    assert contents(copy.root / "bronze") == contents(local.root / "bronze")
    untyped = {key for key, media_type in types.items() if media_type == "binary/octet-stream"}
    assert not {key for key in untyped if not UPSTREAMS_OR_SPARKS.fullmatch(key)}
    assert types["shop/docs/index.html"] == "text/html; charset=utf-8"
    assert contents(copy.root / "quarantine/files").keys() == contents(local.root / "quarantine/files").keys()


def test_a_local_lake_needs_no_jars() -> None:
    assert s3_options(Settings(lake="/data/lake")) == {}


@pytest.mark.parametrize("area", Area)
def test_one_zone_on_s3_is_enough_to_need_them(area: Area) -> None:
    options = s3_options(Settings(lake="/data/lake", **{f"{area.value}_root": "s3://zone"}))
    assert options["spark.hadoop.fs.s3a.committer.name"] == "magic"


def test_the_jars_match_the_hadoop_of_spark() -> None:
    packages = s3_options(Settings(lake="s3://lake"))["spark.jars.packages"].split(",")
    assert packages[:2] == [
        "org.apache.hadoop:hadoop-aws:3.4.2",
        "org.apache.spark:spark-hadoop-cloud_2.13:4.1.1",
    ]
    assert not any("bundle" in package for package in packages)


def test_s3a_writes_with_the_lakes_own_key() -> None:
    options = s3_options(Settings(lake="s3://lake", kms_key="arn:aws:kms:eu-west-1:123456789012:key/k"))
    assert options["spark.hadoop.fs.s3a.encryption.algorithm"] == "SSE-KMS"
    assert options["spark.hadoop.fs.s3a.encryption.key"].endswith("key/k")


def test_s3a_goes_where_boto3_goes() -> None:
    environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000", "AWS_DEFAULT_REGION": "eu-west-1"}
    options = s3_options(Settings(lake="s3://lake"), environment)
    assert options["spark.hadoop.fs.s3a.endpoint"] == "http://127.0.0.1:5000"
    assert options["spark.hadoop.fs.s3a.path.style.access"] == "true"
    assert options["spark.hadoop.fs.s3a.endpoint.region"] == "eu-west-1"
