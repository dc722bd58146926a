"""The warehouse's schema: planned with everything else, made once, and never forced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contracts.reader import GOLD_TABLES
from tests.checkpoints.warehouse.warehouses import RedshiftBench, redshift_bench
from tests.dags.deploy.conftest import REGION, client
from tests.stand_ins.glue_jobs import jobs_can_be_updated
from tests.stand_ins.permissions import tls_understood

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.dags.deploy.conftest import Told


@pytest.fixture
def bench() -> Iterator[RedshiftBench]:
    with redshift_bench(is_by_wire=False) as bench, tls_understood(), jobs_can_be_updated():
        yield bench


def test_the_schema_is_made_with_everything_else_and_then_left_alone(
    bench: RedshiftBench, deploy: Callable[..., Told]
) -> None:
    options = ("--create-roles", "--warehouse", bench.uri(schema="mart"), "--json")
    first = deploy(*options)
    (schema,) = [one for one in first.document["steps"] if one["kind"] == "schema"]
    assert (schema["action"], schema["name"].partition("?")[2]) == ("create", "schema=mart")
    assert schema["differences"][0]["wanted"] == 'CREATE SCHEMA IF NOT EXISTS "mart"'
    tables = bench.database.query("SELECT table_name FROM svv_tables WHERE table_schema = 'mart'")
    assert {name for (name,) in tables} == {*GOLD_TABLES, "_lakegate_release"}
    assert deploy(*options).steps("unchanged") == {}
    job = client("glue").get_job(JobName="lakegate-gold_to_redshift")["Job"]
    assert job["DefaultArguments"]["--warehouse"] == bench.uri(schema="mart")
    assert {"lakegate-glue", "lakegate-redshift-copy"} == {
        one["RoleName"] for one in client("iam").list_roles()["Roles"]
    }


def test_the_region_is_the_warehouses_too_and_its_job_is_told(
    bench: RedshiftBench, deploy: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    told = deploy("--create-roles", "--warehouse", bench.uri(region=""))
    assert told.status == 0, told.err
    job = client("glue").get_job(JobName="lakegate-gold_to_redshift")["Job"]
    assert job["DefaultArguments"]["--warehouse"] == bench.uri(region="") + f"&region={REGION}"


@pytest.mark.aws
def test_a_dry_run_makes_no_table(bench: RedshiftBench, deploy: Callable[..., Told]) -> None:
    told = deploy("--dry-run", "--create-roles", "--warehouse", bench.uri())
    assert '    + ddl: CREATE TABLE IF NOT EXISTS "gold"."dim_users"' in told.out
    assert bench.database.query("SELECT COUNT(*) FROM svv_tables WHERE table_schema = 'gold'") == [(0,)]


def test_a_table_that_a_person_has_to_change_stops_all_before_anything_is_done(
    bench: RedshiftBench, deploy: Callable[..., Told]
) -> None:
    bench.query("CREATE TABLE dim_status (status BIGINT)")
    told = deploy("--create-roles", "--warehouse", bench.uri())
    assert told.status == 1
    assert "dim_status.status: expected VARCHAR(" in told.err
    assert "found BIGINT in the live table; run ALTER TABLE" in told.err
    assert [one["Name"] for one in client("s3").list_buckets()["Buckets"]] == ["lake"]
