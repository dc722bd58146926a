"""A day that is missing is named in the report, the metrics and the Data Docs."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import quarantine_policies
from tests.dags.lake_runs import LakeRuns, dataset

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FRIDAYS = [date(2024, 5, 31), date(2024, 6, 7), date(2024, 6, 14), date(2024, 6, 21)]
TOLD = "2024-06-28: 0 found, 20 expected"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> tuple[LakeRuns, dict[str, Any]]:
    """Twenty orders on each of four Fridays, none on the fifth, one today's morning; no user for months."""
    root = tmp_path_factory.mktemp("days")
    policies = root / "policies"
    policies.mkdir()
    for path in Path(quarantine_policies.__file__).parent.glob("*.yaml"):
        shutil.copy(path, policies)
    users = policies / "users.yaml"
    users.write_text(users.read_text().replace("overrides: {}", "overrides: {freshness: off}"))
    lake = LakeRuns(root / "lake", spark, {"policies": policies})
    days = [day for day in FRIDAYS for _ in range(20)]
    orders = [f"t{n},u{n % 20},1.50,{day}" for n, day in enumerate([*days, date(2024, 6, 29)])]
    lake.drop("transactions/shop.csv", "\n".join(["tx_id,user_id,amount,created_at", *orders]))
    lake.drop("events/web.csv", "event_id,user_id,ts\ne1,u1,2024-06-28T23:59:59Z\n")
    lake.drop("users/crm.csv", "user_id,updated_at\n" + "".join(f"u{n},2024-01-01\n" for n in range(20)))
    return lake, lake.run(run_id="late", as_of="2024-06-30T00:00:00Z")


def metrics(lake: LakeRuns, transition: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((lake.root / f"metrics/late/{transition}/{name}.json").read_text())
    return found


def pages(lake: LakeRuns, transition: str, name: str) -> list[str]:
    return [
        path.read_text()
        for path in lake.root.glob(f"docs/**/{name}*.html")
        if transition in path.as_posix() and "late" in path.as_posix()
    ]


def test_a_missing_day_is_named_in_the_report_the_metrics_and_the_pages(
    shop: tuple[LakeRuns, dict[str, Any]],
) -> None:
    lake, document = shop
    reported = dataset(document, "bronze_to_silver", "transactions")
    assert (reported["verdict"], reported["failed"]) == ("warn", ["volume_by_day"])
    found = metrics(lake, "bronze_to_silver", "transactions")
    day = {"day": "2024-06-28", "found": "0", "expected": "20", "low": "2.1115", "high": "37.8885"}
    assert found["days_out_of_line"] == {"volume_by_day": [day]}
    assert found["latest"] == "2024-06-29T00:00:00+00:00"
    own, gx = (
        [page for page in pages(lake, "bronze_to_silver", "transactions") if TOLD in page and mark in page]
        for mark in ("Warned by", "Great Expectations")
    )
    assert own
    assert gx


def test_a_missing_day_is_named_in_the_marts(shop: tuple[LakeRuns, dict[str, Any]]) -> None:
    lake, document = shop
    for name, failed in (
        ("daily_revenue", ["transaction_count_by_day", "total_revenue_by_day"]),
        ("daily_active_users", ["total_active_users_by_day"]),
    ):
        assert dataset(document, "silver_to_gold", name)["failed"] == failed
        assert list(metrics(lake, "silver_to_gold", name)["days_out_of_line"]) == failed
    revenue = metrics(lake, "silver_to_gold", "daily_revenue")["days_out_of_line"]["total_revenue_by_day"]
    assert [(day["found"], day["expected"]) for day in revenue] == [("0", "30")]


def test_a_late_feed_is_told_and_a_rule_that_is_off_is_not_judged(
    shop: tuple[LakeRuns, dict[str, Any]],
) -> None:
    lake, document = shop
    assert dataset(document, "bronze_to_silver", "events")["failed"] == ["freshness"]
    late = "latest 2024-06-28 23:59:59 UTC, expected 2024-06-29 00:00:00 UTC or later"
    assert any(late in page for page in pages(lake, "bronze_to_silver", "events"))
    assert dataset(document, "bronze_to_silver", "users")["verdict"] == "pass"
    assert metrics(lake, "bronze_to_silver", "users")["rules_off"] == ["freshness"]
    off = "Switched off by the policy, and not judged: <code>freshness</code>."
    assert any(off in page for page in pages(lake, "bronze_to_silver", "users"))


@pytest.mark.parametrize(
    ("as_of", "late"),
    [("2024-06-30T00:00:00Z", ["events"]), ("2024-06-30T00:00:01Z", ["events", "transactions"])],
)
def test_feeds_that_all_stopped_are_told_by_a_run_that_changes_nothing(
    shop: tuple[LakeRuns, dict[str, Any]], as_of: str, late: list[str]
) -> None:
    lake, _ = shop
    document = lake.run(only="bronze_to_silver", run_id=f"nothing-new-{len(late)}", as_of=as_of)
    (transition,) = document["transitions"]
    assert (document["verdict"], transition["verdict"]) == ("pass", "unchanged")
    assert {one["verdict"] for one in transition["datasets"]} == {"unchanged"}
    assert [one["dataset"] for one in transition["datasets"] if one["failed"] == ["freshness"]] == late
    front_page = (lake.root / "docs/index.html").read_text()
    needs = front_page.split("What needs a person</h2>")[1].split("<h2>")[0]
    # The rule's page shows what the last run with new files found; the table's page shows its latest row.
    pages = {name: (f"rules/bronze_to_silver/{name}/freshness", f"tables/silver/{name}") for name in late}
    assert all(any(f"{page}.html" in needs for page in pages[name]) for name in late)
    assert needs.count("late feed") == len(late)
