"""Valid rows of users, as literals and as a strategy, and the order in which spec 4.4 puts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.transforms.frames import Row, at, day
from tests.transforms.promises import USERS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

MONDAY, TUESDAY, WEDNESDAY = (at(f"2024-05-0{n}T12:00:00") for n in (6, 7, 8))
ATTRIBUTES = ("name", "email", "phone", "city", "age")

ROWS = st.fixed_dictionaries(
    {
        "updated_at": st.sampled_from([None, MONDAY, TUESDAY, WEDNESDAY]),
        "_source_file": st.sampled_from(["a.csv", "b.csv", "\U0001f600"]),
        "name": st.sampled_from([None, "Ann", "ann", "\uffff", "\U0001f600"]),
        "city": st.sampled_from([None, "Oslo", "Bergen"]),
        "age": st.sampled_from([None, 9, 10]),
        "_extra": st.sampled_from([None, '{"a":"1"}']),
    }
)
GROUPS = st.lists(st.lists(ROWS, min_size=1, max_size=6), min_size=40, max_size=80)


def user(user_id: str, updated_at: datetime | None, **columns: object) -> Row:
    """Return one valid row."""
    event_date = updated_at.date() if updated_at else day("1900-01-01")
    return (
        {"_source_file": "f.csv"}
        | columns
        | {
            "user_id": user_id,
            "updated_at": updated_at,
            "event_date": event_date,
        }
    )


def users(groups: Iterable[Iterable[Row]]) -> list[list[Row]]:
    """Give each group of generated rows a user of its own."""
    return [
        [
            user(f"u{n}", row["updated_at"], **{k: v for k, v in row.items() if k != "updated_at"})
            for row in rows
        ]  # type: ignore[arg-type]
        for n, rows in enumerate(groups)
    ]


def oldest_first(rows: Iterable[Row]) -> list[Row]:
    """Order one user's rows by updated_at and the tie rule, null least, in plain Python."""
    order = ("updated_at", "_source_file", *USERS.column_names, "_extra")

    def rank(row: Row) -> tuple[tuple[bool, object], ...]:
        return tuple((row.get(c) is not None, 0 if row.get(c) is None else row[c]) for c in order)

    return sorted(rows, key=rank)
