"""`lakegate deploy` as a whole: planned, shown, applied once, unchanged the second time."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.dags.deploy.conftest import client
from tests.stand_ins.aws import CREDENTIALS
from tests.stand_ins.dead_endpoints import closed_endpoint, silent_endpoint
from tests.stand_ins.permissions import allowed_only

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.dags.deploy.conftest import Deployed

KINDS = ("bucket", "upload", "role", "policy", "job", "tags")


def test_a_dry_run_shows_the_plan_and_changes_nothing(aws: None, deploy: Callable[..., Deployed]) -> None:
    result = deploy("--dry-run", "--create-roles")
    assert result.status == 0
    assert "+ bucket shop\n" in result.out
    assert "    + encryption: AES256\n" in result.out
    assert "+ job lakegate-bronze_to_silver\n" in result.out
    assert "nothing was changed" in result.out
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("glue").list_jobs()["JobNames"] == []
    assert client("iam").list_roles()["Roles"] == []


def test_everything_is_created_in_the_first_run_and_nothing_in_the_second(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    first, second = (deploy("--create-roles", "--json") for _ in range(2))
    assert set(first.steps().values()) == {"create"}
    assert {name.split()[0] for name in first.steps()} == set(KINDS)
    assert first.document["applied"] == len(first.steps())
    assert second.steps("unchanged") == {}
    assert second.document["applied"] == 0
    said = deploy("--create-roles").out.splitlines()
    assert said[0] == f"  {len(first.steps())} unchanged"
    assert said[-1] == "Everything is up to date: nothing was changed."


def test_manual_changes_are_shown_as_differences_and_reverted(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    deploy("--create-roles")
    client("s3").put_bucket_versioning(Bucket="shop", VersioningConfiguration={"Status": "Suspended"})
    client("s3").delete_public_access_block(Bucket="shop")
    result = deploy("--create-roles", "--json")
    assert result.steps("unchanged") == {"bucket shop": "update"}
    (step,) = [one for one in result.document["steps"] if one["action"] == "update"]
    found = {one["setting"]: one["found"] for one in step["differences"]}
    assert found == {"public_access": None, "versioning": "Suspended"}
    assert deploy("--create-roles", "--json").steps("unchanged") == {}


def test_only_the_changed_lines_of_a_document_are_shown(aws: None, deploy: Callable[..., Deployed]) -> None:
    deploy("--create-roles", "--topic", "arn:aws:sns:us-east-1:123456789012:old")
    said = deploy("--create-roles", "--topic", "arn:aws:sns:us-east-1:123456789012:new", "--dry-run").out
    of_airflow = said[said.index("~ policy lakegate-airflow") :]
    assert of_airflow.startswith(
        """\
~ policy lakegate-airflow
      policy:
    …
              "Resource": [
    -           "arn:aws:sns:us-east-1:123456789012:old"
    +           "arn:aws:sns:us-east-1:123456789012:new"
              ]"""
    )


def test_the_plan_is_shown_before_the_first_step(aws: None, deploy: Callable[..., Deployed]) -> None:
    said = deploy("--create-roles").out.splitlines()
    last_shown = max(number for number, line in enumerate(said) if line.startswith(("+ ", "    + ")))
    first_taken = min(number for number, line in enumerate(said) if line.startswith("create "))
    assert last_shown < first_taken
    assert said[-1].endswith("changed.")


def test_without_a_role_for_the_jobs_nothing_is_changed(aws: None, deploy: Callable[..., Deployed]) -> None:
    result = deploy()
    assert result.status == 2
    assert result.err.startswith(
        "lakegate: arn:aws:iam::123456789012:role/lakegate-glue: the Glue jobs have no role"
    )
    assert "+ bucket shop\n" in result.out
    assert client("s3").list_buckets()["Buckets"] == []


def test_a_dry_run_reports_a_missing_role_and_shows_the_rest(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    result = deploy("--dry-run", "--json")
    assert result.status == 0
    assert ["the Glue jobs have no role" in one for one in result.document["obstacles"]] == [True]
    assert "bucket shop" in result.steps()


@pytest.mark.aws
def test_an_existing_role_is_used_and_unchanged(aws: None, deploy: Callable[..., Deployed]) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    arn = client("iam").create_role(RoleName="ours", Path="/data/", AssumeRolePolicyDocument=trust)["Role"][
        "Arn"
    ]
    result = deploy("--glue-role", arn, "--json")
    assert result.status == 0
    assert not any(name.startswith(("role", "policy")) for name in result.steps())
    assert client("glue").get_job(JobName="lakegate-raw_to_bronze")["Job"]["Role"] == arn


@pytest.mark.aws
def test_an_interrupted_deployment_is_completed_by_the_next(
    aws: None, deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("dags.deploy.jobs.GLUE_VERSION", 6)  # boto3 refuses a number
        result = deploy("--create-roles")
    assert result.status == 1
    assert result.err.startswith("lakegate: lakegate-raw_to_bronze: cannot set up a Glue job")
    left = deploy("--create-roles", "--json").steps("unchanged")
    assert {name.split()[0] for name in left} == {"job", "tags"}


def test_policies_are_written_for_review_even_without_roles(
    aws: None, deploy: Callable[..., Deployed], tmp_path: Path
) -> None:
    result = deploy("--dry-run", "--policies-out", tmp_path / "iam", "--name", "shop")
    assert sorted(path.name for path in (tmp_path / "iam").iterdir()) == [
        "shop-airflow.json",
        "shop-glue-trust.json",
        "shop-glue.json",
        "shop-steward-trust.json",
        "shop-steward.json",
    ]
    assert f"policy to review: {tmp_path}/iam/shop-glue.json" in result.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--lake", "./lake"), "--lake: not an S3 location (expected s3://"),
        (("--lake", "s3://My_Shop"), "--lake: invalid bucket name"),
        (("--lake", "s3://shop/a*b"), "--lake: invalid prefix for an IAM policy"),
        (("--artifacts", "s3://shop/lake/raw/x"), "s3://shop/lake/raw/x: artifacts is within raw"),
        (("--name", "a b"), "--name: invalid name"),
        (("--kms-key", "alias/mine"), "--kms-key: invalid ARN"),
        (("--topic", "arn:aws:sqs:us-east-1:123456789012:q"), "--topic: invalid ARN"),
        (("--warehouse", "redshift://me:hunter2@host/db"), "--warehouse redshift://***@host/db"),
        (("--dist", "/nowhere"), "--dist /nowhere: package not found"),
        (("--region", ""), "--region: no AWS region is set"),
        (("--workers", "1"), "Invalid value for '--workers'"),
    ],
)
def test_an_invalid_option_is_one_sentence(
    aws: None, deploy: Callable[..., Deployed], options: tuple[str, ...], sentence: str
) -> None:
    result = deploy("--create-roles", *options)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"lakegate: {sentence}")
    assert result.err.count("\n") == 1
    assert "hunter2" not in result.err


def test_the_default_region_is_that_of_boto3(
    aws: None, deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "give --region or set AWS_DEFAULT_REGION" in deploy("--region", "").err
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert deploy("--region", "", "--create-roles").status == 0
    bucket = client("s3").get_bucket_location(Bucket="shop")
    assert bucket["LocationConstraint"] == "eu-west-1"


def test_an_error_with_json_is_one_document_too(aws: None, deploy: Callable[..., Deployed]) -> None:
    result = deploy("--json", "--name", "a b")
    assert result.document["exit_status"] == 2
    assert result.document["error"].startswith("--name: ")


def test_missing_credentials_suggest_to_log_in(
    deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    result = deploy("--dry-run")
    assert result.status == 2
    assert "no AWS credentials); log in or set AWS_PROFILE" in result.err


def test_an_unreachable_aws_fails_fast_with_what_to_check(
    deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = closed_endpoint()
    result = deployed_at(endpoint, deploy, monkeypatch)
    assert result == (
        "lakegate: AWS: cannot identify the account"
        f' (found no connection to AWS: Could not connect to the endpoint URL: "{endpoint}/");'
        " check the network, the proxy, the region and AWS_ENDPOINT_URL, then run again\n"
    )


@pytest.mark.aws  # waits for real timeouts
def test_an_unresponsive_aws_times_out_within_half_a_minute(
    deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    with silent_endpoint() as endpoint:
        result = deployed_at(endpoint, deploy, monkeypatch)
    assert f'(found no answer from AWS: Read timeout on endpoint URL: "{endpoint}/"); check' in result


def deployed_at(endpoint: str, deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the error of a deployment to an endpoint; it must come within 30 s."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    began = time.monotonic()
    result = deploy("--create-roles")
    assert time.monotonic() - began < 30
    assert (result.status, result.out) == (1, "")
    return result.err


def test_a_denied_request_is_named(aws: None, deploy: Callable[..., Deployed]) -> None:
    client("s3").create_bucket(Bucket="shop")
    with allowed_only():
        result = deploy("--dry-run", "--create-roles")
    assert result.status == 1
    assert result.err == (
        "lakegate: s3://shop: cannot read a bucket (found HeadBucket: access denied (AccessDenied));"
        " run it with an identity that has this permission, or grant it to yours\n"
    )
