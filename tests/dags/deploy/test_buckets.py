"""Buckets: private, encrypted, versioned, TLS only, with lifecycles; foreign settings are kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from checkpoints.lake.layout import open_lake
from contracts.errors import ConfigurationError
from contracts.model import Zone
from dags.deploy.buckets import lifecycle_rules
from tests.dags.deploy.conftest import REGION, client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from checkpoints.storage.place import Place
    from contracts.loader import Contracts
    from dags.deploy.target import Target
    from quarantine_policies.reader import Policies
    from tests.dags.deploy.conftest import Deployed

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def rules(bucket: str = "shop") -> dict[str, dict[str, Any]]:
    found = client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return {one["ID"]: one for one in found}


def test_a_bucket_is_closed_encrypted_and_versioned(aws: None, deploy: Callable[..., Deployed]) -> None:
    deploy("--create-roles")
    s3 = client("s3")
    closed = s3.get_public_access_block(Bucket="shop")["PublicAccessBlockConfiguration"]
    assert closed == dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    encrypted = s3.get_bucket_encryption(Bucket="shop")["ServerSideEncryptionConfiguration"]["Rules"]
    assert [one["ApplyServerSideEncryptionByDefault"] for one in encrypted] == [{"SSEAlgorithm": "AES256"}]
    assert s3.get_bucket_versioning(Bucket="shop")["Status"] == "Enabled"


def test_a_custom_key_encrypts_bucket_and_uploads_and_is_passed_to_the_jobs(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    deploy("--create-roles", "--kms-key", KEY)
    s3 = client("s3")
    encrypted = s3.get_bucket_encryption(Bucket="shop")["ServerSideEncryptionConfiguration"]["Rules"]
    assert encrypted[0]["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": KEY,
    }
    script = s3.head_object(Bucket="shop", Key="lake/artifacts/lakegate_job.py")
    assert (script["ServerSideEncryption"], script["SSEKMSKeyId"]) == ("aws:kms", KEY)
    job = client("glue").get_job(JobName="lakegate-raw_to_bronze")["Job"]
    assert job["DefaultArguments"]["--kms_key"] == KEY
    assert deploy("--create-roles", "--kms-key", KEY, "--json").steps("unchanged") == {}


def test_requests_without_tls_are_denied(aws: None, deploy: Callable[..., Deployed]) -> None:
    deploy("--create-roles")
    policy = json.loads(client("s3").get_bucket_policy(Bucket="shop")["Policy"])
    assert policy["Statement"] == [
        {
            "Sid": "LakegateTlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_each_zone_has_its_lifecycle(
    target: Callable[..., Target], shipped: tuple[Contracts, Policies]
) -> None:
    found = lifecycle_rules(target(), *shipped)["shop"]
    markers = {"ExpiredObjectDeleteMarker": True}
    result = {
        one["Filter"]["Prefix"]: (
            one.get("Transitions"),
            one["Expiration"],
            one["NoncurrentVersionExpiration"]["NoncurrentDays"],
        )
        for one in found
    }
    quarantine = {
        f"lake/quarantine/{kind}/{dataset}/": (None, {"Days": shipped[1].of(dataset).retention_days}, 1)
        for kind in ("files", "rows")
        for dataset in ("events", "users", "transactions")
    }
    rewritten = ("bronze/_staging", "docs", "quarantine")
    silver = [f"silver/{name}" for name in ("_staging", "events", "users", "transactions", "users_history")]
    gold = [f"gold/{name}" for name in ("_staging", "dim", "fact", "mart")]
    assert result == {
        "lake/raw/": ([{"Days": 90, "StorageClass": "STANDARD_IA"}], markers, 30),
        "lake/bronze/": (None, markers, 30),
        "lake/silver/": (None, markers, 30),
        "lake/gold/": (None, markers, 30),
        **{f"lake/{folder}/": (None, markers, 1) for folder in (*rewritten, *silver, *gold)},
        **quarantine,
        "lake/metrics/": (None, {"Days": 180}, 30),
        "lake/corrections/": (None, markers, 30),
        "lake/artifacts/": (None, markers, 30),
    }
    assert {one["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for one in found} == {1}
    assert len({one["ID"] for one in found}) == len(found)


def kept_days(found: list[Mapping[str, Any]], place: Place) -> int:
    """Return how long old versions of an object are kept: of overlapping rules, S3 applies the shortest."""
    key = place.uri.removeprefix("s3://shop/")
    return min(
        one["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for one in found
        if key.startswith(one["Filter"]["Prefix"])
    )


def test_old_versions_of_data_go_within_a_day_and_those_of_manifests_stay_a_month(
    target: Callable[..., Target], shipped: tuple[Contracts, Policies]
) -> None:
    found, lake = [*lifecycle_rules(target(), *shipped)["shop"]], open_lake("s3://shop/lake")
    for table in shipped[0].silver_tables:
        assert kept_days(found, lake.silver(table.name, "v")) == 1
    for table in shipped[0].gold:
        assert kept_days(found, lake.gold(table.name, "v")) == 1
    for zone in (Zone.BRONZE, Zone.SILVER):
        assert kept_days(found, lake.staging(zone, "r").child("x")) == 1
    for zone in (Zone.BRONZE, Zone.SILVER, Zone.GOLD):
        assert kept_days(found, lake.pointer(zone)) == 30


def test_no_rule_expires_what_later_runs_need(
    target: Callable[..., Target], shipped: tuple[Contracts, Policies]
) -> None:
    expiring = [
        one["Filter"]["Prefix"]
        for one in lifecycle_rules(target(), *shipped)["shop"]
        if "Days" in one["Expiration"]
    ]
    lake = open_lake("s3://shop/lake")
    for kept in (lake.first_seen("events"), lake.corrections("events"), lake.applied_corrections("events")):
        assert not kept.uri.removeprefix("s3://shop/").startswith(tuple(expiring))


@pytest.mark.aws
def test_a_zones_own_bucket_gets_only_that_zones_rules(
    aws: None, deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEGATE_RAW_ROOT", "s3://shop-raw")
    monkeypatch.setenv("LAKEGATE_METRICS_ROOT", "s3://shop-metrics/all")
    result = deploy("--create-roles", "--json")
    buckets = [name.split()[1] for name in result.steps() if name.startswith("bucket")]
    assert buckets == ["shop-raw", "shop", "shop-metrics"]
    assert {name: one["Filter"] for name, one in rules("shop-raw").items()} == {
        "lakegate-raw": {"Prefix": ""}
    }
    assert {name: one["Filter"] for name, one in rules("shop-metrics").items()} == {
        "lakegate-metrics": {"Prefix": "all/"}
    }
    assert not {"lakegate-raw", "lakegate-metrics"} & rules("shop").keys()
    assert deploy("--create-roles", "--json").steps("unchanged") == {}


@pytest.mark.aws
def test_quarantine_is_kept_as_long_as_the_policy_says(
    aws: None, deploy: Callable[..., Deployed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dags.deploy.uploads import config_folders
    from dags.settings import read_settings

    folder = tmp_path / "policies"
    folder.mkdir()
    for path in config_folders(read_settings())["policies"].glob("*.yaml"):
        text = path.read_text().replace("retention_days: 90", "retention_days: 7")
        (folder / path.name).write_text(text)
    deploy("--create-roles")
    monkeypatch.setenv("LAKEGATE_POLICIES", str(folder))
    result = deploy("--create-roles", "--json")
    assert rules()["lakegate-quarantine-rows-events"]["Expiration"] == {"Days": 7}
    assert result.steps("unchanged")["bucket shop"] == "update"


@pytest.mark.aws
def test_foreign_rules_and_statements_are_kept_and_stale_own_ones_removed(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="shop")
    rule = {"Status": "Enabled", "Expiration": {"Days": 1}}
    kept = {**rule, "ID": "theirs", "Filter": {"Prefix": "tmp/"}}
    stale = {**rule, "ID": "lakegate-gone", "Filter": {"Prefix": "gone/"}}
    s3.put_bucket_lifecycle_configuration(Bucket="shop", LifecycleConfiguration={"Rules": [kept, stale]})
    theirs = {
        "Sid": "Theirs",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shop/*",
    }
    policy = {"Version": "2012-10-17", "Id": "hand-made", "Statement": theirs}
    s3.put_bucket_policy(Bucket="shop", Policy=json.dumps(policy))
    assert deploy("--create-roles", "--json").steps()["bucket shop"] == "update"
    assert {"theirs", "lakegate-raw"} <= rules().keys()
    assert "lakegate-gone" not in rules()
    found = json.loads(s3.get_bucket_policy(Bucket="shop")["Policy"])
    assert (found["Id"], [one["Sid"] for one in found["Statement"]]) == (
        "hand-made",
        ["Theirs", "LakegateTlsOnly"],
    )


@pytest.mark.aws
def test_a_bucket_is_created_in_the_given_region(aws: None, deploy: Callable[..., Deployed]) -> None:
    deploy("--create-roles", "--region", "eu-west-1")
    assert client("s3").get_bucket_location(Bucket="shop")["LocationConstraint"] == "eu-west-1"
    assert REGION != "eu-west-1"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"metrics_root": "s3://shop"}, "s3://shop/lake/raw: raw is within metrics"),
        ({"quarantine_root": "s3://shop/lake/gold/q"}, "s3://shop/lake/gold/q: quarantine is within gold"),
        ({"docs_root": "s3://shop/lake/raw"}, "s3://shop/lake/raw: docs is within raw"),
    ],
)
def test_overlapping_locations_are_refused(
    target: Callable[..., Target], settings: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        target(**settings)
