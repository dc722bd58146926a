"""Task functions without a scheduler: run requests, installations."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from contracts.errors import ConfigurationError
from dags.pipeline.run import TRANSITIONS
from dags.tasks.checks import find_problems
from dags.tasks.installation import make_installation
from dags.tasks.run_request import run_request
from tests.checkpoints.warehouse.warehouses import redshift_bench
from tests.contributing import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NIGHT = datetime(2024, 5, 1, 3, tzinfo=UTC)
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
LAKE = {"lake": "s3://shop", "raw_root": "s3://shop-raw", "warehouse": "duckdb:///warehouse.duckdb"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


def test_a_scheduled_run_takes_its_id_and_clock_from_the_dag_run() -> None:
    run = run_request(
        "lakehouse", "scheduled__2024-05-01T03:00:00+00:00", NIGHT, {"as_of": None, "force": False}
    )
    assert (run.id, run.as_of) == (
        "lakehouse__scheduled__2024-05-01T03:00:00+00:00",
        "2024-05-01T03:00:00+00:00",
    )
    assert not run.is_orchestrated


def test_a_dag_that_the_orchestrator_starts_takes_its_run() -> None:
    given = {"run_id": "lakehouse__1", "as_of": "2024-04-01T00:00:00Z", "force": True}
    run = run_request("silver_to_gold", "lakehouse__1", NIGHT, given)
    assert (run.id, run.as_of, run.force) == ("lakehouse__1", "2024-04-01T00:00:00Z", "true")
    assert run.is_orchestrated


def test_the_variable_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEGATE_LAKE", "s3://other")
    found = make_installation(
        {"lake": "s3://shop", "topic": TOPIC}, {"LAKEGATE_TOPIC": "x", "LAKEGATE_JOB_PREFIX": "dev"}
    )
    assert (found.settings.lake, found.settings.topic) == ("s3://shop", TOPIC)
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
    return find_problems(make_installation({**LAKE, "topic": TOPIC, **given}, {}), transitions)


@pytest.mark.usefixtures("aws")
def test_a_complete_installation_has_no_problems() -> None:
    install()
    assert missing() == []


@pytest.mark.usefixtures("aws")
def test_every_missing_resource_is_one_sentence() -> None:
    assert missing() == [
        "bucket shop-raw not found; run `lakegate deploy`",
        "bucket shop not found; run `lakegate deploy`",
        "Glue job lakegate-bronze_to_silver not found; run `lakegate deploy`",
        "Glue job lakegate-silver_to_gold not found; run `lakegate deploy`",
        f"SNS topic {TOPIC} not found; create it, or remove the setting topic",
    ]


@pytest.mark.usefixtures("aws")
def test_a_loader_that_does_not_own_the_tables_is_reported() -> None:
    with redshift_bench(is_by_wire=False) as bench:
        install()
        warehouse = bench.uri()
        assert missing(("gold_to_redshift",), warehouse=warehouse) == []
        bench.data_api.identity = "IAMR:airflow"
        (problem,) = missing(("gold_to_redshift",), warehouse=warehouse)
        assert "iamr:airflow loads the warehouse, but does not own schema gold (of admin);" in problem
        (problem,) = missing(("gold_to_redshift",), warehouse="redshift-data://elsewhere/lakehouse")
        assert "Redshift endpoint doesn't exist in this region" in problem


@pytest.mark.usefixtures("aws")
def test_ingestion_on_glue_needs_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    boto3.client("glue").delete_job(JobName="lakegate-raw_to_bronze")
    assert missing(("raw_to_bronze",)) == []
    monkeypatch.setenv("LAKEGATE_INGEST_ON", "glue")
    assert missing(("raw_to_bronze",)) == ["Glue job lakegate-raw_to_bronze not found; run `lakegate deploy`"]


@pytest.mark.usefixtures("aws")
def test_a_job_without_its_role_is_reported() -> None:
    install()
    boto3.client("iam").delete_role(RoleName="lakegate-glue")
    assert missing(("silver_to_gold",)) == [
        "role lakegate-glue of Glue job lakegate-silver_to_gold not found; run `lakegate deploy`"
    ]


@pytest.mark.usefixtures("aws")
def test_a_job_for_another_lake_is_reported() -> None:
    install(lake="s3://old")
    assert missing(("silver_to_gold",)) == [
        "Glue job lakegate-silver_to_gold uses the lake s3://old, expected s3://shop; run `lakegate deploy`"
    ]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"lake": "/data/lake"}, "the lake is not on S3"),
        ({"warehouse": "mysql://db"}, "invalid warehouse URI"),
        ({"contracts": "/nowhere"}, "contracts folder not found"),
    ],
)
def test_an_invalid_setting_is_reported(given: dict[str, str], sentence: str) -> None:
    (problem,) = missing(**given)
    assert sentence in problem


@pytest.mark.usefixtures("aws")
def test_contracts_other_than_those_of_the_dags_are_reported(tmp_path: Path) -> None:
    install()
    installation = Installation.copied_to(tmp_path)
    installation.follow("Add a dataset")
    given = {name: str(path) for name, path in installation.settings.items()}
    assert missing(**given) == [
        "the DAGs are those of events, users, transactions, the contracts those of events, users, "
        f"transactions, returns; set LAKEGATE_CONTRACTS={installation.contracts} where DAG files are parsed"
    ]
