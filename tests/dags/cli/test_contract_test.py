"""`lakegate contract test`: what it prints, its JSON document and exit statuses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.dags.contract_checks.conftest import edit, folders, line_of, repository
from tests.dags.contract_tests.conftest import write_cases
from tests.dags.lake_runs import lakegate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

    from dags.contract_checks.folders import Folders

__all__ = ["folders", "repository"]  # fixtures
CASES = """\
dataset: users
cases:
  - name: a clean user
    given:
      crm.csv: |
        user_id,city,age
        u1,Berlin,36
    expect:
      silver: [{user_id: u1, city: Berlin}]
      verdict: pass
  - name: an old user
    given:
      crm.csv: |
        user_id,city,age
        u1,Berlin,36
        u2,Paris,200
    expect:
      silver:
        - user_id: u1
          city: Rome
      rules:
        age_range: 2
"""
SETTINGS = ("spark.sql.shuffle.partitions", "spark.sql.adaptive.enabled")


@pytest.fixture
def running_session(spark: SparkSession) -> Iterator[None]:
    """Restore the settings of the tests' session: the command reuses it, with settings of its own."""
    before = {name: spark.conf.get(name, None) for name in SETTINGS}
    yield
    for name, value in before.items():
        spark.conf.unset(name) if value is None else spark.conf.set(name, value)


@pytest.mark.usefixtures("running_session")
def test_failed_cases_are_printed_with_what_was_expected_and_found(tmp_path: Path) -> None:
    path = write_cases(tmp_path, CASES)
    result = lakegate("contract", "test", tmp_path)
    assert result.status == 3
    assert re.sub(r"in \d+\.\d s$", "in SECONDS", result.out.rstrip()) == (
        f"FAILED {path}:11 an old user\n"
        "  silver[0].city of 'u1' (line 20)\n"
        "    expected 'Rome'\n"
        "    found    'Berlin'\n"
        "  rules.age_range (line 22)\n"
        "    expected 2\n"
        "    found    1\n"
        "\n"
        "1 failed, 1 passed in SECONDS"
    )


@pytest.mark.usefixtures("running_session")
def test_the_results_as_json(tmp_path: Path) -> None:
    path = write_cases(tmp_path, CASES)
    result = lakegate("contract", "test", path, "--json")
    assert (result.status, result.err) == (3, "")
    document = result.document
    assert document.pop("seconds") > 0
    assert document == {
        "passed": 1,
        "failed": 1,
        "cases": [
            {
                "name": "a clean user",
                "dataset": "users",
                "file": str(path),
                "line": 3,
                "passed": True,
                "differences": [],
            },
            {
                "name": "an old user",
                "dataset": "users",
                "file": str(path),
                "line": 11,
                "passed": False,
                "differences": [
                    {
                        "what": "silver[0].city of 'u1'",
                        "expected": "'Rome'",
                        "found": "'Berlin'",
                        "line": 20,
                    },
                    {"what": "rules.age_range", "expected": "2", "found": "1", "line": 22},
                ],
            },
        ],
    }


@pytest.mark.usefixtures("running_session")
def test_a_selected_case_that_passes_ends_with_0(tmp_path: Path) -> None:
    write_cases(tmp_path, CASES)
    result = lakegate("contract", "test", tmp_path, "-k", "CLEAN")
    assert result.status == 0
    assert re.fullmatch(r"1 passed in \d+\.\d s\n", result.out)


def test_an_invalid_case_ends_with_2_before_spark_starts(tmp_path: Path) -> None:
    path = write_cases(tmp_path, CASES.replace("age_range: 2", "age_rang: 2"))
    result = lakegate("contract", "test", path, "--json")
    message = f"{path}:22, case 'an old user': no rule 'age_rang' (expected one of accounting, age_range, "
    assert result.status == 2
    assert result.document["exit_status"] == 2
    assert result.document["error"].startswith(message)
    assert result.err.startswith(f"lakegate: {message}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.yaml",), "nowhere.yaml: no such file or folder"),
        (("-k", "no such case"), "cases has a name with 'no such case'"),
    ],
)
def test_nothing_to_run_ends_with_2(arguments: tuple[str, ...], message: str) -> None:
    result = lakegate("contract", "test", *arguments)
    assert (result.status, result.out) == (2, "")
    assert message in result.err


def test_an_installation_without_cases_ends_with_2(repository: Folders) -> None:
    result = lakegate("contract", "test")
    assert result.status == 2
    assert result.err.startswith(f"lakegate: {repository.contracts}: there are no cases (expected YAML files")


@pytest.mark.usefixtures("running_session")
def test_ci_reports_a_failed_case_of_the_contracts_folder(repository: Folders) -> None:
    folder = repository.contracts / "silver/cases/users"
    folder.mkdir(parents=True)
    path = write_cases(folder, CASES)
    edit(path, ("        age_range: 2\n", "        age_range: 1\n"))
    result = lakegate("ci", "--base", "HEAD", "--json")
    assert result.status == 3
    (suite,) = [one for one in result.document["suites"] if one["suite"] == "test"]
    problems = [problem for check in suite["checks"] for problem in check["problems"]]
    assert [(one["file"], one["line"], one["path"], one["text"]) for one in problems] == [
        (
            "contracts/silver/cases/users/cases.yaml",
            line_of(path, "city: Rome"),
            "silver[0].city of 'u1'",
            "an old user: expected 'Rome', found 'Berlin'",
        )
    ]
