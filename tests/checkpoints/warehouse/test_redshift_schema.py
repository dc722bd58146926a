"""Live tables compared with contracts: additions are applied, other drift is reported with a statement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checkpoints.warehouse.redshift_schema import LiveColumn, LiveTable, additions, drift, read_live
from contracts.model import Column, DataType, Kind
from tests.checkpoints.warehouse.releases import CONTRACTS

USERS = next(one for one in CONTRACTS if one.name == "dim_users")
TABLE = '"gold"."dim_users"'
ASIDE = f'run ALTER TABLE {TABLE} RENAME TO "dim_users_before_1_0_0": the next load creates the table again'


def column(name: str, kind: str = "VARCHAR(4096)", *, is_required: bool = False) -> LiveColumn:
    length = int(kind[8:-1]) if kind.startswith("VARCHAR") else None
    return LiveColumn(name, kind, length, is_required)


LIVE = (
    column("user_id", is_required=True),
    column("name"),
    column("email"),
    column("city"),
    column("phone"),
    column("age", "INTEGER"),
    column("updated_at", "TIMESTAMP"),
)


def changed(position: int, *columns: LiveColumn) -> LiveTable:
    return LiveTable((*LIVE[:position], *columns, *LIVE[position + 1 :]))


def test_catalog_types_are_read_as_ddl_types() -> None:
    rows = [
        ("t", "a", "character varying", "16", None, None, "NO"),
        ("t", "b", "numeric", None, "38", "4", "YES"),
        ("t", "c", "timestamp without time zone", None, None, None, "YES"),
        ("t", "d", "integer", None, "32", "0", "YES"),
        ("t", "e", "super", None, None, None, "YES"),
    ]
    kinds = {"t": "BASE TABLE", "v": "VIEW", "empty": "BASE TABLE"}
    live = read_live(rows, list(kinds.items()))
    assert [(c.name, c.type, c.is_required) for c in live["t"].columns] == [
        ("a", "VARCHAR(16)", True),
        ("b", "DECIMAL(38,4)", False),
        ("c", "TIMESTAMP", False),
        ("d", "INTEGER", False),
        ("e", "SUPER", False),
    ]
    assert (live["v"].is_view, live["empty"]) == (True, LiveTable(()))


CASES = {
    "unchanged": (LiveTable(LIVE), []),
    "a wider VARCHAR": (changed(1, column("name", "VARCHAR(5000)")), []),
    "a new column at the end": (LiveTable(LIVE[:-1]), []),
    "fewer bytes": (
        changed(1, column("name", "VARCHAR(100)")),
        [
            "dim_users.name: expected VARCHAR(4096), found VARCHAR(100) in the live table; run"
            f' ALTER TABLE {TABLE} ALTER COLUMN "name" TYPE VARCHAR(4096) outside a transaction'
        ],
    ),
    "fewer bytes in the key, which Redshift does not alter": (
        changed(0, column("user_id", "VARCHAR(100)", is_required=True)),
        [f"dim_users.user_id: expected VARCHAR(1024), found VARCHAR(100) in the live table; {ASIDE}"],
    ),
    "another type in the middle": (
        changed(5, column("age", "BIGINT")),
        [f"dim_users.age: expected INTEGER, found BIGINT in the live table; {ASIDE}"],
    ),
    "another type at the end": (
        changed(6, column("updated_at", "DATE")),
        [
            "dim_users.updated_at: expected TIMESTAMP, found DATE in the live table; run"
            f' ALTER TABLE {TABLE} DROP COLUMN "updated_at": the next load adds it again'
        ],
    ),
    "an extra column": (
        LiveTable((*LIVE, column("note"))),
        [
            "dim_users.note: in the live table, but not in the contract; run"
            f' ALTER TABLE {TABLE} DROP COLUMN "note" if it can go'
        ],
    ),
    "another order": (
        LiveTable((LIVE[0], LIVE[2], LIVE[1], *LIVE[3:])),
        [
            "dim_users.name: expected at position 2, where the live table has email"
            f" (COPY goes by position); {ASIDE}"
        ],
    ),
    "a new column in the middle": (
        LiveTable((*LIVE[:3], *LIVE[4:])),
        [
            "dim_users.city: expected at position 4, where the live table has phone"
            f" (COPY goes by position); {ASIDE}"
        ],
    ),
    "NOT NULL where the contract is nullable": (
        changed(1, column("name", is_required=True)),
        [f"dim_users.name: NOT NULL in the live table, nullable in the contract; {ASIDE}"],
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_drift(title: str) -> None:
    live, expected = CASES[title]
    assert [str(finding) for finding in drift("gold", USERS, live)] == expected


def test_a_decimal_of_another_width_is_named() -> None:
    ltv = next(one for one in CONTRACTS if one.name == "user_ltv")
    live = LiveTable((column("total_revenue", "DECIMAL(18,4)"),))
    (finding, *_) = map(str, drift("gold", ltv, live))
    assert finding.startswith(
        "user_ltv.total_revenue: expected DECIMAL(38,4), found DECIMAL(18,4) in the live"
    )


def test_a_missing_table_is_created_with_its_comments() -> None:
    create, *comments = [one.sql for one in additions("gold", USERS, None)]
    assert create.startswith(f"CREATE TABLE IF NOT EXISTS {TABLE} (")
    assert [one.split(" IS ")[0] for one in comments] == [
        f'COMMENT ON COLUMN {TABLE}."{name}"' for name in ("name", "email", "phone")
    ]


def test_columns_are_added_one_by_one_in_order_and_take_nulls() -> None:
    text = DataType(Kind.STRING, max_bytes=16)
    new = (Column("color", text, required=True), Column("nickname", text, is_pii=True))
    contract = replace(USERS, columns=(*USERS.columns, *new))
    assert [one.sql for one in additions("gold", contract, LiveTable(LIVE))] == [
        f'ALTER TABLE {TABLE} ADD COLUMN "color" VARCHAR(16)',
        f'ALTER TABLE {TABLE} ADD COLUMN "nickname" VARCHAR(16)',
        f"COMMENT ON COLUMN {TABLE}.\"nickname\" IS 'pii: masked in docs, metrics and logs'",
    ]
    assert list(additions("gold", USERS, LiveTable(LIVE))) == []
