"""What tasks make of what they are told, of an installation, and of a verdict; without a scheduler."""

from __future__ import annotations

import doctest
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

import dags.pipeline.batches
import dags.tasks.told
from contracts.faults import ConfigurationError
from dags.pipeline.report import DatasetReport, FileCounts, Status, TransitionReport
from dags.pipeline.run import TRANSITIONS
from dags.pipeline.verdict_file import Failure, Outcome
from dags.tasks.checks import what_is_missing
from dags.tasks.installation import make_installation
from dags.tasks.note import docs_link, note_of
from dags.tasks.told import told

if TYPE_CHECKING:
    from collections.abc import Iterator

NIGHT = datetime(2024, 5, 1, 3, tzinfo=UTC)
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
LAKE = {"lake": "s3://shop", "raw_root": "s3://shop-raw", "warehouse": "redshift-data://analytics/dev"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


def test_the_examples_hold() -> None:
    assert [doctest.testmod(module).failed for module in (dags.tasks.told, dags.pipeline.batches)] == [0, 0]


def test_a_scheduled_run_takes_its_id_and_clock_from_the_dag_run() -> None:
    run = told("lakehouse", "scheduled__2024-05-01T03:00:00+00:00", NIGHT, {"as_of": None, "force": False})
    assert (run.id, run.as_of) == (
        "lakehouse__scheduled__2024-05-01T03:00:00+00:00",
        "2024-05-01T03:00:00+00:00",
    )
    assert not run.is_orchestrated


def test_a_dag_that_the_orchestrator_starts_takes_its_run() -> None:
    given = {"run_id": "lakehouse__1", "as_of": "2024-04-01T00:00:00Z", "force": True}
    run = told("silver_to_gold", "lakehouse__1", NIGHT, given)
    assert (run.id, run.as_of, run.force) == ("lakehouse__1", "2024-04-01T00:00:00Z", "true")
    assert run.is_orchestrated


def test_the_variable_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEGATE_LAKE", "s3://other")
    found = make_installation(
        {"lake": "s3://shop", "topic": TOPIC}, {"LAKEGATE_TOPIC": "x", "LAKEGATE_JOB_PREFIX": "dev"}
    )
    assert (found.settings.lake, found.topic) == ("s3://shop", TOPIC)
    assert found.job_name("silver_to_gold") == "dev-silver_to_gold"
    assert make_installation({}, {}).settings.lake == "s3://other"


def test_a_misspelt_setting_of_the_variable_is_named() -> None:
    with pytest.raises(ConfigurationError, match="found lakee"):
        make_installation({"lakee": "s3://shop"}, {})


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


def install(lake: str = "s3://shop") -> None:
    for bucket in ("shop", "shop-raw"):
        boto3.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    boto3.client("iam").create_role(RoleName="lakegate-glue", AssumeRolePolicyDocument=TRUST)
    boto3.client("sns").create_topic(Name="alerts")
    for transition in TRANSITIONS:
        boto3.client("glue").create_job(
            Name=f"lakegate-{transition}",
            Role="arn:aws:iam::123456789012:role/lakegate-glue",
            Command={"Name": "glueetl", "ScriptLocation": "s3://shop/job.py"},
            DefaultArguments={"--lake": lake},
        )


def missing(transitions: tuple[str, ...] = TRANSITIONS, **given: Any) -> list[str]:
    return what_is_missing(make_installation({**LAKE, "topic": TOPIC, **given}, {}), transitions)


@pytest.mark.usefixtures("aws")
def test_a_whole_installation_lacks_nothing() -> None:
    install()
    assert missing() == []


@pytest.mark.usefixtures("aws")
def test_every_missing_thing_is_one_sentence() -> None:
    assert missing() == [
        "there is no bucket shop-raw; run `lakegate deploy`",
        "there is no bucket shop; run `lakegate deploy`",
        "there is no Glue job lakegate-bronze_to_silver; run `lakegate deploy`",
        "there is no Glue job lakegate-silver_to_gold; run `lakegate deploy`",
        f"there is no SNS topic {TOPIC}; create it, or leave topic out",
    ]


@pytest.mark.usefixtures("aws")
def test_a_job_without_its_role_is_told() -> None:
    install()
    boto3.client("iam").delete_role(RoleName="lakegate-glue")
    assert missing(("silver_to_gold",)) == [
        "the Glue job lakegate-silver_to_gold runs as lakegate-glue, and there is no such role; "
        "run `lakegate deploy`"
    ]


@pytest.mark.usefixtures("aws")
def test_a_job_that_works_on_another_lake_is_told() -> None:
    install(lake="s3://old")
    assert missing(("silver_to_gold",)) == [
        "the Glue job lakegate-silver_to_gold works on the lake s3://old, not on s3://shop; "
        "run `lakegate deploy`"
    ]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"lake": "/data/lake"}, "the lake does not lie on S3"),
        ({"warehouse": "mysql://db"}, "this names no warehouse"),
        ({"contracts": "/nowhere"}, "there is no such folder of contracts"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told(given: dict[str, str], sentence: str) -> None:
    (told_,) = missing(**given)
    assert sentence in told_


BLOCKED = Outcome(
    "r1",
    "2024-05-01T03:00:00+00:00",
    "bronze_to_silver",
    docs="s3://shop/docs/index.html",
    report=TransitionReport(
        "bronze_to_silver",
        Status.BLOCK,
        1.0,
        (
            DatasetReport("users", Status.PASS, rows_read=5, rows_quarantined=0),
            DatasetReport(
                "events",
                Status.BLOCK,
                rows_read=1000,
                rows_quarantined=400,
                rows_by_rule={"age_range": 100, "ts_uncastable": 300},
                rows_warned={"email_format": 200},
                failed=("quarantine_ratio",),
            ),
        ),
    ),
)


def test_a_note_names_verdict_rules_counts_and_where_the_data_docs_are() -> None:
    assert note_of(BLOCKED, docs_link(BLOCKED, "https://docs.shop.example/")).splitlines() == [
        "bronze_to_silver, run r1: block",
        "  events: block: quarantine_ratio; ts_uncastable 300, email_format (warn) 200, age_range 100; "
        "400 of 1,000 rows quarantined",
        "Data Docs: https://docs.shop.example/index.html",
    ]


def test_a_note_of_one_dataset_tells_its_rejected_files() -> None:
    files = FileCounts(valid=2, quarantined={"corrupt_gzip": 1})
    report = TransitionReport(
        "raw_to_bronze", Status.WARN, 1.0, (DatasetReport("users", Status.WARN, files=files),)
    )
    outcome = Outcome("r1", "2024-05-01", "raw_to_bronze", report=report, dataset="users")
    assert note_of(outcome, None) == "raw_to_bronze of users, run r1: warn\n  users: warn: corrupt_gzip 1"


def test_a_note_of_a_failure_holds_its_sentence() -> None:
    outcome = Outcome("r1", "2024-05-01", "silver_to_gold", error=Failure("the lake is gone", True, 1))
    assert note_of(outcome, None) == "silver_to_gold, run r1: failed\nthe lake is gone"
