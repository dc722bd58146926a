"""Changes of contracts and policies against a git ref, a folder or the deployed copies."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from contracts.errors import ConfigurationError
from contracts.loader import contract_files
from dags.contract_checks.changes import diff
from dags.contract_checks.folders import Folders
from dags.contract_checks.results import Level, Outcome
from tests.dags.contract_checks.conftest import edit, line_of
from tests.dags.lake_runs import lakegate

if TYPE_CHECKING:
    from pathlib import Path

TRANSACTIONS = "silver/transactions.yaml"
TIGHTER = ("{column: amount, min_value: 0}", "{column: amount, min_value: 1}")
NEW_MAJOR = ("version: 1.1.0", "version: 2.0.0")


def changed(base: str | Path, folders: Folders) -> list[tuple[str, str, str]]:
    """Return contract, kind and path of all changes."""
    return [
        (each.name, change.kind, change.path)
        for each in diff(str(base), folders)[1]
        for change in each.changes
    ]


def test_nothing_changed_since_the_commit(repository: Folders) -> None:
    suite, found = diff("HEAD", repository)
    assert (suite.is_passed, found) == (True, ())
    assert len(suite.checks) == len(contract_files(repository.contracts))


def test_a_breaking_change_needs_a_new_major_version(repository: Folders) -> None:
    path = repository.contracts / TRANSACTIONS
    edit(path, TIGHTER)
    suite, (each,) = diff("HEAD", repository)
    assert (each.name, each.is_breaking, each.next_version) == ("silver/transactions", True, "2.0.0")
    version, rule = suite.problems
    assert str(version) == (
        "contracts/silver/transactions.yaml:6: version: the contract changed, and its version is still "
        "1.1.0; write version: 2.0.0"
    )
    assert (rule.rule, rule.line, rule.level) == (
        "amount_negative",
        line_of(path, "amount_negative"),
        Level.ERROR,
    )
    edit(path, ("version: 1.1.0", "version: 1.2.0"))
    assert "need a new major version, found 1.1.0 -> 1.2.0" in str(diff("HEAD", repository)[0].problems[0])
    edit(path, ("version: 1.2.0", "version: 2.0.0"))
    suite, _ = diff("HEAD", repository)
    assert suite.is_passed
    assert [problem.level for problem in suite.problems] == [Level.WARNING]


def test_any_other_change_needs_a_new_version(repository: Folders) -> None:
    path = repository.contracts / TRANSACTIONS
    edit(path, ("Finance data", "Finance"))
    suite, (each,) = diff("HEAD", repository)
    assert (suite.is_passed, each.next_version) == (False, "1.1.1")
    edit(path, ("version: 1.1.0", "version: 1.1.1"))
    assert diff("HEAD", repository)[0].is_passed


def test_a_policy_is_part_of_what_its_contract_promises(repository: Folders) -> None:
    path = repository.policies / "events.yaml"
    edit(path, ("max_quarantine_ratio: 0.25", "max_quarantine_ratio: 0.5"))
    suite, _ = diff("HEAD", repository)
    assert changed("HEAD", repository) == [("silver/events", "limit_changed", "policy.max_quarantine_ratio")]
    assert [(problem.file, problem.line) for problem in suite.problems] == [
        ("contracts/silver/events.yaml", 6),
        ("policies/events.yaml", line_of(path, "max_quarantine_ratio")),
    ]


def test_how_a_policy_is_operated_needs_no_version(repository: Folders) -> None:
    edit(repository.policies / "gold.yaml", ("retention_days: 90", "retention_days: 30"))
    suite, _ = diff("HEAD", repository)
    assert suite.is_passed
    assert changed("HEAD", repository) == [("policy gold", "retention_changed", "policy.retention_days")]


def test_contracts_are_added_freely_and_removed_after_an_announcement(repository: Folders) -> None:
    visits, status = (
        repository.contracts / "silver/visits.yaml",
        repository.contracts / "gold/dim_status.yaml",
    )
    shutil.copy(repository.contracts / "silver/events.yaml", visits)
    edit(visits, ("name: events", "name: visits"), ("  - name: events", "  - name: visits"))
    status.unlink()
    assert changed("HEAD", repository) == [
        ("gold/dim_status", "contract_removed", ""),
        ("silver/visits", "contract_added", ""),
    ]
    (problem, _) = diff("HEAD", repository)[0].problems
    assert (problem.file, problem.line) == ("contracts/gold/dim_status.yaml", None)
    assert "release it with status: deprecated first" in str(problem)
    subprocess.run(["git", "checkout", "-q", "contracts/gold"], check=True)
    edit(status, ("status: active", "status: deprecated"))
    commit = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qam", "deprecate"]
    subprocess.run(commit, check=True)
    status.unlink()
    assert diff("HEAD", repository)[0].is_passed


def test_a_contract_that_is_invalid_now_is_not_compared(repository: Folders) -> None:
    edit(repository.contracts / TRANSACTIONS, TIGHTER, ("severity: error", "severity: high"))
    suite, _ = diff("HEAD", repository)
    (check,) = (check for check in suite.checks if check.name == "silver/transactions")
    assert check.outcome is Outcome.SKIPPED
    assert check.note.startswith(
        "not compared until it is valid: silver/transactions.yaml, schema[0].quality[0]"
    )
    assert lakegate("contract", "diff", "--base", "HEAD").status == 2


def test_of_a_base_that_is_invalid_now_the_rest_is_compared(folders: Folders, tmp_path: Path) -> None:
    shutil.copytree(folders.contracts, tmp_path / "base")
    edit(tmp_path / "base" / TRANSACTIONS, ("severity: error", "severity: high"))
    edit(folders.contracts / TRANSACTIONS, TIGHTER)
    _, (each,) = diff(str(tmp_path / "base"), folders)
    assert [change.path for change in each.changes] == ["rules.amount_negative"]
    assert each.note == "not compared, as it is invalid in the base: delivery_before_creation"


@pytest.mark.parametrize("policies", ["policies", "quarantine_policies"])
def test_a_folder_of_contracts_or_above_them_is_a_base(
    folders: Folders, tmp_path: Path, policies: str
) -> None:
    base = tmp_path / "deployed"
    shutil.copytree(folders.contracts, base / "contracts")
    shutil.copytree(folders.policies, base / policies)
    edit(folders.contracts / TRANSACTIONS, TIGHTER)
    edit(folders.policies / "events.yaml", ("max_quarantine_ratio: 0.25", "max_quarantine_ratio: 0.5"))
    rule = ("silver/transactions", "rule_tightened", "rules.amount_negative")
    limit = ("silver/events", "limit_changed", "policy.max_quarantine_ratio")
    assert changed(base, folders) == [limit, rule]
    assert changed(base / "contracts", folders) == [rule]


def test_the_deployed_copies_in_a_bucket_are_a_base(folders: Folders) -> None:
    import boto3
    from moto import mock_aws

    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="artifacts")
        for name, folder in (("contracts", folders.contracts), ("policies", folders.policies)):
            for path in folder.rglob("*.yaml"):
                key = f"lakegate/{name}/{path.relative_to(folder).as_posix()}"
                s3.put_object(Bucket="artifacts", Key=key, Body=path.read_bytes())
        edit(folders.contracts / TRANSACTIONS, TIGHTER)
        assert changed("s3://artifacts/lakegate", folders) == [
            ("silver/transactions", "rule_tightened", "rules.amount_negative")
        ]


def test_a_base_that_is_not_there_is_an_error(repository: Folders, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such git ref or folder; fetch it"):
        diff("no/such/branch", repository)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="no contracts there"):
        diff(str(tmp_path / "empty"), repository)


def test_contracts_outside_of_a_repository_have_no_ref(folders: Folders) -> None:
    with pytest.raises(ConfigurationError, match="not in a git repository"):
        diff("HEAD", folders)


def test_a_folder_that_the_ref_does_not_have_is_new(repository: Folders, tmp_path: Path) -> None:
    shutil.copytree(repository.contracts, tmp_path / "more/contracts")
    shutil.copytree(repository.policies, tmp_path / "more/policies")
    more = Folders(tmp_path / "more/contracts", tmp_path / "more/policies")
    assert {kind for _, kind, _ in changed("HEAD", more)} == {"contract_added"}


def test_the_command_shows_each_change_and_exits_with_3(repository: Folders) -> None:
    edit(repository.contracts / TRANSACTIONS, TIGHTER)
    result = lakegate("contract", "diff", "--base", "HEAD")
    assert result.status == 3
    assert "silver/transactions  1.1.0\n  breaking   rule_tightened  rules.amount_negative\n" in result.out
    assert "write version: 2.0.0" in result.out
    document: dict[str, Any] = lakegate("contract", "diff", "--base", "HEAD", "--json").document
    (contract,) = document["contracts"]
    assert (contract["contract"], contract["next_version"]) == ("silver/transactions", "2.0.0")
    assert [(change["kind"], change["bump"]) for change in contract["changes"]] == [
        ("rule_tightened", "major")
    ]
    edit(repository.contracts / TRANSACTIONS, NEW_MAJOR)
    assert lakegate("contract", "diff", "--base", "HEAD").status == 0


def test_diff_imports_neither_spark_nor_gx(repository: Folders) -> None:
    program = (
        "import sys\n"
        "sys.argv = ['lakegate', 'contract', 'diff', '--base', 'HEAD']\n"
        "from dags.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'pyspark', 'great_expectations', 'pandas', 'numpy', 'duckdb', 'boto3', 'sqlglot'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
