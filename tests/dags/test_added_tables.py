"""A further dataset, column and gold table, as CONTRIBUTING.md shows them, from RAW to the warehouse."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.contributing import Installation, yaml_blocks
from tests.dags.lake_runs import LakeRuns, dataset, lakegate, no_spark, verdicts
from tests.shipped import GOLD_TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    from tests.dags.lake_runs import CommandResult

RETURNS = """rma,order_id,refund,returned_at,shipped_by
r1,t1,10.50,2024-05-08T10:00:00Z,Hermes
r1,t1,10.00,2024-05-07T10:00:00Z,Hermes
r2,t2,20.25,2024-05-09T10:00:00Z,
r3,t9,1,2024-05-10T10:00:00Z,Iris
r4,t3,-1,2024-05-10T11:00:00Z,Iris
"""
BY_STATUS = [
    {"status": "delivered", "returns": 1, "refunded": Decimal("10.5000")},
    {"status": "paid", "returns": 1, "refunded": Decimal("20.2500")},
    {"status": "unknown", "returns": 1, "refunded": Decimal("1.0000")},
]


@pytest.fixture(scope="module")
def returned(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> LakeRuns:
    """A lake with returns, after one run."""
    folder = tmp_path_factory.mktemp("returned")
    installation = Installation.copied_to(folder)
    installation.follow("Add a dataset")
    installation.follow("Add a gold table")
    lake = LakeRuns(folder / "lake", spark, installation.settings)
    lake.drop_shop()
    lake.drop("returns/depot.csv", RETURNS)
    document = lake.run(run_id="first")
    assert set(verdicts(document).values()) == {"pass", "warn"}
    return lake


def command(lake: LakeRuns, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> CommandResult:
    """Run a command with the lake's contracts and policies."""
    for name in ("contracts", "policies"):
        monkeypatch.setenv(f"LAKEGATE_{name.upper()}", str(lake.given[name]))
    return lakegate(*arguments, "--lake", lake.root, "--json")


@pytest.mark.slow
def test_a_dataset_is_a_contract_and_a_policy(returned: LakeRuns) -> None:
    rows = returned.rows("silver/returns")
    assert [(row["return_id"], row["refund"], row["_extra"]) for row in rows] == [
        ("r1", Decimal("10.5000"), '{"shipped_by":"Hermes"}'),
        ("r2", Decimal("20.2500"), None),
        ("r3", Decimal("1.0000"), '{"shipped_by":"Iris"}'),
    ]
    assert (returned.root / "bronze/returns/depot.csv").read_text() == RETURNS


@pytest.mark.slow
def test_its_commands_know_the_dataset(returned: LakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    rejected = command(returned, monkeypatch, "quarantine", "--dataset", "returns").document["rows"]
    assert [(one["dataset"], one["rows_by_rule"]) for one in rejected] == [("returns", {"refund_range": 1})]
    current = command(returned, monkeypatch, "status").document["current"]
    assert {one["name"]: one["rows"] for one in current if "returns" in one["name"]} == {
        "bronze/returns": None,
        "silver/returns": 3,
        "gold/returns_by_status": 3,
    }
    uri = command(returned, monkeypatch, "path", "gold/returns_by_status").document["uri"]
    assert "/gold/mart/returns_by_status/" in uri


@pytest.mark.slow
def test_its_data_docs_and_metrics_are_published(returned: LakeRuns) -> None:
    published = returned.published()
    for transition, name in (
        ("raw_to_bronze", "returns"),
        ("bronze_to_silver", "returns"),
        ("silver_to_gold", "returns_by_status"),
        ("gold_to_redshift", "returns_by_status"),
    ):
        assert f"docs/runs/first/{transition}/{name}.html" in published
        assert f"metrics/first/{transition}/{name}.json" in published
    assert returned.broken_links() == []
    page = published["docs/contracts/gold/returns_by_status.html"]
    assert "<b>Derived from</b> returns, fact_transactions" in page
    assert "<pre><code>SELECT coalesce(orders.status, &#39;unknown&#39;) AS status," in page


@pytest.mark.slow
def test_a_gold_table_given_as_sql_is_released_and_loaded_with_the_others(returned: LakeRuns) -> None:
    assert returned.rows("gold/returns_by_status") == BY_STATUS
    assert returned.warehouse("SELECT * FROM returns_by_status ORDER BY status") == [
        tuple(row.values()) for row in BY_STATUS
    ]
    loaded = returned.warehouse(
        "SELECT table_name FROM duckdb_tables() WHERE table_name NOT LIKE '\\_%' ESCAPE '\\'"
    )
    assert {name for (name,) in loaded} == {*GOLD_TABLES, "returns_by_status"}


@pytest.mark.slow
def test_its_sums_are_those_of_the_manifest(returned: LakeRuns) -> None:
    from checkpoints.lake.promotion import current_release

    release = current_release(returned.lake)
    assert release is not None
    sums = {table.name: {one.column: one.total for one in table.sums} for table in release.tables}
    assert sums["returns_by_status"] == {"refunded": Decimal("31.7500")}
    assert [table.name for table in release.tables] == [*GOLD_TABLES, "returns_by_status"]


@pytest.mark.slow
def test_a_second_run_has_nothing_to_do(returned: LakeRuns) -> None:
    document = returned.run(start_spark=no_spark)
    assert dataset(document, "bronze_to_silver", "returns")["verdict"] == "unchanged"
    assert set(verdicts(document).values()) <= {"unchanged", "warn"}


@pytest.mark.slow
def test_an_added_column_is_filled_from_the_files_that_are_there(returned: LakeRuns, tmp_path: Path) -> None:
    installation = Installation.copied_to(tmp_path)
    for chapter in ("Add a dataset", "Add a gold table"):
        installation.follow(chapter)
    (column,) = yaml_blocks("Add a column")
    installation.insert("silver/returns.yaml", "      - name: _extra\n", column)
    lake = returned.copied_to(tmp_path / "lake").with_settings(**installation.settings)
    document = lake.run(run_id="second")
    assert dataset(document, "raw_to_bronze", "returns")["files"]["unchanged"] == 1
    rows = lake.rows("silver/returns")
    assert [(row["return_id"], row["carrier"], row["_extra"]) for row in rows] == [
        ("r1", "Hermes", None),
        ("r2", None, None),
        ("r3", "Iris", None),
    ]


def test_one_dataset_and_one_gold_table_need_no_other(spark: SparkSession, tmp_path: Path) -> None:
    installation = Installation.copied_to(tmp_path)
    installation.keep_only("raw/file_inventory", "gold")
    for chapter in ("Add a dataset", "Add a gold table"):
        installation.follow(chapter)
    path = installation.contracts / "gold/returns_by_status.yaml"
    before, select, after = re.split(r"(          SELECT .*?BY [^\n]*\n)", path.read_text(), flags=re.DOTALL)
    alone = (
        "SELECT tx_id AS status, count(*) AS returns, CAST(sum(refund) AS DECIMAL(38,4)) AS refunded "
        "FROM returns GROUP BY tx_id"
    )
    assert "FROM returns" in select
    before = before.replace("[returns, fact_transactions]", "[returns]")
    path.write_text(f"{before}          {alone}\n{after}")
    lake = LakeRuns(tmp_path / "lake", spark, installation.settings)
    lake.drop("returns/depot.csv", RETURNS)
    document = lake.run()
    report = dataset(document, "bronze_to_silver", "returns")
    counts = [report[f"rows_{fate}"] for fate in ("read", "promoted", "quarantined", "deduplicated")]
    assert (counts, report["rows_by_rule"]) == ([5, 3, 1, 1], {"refund_range": 1})
    assert lake.warehouse("SELECT * FROM returns_by_status ORDER BY status") == [
        ("t1", 1, Decimal("10.5000")),
        ("t2", 1, Decimal("20.2500")),
        ("t9", 1, Decimal("1.0000")),
    ]
    assert lake.broken_links() == []


# A promise: the edit of the gold contract, and a part of the sentence.
WRONG_SQL: Mapping[str, tuple[str, str, str]] = {
    "an unknown column": ("returns.refund)", "refunds)", "with name `refunds` cannot be resolved"),
    "an unknown table": ("FROM returns LEFT", "FROM refunds LEFT", "`refunds` cannot be found"),
    "another type": ("AS DECIMAL(38,4)", "AS DECIMAL(30,2)", "gives refunded as decimal(30,2)"),
    "the clock": ("count(*) AS returns", "count_if(returned_at < now()) AS returns", "reads the clock"),
}  # fmt: skip


@pytest.mark.parametrize("title", WRONG_SQL)
def test_wrong_sql_ends_a_run_before_anything_is_written(
    spark: SparkSession, tmp_path: Path, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, sentence = WRONG_SQL[title]
    installation = Installation.copied_to(tmp_path)
    for chapter in ("Add a dataset", "Add a gold table"):
        installation.follow(chapter)
    path = installation.contracts / "gold/returns_by_status.yaml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    lake = LakeRuns(tmp_path / "lake", spark, installation.settings)
    lake.drop("returns/depot.csv", RETURNS)
    before = lake.files()
    result = command(lake, monkeypatch, "run")
    assert (result.status, lake.files()) == (2, before)
    assert result.err.startswith(
        "lakegate: gold/returns_by_status.yaml, schema[0].customProperties[0].value: the SQL "
    )
    assert sentence in result.err
    assert result.err.count("\n") == 1
