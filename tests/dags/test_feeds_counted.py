"""Texts too long, keys mangled, conflicting duplicates, updates and missing columns: counted and reported."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import contracts
from checkpoints.quarantine.rows import last_quarantine
from tests.dags.lake_runs import LakeRuns, dataset

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = "2025-06-30T00:00:00+00:00"
LONGEST_NAME = "é" * 2048  # 4,096 bytes

USERS = {
    "users/crm.csv": "user_id,name\n" + "".join(f"u{number},Ann\n" for number in range(12)),
    "users/long.csv": "user_id,name,email,city\n"
    f"W1,{'é' * 600},,\n"
    "W2,ok,,\n"
    f"W3,{LONGEST_NAME},,\n"
    f"W4,{LONGEST_NAME}x,,\n"
    f"W5,{'x' * 5000},,\n"
    f"{'k' * 1025},ok,,\n"
    f"W7,ok,a@b.{'c' * 4096},{'語' * 1366}\n",
}
EVENTS = {
    "events/app.csv": "event_id,user_id,ts,message\n"
    + "".join(f"e{number},u1,2025-05-01T10:00:00Z,hello\n" for number in range(3))
    + f"long,u1,2025-05-01T10:00:00Z,{'x' * 65_535}\ntoo long,u1,2025-05-01T10:00:00Z,{'x' * 65_536}\n",
}
TRANSACTIONS = {
    "transactions/excel_ids.csv": """tx_id,user_id,amount,created_at
1.23457E+15,U01,10.00,2025-05-02T10:00:00Z
1.23457E+15,U02,25.00,2025-05-02T11:00:00Z
="000123",U03,5.00,2025-05-02T12:00:00Z
'00124,U03,5.00,2025-05-02T12:00:00Z
45413,U04,7.00,45413
""",
    "transactions/excel_of_another_country.csv": '''tx_id;user_id;amount;created_at
1,23457E+15;U05;10.00;2025-05-02T10:00:00Z
"=""000777""";U06;10.00;2025-05-02T10:00:00Z
A1;'00042;10.00;2025-05-02T10:00:00Z
12E-45;U07;10.00;2025-05-02T10:00:00Z
E+15;U07;10.00;2025-05-02T10:00:00Z
''',
    "transactions/line_items.csv": """order_id,customer_id,total,created_at,sku
LI1,U01,10.00,2025-05-08T10:00:00Z,A
LI1,U01,20.00,2025-05-08T10:00:00Z,B
LI1,U01,20.00,2025-05-08T10:00:00Z,C
LI4,U01,20.00,2025-05-08T10:00:00Z,A
LI4,U01,20.00,2025-05-08T10:00:00Z,B
LI4,U01,20.00,2025-05-08T10:00:00Z,B
""",
    "transactions/items_1.csv": """tx_id,user_id,amount,created_at
LI2,U01,10.00,2025-05-08T10:00:00Z
LI3,U01,10.00,2025-05-08T10:00:00Z
""",
    "transactions/items_2.csv": """tx_id,user_id,amount,created_at
LI2,U01,11.00,2025-05-08T10:00:00Z
LI3,U01,10.0,2025-05-08 10:00
""",
    "transactions/orders_10.csv": """order_id,customer_id,total,status,order_date,updated_at
ST1,U01,50.00,refunded,2025-05-07T10:00:00Z,2025-05-20T10:00:00Z
""",
    "transactions/orders_2.csv": """order_id,customer_id,total,status,order_date,updated_at
ST1,U01,50.00,paid,2025-05-07T10:00:00Z,2025-05-07T10:00:00Z
""",
    "transactions/orders_3.csv": """order_id,customer_id,total,status,order_date,updated_at
ST2,U01,50.00,paid,2025-05-07T10:00:00Z,2025-05-09T10:00:00Z
ST3,U01,50.00,paid,2025-05-07T10:00:00Z,2025-05-09T10:00:00Z
ST4,U01,50.00,returned,2025-05-01T10:00:00Z,2025-05-30T10:00:00Z
""",
    "transactions/orders_4.csv": """order_id,customer_id,total,status,order_date,updated_at
ST2,U01,50.00,shipped,2025-05-07T10:00:00Z,
ST3,U01,50.00,shipped,2025-05-07T10:00:00Z,2025-05-09T10:00:00Z
ST4,U01,50.00,paid,2025-05-29T10:00:00Z,2025-05-10T10:00:00Z
""",
    "transactions/till/monday.csv": """tx_id,user_id,amount,created_at,Status
TL1,U01,10.00,2025-05-08T10:00:00Z,paid
""",
}
UPDATED_AT = """      - name: updated_at
        description: When the order changed.
        logicalType: timestamp
        physicalType: timestamp
"""
PROPERTIES = """  - property: sources
    value: [{name: till, glob: 'till/**', columns: {status: Sattus}}]
"""


def edited(folder: Path, file: str, **insertions: str) -> None:
    """Put text into a contract, in front of the first line that says what each name does."""
    path = folder / file
    text = path.read_text()
    for anchor, insertion in insertions.items():
        line = {"properties": "  - property: ignoredColumns\n", "columns": "      - name: _extra\n"}[anchor]
        assert line in text
        text = text.replace(line, insertion + line, 1)
    path.write_text(text)


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> LakeRuns:
    """A lake with feeds of these kinds, after one run."""
    folder = tmp_path_factory.mktemp("feeds")
    copied = shutil.copytree(Path(contracts.__file__).parent, folder / "contracts")
    edited(copied, "silver/transactions.yaml", properties=PROPERTIES, columns=UPDATED_AT)
    path = copied / "silver/transactions.yaml"
    path.write_text(path.read_text().replace("value: [created_at, delivered_at]", "value: [updated_at]"))
    lake = LakeRuns(folder / "lake", spark, {"contracts": copied})
    for key, content in {**USERS, **EVENTS, **TRANSACTIONS}.items():
        lake.drop(key, content)
    document = lake.run(run_id="first", as_of=AS_OF)
    (folder / "lake" / "document.json").write_text(json.dumps(document))
    return lake


def dataset_report(feeds: LakeRuns, transition: str, name: str) -> dict[str, Any]:
    return dataset(json.loads((feeds.root / "document.json").read_text()), transition, name)


def metrics(feeds: LakeRuns, name: str) -> dict[str, Any]:
    path = feeds.root / "metrics" / "first" / "bronze_to_silver" / f"{name}.json"
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_a_text_with_more_bytes_than_its_limit_is_quarantined_with_its_record(feeds: LakeRuns) -> None:
    assert dataset_report(feeds, "bronze_to_silver", "users")["rows_by_rule"] == {
        "user_id_too_long": 1,
        "name_too_long": 2,
        "email_too_long": 1,
        "city_too_long": 1,
    }
    assert dataset_report(feeds, "bronze_to_silver", "events")["rows_by_rule"] == {"message_too_long": 1}
    found = last_quarantine(feeds.lake, "users")
    assert found is not None
    assert sorted((row.raw or "")[:2] for row in found.samples) == ["W4", "W5", "W7", "kk"]
    assert {row["user_id"] for row in feeds.rows("silver/users")} > {"W1", "W2", "W3"}


def test_in_gold_and_the_warehouse_no_text_is_cut(feeds: LakeRuns) -> None:
    users = dataset_report(feeds, "silver_to_gold", "dim_users")
    assert (users["verdict"], users["failed"]) == ("pass", [])
    assert max(len((row["name"] or "").encode()) for row in feeds.rows("gold/dim_users")) == 4096
    assert feeds.warehouse("SELECT name FROM dim_users WHERE user_id = 'W3'") == [(LONGEST_NAME,)]


def test_keys_as_a_spreadsheet_leaves_them_are_kept_and_counted(feeds: LakeRuns) -> None:
    found = dataset_report(feeds, "bronze_to_silver", "transactions")
    assert found["rows_warned"] == {"tx_id_mangled": 6, "user_id_mangled": 1}
    assert found["rows_by_rule"] == {"created_at_uncastable": 1}
    keys = {row["tx_id"] for row in feeds.rows("silver/transactions")}
    assert keys > {"1.23457E+15", '="000123"', "'00124", "1,23457E+15", '="000777"', "12E-45", "E+15"}


def test_rows_that_lose_against_another_content_are_counted(feeds: LakeRuns) -> None:
    found = dataset_report(feeds, "bronze_to_silver", "transactions")
    numbers = ("read", "promoted", "quarantined", "deduplicated", "conflicting", "excluded")
    assert [found[f"rows_{number}"] for number in numbers] == [29, 17, 1, 11, 9, 0]
    assert found["failed"] == ["source_column_missing", "duplicates_conflicting", "freshness"]
    assert metrics(feeds, "transactions")["rows_conflicting"] == 9
    assert metrics(feeds, "transactions")["measures"]["conflicting_ratio"] == pytest.approx(9 / 29)
    users = dataset_report(feeds, "bronze_to_silver", "users")
    assert ("rows_conflicting" in users, users["rows_excluded"], users["failed"]) == (False, 0, [])


@pytest.mark.parametrize(
    ("key", "column", "kept"),
    [
        ("LI1", "_extra", '{"sku":"C"}'),
        ("LI2", "_source_file", "items_2.csv"),
        ("LI4", "_extra", '{"sku":"B"}'),
        ("ST1", "status", "refunded"),
        ("ST2", "status", "paid"),
        ("ST3", "status", "shipped"),
        ("ST4", "status", "returned"),
    ],
)
def test_the_row_that_is_kept_is_the_latest_by_the_contract(
    feeds: LakeRuns, key: str, column: str, kept: str
) -> None:
    (row,) = [row for row in feeds.rows("silver/transactions") if row["tx_id"] == key]
    assert row[column] == kept


def test_a_mistyped_source_column_is_named(feeds: LakeRuns) -> None:
    assert metrics(feeds, "transactions")["measures"]["missing_source_columns"] == 1
    page = feeds.published()["docs/runs/first/bronze_to_silver/transactions.html"]
    assert "till: Sattus" in page


@pytest.mark.slow
def test_gold_blocks_a_text_that_is_longer_than_its_varchar(feeds: LakeRuns, tmp_path: Path) -> None:
    lake = feeds.copied_to(tmp_path / "lake")
    copied = shutil.copytree(lake.settings.contracts or "", tmp_path / "contracts")
    path = copied / "silver/users.yaml"
    name = "      - name: name\n"
    wider = "        customProperties:\n          - {property: maxBytes, value: 6000}\n"
    before, _, after = path.read_text().partition(name)
    path.write_text(before + name + after.replace("        customProperties:\n", wider, 1))

    document = lake.with_settings(contracts=copied).run(run_id="wider", as_of=AS_OF)

    assert "name_too_long" not in dataset(document, "bronze_to_silver", "users")["rows_by_rule"]
    blocked = dataset(document, "silver_to_gold", "dim_users")
    assert (blocked["verdict"], blocked["failed"], blocked["promoted"]) == ("block", ["lengths"], None)
