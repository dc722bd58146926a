"""Lint of a folder of contracts: problems, their places, and what is not imported for it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contracts.errors import ConfigurationError
from dags.contract_checks.explain import effective_rules
from dags.contract_checks.folders import select
from dags.contract_checks.lint import lint
from dags.contract_checks.results import Level, Outcome
from tests.dags.contract_checks.conftest import SHIPPED, edit, line_of
from tests.dags.lake_runs import lakegate

if TYPE_CHECKING:
    from dags.contract_checks.folders import Folders

TRANSACTIONS = "silver/transactions.yaml"
SOURCES = """\
customProperties:
  - property: sources
    value:
      - name: web
        glob: web/*
        where: total >
        columns:
          amount: number(total, 'x')
          status: number(state
        formats: {created_at: [yyyy-QQ-dd], email: [yyyy]}
"""


def problems(folders: Folders, *paths: Path) -> list[tuple[str, int | None, str, str | None, str]]:
    """Return file, line, YAML path or policy key, rule and kind of all problems."""
    suite, _ = lint(select(paths, folders))
    return [
        (Path(found.file).name, found.line, found.path, found.rule, found.code) for found in suite.problems
    ]


def test_the_shipped_contracts_and_policies_have_no_problem() -> None:
    suite, linted = lint(select([], SHIPPED))
    assert suite.problems == ()
    assert len(suite.checks) == len(linted) + 5


def test_an_argument_that_gx_does_not_know_is_found(folders: Folders) -> None:
    path = folders.contracts / TRANSACTIONS
    edit(path, ("{column: amount, min_value: 0}", "{column: amount, minimum: 0}"))
    place = "schema[0].properties[2].quality[0]"
    line = line_of(path, "name: amount_negative")
    expected = [("transactions.yaml", line, place, "amount_negative", "expectation-argument")]
    assert problems(folders) == expected


def test_the_sql_of_a_rule_and_of_a_gold_table_is_parsed(folders: Folders) -> None:
    path = folders.contracts / TRANSACTIONS
    edit(
        path,
        ("type: expect_column_values_to_be_between", "type: unexpected_rows_expectation"),
        (
            "kwargs: {column: amount, min_value: 0}",
            "kwargs: {unexpected_rows_query: 'SELECT * FROM {batch} WHERE'}",
        ),
        (
            "            severity: error\n            dimension: accuracy",
            "            severity: error\n            domain: table\n            dimension: accuracy",
        ),
    )
    found = problems(folders)
    assert ("amount_negative", "sql-expression") in [(rule, code) for _, _, _, rule, code in found]


def test_a_pattern_that_java_cannot_compile_is_found(folders: Folders) -> None:
    edit(folders.contracts / TRANSACTIONS, ("regex: '^(?:", "regex: '^(?P<x>"))
    ((_, _, _, rule, code),) = problems(folders)
    assert (rule, code) == ("email_format", "regular-expression")


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("amount >", "is no SQL expression: incomplete"),
        ("amout > 0", "names the unknown column 'amout'"),
        ("rand() > 0.5", "is not deterministic"),
        ("max(amount) > 1", "aggregates over rows"),
        ("row_number() over (order by amount) > 1", "reads more than one row"),
        ("amount in (select 1)", "reads other data than the row"),
    ],
)
def test_a_row_condition_is_parsed(folders: Folders, condition: str, problem: str) -> None:
    replacement = f'{{column: amount, min_value: 0, row_condition: "{condition}"}}'
    edit(folders.contracts / TRANSACTIONS, ("{column: amount, min_value: 0}", replacement))
    suite, _ = lint(select([], folders))
    (found,) = suite.problems
    assert found.code == "sql-expression"
    assert problem in found.text


def test_the_expressions_and_patterns_of_sources_are_parsed(folders: Folders) -> None:
    path = folders.contracts / TRANSACTIONS
    edit(path, ("customProperties:\n", SOURCES))
    suite, _ = lint(select([], folders))
    assert [(found.line, found.code, found.level) for found in suite.problems] == [
        (line_of(path, "where: total"), "sql-expression", Level.ERROR),
        (line_of(path, "amount: number"), "sql-expression", Level.ERROR),
        (line_of(path, "status: number"), "sql-expression", Level.WARNING),
        (line_of(path, "formats:"), "datetime-pattern", Level.ERROR),
        (line_of(path, "formats:"), "datetime-pattern", Level.ERROR),
        (line_of(path, "formats:"), "datetime-pattern", Level.ERROR),
    ]


def test_problems_of_several_files_are_found_at_once(folders: Folders) -> None:
    edit(folders.contracts / TRANSACTIONS, ("severity: warning", "severity: low"))
    edit(folders.contracts / "gold/dim_date.yaml", ("logicalType: date", "logicalType: day"))
    edit(folders.policies / "users.yaml", ("retention_days: 90", "retention_days: 0"))
    edit(folders.policies / "events.yaml", ("overrides: {}", "overrides: {age_rang: warn}"))
    assert {(file, code) for file, _, _, _, code in problems(folders)} == {
        ("transactions.yaml", "invalid-contract"),
        ("dim_date.yaml", "invalid-contract"),
        ("users.yaml", "invalid-policy"),
        ("events.yaml", "invalid-policy"),
    }


def test_a_policy_may_name_a_rule_that_is_invalid_for_the_moment(folders: Folders) -> None:
    edit(
        folders.contracts / TRANSACTIONS, ("{column: amount, min_value: 0}", "{column: amount, min_value: x}")
    )
    edit(folders.policies / "transactions.yaml", ("overrides: {}", "overrides: {amount_negative: warn}"))
    assert [(file, rule) for file, _, _, rule, _ in problems(folders)] == [
        ("transactions.yaml", "amount_negative")
    ]


def test_missing_contracts_and_policies_are_found(folders: Folders) -> None:
    (folders.contracts / "silver/users.yaml").unlink()
    assert [(file, code) for file, _, _, _, code in problems(folders)] == [
        ("users_history.yaml", "invalid-contract")
    ]
    shutil.copy(SHIPPED.contracts / "silver/users.yaml", folders.contracts / "silver")
    (folders.policies / "gold.yaml").unlink()
    assert [(file, code) for file, _, _, _, code in problems(folders)] == [("gold.yaml", "invalid-policy")]


def test_only_the_files_that_are_named_are_reported(folders: Folders) -> None:
    edit(folders.contracts / TRANSACTIONS, ("severity: warning", "severity: low"))
    edit(folders.contracts / "silver/users.yaml", ("severity: warning", "severity: low"))
    assert [file for file, *_ in problems(folders, folders.contracts / TRANSACTIONS)] == ["transactions.yaml"]
    assert {file for file, *_ in problems(folders, folders.contracts / "silver")} == {
        "transactions.yaml",
        "users.yaml",
    }
    assert problems(folders, folders.policies / "users.yaml") == []
    with pytest.raises(ConfigurationError, match="no such file"):
        select([folders.contracts / "silver/visits.yaml"], folders)


def test_a_check_says_what_was_not_checked(folders: Folders) -> None:
    edit(folders.contracts / TRANSACTIONS, ("physicalType: decimal(18,4)", "physicalType: money"))
    suite, _ = lint(select([], folders))
    (check,) = (check for check in suite.checks if check.outcome is Outcome.FAILED)
    assert check.note == "not checked until the errors are corrected: amount, amount_negative"


def test_every_rule_is_explained_by_its_place(folders: Folders) -> None:
    _, linted = lint(select([folders.contracts / TRANSACTIONS], folders))
    path = folders.contracts / TRANSACTIONS
    origins = {effective.rule.name: effective.origin for effective in effective_rules(linted)}
    assert origins["amount_negative"] == f"written at {path}:{line_of(path, 'name: amount_negative')}"
    assert origins["age_range"] == f"derived from the column age at {path}:{line_of(path, '- name: age')}"
    assert origins["keys_unique"] == "derived for every table of silver"
    assert len(origins) == len(linted[0].diagnosis.contract.rules)  # type: ignore[union-attr]


def test_the_command_prints_problems_and_exits_with_2(folders: Folders) -> None:
    path = folders.contracts / TRANSACTIONS
    edit(path, ("{column: amount, min_value: 0}", "{column: amount, minimum: 0}"))
    result = lakegate("contract", "lint", folders.contracts)
    assert result.status == 2
    assert f"error: {path}:{line_of(path, 'name: amount_negative')}: rule amount_negative: " in result.out
    document = lakegate("contract", "lint", folders.contracts, "--json").document
    assert document["is_passed"] is False
    (problem,) = (found for check in document["checks"] for found in check["problems"])
    assert (problem["rule"], problem["line"]) == ("amount_negative", line_of(path, "name: amount_negative"))


def test_the_policies_beside_the_named_contracts_are_theirs(folders: Folders) -> None:
    edit(folders.policies / "users.yaml", ("retention_days: 90", "retention_days: 0"))
    result = lakegate("contract", "lint", folders.contracts)
    assert (result.status, "retention_days" in result.out) == (2, True)
    assert lakegate("contract", "lint").status == 0


def test_the_command_explains_in_json_too() -> None:
    document = lakegate("contract", "lint", "--explain", "--json").document
    assert {"contract", "rule", "severity", "domain", "expectation", "kwargs", "origin"} == set(
        document["rules"][0]
    )


def test_lint_imports_neither_spark_nor_gx(folders: Folders) -> None:
    edit(folders.contracts / TRANSACTIONS, ("customProperties:\n", SOURCES))
    program = (
        "import sys, json\n"
        f"sys.argv = ['lakegate', 'contract', 'lint', {str(folders.contracts)!r}, '--json']\n"
        "from dags.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'pyspark', 'great_expectations', 'pandas', 'numpy', 'duckdb', 'boto3'}\n"
        "print(json.dumps(sorted(heavy & set(sys.modules))), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr) == []
