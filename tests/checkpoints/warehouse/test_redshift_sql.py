"""SQL for Redshift: values are parameters; unsafe names and URIs are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checkpoints.warehouse.redshift_sql import (
    copy_parquet,
    identifier,
    qualified,
    require_figures,
    write_release_note,
)
from checkpoints.warehouse.warehouse import LoadedTable, WarehouseError
from tests.checkpoints.warehouse.releases import NOON, write_release

if TYPE_CHECKING:
    from pathlib import Path

URI = "s3://lake/gold/_manifests/_copy/0a/dim_users.manifest"


@pytest.mark.parametrize(
    "name", ["", 'a"b', "a.b", "A", "1a", "a b", "a;--", "größe", "a" * 128, "a\x00", "a\n", ":a", "$1"]
)
def test_a_name_that_redshift_would_change_never_gets_into_sql(name: str) -> None:
    with pytest.raises(WarehouseError, match="invalid Redshift identifier"):
        identifier(name)
    with pytest.raises(WarehouseError):
        qualified("gold", name)


def test_a_name_of_127_bytes_is_valid() -> None:
    assert identifier("a" * 127) == f'"{"a" * 127}"'


@pytest.mark.parametrize(
    "uri",
    [
        "s3://lake/it's",
        "s3://lake/a b",
        "s3://lake/:name",
        "s3://lake/a\\b",
        "s3://lake/größe",
        "s3://Lake/a",
        "s3://lake",
        "s3://lake//a",
        "/lake/a",
        "s3://lake/a' IAM_ROLE 'x",
        "s3://lake/a\n",
    ],
)
def test_a_manifest_uri_with_unsafe_characters_is_refused(uri: str) -> None:
    with pytest.raises(WarehouseError, match="unsafe characters in the manifest's URI"):
        copy_parquet('"gold"."dim_users"', "dim_users", uri, "default")


@pytest.mark.parametrize("role", ["", "x", "arn:aws:iam::123456789012:role/a'b", "DEFAULT; DROP TABLE a"])
def test_an_invalid_role_is_refused(role: str) -> None:
    with pytest.raises(WarehouseError, match="invalid IAM role"):
        copy_parquet('"gold"."dim_users"', "dim_users", URI, role)


def test_a_copy_uses_the_manifest_and_the_given_role() -> None:
    role = "arn:aws:iam::123456789012:role/lakegate-copy"
    copied = copy_parquet('"gold"."dim_users"', "dim_users", URI, role)
    expected = f"""COPY "gold"."dim_users" FROM '{URI}' IAM_ROLE '{role}' FORMAT AS PARQUET MANIFEST"""
    assert (copied.sql, dict(copied.parameters)) == (expected, {})
    assert "IAM_ROLE default FORMAT" in copy_parquet('"a"', "a", URI, "default").sql


def test_the_run_id_is_a_parameter(tmp_path: Path) -> None:
    hostile = "x'); DROP TABLE gold.dim_users; -- :checksum"
    request = write_release(tmp_path, "v1")
    request = replace(request, release=replace(request.release, run_id=hostile))
    _, note = write_release_note("gold", request, NOON)
    assert (hostile in note.sql, note.parameters["run_id"]) == (False, hostile)
    assert note.parameters["loaded_at"] == "2026-01-01 12:00:00.000000"


def test_figures_are_parameters(tmp_path: Path) -> None:
    table = write_release(tmp_path, "v1").tables[-1]
    accepted = LoadedTable(table.name, 987654, 987654, table.manifest.sums, table.manifest.sums)
    check = require_figures([('"gold"."user_ltv"', table, accepted)])
    assert dict(check.parameters) == {"rows_0": "987654", "sum_0_0": "0.3003"}
    assert not any(value in check.sql for value in check.parameters.values())
