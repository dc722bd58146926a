"""A run over a sample gives exactly the expected results of the sample."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from dags.sample.generate import generate
from dags.sample.truth import key_digest
from tests.dags.lake_runs import LakeRuns, dataset, lakegate, transition, verdicts
from tests.shipped import DATASETS, GOLD_TABLES
from tests.test_papers import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

SIZE_BYTES = 1024 * 1024
KEYS = {"events": "event_id", "users": "user_id", "transactions": "tx_id"}


@dataclass(frozen=True)
class Demo:
    """A lake after `lakegate demo`, its output, and the expected results of its sample."""

    lake: LakeRuns
    status: int
    document: Mapping[str, Any]
    truth: Mapping[str, Any]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, compiled_spark: SparkSession) -> Demo:
    """`lakegate demo` on 1 MB of RAW."""
    lake = LakeRuns(tmp_path_factory.mktemp("demo") / "lake", compiled_spark)
    result = lakegate("demo", "--lake", lake.root, "--size", "1MB", "--seed", "11", "--json")
    truth = json.loads((lake.root / "raw.truth.json").read_text())
    return Demo(lake, result.status, result.document, truth)


def test_the_demo_passes_with_a_warning(demo: Demo) -> None:
    assert demo.status == 0
    assert verdicts(demo.document) == {
        "raw_to_bronze": "warn",
        "bronze_to_silver": "warn",
        "silver_to_gold": "pass",
        "gold_to_redshift": "pass",
    }


@pytest.mark.parametrize("name", DATASETS)
def test_files_are_accepted_or_rejected_as_expected(demo: Demo, name: str) -> None:
    assert dataset(demo.document, "raw_to_bronze", name)["files"] == {
        "unchanged": 0,
        **demo.truth["datasets"][name]["files"],
    }


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize(
    "number",
    ["rows_read", "rows_promoted", "rows_quarantined", "rows_deduplicated", "rows_by_rule", "rows_warned"],
)
def test_row_counts_are_the_expected_ones(demo: Demo, name: str, number: str) -> None:
    assert dataset(demo.document, "bronze_to_silver", name)[number] == demo.truth["datasets"][name][number]


@pytest.mark.parametrize("name", DATASETS)
def test_the_keys_promoted_to_silver_are_the_expected_ones(demo: Demo, name: str) -> None:
    keys = [row[KEYS[name]] for row in demo.lake.rows(f"silver/{name}")]
    found = {"count": len(keys), "sum_of_blake2b_64": sum(map(key_digest, keys)) % 2**64}
    assert found == demo.truth["datasets"][name]["keys"]


def test_the_sample_breaks_every_row_rule_and_every_rule_for_files(demo: Demo) -> None:
    broken = {rule for name in DATASETS for rule in demo.truth["datasets"][name]["rows_by_rule"]}
    assert {"malformed", "age_range", "amount_negative", "delivery_before_creation"} <= broken
    for ending in ("_uncastable", "_required", "_impossible"):
        assert any(rule.endswith(ending) for rule in broken)
    from contracts.inventory import Reason

    rejected = {
        reason for name in DATASETS for reason in demo.truth["datasets"][name]["files"]["quarantined"]
    }
    assert rejected == set(Reason) - {Reason.UNREADABLE}  # no file system keeps a file that cannot be read


def test_every_gold_table_has_the_expected_number_of_rows(demo: Demo) -> None:
    reported = {one["dataset"]: one["rows_promoted"] for one in _gold(demo)}
    assert reported == demo.truth["gold"]["rows"]
    assert {name: len(demo.lake.rows(f"gold/{name}")) for name in GOLD_TABLES} == reported


def test_the_warehouse_holds_every_row_of_the_release(demo: Demo) -> None:
    found = {name: demo.lake.warehouse(f"SELECT count(*) FROM {name}")[0][0] for name in GOLD_TABLES}
    assert found == demo.truth["gold"]["rows"]


def test_the_warehouse_shows_the_expected_revenue_of_every_day(demo: Demo) -> None:
    found = {
        day.isoformat(): {
            "transaction_count": count,
            "total_revenue": str(revenue),
            "delivered_count": delivered,
        }
        for day, count, revenue, delivered in demo.lake.warehouse(
            "SELECT date, transaction_count, total_revenue, delivered_count FROM daily_revenue"
        )
    }
    assert found == demo.truth["gold"]["daily_revenue"]


def test_the_warehouse_shows_the_expected_active_users_of_every_day(demo: Demo) -> None:
    found = {
        day.isoformat(): {
            "event_active_users": by_event,
            "tx_active_users": by_transaction,
            "total_active_users": by_either,
        }
        for day, by_event, by_transaction, by_either in demo.lake.warehouse(
            "SELECT date, event_active_users, tx_active_users, total_active_users FROM daily_active_users"
        )
    }
    assert found == demo.truth["gold"]["daily_active_users"]


def test_three_tables_of_the_warehouse_agree_on_the_expected_revenue(demo: Demo) -> None:
    for column in ("fact_transactions.amount", "daily_revenue.total_revenue", "user_ltv.total_revenue"):
        table, _, name = column.partition(".")
        ((found,),) = demo.lake.warehouse(f"SELECT sum({name}) FROM {table}")
        assert found == Decimal(demo.truth["gold"]["total_revenue"])


def test_the_first_day_of_dim_date_is_the_samples(demo: Demo) -> None:
    first = min(row["date"] for row in demo.lake.rows("gold/dim_date"))
    assert first == date.fromisoformat(demo.truth["gold"]["first_day"])


def test_a_second_demo_keeps_the_sample_and_computes_nothing(demo: Demo, tmp_path: Path) -> None:
    lake = demo.lake.copied_to(tmp_path / "lake")
    result = lakegate("demo", "--lake", lake.root, "--size", "9MB")
    assert result.status == 0
    assert f"lakegate status --lake {lake.root}" in result.out
    assert "Generating a messy sample" not in result.out
    for name in ("bronze_to_silver", "silver_to_gold", "gold_to_redshift"):
        assert f"{name}  unchanged" in result.out


def test_a_sample_is_about_as_large_as_it_should_be(demo: Demo) -> None:
    assert 0.7 * SIZE_BYTES < demo.truth["written_bytes"] < 2 * SIZE_BYTES


def test_the_same_seed_makes_the_same_sample_on_any_number_of_processes(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in ("os.cpu_count", "os.process_cpu_count"):  # Python 3.13 uses the second
        monkeypatch.setattr(count, lambda: 1, raising=False)
    truth = generate(tmp_path / "raw", SIZE_BYTES, 11)
    assert json.loads(truth.read_text()) == demo.truth
    made, there = _contents(tmp_path / "raw"), _contents(demo.lake.root / "raw")
    assert made.keys() == there.keys()
    assert [key for key, content in made.items() if content != there[key]] == []


def test_another_seed_makes_another_sample(demo: Demo, tmp_path: Path) -> None:
    out = tmp_path / "other"
    result = lakegate("sample", "--out", out, "--size", "100KB", "--seed", "12", "--json")
    assert result.document == {"raw": str(out), "truth": str(tmp_path / "other.truth.json")}
    truth = json.loads((tmp_path / "other.truth.json").read_text())
    assert truth["seed"] == 12
    assert truth["datasets"]["events"]["keys"] != demo.truth["datasets"]["events"]["keys"]


def test_a_sample_does_not_overwrite_files(tmp_path: Path) -> None:
    out = tmp_path / "raw"
    out.mkdir()
    (out / "mine.csv").write_text("mine")
    result = lakegate("sample", "--out", out, "--size", "1MB")
    assert (result.status, result.out) == (2, "")
    assert "the folder of a sample must be new or empty" in result.err
    shutil.rmtree(out)
    out.write_text("a file")
    assert lakegate("sample", "--out", out, "--size", "1MB").status == 2


def test_the_commands_of_the_papers_work_on_the_demo(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = str(demo.lake.root)
    texts = [command.text.replace("lake/demo", root) for command in COMMANDS if "lake/demo" in command.text]
    assert len(texts) > 4
    for text in texts:
        program, *arguments = shlex.split(re.sub(r"\$\((lakegate [^)]*)\)", printed, text), comments=True)
        if program == "duckdb":
            found = duckdb.connect().execute(arguments[1]).fetchall()
            if "count(*)" in text:
                assert found == [(dataset(demo.document, "bronze_to_silver", "events")["rows_promoted"],)]
            assert found
            continue
        assert program == "lakegate"
        result = lakegate(*(argument for argument in arguments if argument != "--serve"))
        assert result.status == 0
        assert result.out.strip()


def printed(command: re.Match[str]) -> str:
    """Return what a shell puts in the place of `$(lakegate …)`."""
    return lakegate(*shlex.split(command[1])[1:]).out.strip()


def _gold(demo: Demo) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = transition(demo.document, "silver_to_gold")["datasets"]
    return found


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
