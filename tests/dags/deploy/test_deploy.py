"""`lakegate deploy` as a whole: planned, shown, done once, and left alone the second time."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.dags.deploy.conftest import client
from tests.stand_ins.aws import CREDENTIALS
from tests.stand_ins.permissions import allowed_only
from tests.stand_ins.silence import nobody, silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.dags.deploy.conftest import Told

KINDS = ("bucket", "upload", "role", "policy", "job")


def test_a_dry_run_shows_the_plan_and_changes_nothing(aws: None, deploy: Callable[..., Told]) -> None:
    told = deploy("--dry-run", "--create-roles")
    assert told.status == 0
    assert "+ bucket shop\n" in told.out
    assert "    + encryption: AES256\n" in told.out
    assert "+ job lakegate-bronze_to_silver\n" in told.out
    assert "nothing was changed" in told.out
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("glue").list_jobs()["JobNames"] == []
    assert client("iam").list_roles()["Roles"] == []


def test_everything_is_made_in_the_first_run_and_nothing_in_the_second(
    aws: None, deploy: Callable[..., Told]
) -> None:
    first, second = (deploy("--create-roles", "--json") for _ in range(2))
    assert set(first.steps().values()) == {"create"}
    assert {name.split()[0] for name in first.steps()} == set(KINDS)
    assert first.document["applied"] == len(first.steps())
    assert second.steps("unchanged") == {}
    assert second.document["applied"] == 0
    assert deploy("--create-roles").out == (
        f"  {len(first.steps())} unchanged\nEverything is as it should be: nothing was changed.\n"
    )


def test_what_somebody_changed_by_hand_is_shown_as_a_difference_and_put_right(
    aws: None, deploy: Callable[..., Told]
) -> None:
    deploy("--create-roles")
    client("s3").put_bucket_versioning(Bucket="shop", VersioningConfiguration={"Status": "Suspended"})
    client("s3").delete_public_access_block(Bucket="shop")
    told = deploy("--create-roles", "--json")
    assert told.steps("unchanged") == {"bucket shop": "update"}
    (step,) = [one for one in told.document["steps"] if one["action"] == "update"]
    found = {one["setting"]: one["found"] for one in step["differences"]}
    assert found == {"public_access": None, "versioning": "Suspended"}
    assert deploy("--create-roles", "--json").steps("unchanged") == {}


def test_of_a_document_that_is_there_only_what_changes_is_shown(
    aws: None, deploy: Callable[..., Told], dist: Path
) -> None:
    deploy("--create-roles", "--topic", "arn:aws:sns:us-east-1:123456789012:old")
    (dist / "requirements-glue.txt").write_text("duckdb==2.0.1\nrich==14.2.0\n")
    said = deploy("--create-roles", "--topic", "arn:aws:sns:us-east-1:123456789012:new", "--dry-run").out
    assert said[: said.index("~ job lakegate-bronze_to_silver")] == (
        """\
~ policy lakegate-airflow
      policy:
    …
              "Resource": [
    -           "arn:aws:sns:us-east-1:123456789012:old"
    +           "arn:aws:sns:us-east-1:123456789012:new"
              ]
~ job lakegate-raw_to_bronze
      --additional-python-modules:
    …
        s3://shop/lake/artifacts/lakegate-0.1.0-py3-none-any.whl
    -   duckdb==2.0.0
    +   duckdb==2.0.1
    +   rich==14.2.0
"""
    )


def test_the_plan_is_shown_before_the_first_step_is_taken(aws: None, deploy: Callable[..., Told]) -> None:
    said = deploy("--create-roles").out.splitlines()
    last_shown = max(number for number, line in enumerate(said) if line.startswith(("+ ", "    + ")))
    first_taken = min(number for number, line in enumerate(said) if line.startswith("create "))
    assert last_shown < first_taken
    assert said[-1].endswith("changed.")


def test_without_a_role_for_the_jobs_nothing_is_changed(aws: None, deploy: Callable[..., Told]) -> None:
    told = deploy()
    assert told.status == 2
    assert told.err.startswith(
        "lakegate: arn:aws:iam::123456789012:role/lakegate-glue: the Glue jobs have no role to run as"
    )
    assert "+ bucket shop\n" in told.out
    assert client("s3").list_buckets()["Buckets"] == []


def test_a_dry_run_tells_of_a_missing_role_and_shows_the_rest(aws: None, deploy: Callable[..., Told]) -> None:
    told = deploy("--dry-run", "--json")
    assert told.status == 0
    assert ["have no role to run as" in one for one in told.document["obstacles"]] == [True]
    assert "bucket shop" in told.steps()


@pytest.mark.aws
def test_a_role_that_is_there_already_is_used_and_left_alone(aws: None, deploy: Callable[..., Told]) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    arn = client("iam").create_role(RoleName="ours", Path="/data/", AssumeRolePolicyDocument=trust)["Role"][
        "Arn"
    ]
    told = deploy("--glue-role", arn, "--json")
    assert told.status == 0
    assert not any(name.startswith(("role", "policy")) for name in told.steps())
    assert client("glue").get_job(JobName="lakegate-raw_to_bronze")["Job"]["Role"] == arn


@pytest.mark.aws
def test_a_deployment_that_was_cut_short_is_finished_by_the_next(
    aws: None, deploy: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("dags.deploy.jobs.GLUE_VERSION", 6)  # boto3 refuses a number
        told = deploy("--create-roles")
    assert told.status == 1
    assert told.err.startswith("lakegate: lakegate-raw_to_bronze: cannot set up a Glue job")
    assert {name.split()[0] for name in deploy("--create-roles", "--json").steps("unchanged")} == {"job"}


def test_policies_are_written_to_be_reviewed_also_when_no_role_is_made(
    aws: None, deploy: Callable[..., Told], tmp_path: Path
) -> None:
    told = deploy("--dry-run", "--policies-out", tmp_path / "iam", "--name", "shop")
    assert sorted(path.name for path in (tmp_path / "iam").iterdir()) == [
        "shop-airflow.json",
        "shop-glue-trust.json",
        "shop-glue.json",
    ]
    assert f"policy to review: {tmp_path}/iam/shop-glue.json" in told.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--lake", "./lake"), "--lake: only what lies on S3 can be deployed (expected s3://"),
        (("--lake", "s3://My_Shop"), "--lake: this is no name for a bucket"),
        (("--lake", "s3://shop/a*b"), "--lake: this prefix cannot stand in a policy"),
        (("--artifacts", "s3://shop/lake/raw/x"), "s3://shop/lake/raw/x: artifacts lies within raw"),
        (("--name", "a b"), "--name: this cannot begin the name of a role"),
        (("--kms-key", "alias/mine"), "--kms-key: this is no ARN of the right kind"),
        (("--topic", "arn:aws:sqs:us-east-1:123456789012:q"), "--topic: this is no ARN of the right kind"),
        (("--warehouse", "redshift://me:hunter2@host/db"), "--warehouse redshift://***@host/db"),
        (("--dist", "/nowhere"), "--dist /nowhere: there is no package to upload"),
        (("--region", ""), "--region: no AWS region is set"),
        (("--workers", "1"), "Invalid value for '--workers'"),
    ],
)
def test_what_cannot_be_deployed_is_one_sentence(
    aws: None, deploy: Callable[..., Told], options: tuple[str, ...], sentence: str
) -> None:
    told = deploy("--create-roles", *options)
    assert (told.status, told.out) == (2, "")
    assert told.err.startswith(f"lakegate: {sentence}")
    assert told.err.count("\n") == 1
    assert "hunter2" not in told.err


def test_without_the_option_the_region_is_that_of_the_variable_which_boto3_reads(
    aws: None, deploy: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "give --region or set AWS_DEFAULT_REGION" in deploy("--region", "").err
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert deploy("--region", "", "--create-roles").status == 0
    bucket = client("s3").get_bucket_location(Bucket="shop")
    assert bucket["LocationConstraint"] == "eu-west-1"


def test_an_error_with_json_is_one_document_too(aws: None, deploy: Callable[..., Told]) -> None:
    told = deploy("--json", "--name", "a b")
    assert told.document["exit_status"] == 2
    assert told.document["error"].startswith("--name: ")


def test_without_credentials_a_person_is_told_to_log_in(
    deploy: Callable[..., Told], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    told = deploy("--dry-run")
    assert told.status == 2
    assert "no AWS credentials); log in or set AWS_PROFILE" in told.err


def test_where_nobody_listens_a_person_is_soon_told_where_and_what_to_check(
    deploy: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = nobody()
    told = deployed_at(endpoint, deploy, monkeypatch)
    assert told == (
        "lakegate: AWS: cannot tell the account, as AWS does not answer"
        f' (found Could not connect to the endpoint URL: "{endpoint}/");'
        " check the network, the proxy, the region and AWS_ENDPOINT_URL, then run again\n"
    )


@pytest.mark.aws  # it waits as a person would
def test_an_aws_that_never_answers_is_not_waited_for_longer_than_half_a_minute(
    deploy: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    with silent() as endpoint:
        told = deployed_at(endpoint, deploy, monkeypatch)
    assert f'as AWS does not answer (found Read timeout on endpoint URL: "{endpoint}/"); check' in told


def deployed_at(endpoint: str, deploy: Callable[..., Told], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the sentence that a deployment before an endpoint ends with, which is soon."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    began = time.monotonic()
    told = deploy("--create-roles")
    assert time.monotonic() - began < 30
    assert (told.status, told.out) == (1, "")
    return told.err


def test_who_may_not_look_is_told_what_was_denied(aws: None, deploy: Callable[..., Told]) -> None:
    client("s3").create_bucket(Bucket="shop")
    with allowed_only():
        told = deploy("--dry-run", "--create-roles")
    assert told.status == 1
    assert told.err == (
        "lakegate: s3://shop: cannot look at a bucket (found HeadBucket is denied);"
        " let somebody with that permission run it, or add it to yours\n"
    )
