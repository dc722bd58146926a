"""`lakegate contract backtest`, `lakegate diff`: what they print, and their exit statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dags.contract_checks.conftest import edit, folders, repository
from tests.dags.lake_runs import LakeRuns, lakegate

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from dags.contract_checks.folders import Folders

__all__ = ["folders", "repository"]  # fixtures
USERS = """user_id,name,email,city,age,updated_at
u1,Ada,ada@example.com,Berlin,36,2024-04-01T00:00:00Z
u2,Bob,bob@example.com,Paris,41,2024-04-02T00:00:00Z
u3,Eve,eve@example.com,Rome,110,2024-04-02T00:00:00Z
"""
NEWER = """user_id,name,email,city,age,updated_at
u2,Robert,bob@example.com,Paris,42,2024-05-02T00:00:00Z
u4,Mia,mia@example.com,Oslo,28,2024-05-02T00:00:00Z
"""


@pytest.fixture(scope="module")
def _two_versions(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> LakeRuns:
    lake = LakeRuns(tmp_path_factory.mktemp("versions") / "lake", spark)
    lake.drop_shop()
    lake.drop("users/users.csv", USERS)
    for number in (1, 2):
        for transition in ("raw_to_bronze", "bronze_to_silver"):
            lake.run(only=transition, run_id=f"run-{number}")
        lake.drop("users/newer.csv", NEWER)
    return lake


@pytest.fixture
def two_versions(_two_versions: LakeRuns, tmp_path: Path) -> LakeRuns:
    """A copy of a lake with two versions of silver, whose users differ."""
    return _two_versions.copied_to(tmp_path / "lake")


def test_diff_shows_rows_by_key_and_column_without_personal_data(two_versions: LakeRuns) -> None:
    result = lakegate("diff", "silver/users", "--lake", two_versions.root, "--json")
    assert result.status == 0
    found = result.document
    assert (found["from"]["run_id"], found["to"]["run_id"]) == ("run-1", "run-2")
    assert (found["from"]["rows"], found["to"]["rows"]) == (3, 4)
    assert (found["rows_added"], found["rows_removed"], found["rows_changed"]) == (1, 0, 1)
    assert (found["schema"], found["added_keys"]) == ([], [{"user_id": "u4"}])
    columns = {
        one["column"]: (
            one["rows"],
            [(value["key"], value["before"], value["after"]) for value in one["samples"]],
        )
        for one in found["columns"]
    }
    key = {"user_id": "u2"}
    assert columns["age"] == (1, [(key, "41", "42")])
    assert columns["name"] == (1, [(key, "‹1-4 characters: letters›", "‹5-16 characters: letters›")])
    assert columns["updated_at"] == (1, [(key, "2024-04-02 00:00:00", "2024-05-02 00:00:00")])
    assert {*columns} == {"age", "name", "updated_at", "_source_file", "event_date"}


def test_diff_between_named_versions_is_the_reverse(two_versions: LakeRuns) -> None:
    forth = lakegate("diff", "silver/users_history", "--lake", two_versions.root, "--json").document
    result = lakegate(
        *("diff", "silver/users_history", "--lake", two_versions.root),
        *("--from", forth["to"]["version"], "--to", forth["from"]["version"]),
    )
    assert (result.status, forth["rows_added"], forth["rows_removed"]) == (0, 2, 0)
    assert "  rows removed: 2, such as user_id u2, valid_from 2024-05-02 00:00:00" in result.out
    assert (
        "    in is_current: 1\n      user_id u2, valid_from 2024-04-02 00:00:00: false -> true\n"
        in result.out
    )


def test_diff_refuses_what_is_not_there(two_versions: LakeRuns) -> None:
    def refused(*arguments: object) -> tuple[int, str]:
        result = lakegate("diff", *arguments, "--lake", two_versions.root)
        return result.status, result.err

    status, error = refused("silver/users", "--from", "nothing")
    assert (status, error.startswith("lakegate: --from: no such version is kept (expected one of ")) == (
        2,
        True,
    )
    assert refused("bronze/users") == (
        2, "lakegate: 'bronze/users': invalid name (expected silver/NAME or gold/NAME)\n"
    )  # fmt: skip
    status, error = refused("gold/dim_users")
    assert (status, "no promoted version of gold/dim_users" in error) == (1, True)


def test_backtest_prints_the_forecast_and_exits_with_3_for_a_block(
    two_versions: LakeRuns, repository: Folders
) -> None:
    edit(repository.contracts / "silver/users.yaml", ("maximum: 120", "maximum: 100"))
    edit(repository.policies / "users.yaml", ("max_quarantine_ratio: 0.25", "max_quarantine_ratio: 0.1"))
    result = lakegate("contract", "backtest", "--base", "HEAD", "--lake", two_versions.root)
    assert result.status == 3
    assert (
        result.out
        == """users: verdict warn -> block
  the base is what run run-2 left in the lake
  rows read          5
  rows promoted      4 -> 3
  rows quarantined   0 -> 1
  rows deduplicated  1
  broken rules       quarantine_ratio, freshness
  rows newly quarantined: 1
    age_range: 1
               1  users.csv
      such as 110
events: contract and policy are those of the base
transactions: contract and policy are those of the base
"""
    )


def test_ci_backtests_on_a_lake(two_versions: LakeRuns, repository: Folders) -> None:
    edit(
        repository.contracts / "silver/users.yaml",
        ("maximum: 120", "maximum: 100"),
        ("version: 1.1.0", "version: 2.0.0"),
    )
    result = lakegate("ci", "--base", "HEAD", "--lake", two_versions.root, "--json")
    assert result.status == 0
    suite = result.document["suites"][-1]
    assert suite["suite"] == "backtest"
    by_name = {check["name"]: check for check in suite["checks"]}
    assert {name: check["outcome"] for name, check in by_name.items()} == {
        "users": "passed", "events": "skipped", "transactions": "skipped"
    }  # fmt: skip
    (problem,) = by_name["users"]["problems"]
    assert (problem["level"], problem["text"]) == ("warning", "newly quarantined rows: 1 (files: 1)")
