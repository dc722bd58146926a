"""A live table against its contract: what adds is applied; what a person has to do is said as a statement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checkpoints.warehouse.redshift_live import LiveColumn, LiveTable, additions, drift, read_live
from contracts.model import Column, DataType, Kind
from tests.checkpoints.warehouse.releases import CONTRACTS

USERS = next(one for one in CONTRACTS if one.name == "dim_users")
TABLE = '"gold"."dim_users"'
ASIDE = f'run ALTER TABLE {TABLE} RENAME TO "dim_users_before_1_0_0": the next load makes the table anew'


def column(name: str, kind: str = "VARCHAR(1024)", *, is_required: bool = False) -> LiveColumn:
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


def test_the_catalog_is_read_as_the_ddl_spells_it() -> None:
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
    "as promised": (LiveTable(LIVE), []),
    "a wider VARCHAR": (changed(1, column("name", "VARCHAR(2000)")), []),
    "a column to come at the end": (LiveTable(LIVE[:-1]), []),
    "fewer bytes": (
        changed(1, column("name", "VARCHAR(100)")),
        [
            "dim_users.name: expected VARCHAR(1024), found VARCHAR(100) in the live table; run"
            f' ALTER TABLE {TABLE} ALTER COLUMN "name" TYPE VARCHAR(1024) outside a transaction'
        ],
    ),
    "another type in the middle": (
        changed(5, column("age", "BIGINT")),
        [f"dim_users.age: expected INTEGER, found BIGINT in the live table; {ASIDE}"],
    ),
    "another type at the end": (
        changed(6, column("updated_at", "DATE")),
        [
            "dim_users.updated_at: expected TIMESTAMP, found DATE in the live table; run"
            f' ALTER TABLE {TABLE} DROP COLUMN "updated_at": the next load adds it anew'
        ],
    ),
    "a column too many": (
        LiveTable((*LIVE, column("note"))),
        [
            "dim_users.note: the live table has it, the contract does not; run"
            f' ALTER TABLE {TABLE} DROP COLUMN "note" if it may go'
        ],
    ),
    "another order": (
        LiveTable((LIVE[0], LIVE[2], LIVE[1], *LIVE[3:])),
        [
            "dim_users.name: expected at position 2, where the live table has email"
            f" (COPY goes by position); {ASIDE}"
        ],
    ),
    "a column to come in the middle": (
        LiveTable((*LIVE[:3], *LIVE[4:])),
        [
            "dim_users.city: expected at position 4, where the live table has phone"
            f" (COPY goes by position); {ASIDE}"
        ],
    ),
    "no nulls where the contract has some": (
        changed(1, column("name", is_required=True)),
        [f"dim_users.name: the live table takes no null; {ASIDE}"],
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
