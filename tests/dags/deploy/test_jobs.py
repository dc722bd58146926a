"""Glue jobs: definitions, and arguments that the script can parse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dags.deploy.jobs import job_definition
from dags.glue.arguments import read_arguments
from tests.dags.deploy.conftest import REDSHIFT, WHEELS, WHEELS_WITH_REDSHIFT, client

if TYPE_CHECKING:
    from collections.abc import Callable

    from dags.deploy.target import Target
    from tests.dags.deploy.conftest import Deployed


def test_a_job_is_what_glue_needs_to_run_a_transition(target: Callable[..., Target]) -> None:
    job = job_definition(target({"max_workers": 4}), "bronze_to_silver")
    arguments = job["DefaultArguments"]
    assert {name: value for name, value in job.items() if name != "DefaultArguments"} == {
        "Description": "lakegate: bronze_to_silver, gated",
        "Role": "arn:aws:iam::123456789012:role/lakegate-glue",
        "Command": {
            "Name": "glueetl",
            "ScriptLocation": "s3://shop/lake/artifacts/lakegate_job.py",
            "PythonVersion": "3",
        },
        "GlueVersion": "6.0",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 4,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": 120,
    }
    assert arguments == {
        "--job-language": "python",
        "--job-bookmark-option": "job-bookmark-disable",
        "--enable-auto-scaling": "true",
        "--enable-metrics": "true",
        "--enable-observability-metrics": "true",
        "--enable-continuous-cloudwatch-log": "true",
        "--TempDir": "s3://shop/lake/artifacts/tmp/",
        "--additional-python-modules": f"s3://shop/lake/artifacts/{WHEELS}",
        "--python-modules-installer-option": "--no-index",
        "--transition": "bronze_to_silver",
        "--region": "us-east-1",
        "--lake": "s3://shop/lake",
        "--contracts": "s3://shop/lake/artifacts/contracts",
        "--policies": "s3://shop/lake/artifacts/policies",
        "--on_block": "succeed",
    }


def test_a_transition_without_spark_takes_the_fewest_workers_and_has_no_metrics_of_spark(
    target: Callable[..., Target],
) -> None:
    job = job_definition(target(), "raw_to_bronze")
    assert job["NumberOfWorkers"] == 2
    assert not any("metrics" in argument for argument in job["DefaultArguments"])


@pytest.mark.parametrize(
    ("warehouse", "wheels"),
    [(REDSHIFT, WHEELS), ("redshift://h.example:5439/shop?workgroup=analytics", WHEELS_WITH_REDSHIFT)],
)
def test_only_a_load_by_the_wire_protocol_installs_its_driver(
    target: Callable[..., Target], warehouse: str, wheels: str
) -> None:
    found = target(warehouse=warehouse)
    installed = {
        transition: job_definition(found, transition)["DefaultArguments"]["--additional-python-modules"]
        for transition in found.job_names
    }
    assert installed.pop("gold_to_redshift").endswith(f"/{wheels}")
    assert all(uri.endswith(f"/{WHEELS}") for uri in installed.values())


def test_every_setting_without_its_default_is_passed_to_the_script(target: Callable[..., Target]) -> None:
    given: dict[str, Any] = {
        "raw_root": "s3://shop-raw",
        "warehouse": REDSHIFT,
        "spark_options": {"spark.sql.shuffle.partitions": "64"},
        "shown_runs": 7,
    }
    arguments = job_definition(target(**given), "silver_to_gold")["DefaultArguments"]
    result = read_arguments([word for pair in arguments.items() for word in pair])
    assert result.settings == {
        "lake": "s3://shop/lake",
        **given,
        "warehouse": f"{REDSHIFT}?region=us-east-1",
        "shown_runs": "7",
    }
    assert (result.transition, result.is_blocked_failed) == ("silver_to_gold", False)
    assert result.folders == {
        "contracts": "s3://shop/lake/artifacts/contracts",
        "policies": "s3://shop/lake/artifacts/policies",
    }


@pytest.mark.parametrize(
    ("options", "jobs"),
    [
        ((), ["raw_to_bronze", "bronze_to_silver", "silver_to_gold"]),
        (("--name", "eu"), ["raw_to_bronze", "bronze_to_silver", "silver_to_gold"]),
    ],
)
@pytest.mark.aws
def test_each_transition_has_a_job_but_without_redshift_none_loads_a_warehouse(
    aws: None, deploy: Callable[..., Deployed], options: tuple[str, ...], jobs: list[str]
) -> None:
    deploy("--create-roles", *options)
    name = options[1] if options else "lakegate"
    assert sorted(client("glue").list_jobs()["JobNames"]) == sorted(f"{name}-{job}" for job in jobs)


def test_with_a_redshift_there_is_a_job_that_loads_it(target: Callable[..., Target]) -> None:
    assert target(warehouse=REDSHIFT).job_names["gold_to_redshift"] == "lakegate-gold_to_redshift"


@pytest.mark.aws
def test_a_changed_job_is_shown_and_restored_and_keeps_foreign_settings(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    deploy("--create-roles")
    glue = client("glue")
    job = glue.get_job(JobName="lakegate-silver_to_gold")["Job"]
    update = {name: job[name] for name in ("Role", "Command", "GlueVersion", "WorkerType", "NumberOfWorkers")}
    arguments = {**job["DefaultArguments"], "--lake": "s3://other", "--conf": "x"}
    glue.update_job(
        JobName="lakegate-silver_to_gold",
        JobUpdate={
            **update,
            "Timeout": 5,
            "DefaultArguments": arguments,
            "Connections": {"Connections": ["vpc"]},
        },
    )
    result = deploy("--create-roles", "--json")
    (step,) = [one for one in result.document["steps"] if one["action"] == "update"]
    assert step["name"] == "lakegate-silver_to_gold"
    changed = {one["setting"]: (one["found"], one["wanted"]) for one in step["differences"]}
    assert changed["Timeout"] == (5, 60)
    assert changed["--lake"] == ("s3://other", "s3://shop/lake")
    assert changed["--conf"] == ("x", None)
    assert glue.get_job(JobName="lakegate-silver_to_gold")["Job"]["Connections"] == {"Connections": ["vpc"]}
    assert deploy("--create-roles", "--json").steps("unchanged") == {}
