"""The warehouse's schema in a deployment: planned, created once, never forced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dags.pipeline.run import TRANSITIONS
from tests.checkpoints.warehouse.warehouses import RedshiftBench, redshift_bench
from tests.dags.deploy.conftest import REGION, client
from tests.shipped import GOLD_TABLES
from tests.stand_ins.moto_additions import moto_additions
from tests.stand_ins.permissions import conditions_evaluated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contributing import Installation
    from tests.dags.deploy.conftest import Deployed


@pytest.fixture
def bench() -> Iterator[RedshiftBench]:
    with redshift_bench(is_by_wire=False) as bench, conditions_evaluated(), moto_additions():
        yield bench


def test_the_schema_is_created_with_everything_else_and_then_unchanged(
    bench: RedshiftBench, deploy: Callable[..., Deployed]
) -> None:
    options = ("--create-roles", "--warehouse", bench.uri(schema="mart"), "--json")
    first = deploy(*options)
    (schema,) = [one for one in first.document["steps"] if one["kind"] == "schema"]
    assert (schema["action"], schema["name"].partition("?")[2]) == ("create", "schema=mart")
    wanted = [one["wanted"] for one in schema["differences"]]
    assert wanted[:2] == [
        'CREATE USER "IAMR:lakegate-glue" PASSWORD DISABLE',
        'CREATE SCHEMA IF NOT EXISTS "mart"',
    ]
    tables = bench.database.query("SELECT table_name FROM svv_tables WHERE table_schema = 'mart'")
    assert {name for (name,) in tables} == {*GOLD_TABLES, "_lakegate_release"}
    assert deploy(*options).steps("unchanged") == {}
    job = client("glue").get_job(JobName="lakegate-gold_to_redshift")["Job"]
    assert job["DefaultArguments"]["--warehouse"] == bench.uri(schema="mart")
    assert {"lakegate-glue", "lakegate-redshift-copy", "lakegate-steward"} == {
        one["RoleName"] for one in client("iam").list_roles()["Roles"]
    }


def test_everything_of_a_further_dataset_and_table_is_deployed(
    bench: RedshiftBench, deploy: Callable[..., Deployed], returns: Installation
) -> None:
    options = ("--create-roles", "--warehouse", bench.uri(), "--json")
    result = deploy(*options)
    uploads = {name for name in result.steps() if "returns" in name}
    artifacts = "upload s3://shop/lake/artifacts"
    assert uploads == {
        f"{artifacts}/contracts/silver/returns.yaml",
        f"{artifacts}/contracts/gold/returns_by_status.yaml",
        f"{artifacts}/policies/returns.yaml",
    }
    rules = client("s3").get_bucket_lifecycle_configuration(Bucket="shop")["Rules"]
    expiring = {one["Filter"]["Prefix"]: one["Expiration"] for one in rules if "returns" in one["ID"]}
    assert expiring == {
        "lake/silver/returns/": {"ExpiredObjectDeleteMarker": True},
        **{f"lake/quarantine/{kind}/returns/": {"Days": 90} for kind in ("files", "rows")},
    }
    for transition in TRANSITIONS:
        job = client("glue").get_job(JobName=f"lakegate-{transition}")["Job"]["DefaultArguments"]
        assert job["--contracts"] == "s3://shop/lake/artifacts/contracts"
        assert job["--policies"] == "s3://shop/lake/artifacts/policies"
    columns = bench.database.query(
        "SELECT column_name, data_type FROM svv_columns WHERE table_name = 'returns_by_status'"
        " AND table_schema = 'gold' ORDER BY ordinal_position"
    )
    assert [name for name, _ in columns] == ["status", "returns", "refunded"]
    assert deploy(*options).steps("unchanged") == {}


def test_the_region_is_passed_to_the_warehouse_and_its_job(
    bench: RedshiftBench, deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    result = deploy("--create-roles", "--warehouse", bench.uri(region=""))
    assert result.status == 0, result.err
    job = client("glue").get_job(JobName="lakegate-gold_to_redshift")["Job"]
    assert job["DefaultArguments"]["--warehouse"] == bench.uri(region="") + f"&region={REGION}"


@pytest.mark.aws
def test_a_dry_run_creates_no_table(bench: RedshiftBench, deploy: Callable[..., Deployed]) -> None:
    result = deploy("--dry-run", "--create-roles", "--warehouse", bench.uri())
    assert '\nCREATE TABLE IF NOT EXISTS "gold"."dim_users"' in result.out
    assert '\nALTER TABLE "gold"."dim_users" OWNER TO "IAMR:lakegate-glue";\n' in result.out
    assert bench.database.query("SELECT COUNT(*) FROM svv_tables WHERE table_schema = 'gold'") == [(0,)]


def test_loader_and_readers_are_given_what_they_need_once(
    bench: RedshiftBench, deploy: Callable[..., Deployed]
) -> None:
    access = ("--loader", "IAMR:airflow", "--readers", "analysts", "--readers", "finance")
    options = ("--create-roles", "--warehouse", bench.uri(), *access, "--json")
    assert deploy(*options).status == 0
    owners = bench.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'gold'")
    assert owners == [("iamr:airflow",)]
    readers = bench.query("SELECT DISTINCT identity_name FROM svv_relation_privileges")
    assert set(readers) == {("analysts",), ("finance",)}
    assert deploy(*options).steps("unchanged") == {}


def test_a_login_that_is_no_superuser_changes_nothing(
    bench: RedshiftBench, deploy: Callable[..., Deployed]
) -> None:
    bench.data_api.identity = "IAMR:deployer"
    result = deploy("--create-roles", "--warehouse", bench.uri())
    assert result.status == 1
    assert "iamr:deployer is no superuser of the database" in result.err
    assert [one["Name"] for one in client("s3").list_buckets()["Buckets"]] == ["lake"]


def test_a_login_by_a_secret_owns_what_it_creates(
    bench: RedshiftBench, deploy: Callable[..., Deployed]
) -> None:
    result = deploy("--create-roles", "--warehouse", bench.uri(schema="mart", secret=bench.secret), "--json")
    assert result.status == 0, result.err
    owners = bench.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'mart'")
    assert owners == [("loader",)]


def test_a_mismatched_table_stops_the_deployment_before_any_change(
    bench: RedshiftBench, deploy: Callable[..., Deployed]
) -> None:
    bench.query("CREATE TABLE dim_status (status BIGINT)")
    result = deploy("--create-roles", "--warehouse", bench.uri())
    assert result.status == 1
    assert "dim_status.status: expected VARCHAR(" in result.err
    assert "found BIGINT in the live table; run ALTER TABLE" in result.err
    assert [one["Name"] for one in client("s3").list_buckets()["Buckets"]] == ["lake"]
