"""The commands status, path, quarantine and rollback."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import duckdb
import pytest

from tests.checkpoints.lake.ingesting import inspect
from tests.checkpoints.lake.ingesting import run as ingest
from tests.dags.lake_runs import dataset, lakegate, no_spark, verdicts
from tests.shipped import DATASETS, GOLD_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.inventory import FileFacts
    from tests.dags.lake_runs import LakeRuns

SILVER = (*DATASETS, "users_history")


def test_status_of_a_lake_without_a_run_says_what_to_do(lake: LakeRuns) -> None:
    lake.drop_shop()
    result = lakegate("status", "--lake", lake.root)
    assert result.status == 0
    assert "Nothing was promoted yet" in result.out
    assert lakegate("status", "--lake", lake.root, "--json").document == {
        "current": [],
        "last_runs": [],
        "to_correct": [],
    }


def test_status_shows_version_verdict_and_rows_of_every_dataset_and_table(messy_shop: LakeRuns) -> None:
    document = lakegate("status", "--lake", messy_shop.root, "--json").document
    current = {one["name"]: one for one in document["current"]}
    assert set(current) == {
        *(f"bronze/{name}" for name in DATASETS),
        *(f"silver/{name}" for name in SILVER),
        *(f"gold/{name}" for name in GOLD_TABLES),
    }
    for name in ("silver/events", "gold/daily_revenue"):
        assert current[name]["rows"] == len(messy_shop.rows(name))
        assert current[name]["version"] == messy_shop.folder(name).name
    assert current["silver/events"]["verdict"] == "warn"
    assert current["gold/dim_date"]["verdict"] == "pass"
    assert current["bronze/events"]["rows"] is None


def test_status_shows_the_last_runs_newest_first(twice_promoted_shop: LakeRuns) -> None:
    document = lakegate("status", "--lake", twice_promoted_shop.root, "--json").document
    assert [run["run_id"] for run in document["last_runs"]] == ["second", "first"]
    assert document["last_runs"][0]["verdict"] == "warn"
    assert document["last_runs"][0]["transitions"] == {
        "raw_to_bronze": "warn",
        "bronze_to_silver": "warn",
        "silver_to_gold": "pass",
        "gold_to_redshift": "pass",
    }


def test_status_prints_every_table_as_text(messy_shop: LakeRuns) -> None:
    out = lakegate("status", "--lake", messy_shop.root).out
    for name in GOLD_TABLES:
        assert f"gold/{name}" in out


@pytest.mark.parametrize("name", [*(f"silver/{n}" for n in SILVER), *(f"gold/{n}" for n in GOLD_TABLES)])
def test_path_is_what_duckdb_opens(messy_shop: LakeRuns, name: str) -> None:
    result = lakegate("path", name, "--lake", messy_shop.root)
    uri = result.out.rstrip("\n")
    (rows,) = duckdb.sql(f"SELECT count(*) FROM read_parquet('{uri}/**/*.parquet')").fetchall()[0]
    assert (result.status, result.err) == (0, "")
    assert rows == len(messy_shop.rows(name)) > 0


def test_path_as_sql_is_what_duckdb_and_spark_run(messy_shop: LakeRuns) -> None:
    expected = len(messy_shop.rows("silver/events"))
    for_duckdb = lakegate("path", "silver/events", "--sql", "duckdb", "--lake", messy_shop.root).out
    assert len(duckdb.sql(for_duckdb).fetchall()) == expected
    told = lakegate("path", "silver/events", "--sql", "spark", "--lake", messy_shop.root, "--json").document
    assert messy_shop.spark.sql(told["sql"].rstrip(";")).count() == expected


def test_path_as_sql_names_the_table_of_a_glue_catalog(
    messy_shop: LakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("path", "gold/fact_events", "--lake", messy_shop.root, "--sql")
    missing = lakegate(*command, "athena")
    assert missing.status == 2
    assert "LAKEGATE_CATALOG: Athena reads tables by name" in missing.err
    monkeypatch.setenv("LAKEGATE_CATALOG", "glue://shop")
    assert lakegate(*command, "athena").out == 'SELECT * FROM "AwsDataCatalog"."shop"."fact_events";\n'
    assert lakegate(*command, "spark").out.endswith("\nSELECT * FROM lakegate.shop.fact_events;\n")


def test_path_of_bronze_is_the_folder_of_the_copies(messy_shop: LakeRuns) -> None:
    document = lakegate("path", "bronze/events", "--lake", messy_shop.root, "--json").document
    assert (Path(document["uri"]) / "web.csv").read_bytes() == (
        messy_shop.root / "raw/events/web.csv"
    ).read_bytes()
    assert document["name"] == "bronze/events"


@pytest.mark.parametrize(
    "name", ["events", "raw/events", "gold/", "silver/orders", "gold/orders", "bronze/x"]
)
def test_path_of_a_name_that_does_not_exist_is_wrong_usage(messy_shop: LakeRuns, name: str) -> None:
    result = lakegate("path", name, "--lake", messy_shop.root)
    assert (result.status, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert name in result.err


def test_path_before_the_first_promotion_says_what_to_run(lake: LakeRuns) -> None:
    lake.drop_shop()
    for name in ("bronze/events", "silver/events", "gold/dim_users"):
        result = lakegate("path", name, "--lake", lake.root)
        assert result.status == 1
        assert "run the pipeline first" in result.err


def test_quarantine_lists_rejected_files_with_their_reasons(messy_shop: LakeRuns) -> None:
    files = lakegate("quarantine", "--lake", messy_shop.root, "--json").document["files"]
    assert {(file["dataset"], file["key"]): file["reason"] for file in files} == {
        ("users", "cut.json"): "corrupt_json",
        ("transactions", "report.xlsx"): "unsupported_format",
    }
    assert all(file["detail"] for file in files)


def test_quarantine_does_not_list_a_corrected_file(lake: LakeRuns) -> None:
    lake.drop_shop()
    lake.drop("events/cut.json", "[{")
    lake.run(only="raw_to_bronze")
    listing = ("quarantine", "--json", "--lake", lake.root)
    assert [file["key"] for file in lakegate(*listing).document["files"]] == ["cut.json"]
    lake.drop("events/cut.json", '[{"event_id": "e9", "user_id": "u1", "ts": "2024-05-01"}]')
    lake.run(only="raw_to_bronze")
    assert lakegate(*listing).document["files"] == []


def test_quarantine_counts_rows_by_rule_and_shows_them_raw(messy_shop: LakeRuns) -> None:
    rows = lakegate("quarantine", "--lake", messy_shop.root, "--json").document["rows"]
    assert {one["dataset"]: (one["rows"], one["rows_by_rule"]) for one in rows} == {
        "events": (3, {"malformed": 1, "ts_uncastable": 1, "age_range": 1}),
        "users": (1, {"age_uncastable": 1}),
        "transactions": (1, {"amount_negative": 1}),
    }
    (sample,) = next(one for one in rows if one["dataset"] == "transactions")["samples"]
    assert sample["source_file"] == "shop.csv"
    assert sample["failed_rules"] == ["amount_negative"]
    assert sample["raw"].startswith("t5,u3,-5.00,")


def test_quarantine_of_one_dataset_shows_no_other(messy_shop: LakeRuns) -> None:
    found = lakegate("quarantine", "--lake", messy_shop.root, "--dataset", "transactions", "--json").document
    assert {one["dataset"] for one in (*found["files"], *found["rows"])} == {"transactions"}


def test_quarantine_by_rule_counts_files_and_rows_of_that_rule_alone(messy_shop: LakeRuns) -> None:
    at = ("quarantine", "--lake", messy_shop.root, "--json", "--rule")
    of_rows = lakegate(*at, "age_range").document
    assert of_rows["files"] == []
    assert {one["dataset"]: one["rows"] for one in of_rows["rows"]} == {
        "events": 1,
        "users": 0,
        "transactions": 0,
    }
    of_files = lakegate(*at, "corrupt_json").document
    assert [file["key"] for file in of_files["files"]] == ["cut.json"]


def test_quarantine_shows_no_more_rows_than_the_limit_but_counts_all(messy_shop: LakeRuns) -> None:
    at = ("quarantine", "--lake", messy_shop.root, "--dataset", "events", "--json", "--limit")
    for limit in (0, 2):
        (found,) = lakegate(*at, limit).document["rows"]
        assert (found["rows"], len(found["samples"])) == (3, limit)


def test_quarantine_prints_the_same_as_text(messy_shop: LakeRuns) -> None:
    result = lakegate("quarantine", "--lake", messy_shop.root)
    assert result.status == 0
    for text in ("corrupt_json 1", "unsupported_format 1", "cut.json", "age_uncastable", "very old"):
        assert text in result.out


def test_quarantine_of_an_unknown_dataset_is_wrong_usage(messy_shop: LakeRuns) -> None:
    result = lakegate("quarantine", "--lake", messy_shop.root, "--dataset", "orders")
    assert result.status == 2
    assert "events, users, transactions" in result.err


def test_a_silver_rollback_makes_the_previous_version_current(
    messy_shop: LakeRuns, twice_promoted_shop: LakeRuns
) -> None:
    before, after = messy_shop.folder("silver/events").name, twice_promoted_shop.folder("silver/events").name
    result = lakegate("rollback", "silver/events", "--lake", twice_promoted_shop.root, "--json")
    assert result.document == {"rolled_back": ["silver/events"], "from": after, "to": before}
    assert twice_promoted_shop.folder("silver/events").name == before
    assert twice_promoted_shop.folder("silver/users").name != messy_shop.folder("silver/users").name


def test_after_a_silver_rollback_a_run_keeps_it_and_builds_gold_from_it(
    twice_promoted_shop: LakeRuns,
) -> None:
    lakegate("rollback", "silver/events", "--lake", twice_promoted_shop.root)
    rolled_back_to = twice_promoted_shop.folder("silver/events")
    document = twice_promoted_shop.run()
    assert verdicts(document) == {
        "raw_to_bronze": "warn",
        "bronze_to_silver": "unchanged",
        "silver_to_gold": "pass",
        "gold_to_redshift": "pass",
    }
    assert twice_promoted_shop.folder("silver/events") == rolled_back_to


@pytest.mark.parametrize("name", ["gold", "gold/fact_events"])
def test_a_gold_rollback_takes_the_whole_release_back(
    messy_shop: LakeRuns, twice_promoted_shop: LakeRuns, name: str
) -> None:
    result = lakegate("rollback", name, "--lake", twice_promoted_shop.root)
    assert result.status == 0
    assert "lakegate run --only gold_to_redshift" in result.out
    for table in GOLD_TABLES:
        assert twice_promoted_shop.folder(f"gold/{table}").name == messy_shop.folder(f"gold/{table}").name


def test_after_a_gold_rollback_a_run_loads_the_old_release_into_the_warehouse(
    messy_shop: LakeRuns, twice_promoted_shop: LakeRuns
) -> None:
    query = "SELECT version FROM _lakegate_release"
    assert twice_promoted_shop.warehouse(query) != messy_shop.warehouse(query)
    lakegate("rollback", "gold", "--lake", twice_promoted_shop.root)
    document = twice_promoted_shop.run(start_spark=no_spark)
    assert verdicts(document)["silver_to_gold"] == "unchanged"
    assert verdicts(document)["gold_to_redshift"] == "pass"
    assert twice_promoted_shop.warehouse(query) == messy_shop.warehouse(query)


def test_a_rollback_without_an_earlier_version_changes_nothing(messy_shop: LakeRuns) -> None:
    pointers = messy_shop.pointers()
    for name in ("silver/users", "gold"):
        result = lakegate("rollback", name, "--lake", messy_shop.root)
        assert result.status == 1
        assert "has no earlier version" in result.err
    assert messy_shop.pointers() == pointers


def test_a_rollback_of_bronze_is_wrong_usage(messy_shop: LakeRuns) -> None:
    result = lakegate("rollback", "bronze/events", "--lake", messy_shop.root)
    assert result.status == 2
    assert "silver/NAME or gold/NAME" in result.err


def test_quarantine_shows_the_source_that_would_accept_a_rejected_file(lake: LakeRuns) -> None:
    hint = "- name: till\n  glob: till/**\n  delimiter: '::'\n"

    def inspect_with_hint(key: str, size_bytes: int, open_stream: Callable[[], BinaryIO]) -> FileFacts:
        return replace(inspect(key, size_bytes, open_stream), hint=hint)

    lake.drop("transactions/till/[a].csv", "!content_mismatch")
    ingest(lake.lake, "transactions", inspect=inspect_with_hint)
    (file,) = lakegate("quarantine", "--lake", lake.root, "--json").document["files"]
    assert file == {
        "dataset": "transactions",
        "key": "till/[a].csv",
        "reason": "content_mismatch",
        "detail": "by its content",
        "hint": hint,
    }
    out = lakegate("quarantine", "--lake", lake.root).out
    assert f"would accept transactions/till/[a].csv:\n{hint}" in out


def test_files_without_rows_are_counted_and_listed(lake: LakeRuns) -> None:
    lake.drop("users/header.csv", "user_id,name\n")
    lake.drop("users/none.json", "[]")
    lake.drop("users/one.csv", "user_id,name\nu1,Ada\n")
    for run_id, counts in (("first", (3, 0)), ("second", (0, 3))):
        document = lake.run(only="raw_to_bronze", run_id=run_id, force=True, start_spark=no_spark)
        files = dataset(document, "raw_to_bronze", "users")["files"]
        assert ((files["valid"], files["unchanged"]), files["without_rows"]) == (counts, 2)
        published = lake.published()
        metrics = json.loads(published[f"metrics/{run_id}/raw_to_bronze/users.json"])
        assert metrics["files_by_outcome"]["without_rows"] == 2
        page = published[f"docs/runs/{run_id}/raw_to_bronze/users.html"].partition("Files without rows")[2]
        assert all(key in page for key in ("header.csv", "none.json"))
        assert "one.csv" not in page
    out = lakegate("run", "--lake", lake.root, "--only", "raw_to_bronze", "--force").out
    assert "without rows" in out
