"""IAM policies: least privilege, in the documents and as evaluated by moto's IAM."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from checkpoints.storage.errors import LakeUnreadableError
from checkpoints.storage.opening import open_storage
from contracts.errors import ConfigurationError
from dags.deploy.policies import policy_documents, write_documents
from dags.glue.main import run_job
from tests.dags.deploy.conftest import REDSHIFT, client
from tests.stand_ins.permissions import allowed_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dags.deploy.target import Target

ZONES = ("raw", "bronze", "silver", "gold", "quarantine", "corrections", "metrics", "docs", "artifacts")
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:redshift-a1b2c3"


def allowed(document: Mapping[str, Any], action: str, resource: str) -> bool:
    return any(
        action in one["Action"] and any(fnmatchcase(resource, pattern) for pattern in one["Resource"])
        for one in document["Statement"]
    )


def zones(document: Mapping[str, Any], action: str) -> list[str]:
    return [zone for zone in ZONES if allowed(document, action, f"arn:aws:s3:::shop/lake/{zone}/x/y.parquet")]


def statements(documents: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for name, document in documents.items():
        if not name.endswith("-trust"):
            yield from document["Statement"]


def listings(document: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], list[str]]]:
    """Return the statements that allow listing, with their prefixes."""
    return [
        (one, one["Condition"]["StringLike"]["s3:prefix"])
        for one in document["Statement"]
        if one["Action"] == ["s3:ListBucket"] and "StringLike" in one["Condition"]
    ]


def test_the_jobs_read_raw_and_artifacts_and_write_every_other_zone(target: Callable[..., Target]) -> None:
    glue = policy_documents(target())["glue"]
    assert zones(glue, "s3:GetObject") == [*ZONES]
    assert zones(glue, "s3:PutObject") == ["bronze", "silver", "gold", "quarantine", "metrics", "docs"]
    assert zones(glue, "s3:DeleteObject") == ["bronze", "silver", "gold", "quarantine", "metrics", "docs"]


def test_redshift_reads_gold_and_nothing_else(target: Callable[..., Target]) -> None:
    copy = policy_documents(target(warehouse=REDSHIFT))["redshift-copy"]
    assert zones(copy, "s3:GetObject") == ["gold"]
    assert {action for one in copy["Statement"] for action in one["Action"]} == {
        *("s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation")
    }


def test_airflow_ingests_raw_and_writes_no_data_to_silver_and_gold(target: Callable[..., Target]) -> None:
    airflow = policy_documents(target())["airflow"]
    assert zones(airflow, "s3:PutObject") == ["bronze", "quarantine", "metrics", "docs"]
    assert allowed(airflow, "s3:PutObject", "arn:aws:s3:::shop/lake/gold/_manifests/_copy/c0/t.manifest")
    assert not allowed(airflow, "s3:PutObject", "arn:aws:s3:::shop/lake/gold/_manifests/current.json")
    job = "arn:aws:glue:us-east-1:123456789012:job"
    assert allowed(airflow, "glue:StartJobRun", f"{job}/lakegate-silver_to_gold")
    assert not allowed(airflow, "glue:StartJobRun", f"{job}/another")
    assert not any("PassRole" in action for one in airflow["Statement"] for action in one["Action"])


def test_airflow_may_list_every_bucket(target: Callable[..., Target]) -> None:
    airflow = policy_documents(target(silver_root="s3://shop-silver/x"))["airflow"]
    listed = {one["Resource"][0]: prefixes for one, prefixes in listings(airflow)}
    assert listed["arn:aws:s3:::shop-silver"] == ["x/*"]
    assert {f"lake/{zone}/*" for zone in ZONES[:-1] if zone != "silver"} <= set(listed["arn:aws:s3:::shop"])
    assert zones(airflow, "s3:GetObject") == ["raw", "bronze", "gold", "quarantine", "metrics", "docs"]


def test_a_steward_reads_the_quarantine_and_only_adds_corrections(target: Callable[..., Target]) -> None:
    steward = policy_documents(target())["steward"]
    assert zones(steward, "s3:GetObject") == ["quarantine", "corrections"]
    assert zones(steward, "s3:PutObject") == ["corrections"]
    (adds,) = (one for one in steward["Statement"] if "s3:PutObject" in one["Action"])
    assert adds["Condition"] == {"Null": {"s3:if-none-match": "false"}}
    actions = {action for one in steward["Statement"] for action in one["Action"]}
    assert actions == {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation"}


def test_glue_reads_corrections_and_never_writes_them(target: Callable[..., Target]) -> None:
    glue = policy_documents(target())["glue"]
    assert "corrections" in zones(glue, "s3:GetObject")
    assert {"raw", "corrections"}.isdisjoint(zones(glue, "s3:PutObject"))


def test_no_action_is_a_pattern_and_a_bare_star_has_a_condition(target: Callable[..., Target]) -> None:
    documents = policy_documents(target(warehouse=f"{REDSHIFT}?secret={SECRET}", kms_key=KEY))
    for one in statements(documents):
        assert one["Effect"] == "Allow"
        assert not any("*" in action for action in one["Action"])
        assert "*" not in one["Resource"] or one["Condition"]
        assert len(one["Resource"]) == len(set(one["Resource"]))


def test_documents_stay_within_iams_limits_with_all_options(
    target: Callable[..., Target],
) -> None:
    roots = {
        f"{zone}_root": f"s3://a-shop-with-a-long-name-{zone}-eu-central-1/some/prefix" for zone in ZONES[:-1]
    }
    about = {
        "name": "n" * 40,
        "queue": "arn:aws:sqs:us-east-1:123456789012:arrivals",
        "workgroup": "arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/0-1-2-3",
    }
    announcing = {
        "topic": "arn:aws:sns:us-east-1:123456789012:alerts",
        "webhook": f"{SECRET[:-6]}d4e5f6",
        "openlineage_secret": f"{SECRET[:-6]}a7b8c9",
        "metrics_namespace": "lakegate",
        "event_bus": "default",
    }
    settings = {"warehouse": f"{REDSHIFT}?secret={SECRET}", "kms_key": KEY, **announcing, **roots}
    documents = policy_documents(target(about, **settings))
    sizes = {name: len(json.dumps(one, separators=(",", ":"))) for name, one in documents.items()}
    assert sizes["airflow"] <= 6144  # a managed policy
    assert max(sizes["glue"], sizes["redshift-copy"]) <= 10240  # the policies within a role
    assert max(sizes["glue-trust"], sizes["redshift-copy-trust"]) <= 2048


def test_listing_is_allowed_below_the_lake_alone(target: Callable[..., Target]) -> None:
    ((_, prefixes),) = listings(policy_documents(target())["glue"])
    assert all(prefix.startswith("lake/") for prefix in prefixes)
    assert {"lake/raw/*", "lake/silver/*"} <= set(prefixes)


def test_spark_may_list_the_parent_folders_of_a_zone(target: Callable[..., Target]) -> None:
    glue = policy_documents(target(gold_root="s3://shop/a/b/gold"))["glue"]
    ((_, prefixes),) = listings(glue)
    assert {"a/", "a/b/", "a/b/gold/*"} <= set(prefixes)


@pytest.mark.parametrize(
    ("warehouse", "actions"),
    [
        (
            REDSHIFT,
            {
                *("redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement"),
                *("redshift-data:DescribeStatement", "redshift-data:GetStatementResult"),
                *("redshift-data:ListStatements", "redshift-data:CancelStatement"),
                "redshift-serverless:GetCredentials",
            },
        ),
        (f"redshift://host/shop?secret={SECRET}", {"secretsmanager:GetSecretValue"}),
        ("redshift://host/shop?workgroup=lakehouse", {"redshift-serverless:GetCredentials"}),
        (None, set()),
    ],
    ids=["Data API with IAM", "connector with secret", "connector with IAM", "no Redshift"],
)
def test_only_the_transport_of_the_warehouse_uri_is_allowed(
    target: Callable[..., Target], warehouse: str | None, actions: set[str]
) -> None:
    glue = policy_documents(target(warehouse=warehouse))["glue"]
    found = {action for one in glue["Statement"] for action in one["Action"]}
    assert {action for action in found if action.startswith(("redshift", "secrets"))} == actions


def test_key_topic_and_queue_are_allowed_only_if_configured(
    target: Callable[..., Target],
) -> None:
    topic, queue = "arn:aws:sns:us-east-1:123456789012:a", "arn:aws:sqs:us-east-1:123456789012:q"
    plain, full = target(), target({"queue": queue}, topic=topic, kms_key=KEY)
    for action, resource in (("sns:Publish", topic), ("sqs:ReceiveMessage", queue), ("kms:Decrypt", KEY)):
        assert allowed(policy_documents(full)["airflow"], action, resource)
        assert not allowed(policy_documents(plain)["airflow"], action, resource)


def test_documents_are_written_as_readable_json(target: Callable[..., Target], tmp_path: Path) -> None:
    paths = write_documents(target(warehouse=REDSHIFT), tmp_path / "new" / "iam")
    assert [path.name for path in paths] == [
        *("lakegate-glue.json", "lakegate-glue-trust.json", "lakegate-airflow.json"),
        *("lakegate-steward.json", "lakegate-steward-trust.json"),
        *("lakegate-redshift-copy.json", "lakegate-redshift-copy-trust.json"),
    ]
    assert all(path.read_text().startswith('{\n  "Version": "2012-10-17",\n') for path in paths)


def test_a_folder_that_cannot_be_written_is_one_sentence(
    target: Callable[..., Target], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"--policies-out .*/file/iam: cannot write the policies"):
        write_documents(target(), tmp_path / "file" / "iam")


@pytest.mark.parametrize("who", ["glue", "airflow", "steward"])
def test_an_absent_object_is_absent_and_not_denied(
    aws: None, target: Callable[..., Target], who: str
) -> None:
    client("s3").create_bucket(Bucket="shop")
    policy = policy_documents(target())[who]
    with allowed_only(policy):
        assert open_storage("s3://shop/lake/quarantine").stat("none") is None
        assert open_storage("s3://shop/lake/quarantine").read_versioned("none") is None
    under_a_prefix = [one for one in policy["Statement"] if one["Sid"] != "FindNothing"]
    with (
        allowed_only({**policy, "Statement": under_a_prefix}),
        pytest.raises(LakeUnreadableError, match="access denied"),
    ):
        open_storage("s3://shop/lake/quarantine").stat("none")


def test_the_stand_in_lists_by_prefix_alone(aws: None, target: Callable[..., Target]) -> None:
    client("s3").create_bucket(Bucket="shop")
    with allowed_only(policy_documents(target(warehouse=REDSHIFT))["redshift-copy"]):
        assert list(open_storage("s3://shop/lake/gold").list("dim")) == []
        for elsewhere in ("s3://shop/lake/silver", "s3://shop"):
            with pytest.raises(LakeUnreadableError, match="access denied"):
                list(open_storage(elsewhere).list(""))


@pytest.mark.aws
@pytest.mark.parametrize("who", ["glue", "airflow"])
def test_raw_is_ingested_with_these_permissions_only(
    aws: None, target: Callable[..., Target], monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    client("s3").create_bucket(Bucket="shop")
    for key, body in (("a.csv", b"event_id,user_id,ts\ne1,u1,2024-05-01\n"), ("b.docx", b"no data")):
        client("s3").put_object(Bucket="shop", Key=f"lake/raw/events/{key}", Body=body)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with allowed_only(policy_documents(target())[who]):
        status = run_job(["--transition", "raw_to_bronze", "--lake", "s3://shop/lake", "--run_id", "r"])
    assert status == 0
    listed = client("s3").list_objects_v2(Bucket="shop", Prefix="lake/bronze/events/")["Contents"]
    assert [one["Key"] for one in listed] == ["lake/bronze/events/a.csv"]
    verdict = client("s3").get_object(Bucket="shop", Key="lake/metrics/verdicts/r/raw_to_bronze.json")
    assert json.loads(verdict["Body"].read())["verdict"] == "warn"


@pytest.mark.aws
def test_a_missing_permission_for_a_zone_names_the_file(
    aws: None,
    target: Callable[..., Target],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client("s3").create_bucket(Bucket="shop")
    client("s3").put_object(Bucket="shop", Key="lake/raw/events/a.csv", Body=b"event_id,user_id,ts\n")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    policy = policy_documents(target())["glue"]
    without_zones = [one for one in policy["Statement"] if one["Sid"] != "WriteZones"]
    with allowed_only({**policy, "Statement": without_zones}):
        status = run_job(["--transition", "raw_to_bronze", "--lake", "s3://shop/lake", "--run_id", "r"])
    assert status == 1
    assert "s3://shop/lake/" in capsys.readouterr().err.splitlines()[-1]
