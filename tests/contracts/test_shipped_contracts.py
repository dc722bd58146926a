"""The shipped contracts, compared with the tables of the specification."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import contracts
from contracts.column_names import match
from contracts.defaults import DEFAULTS_FILE, read_defaults
from contracts.loader import load_contracts
from contracts.model import Contract, DateOrder
from contracts.odcs import parse_mapping, read_document
from contracts.parser import parse_contract
from tests.shipped import DATASETS, GOLD_TABLES, USERS_HISTORY

ROOT = Path(contracts.__file__).parent
SHIPPED = load_contracts()


def spelled(contract: Contract) -> list[str]:
    """Return each column as ``name type``, a required one with ``!``."""
    return [f"{c.name} {c.type}{'!' if c.required else ''}" for c in contract.columns]


@pytest.mark.parametrize("contract", SHIPPED.all, ids=lambda contract: contract.name)
def test_every_shipped_contract_passes_datacontract_lint(contract: Contract) -> None:
    from datacontract.data_contract import DataContract

    run = DataContract(data_contract_file=str(ROOT / contract.path), inline_references=False).lint()
    assert [
        (check.name, check.result.value, check.reason) for check in run.checks if check.result != "passed"
    ] == []


@pytest.mark.parametrize("contract", SHIPPED.all, ids=lambda contract: contract.name)
def test_a_contract_survives_a_round_trip_through_the_odcs_model(contract: Contract) -> None:
    text = (ROOT / contract.path).read_text(encoding="utf-8")
    written = read_document(parse_mapping(text, contract.path), contract.path).to_yaml()
    defaults = read_defaults(ROOT / contract.zone / DEFAULTS_FILE, f"{contract.zone}/{DEFAULTS_FILE}")
    parsed = parse_contract(written, contract.zone, contract.path, defaults)
    assert replace(parsed, checksum=contract.checksum) == contract


def test_there_is_one_contract_for_the_files_four_for_silver_and_ten_for_gold() -> None:
    assert SHIPPED.inventory.name == "file_inventory"
    assert tuple(c.name for c in SHIPPED.datasets) == DATASETS
    assert [c.name for c in SHIPPED.histories] == [USERS_HISTORY]
    assert tuple(c.name for c in SHIPPED.gold) == GOLD_TABLES
    assert len(SHIPPED.all) == 15


def test_the_columns_of_silver_are_those_of_the_specification() -> None:
    assert {c.name: spelled(c) for c in SHIPPED.silver_tables} == {
        "events": [
            "event_id string!",
            "user_id string!",
            "ts timestamp!",
            "country string",
            "email string",
            "name string",
            "message string",
            "age int",
            "price decimal(18,4)",
            "amount decimal(18,4)",
            "temperature double",
        ],
        "users": [
            "user_id string!",
            "name string",
            "email string",
            "phone string",
            "city string",
            "age int",
            "updated_at timestamp",
        ],
        "transactions": [
            "tx_id string!",
            "user_id string!",
            "amount decimal(18,4)!",
            "status string",
            "created_at timestamp!",
            "delivered_at timestamp",
            "email string",
            "name string",
            "age int",
        ],
        "users_history": [
            "user_id string!",
            "name string",
            "email string",
            "city string",
            "phone string",
            "age int",
            "valid_from timestamp!",
            "valid_to timestamp",
            "is_current boolean!",
        ],
    }


def test_silver_is_stored_with_three_derived_columns() -> None:
    for contract in SHIPPED.datasets:
        derived = [f"{c.name} {c.type}{'!' if c.required else ''}" for c in contract.derived_columns]
        assert derived == ["_extra string", "_source_file string!", "event_date date!"]
        assert contract.silver_columns == contract.columns + contract.derived_columns
        assert match("event_date", contract) is None
    assert SHIPPED.silver(USERS_HISTORY).derived_columns == ()


def test_the_columns_of_gold_are_those_of_the_specification() -> None:
    user = ["user_city string", "user_age int", "user_email string"]
    assert {c.name: [column.removesuffix("!") for column in spelled(c)] for c in SHIPPED.gold} == {
        "dim_users": [
            "user_id string",
            "name string",
            "email string",
            "city string",
            "phone string",
            "age int",
            "updated_at timestamp",
        ],
        "dim_country": ["country string"],
        "dim_status": ["status string"],
        "dim_date": [
            "date date",
            "year int",
            "month int",
            "day int",
            "day_of_week string",
            "week_of_year int",
            "month_name string",
        ],
        "fact_events": [
            "event_id string",
            "user_id string",
            "ts timestamp",
            "event_date date",
            "country string",
            *user,
        ],
        "fact_transactions": [
            "tx_id string",
            "user_id string",
            "amount decimal(18,4)",
            "status string",
            "created_at timestamp",
            "delivered_at timestamp",
            "tx_date date",
            *user,
        ],
        "fact_user_activity": [
            "user_id string",
            "date date",
            "events_count bigint",
            "transactions_count bigint",
            "total_revenue decimal(38,4)",
            "avg_transaction_amount decimal(18,4)",
        ],
        "daily_revenue": [
            "date date",
            "transaction_count bigint",
            "total_revenue decimal(38,4)",
            "avg_amount decimal(18,4)",
            "delivered_count bigint",
        ],
        "daily_active_users": [
            "date date",
            "event_active_users bigint",
            "tx_active_users bigint",
            "total_active_users bigint",
        ],
        "user_ltv": [
            "user_id string",
            "event_count bigint",
            "first_event timestamp",
            "last_event timestamp",
            "transaction_count bigint",
            "total_revenue decimal(38,4)",
            "ltv decimal(38,4)",
        ],
    }


def test_keys_are_those_of_the_grain() -> None:
    assert {contract.name: contract.key for contract in SHIPPED.all} == {
        "file_inventory": ("dataset", "key"),
        "events": ("event_id",),
        "users": ("user_id",),
        "transactions": ("tx_id",),
        "users_history": ("user_id", "valid_from"),
        "dim_users": ("user_id",),
        "dim_country": ("country",),
        "dim_status": ("status",),
        "dim_date": ("date",),
        "fact_events": ("event_id",),
        "fact_transactions": ("tx_id",),
        "fact_user_activity": ("user_id", "date"),
        "daily_revenue": ("date",),
        "daily_active_users": ("date",),
        "user_ltv": ("user_id",),
    }


def test_aliases_are_the_shipped_ones() -> None:
    assert {
        c.name: {column.name: column.aliases for column in c.columns if column.aliases}
        for c in SHIPPED.datasets
    } == {
        "events": {
            "event_id": ("id", "eventid"),
            "user_id": ("userid", "uid", "customer_id"),
            "ts": ("timestamp", "event_time", "event_timestamp"),
            "amount": ("total", "value"),
        },
        "users": {
            "user_id": ("userid", "uid", "customer_id", "id"),
            "updated_at": ("modified_at", "last_updated"),
        },
        "transactions": {
            "tx_id": ("txid", "transaction_id", "order_id", "id"),
            "user_id": ("userid", "uid", "customer_id"),
            "amount": ("total", "value"),
            "created_at": ("order_date", "purchase_ts"),
            "delivered_at": ("delivery_date",),
        },
    }


def test_dates_are_read_month_first_and_partition_names_are_dropped() -> None:
    for contract in SHIPPED.datasets:
        assert contract.date_order is DateOrder.MDY
        assert contract.ignored_columns == ("year", "month", "day")
        assert contract.sources == ()


def test_columns_of_names_and_countries_have_their_own_null_words() -> None:
    words = ("", "null", "n/a", "#n/a", "undefined", "-", "--", "?", "\\N", "(null)")
    found = {
        (c.name, k.name): k.null_words
        for c in SHIPPED.datasets
        for k in c.columns
        if k.null_words is not None
    }
    assert found == {
        ("events", "country"): words,
        ("events", "name"): words,
        ("users", "name"): words,
        ("transactions", "name"): words,
    }


def test_email_phone_and_name_are_pii_in_all_contracts() -> None:
    for contract in SHIPPED.all:
        assert set(contract.pii_columns) == {"email", "phone", "name", "user_email"} & set(
            contract.column_names
        )


def test_every_contract_is_documented_with_owner_and_slas() -> None:
    for contract in SHIPPED.all:
        assert contract.owner
        assert contract.team
        assert contract.description
        assert contract.grain
        assert contract.usage
        assert contract.limitations
        assert set(contract.slas) >= {"latency", "retention"}
        assert all(column.description and column.physical_type for column in contract.silver_columns)


def test_reading_contracts_and_policies_imports_neither_spark_nor_gx_nor_pandas() -> None:
    program = (
        "import sys, contracts.loader, contracts.ddl, contracts.diff\n"
        "import contracts.spark, contracts.gx_suite\n"
        "import quarantine_policies.reader, quarantine_policies.decision\n"
        "contracts.loader.load_contracts(); quarantine_policies.reader.load_policies()\n"
        "heavy = ('pyspark', 'great_expectations', 'pandas', 'numpy', 'duckdb')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT.parent, check=True
    )
    assert done.stdout.strip() == "[]"
