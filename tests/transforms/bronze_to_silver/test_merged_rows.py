"""The current rows of users (SCD type 1, spec 4.4)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from tests.transforms.bronze_to_silver.user_rows import (
    ATTRIBUTES,
    GROUPS,
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    oldest_first,
    user,
    users,
)
from tests.transforms.frames import Row, frame, schema, values
from tests.transforms.promises import USERS
from transforms.bronze_to_silver.merged_rows import current_rows, merged_by_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COLUMNS = (*USERS.column_names, "_extra", "_source_file", "event_date")

# A promise: the rows of one user, and the current row.
CASES: dict[str, tuple[list[Row], Row]] = {
    "a user of one row is that row": (
        [user("u", MONDAY, name="Ann", age=30, _extra='{"a":"1"}')],
        user("u", MONDAY, name="Ann", age=30, _extra='{"a":"1"}'),
    ),
    "the latest value of each attribute wins": (
        [user("u", TUESDAY, name="Ann", city="Oslo"), user("u", MONDAY, name="Anna", city="Bergen")],
        user("u", TUESDAY, name="Ann", city="Oslo"),
    ),
    "a null does not wipe out what was known": (
        [user("u", MONDAY, name="Ann", age=30), user("u", TUESDAY, email="a@x.no")],
        user("u", TUESDAY, name="Ann", age=30, email="a@x.no"),
    ),
    "each attribute has its own latest row": (
        [
            user("u", MONDAY, name="1", email="1", phone="1", city="1", age=1),
            user("u", TUESDAY, name="2", phone="2"),
            user("u", WEDNESDAY, name="3"),
        ],
        user("u", WEDNESDAY, name="3", email="1", phone="2", city="1", age=1),
    ),
    "a row without updated_at is the oldest": (
        [user("u", None, name="old", city="Oslo"), user("u", MONDAY, name="new")],
        user("u", MONDAY, name="new", city="Oslo"),
    ),
    "a user without any updated_at has none": (
        [user("u", None, name="b", _source_file="2"), user("u", None, name="a", _source_file="1")],
        user("u", None, name="b", _source_file="2"),
    ),
    "_extra and _source_file are the latest row's, nulls too": (
        [
            user("u", MONDAY, _extra='{"a":"1"}', _source_file="z"),
            user("u", TUESDAY, _extra=None, _source_file="a"),
        ],
        user("u", TUESDAY, _extra=None, _source_file="a"),
    ),
    "a tie of time goes to the greatest file, attribute by attribute": (
        [
            user("u", MONDAY, name="b", _source_file="b"),
            user("u", MONDAY, name="a", city="Oslo", _source_file="a"),
        ],
        user("u", MONDAY, name="b", city="Oslo", _source_file="b"),
    ),
    "then to the greatest content in the contract's order": (
        [user("u", MONDAY, name="b", city="A"), user("u", MONDAY, name="a", city="Z", age=9)],
        user("u", MONDAY, name="b", city="A", age=9),
    ),
    "then to the greatest _extra": (
        [user("u", MONDAY, _extra="1"), user("u", MONDAY, _extra="2")],
        user("u", MONDAY, _extra="2"),
    ),
}


@pytest.fixture(scope="module")
def current(spark: SparkSession) -> dict[object, list[dict[str, object]]]:
    """The current rows of all cases' users in one job, by title."""
    rows = [dict(row) | {"user_id": title} for title, (given_rows, _) in CASES.items() for row in given_rows]
    found: dict[object, list[dict[str, object]]] = {}
    for row in values(current_rows(frame(spark, schema(USERS), rows), USERS)):
        found.setdefault(row["user_id"], []).append(row)
    return found


@pytest.mark.parametrize("title", CASES)
def test_current_row(title: str, current: dict[object, list[dict[str, object]]]) -> None:
    expected = dict(CASES[title][1]) | {"user_id": title}
    assert current[title] == [{name: expected.get(name) for name in COLUMNS}]


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(GROUPS)
def test_current_users_are_the_references(spark: SparkSession, groups: list[list[Row]]) -> None:
    expected = []
    for rows in map(oldest_first, users(groups)):
        latest = {
            name: next((row[name] for row in reversed(rows) if row.get(name) is not None), None)
            for name in ATTRIBUTES
        }
        expected.append({name: rows[-1].get(name) for name in COLUMNS} | latest)
    given_rows = [row for rows in users(groups) for row in rows]
    random.Random(7).shuffle(given_rows)
    found = values(current_rows(frame(spark, schema(USERS), given_rows).repartition(3), USERS))
    assert found == sorted(expected, key=repr)


def test_a_users_current_row_is_counted_to_the_file_of_the_latest_row(spark: SparkSession) -> None:
    rows = [
        user("u1", WEDNESDAY, _source_file="a"),
        user("u1", TUESDAY, _source_file="b", name="n"),
        user("u1", None, _source_file="z", email="e"),
        user("u2", None, _source_file="z"),
    ]
    merged = merged_by_file(frame(spark, schema(USERS), rows), USERS)
    assert {row["_source_file"]: row["rows"] for row in merged.collect()} == {"b": 1, "z": 1}


def test_no_users_have_no_rows_to_merge(spark: SparkSession) -> None:
    assert merged_by_file(frame(spark, schema(USERS), []), USERS).collect() == []
