"""`lakegate contract backtest`: its forecast is what a run with the new contracts then does."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow.dataset as pds
import pytest

from contracts.errors import ConfigurationError
from dags.contract_backtests.backtest import BacktestRequest, run_backtest
from dags.contract_backtests.report import backtest_document, backtest_lines, backtest_suite
from dags.contract_checks.results import Level
from dags.pipeline.progress import Quiet
from tests.dags.contract_checks.conftest import SHIPPED, edit, folders, line_of
from tests.dags.lake_runs import AS_OF, LakeRuns, dataset, no_spark

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from dags.contract_backtests.backtest import Backtest
    from dags.contract_checks.folders import Folders

__all__ = ["folders"]  # a fixture
LATER = "2024-07-01T00:00:00+00:00"
TRANSACTIONS = "silver/transactions.yaml"
# Ten records of each fate, so that the limit of the quarantine is not reached.
CSV = "tx_id,user_id,amount,status,created_at,email\n" + "".join(
    f"c{n},u1,{n}.50,paid,2024-05-0{1 + n % 5}T12:00:00Z,buyer{n}@example.com\n" for n in range(10)
)
JSON_LINES = "".join(
    json.dumps({"tx_id": f"j{n}", "user_id": "u2", "amount": n, "created_at": "2024-05-02T12:00:00Z"}) + "\n"
    for n in range(10)
)
TWICE = """tx_id,user_id,amount,created_at
r1,u1,2.00,2024-05-01T12:00:00Z
r1,u1,9.00,2024-05-02T12:00:00Z
r2,u1,-1.00,2024-05-02T12:00:00Z
r2,u1,-1.00,2024-05-02T12:00:00Z
r3,u1,3.00,2024-05-02T12:00:00Z
r3,u1,3.00,2024-05-02T12:00:00Z
"""
AT_LEAST_3 = ("{column: amount, min_value: 0}", "{column: amount, min_value: 3}")
AT_LEAST_MINUS_5 = ("{column: amount, min_value: 0}", "{column: amount, min_value: -5}")


@pytest.fixture(scope="module")
def _promoted(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> LakeRuns:
    lake = LakeRuns(tmp_path_factory.mktemp("backtest") / "lake", spark)
    lake.drop_shop()
    lake.drop("transactions/shop.csv", CSV)
    lake.drop("transactions/app.jsonl", JSON_LINES)
    lake.drop("transactions/twice.csv", TWICE)
    lake.run(only="raw_to_bronze")
    lake.run(only="bronze_to_silver", run_id="base")
    return lake


@pytest.fixture
def promoted(_promoted: LakeRuns, tmp_path: Path) -> LakeRuns:
    """A copy of a lake whose silver was made by the shipped contracts."""
    return _promoted.copied_to(tmp_path / "lake")


def backtest(lake: LakeRuns, working: Folders, **how: Any) -> Backtest:
    request = replace(BacktestRequest(working, str(SHIPPED.contracts.parent), lake.settings), **how)
    return run_backtest(request, Quiet(), lambda: lake.spark)


def quarantined(lake: LakeRuns, run_id: str) -> Counter[tuple[str, str, tuple[str, ...]]]:
    folder = lake.root / "quarantine" / "rows" / "transactions" / run_id
    rows = pds.dataset(sorted(map(str, folder.glob("*.parquet")))).to_table().to_pylist()
    return Counter((row["source_file"], row["raw"], tuple(row["failed_rules"])) for row in rows)


def by_rule_and_file(rows: Counter[tuple[str, str, tuple[str, ...]]]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for (file, _, rules), count in rows.items():
        for rule in rules:
            found.setdefault(rule, Counter())[file] += count
    return {rule: dict(files) for rule, files in found.items()}


def forecast(document: dict[str, Any], direction: str) -> dict[str, dict[str, int]]:
    (found,) = document["datasets"]
    return {one["rule"]: one["files"] for one in found[direction]["by_rule"]}


@pytest.mark.parametrize(
    ("change", "direction", "rows", "clock"),
    [
        pytest.param(AT_LEAST_3, "newly_quarantined", 8, None, id="base from the lake"),
        pytest.param(
            AT_LEAST_MINUS_5, "newly_let_through", 2, LATER, id="base computed", marks=pytest.mark.slow
        ),
    ],
)
def test_the_forecast_is_what_a_run_does(
    promoted: LakeRuns,
    folders: Folders,
    change: tuple[str, str],
    direction: str,
    rows: int,
    clock: str | None,
) -> None:
    edit(folders.contracts / TRANSACTIONS, change)
    before = promoted.files()
    found = backtest(promoted, folders, as_of=clock)
    document = backtest_document(found, "the shipped")
    assert promoted.files() == before  # nothing was written

    assert [one["dataset"] for one in document["datasets"]] == ["transactions"]
    assert document["unchanged"] == ["events", "users"]
    (judged,) = document["datasets"]
    assert judged["base"]["promoted_by"] == (None if clock else "base")
    assert judged["base"]["rows_quarantined"] == 2

    changed = promoted.with_settings(contracts=folders.contracts, policies=folders.policies)
    changed.run(only="raw_to_bronze", run_id="next", as_of=clock or AS_OF)
    done = changed.run(only="bronze_to_silver", run_id="next", as_of=clock or AS_OF)
    actual = dataset(done, "bronze_to_silver", "transactions")
    assert judged["working"] == {
        **{name: value for name, value in actual.items() if name != "promoted"},
        "transition": "bronze_to_silver",
        "promoted_by": None,
    }
    old, new = quarantined(promoted, "base"), quarantined(promoted, "next")
    moved = new - old if direction == "newly_quarantined" else old - new
    assert moved.total() == judged[direction]["rows"] == rows
    assert forecast(document, direction) == by_rule_and_file(moved)


def test_samples_are_values_of_the_rule_and_personal_ones_are_masked(
    promoted: LakeRuns, folders: Folders
) -> None:
    path = folders.contracts / TRANSACTIONS
    edit(path, AT_LEAST_3, ("regex: '^(?:", "regex: '^shop@(?:"))
    edit(
        folders.policies / "transactions.yaml",
        ("max_quarantine_ratio: 0.25", "max_quarantine_ratio: 1"),
        ("overrides: {}", "overrides: {email_format: quarantine}"),
    )
    done = backtest(promoted, folders)
    (found,) = backtest_document(done, "")["datasets"]  # type: ignore[misc]
    samples = {
        one["rule"]: [(sample["file"], sample["value"]) for sample in one["samples"]]
        for one in found["newly_quarantined"]["by_rule"]
    }
    # The first and the last record by file and text.
    assert samples["amount_negative"] == [("app.jsonl", "0.0000"), ("twice.csv", "2.0000")]
    assert samples["email_format"] == [
        ("shop.csv", "‹17-64 characters: letters, digits, @, other›"),
        ("transactions.csv", "‹5-16 characters: letters, @, other›"),
    ]
    assert "buyer" not in json.dumps(found)

    suite = backtest_suite(done, folders, 1.0)  # a warning at the line of each rule
    assert suite.is_passed
    assert [(one.level, one.rule, one.line) for one in suite.problems] == [
        (Level.WARNING, name, line_of(path, f"name: {name}")) for name in ("amount_negative", "email_format")
    ]
    assert suite.problems[0].text == "newly quarantined rows: 8 (files: 4)"
    assert "| transactions | newly quarantined | amount\\_negative | 8 | 4 |" in suite.details


def test_rows_that_are_read_otherwise_or_break_other_rules_are_counted(
    promoted: LakeRuns, folders: Folders
) -> None:
    path = folders.contracts / TRANSACTIONS
    source = (
        "  - property: sources\n    value: [{name: shop, glob: shop.csv, columns: {amount: amount / 0}}]\n"
    )
    edit(
        path,
        ("name: amount_negative", "name: below_zero"),
        ("\ncustomProperties:\n", f"\ncustomProperties:\n{source}"),
    )
    document = backtest_document(backtest(promoted, folders), "")
    assert forecast(document, "newly_quarantined")["amount_uncastable"] == {"shop.csv": 10}
    assert forecast(document, "newly_let_through") == {}
    both = {"twice.csv": 2}  # records that only the rule's name differs for
    assert forecast(document, "other_rules") == {"amount_negative": both, "below_zero": both}
    (found,) = document["datasets"]  # type: ignore[misc]
    samples = [one["samples"] for one in found["other_rules"]["by_rule"]]
    assert samples == [[{"file": "twice.csv", "value": "-1.0000"}]] * 2


def test_a_policy_alone_can_block(promoted: LakeRuns, folders: Folders) -> None:
    edit(folders.policies / "transactions.yaml", ("max_quarantine_ratio: 0.25", "max_quarantine_ratio: 0.01"))
    found = backtest(promoted, folders)
    assert found.verdict == "block"
    suite = backtest_suite(found, folders, 1.0)
    assert not suite.is_passed
    assert [(one.code, one.text) for one in suite.problems] == [
        ("blocked", "bronze_to_silver would be blocked by quarantine_ratio")
    ]
    assert "transactions: verdict warn -> block" in list(backtest_lines(found))


def test_a_required_column_that_accepted_files_lack_blocks_their_files(
    promoted: LakeRuns, folders: Folders
) -> None:
    name = "      - name: status\n"
    status = (
        f'{name}        description: "Status of the order in lower case; canceled is read as cancelled."\n'
    )
    edit(folders.contracts / TRANSACTIONS, (status, status + "        required: true\n"))
    found = backtest(promoted, folders)
    (judged,) = backtest_document(found, "")["datasets"]  # type: ignore[misc]
    working = judged["working"]
    assert (working["transition"], working["verdict"]) == ("raw_to_bronze", "block")
    assert working["files_lacking_columns"]["count"] == 1
    assert "  raw_to_bronze would be blocked, so no row was read" in list(backtest_lines(found))


def test_without_a_change_nothing_is_started(promoted: LakeRuns, folders: Folders) -> None:
    request = BacktestRequest(folders, str(SHIPPED.contracts.parent), promoted.settings)
    found = run_backtest(request, Quiet(), no_spark)
    assert (found.datasets, found.unchanged, found.verdict) == (
        (), ("events", "users", "transactions"), "pass"
    )  # fmt: skip


def test_a_dataset_that_the_base_lacks_quarantines_from_nothing(
    promoted: LakeRuns, folders: Folders, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(SHIPPED.contracts, base / "contracts", ignore=shutil.ignore_patterns("*.py", "cases"))
    (base / "contracts/silver/transactions.yaml").unlink()
    for table in (
        "dim_date",
        "dim_status",
        "fact_transactions",
        "fact_user_activity",
        "daily_revenue",
        "user_ltv",
        "daily_active_users",
    ):
        (base / f"contracts/gold/{table}.yaml").unlink()
    found = backtest(promoted, folders, base=str(base), dataset="transactions")
    (judged,) = backtest_document(found, "")["datasets"]  # type: ignore[misc]
    assert judged["base"] is None
    assert judged["newly_quarantined"]["rows"] == 2


def test_an_invalid_base_and_an_unknown_dataset_are_refused(
    promoted: LakeRuns, folders: Folders, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"--dataset: unknown dataset \(expected events, users"):
        backtest(promoted, folders, dataset="orders")
    broken = tmp_path / "base/silver/events.yaml"
    broken.parent.mkdir(parents=True)
    broken.write_text("version: [")
    with pytest.raises(ConfigurationError, match=r"--base .*/base: the base is invalid: silver/events\.yaml"):
        backtest(promoted, folders, base=str(tmp_path / "base"))
