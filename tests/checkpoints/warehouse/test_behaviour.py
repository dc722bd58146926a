"""Behaviour that all warehouse implementations share (spec 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pytest

from checkpoints.lake.manifest import ColumnSum
from checkpoints.warehouse.warehouse import LoadedRelease, LoadStatus, PreflightError
from contracts.model import Column, DataType, Kind, Zone
from contracts.parser import parse_contract
from tests.checkpoints.warehouse.releases import CONTRACTS, FIRST, LATER, NOON, SECOND, promise, write_release
from tests.checkpoints.warehouse.warehouses import BENCHES, Bench
from tests.contributing import yaml_blocks
from tests.stand_ins.redshift.errors import RedshiftServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from checkpoints.warehouse.load_request import LoadRequest
    from checkpoints.warehouse.warehouse import LoadedTable
    from contracts.model import Contract


# Both Redshift transports run the same statements, so one of them is enough in the quick suite.
PARAMS = [pytest.param(name, marks=pytest.mark.aws if "wire" in name else ()) for name in BENCHES]


@pytest.fixture(params=PARAMS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with BENCHES[request.param](tmp_path) as bench:
        yield bench


@pytest.fixture
def first(bench: Bench) -> LoadRequest:
    return write_release(bench.gold, "v1", FIRST)


@pytest.fixture
def second(bench: Bench) -> LoadRequest:
    return write_release(bench.gold, "v2", SECOND)


def equal(tables: tuple[LoadedTable, ...]) -> bool:
    """Reconcile like the contracts' rules."""
    return all(table.matches_manifest for table in tables)


def user_ids(bench: Bench) -> list[object]:
    return [row[0] for row in bench.query('SELECT user_id FROM "dim_users" ORDER BY user_id')]


def test_a_load_shows_exactly_the_rows_of_the_manifests_files(bench: Bench, first: LoadRequest) -> None:
    outcome = bench.open().load(first, equal, now=NOON)

    assert outcome.status is LoadStatus.LOADED
    assert {t.name: (t.rows, t.expected_rows) for t in outcome.tables} == {
        c.name: (len(FIRST.get(c.name, ())),) * 2 for c in CONTRACTS
    }
    assert {t.name: t.sums for t in outcome.tables if t.sums} == {
        "fact_transactions": (ColumnSum("amount", Decimal("0.3003")),),
        "daily_revenue": (ColumnSum("total_revenue", Decimal("0.3003")),),
        "user_ltv": (ColumnSum("total_revenue", Decimal("0.3003")),),
    }
    assert bench.query('SELECT user_id, name, age, updated_at FROM "dim_users" ORDER BY 1') == [
        ("ann", "Ann 'O\"Neill;", 30, datetime(2026, 1, 1, 12)),  # noqa: DTZ001 - UTC, in a type without zone
        ("bob", None, None, datetime(1900, 1, 1)),  # noqa: DTZ001
    ]
    assert bench.query('SELECT count(*) FROM "dim_country"') == [(0,)]


def test_a_load_records_its_release(bench: Bench, first: LoadRequest) -> None:
    warehouse = bench.open()
    assert warehouse.loaded_release() is None
    warehouse.load(first, equal, now=NOON)
    assert warehouse.loaded_release() == LoadedRelease("v1", "run v1", first.checksum, NOON)


def test_a_newer_release_replaces_all_tables(bench: Bench, first: LoadRequest, second: LoadRequest) -> None:
    warehouse = bench.open()
    warehouse.load(first, equal, now=NOON)
    assert warehouse.load(second, equal, now=LATER).status is LoadStatus.LOADED
    assert (user_ids(bench), bench.query('SELECT * FROM "dim_status"')) == (["cleo"], [("paid",)])
    assert warehouse.loaded_release() == LoadedRelease("v2", "run v2", second.checksum, LATER)


def test_an_older_release_can_be_loaded_again(bench: Bench, first: LoadRequest, second: LoadRequest) -> None:
    warehouse = bench.open()
    for request in (first, second, first):
        assert warehouse.load(request, equal, now=NOON).status is LoadStatus.LOADED
    assert user_ids(bench) == ["ann", "bob"]


def test_loading_the_same_release_twice_changes_nothing(bench: Bench, first: LoadRequest) -> None:
    warehouse = bench.open()
    loaded = warehouse.load(first, equal, now=NOON)
    again = warehouse.load(first, equal, now=LATER)
    assert (again.status, again.tables) == (LoadStatus.UNCHANGED, loaded.tables)
    assert warehouse.loaded_release() == LoadedRelease("v1", "run v1", first.checksum, NOON)


def test_a_release_whose_rows_were_changed_is_loaded_again(bench: Bench, first: LoadRequest) -> None:
    warehouse = bench.open()
    warehouse.load(first, equal, now=NOON)
    for change in (
        "DELETE FROM \"dim_users\" WHERE user_id = 'ann'",
        "UPDATE \"fact_transactions\" SET amount = 1 WHERE tx_id = 't0'",
    ):
        bench.query(change)
        assert warehouse.load(first, equal, now=LATER).status is LoadStatus.LOADED
    bench.query('DROP TABLE "dim_status"')
    assert warehouse.load(first, equal, now=LATER).status is LoadStatus.LOADED
    assert user_ids(bench) == ["ann", "bob"]


def test_a_mismatch_rolls_back_and_the_old_release_stays(
    bench: Bench, first: LoadRequest, second: LoadRequest
) -> None:
    warehouse = bench.open()
    warehouse.load(first, equal, now=NOON)
    wrong = promise(second, "user_ltv", sums=(ColumnSum("total_revenue", Decimal("0.3004")),))

    outcome = warehouse.load(wrong, equal, now=LATER)

    assert outcome.status is LoadStatus.REFUSED
    assert {one.name: one.revenue_difference for one in outcome.tables if not one.matches_manifest} == {
        "user_ltv": Decimal("0.0001")
    }
    assert (user_ids(bench), bench.query('SELECT count(*) FROM "dim_status"')) == (["ann", "bob"], [(0,)])
    assert warehouse.loaded_release() == LoadedRelease("v1", "run v1", first.checksum, NOON)


def test_a_difference_that_the_rules_accept_is_loaded(bench: Bench, first: LoadRequest) -> None:
    warehouse = bench.open()
    wrong = promise(first, "user_ltv", sums=(ColumnSum("total_revenue", Decimal("0.3004")),))
    outcome = warehouse.load(wrong, lambda _: True, now=NOON)
    assert outcome.status is LoadStatus.LOADED
    assert {one.name: one.revenue_difference for one in outcome.tables if not one.matches_manifest} == {
        "user_ltv": Decimal("0.0001")
    }
    assert user_ids(bench) == ["ann", "bob"]


def test_a_refused_first_load_leaves_no_table(bench: Bench, first: LoadRequest) -> None:
    warehouse = bench.open()
    assert warehouse.load(first, lambda _: False, now=NOON).status is LoadStatus.REFUSED
    assert warehouse.loaded_release() is None
    with pytest.raises((duckdb.CatalogException, RedshiftServerError), match="does not exist"):
        user_ids(bench)


def test_an_error_while_judging_leaves_the_old_release(
    bench: Bench, first: LoadRequest, second: LoadRequest
) -> None:
    def fail(_: tuple[LoadedTable, ...]) -> bool:
        raise OSError("no room for the docs")

    warehouse = bench.open()
    warehouse.load(first, equal, now=NOON)
    with pytest.raises(OSError, match="no room for the docs"):
        warehouse.load(second, fail, now=LATER)
    assert user_ids(bench) == ["ann", "bob"]


def test_a_release_that_is_already_loaded_is_reconciled_again(bench: Bench, first: LoadRequest) -> None:
    warehouse = bench.open()
    warehouse.load(first, equal, now=NOON)
    assert warehouse.load(first, lambda _: False, now=LATER).status is LoadStatus.REFUSED
    assert user_ids(bench) == ["ann", "bob"]


# --- drift -----------------------------------------------------------------------------------------


def changed(table: str, change: Callable[[Contract], Contract]) -> tuple[Contract, ...]:
    return tuple(change(contract) if contract.name == table else contract for contract in CONTRACTS)


def test_a_column_that_a_newer_contract_adds_is_added(bench: Bench, first: LoadRequest) -> None:
    warehouse = bench.open()
    warehouse.load(first, equal, now=NOON)
    color = Column("color", DataType(Kind.STRING))
    contracts = changed("dim_users", lambda c: replace(c, columns=(*c.columns, color)))
    rows = {"dim_users": [{"user_id": "ann", "color": "red"}]}
    request = write_release(bench.gold, "v3", rows, contracts)
    assert warehouse.load(request, equal, now=LATER).status is LoadStatus.LOADED
    assert bench.query('SELECT user_id, color FROM "dim_users"') == [("ann", "red")]


def test_a_further_table_is_created_loaded_and_its_sums_are_reconciled(
    bench: Bench, first: LoadRequest
) -> None:
    (text,) = yaml_blocks("Add a gold table")
    further = parse_contract(text, Zone.GOLD, "gold/returns_by_status.yaml")
    rows = [
        {"status": "paid", "returns": 2, "refunded": Decimal("1.5000")},
        {"status": "lost", "returns": 1, "refunded": Decimal("0.0001")},
    ]
    tables = {**FIRST, further.name: rows}
    request = write_release(bench.gold, "v3", tables, (*CONTRACTS, further))
    warehouse = bench.open()
    warehouse.load(first, equal, now=NOON)
    wrong = promise(request, further.name, sums=(ColumnSum("refunded", Decimal(2)),))
    outcome = warehouse.load(wrong, equal, now=LATER)
    assert (outcome.status, outcome.tables[-1].revenue_difference) == (LoadStatus.REFUSED, Decimal("0.4999"))
    assert warehouse.load(request, equal, now=LATER).status is LoadStatus.LOADED
    assert bench.query('SELECT * FROM "returns_by_status" ORDER BY status') == [
        ("lost", 1, Decimal("0.0001")),
        ("paid", 2, Decimal("1.5000")),
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda c: replace(c, columns=c.columns[:-1]),
            "dim_users.updated_at: in the live table, but not in the contract",
        ),
        (
            lambda c: replace(c, columns=(*c.columns[:-1], replace(c.columns[-1], type=DataType(Kind.DATE)))),
            "dim_users.updated_at: expected DATE, found TIMESTAMP in the live table; run ALTER TABLE",
        ),
    ],
    ids=["a column that is gone", "a column of another type"],
)
def test_a_breaking_schema_change_is_refused_with_the_statement_to_run(
    bench: Bench,
    first: LoadRequest,
    change: Callable[[Contract], Contract],
    sentence: str,
) -> None:
    warehouse = bench.open()
    warehouse.load(first, equal, now=NOON)
    request = write_release(bench.gold, "v3", {}, changed("dim_users", change))
    with pytest.raises(PreflightError) as refused:
        warehouse.load(request, equal, now=LATER)
    assert sentence in str(refused.value)
    assert user_ids(bench) == ["ann", "bob"]


def test_a_view_with_a_tables_name_is_refused(bench: Bench, first: LoadRequest) -> None:
    bench.query('CREATE VIEW "dim_status" AS SELECT 1 AS status')
    with pytest.raises(PreflightError, match="dim_status: a view has this name; run DROP VIEW"):
        bench.open().load(first, equal, now=NOON)
