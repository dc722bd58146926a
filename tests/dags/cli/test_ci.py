"""`lakegate ci`: all checks in one command, with its reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft4Validator

from tests.dags.contract_checks.conftest import edit, folders, repository
from tests.dags.contract_checks.reports.test_reports import SCHEMA
from tests.dags.lake_runs import lakegate

if TYPE_CHECKING:
    from pathlib import Path

    from dags.contract_checks.folders import Folders

__all__ = ["folders", "repository"]  # fixtures
TRANSACTIONS = "silver/transactions.yaml"
TIGHTER = ("{column: amount, min_value: 0}", "{column: amount, min_value: 1}")


@pytest.fixture(autouse=True)
def _outside_of_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def test_a_branch_without_changes_passes(repository: Folders) -> None:
    result = lakegate("ci", "--base", "HEAD")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("# Contracts against HEAD: passed\n")


def test_a_breaking_change_without_a_major_version_fails_with_3(repository: Folders, tmp_path: Path) -> None:
    edit(repository.contracts / TRANSACTIONS, TIGHTER)
    result = lakegate("ci", "--base", "HEAD", "--report", tmp_path / "report")
    assert result.status == 3
    assert (tmp_path / "report/summary.md").read_text() in result.out
    assert ET.parse(tmp_path / "report/junit.xml").getroot().get("failures") == "1"
    document = json.loads((tmp_path / "report/lakegate.sarif").read_text())
    assert list(Draft4Validator(json.loads(SCHEMA.read_text())).iter_errors(document)) == []
    locations = [result["locations"][0]["physicalLocation"] for result in document["runs"][0]["results"]]
    assert {location["artifactLocation"]["uri"] for location in locations} == {
        "contracts/silver/transactions.yaml"
    }
    edit(repository.contracts / TRANSACTIONS, ("version: 1.1.0", "version: 2.0.0"))
    assert lakegate("ci", "--base", "HEAD").status == 0


def test_invalid_contracts_fail_with_2(repository: Folders) -> None:
    edit(repository.contracts / TRANSACTIONS, ("severity: warning", "severity: low"))
    result = lakegate("ci", "--base", "HEAD", "--json")
    assert result.status == 2
    assert [(suite["suite"], suite["is_passed"]) for suite in result.document["suites"]] == [
        ("lint", False),
        ("diff", True),
        ("test", True),
    ]


def test_a_check_that_cannot_run_is_a_failed_one(repository: Folders) -> None:
    result = lakegate("ci", "--base", "no/such/branch", "--json")
    assert result.status == 2
    lint, diff, _ = result.document["suites"]
    assert lint["is_passed"] is True
    (check,) = diff["checks"]
    assert check["problems"][0]["text"] == "--base no/such/branch: no such git ref or folder"


def test_a_lake_without_bronze_is_a_failed_check(repository: Folders, tmp_path: Path) -> None:
    result = lakegate("ci", "--base", "HEAD", "--lake", tmp_path / "lake", "--json")
    assert result.status == 2
    (check,) = result.document["suites"][-1]["checks"]
    assert check["problems"][0]["text"].endswith("/lake: nothing was ever promoted to BRONZE")


def test_on_github_problems_are_annotated_and_the_page_gets_the_summary(
    repository: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    edit(repository.contracts / TRANSACTIONS, TIGHTER)
    result = lakegate("ci", "--base", "HEAD")
    assert result.out.startswith(
        "::error file=contracts/silver/transactions.yaml,line=6,title=diff%3A version::"
    )
    assert (tmp_path / "page.md").read_text().startswith("# Contracts against HEAD: failed\n")
    result = lakegate("ci", "--base", "HEAD", "--json")
    assert result.document["is_passed"] is False
    assert result.err.startswith("::error file=contracts/silver/transactions.yaml,line=6,")
