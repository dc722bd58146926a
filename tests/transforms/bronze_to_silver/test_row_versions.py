"""The version history of users (SCD type 2, spec 4.4)."""

from __future__ import annotations

from itertools import groupby
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
from tests.transforms.frames import Row, at, frame, schema, values
from tests.transforms.promises import USERS, USERS_HISTORY
from transforms.bronze_to_silver.merged_rows import current_rows, row_versions

if TYPE_CHECKING:
    from datetime import datetime

    from pyspark.sql import SparkSession

BEGINNING = at("1900-01-01T00:00:00")


def version(valid_from: datetime, valid_to: datetime | None, **state: object) -> Row:
    """Return one version of a user."""
    empty = dict.fromkeys(ATTRIBUTES)
    return empty | state | {"valid_from": valid_from, "valid_to": valid_to, "is_current": valid_to is None}


# A promise: the rows of one user, and the versions.
CASES: dict[str, tuple[list[Row], list[Row]]] = {
    "one row is one open version": (
        [user("u", MONDAY, name="Ann", age=30)],
        [version(MONDAY, None, name="Ann", age=30)],
    ),
    "a change closes a version and opens the next": (
        [user("u", TUESDAY, city="Oslo"), user("u", MONDAY, city="Bergen")],
        [version(MONDAY, TUESDAY, city="Bergen"), version(TUESDAY, None, city="Oslo")],
    ),
    "a row that changes nothing opens no version": (
        [user("u", MONDAY, city="Oslo"), user("u", TUESDAY, city="Oslo"), user("u", WEDNESDAY)],
        [version(MONDAY, None, city="Oslo")],
    ),
    "a value that comes back is a version of its own": (
        [user("u", MONDAY, age=1), user("u", TUESDAY, age=2), user("u", WEDNESDAY, age=1)],
        [
            version(MONDAY, TUESDAY, age=1),
            version(TUESDAY, WEDNESDAY, age=2),
            version(WEDNESDAY, None, age=1),
        ],
    ),
    "known attributes are carried forward": (
        [user("u", MONDAY, name="Ann"), user("u", TUESDAY, city="Oslo")],
        [version(MONDAY, TUESDAY, name="Ann"), version(TUESDAY, None, name="Ann", city="Oslo")],
    ),
    "a row without a time is valid from 1900 on": (
        [user("u", MONDAY, name="Ann"), user("u", None, name="Anna")],
        [version(BEGINNING, MONDAY, name="Anna"), version(MONDAY, None, name="Ann")],
    ),
    "all rows without a time are one instant": (
        [user("u", None, name="a", _source_file="1"), user("u", None, name="b", _source_file="2")],
        [version(BEGINNING, None, name="b")],
    ),
    "only the last state of an instant counts": (
        [
            user("u", MONDAY, name="a", age=1, _source_file="1"),
            user("u", MONDAY, name="b", _source_file="2"),
            user("u", TUESDAY, name="c"),
        ],
        [version(MONDAY, TUESDAY, name="b", age=1), version(TUESDAY, None, name="c", age=1)],
    ),
    "an instant that ends as it began opens no version": (
        [
            user("u", MONDAY, name="a"),
            user("u", TUESDAY, name="b", _source_file="1"),
            user("u", TUESDAY, name="a", _source_file="2"),
        ],
        [version(MONDAY, None, name="a")],
    ),
    "a user of whom nothing is known has a version all the same": (
        [user("u", MONDAY), user("u", TUESDAY)],
        [version(MONDAY, None)],
    ),
}


@pytest.fixture(scope="module")
def versions(spark: SparkSession) -> dict[object, list[dict[str, object]]]:
    """The versions of all cases' users in one job, by title."""
    rows = [dict(row) | {"user_id": title} for title, (given_rows, _) in CASES.items() for row in given_rows]
    found: dict[object, list[dict[str, object]]] = {}
    history = row_versions(frame(spark, schema(USERS), rows), USERS, USERS_HISTORY)
    assert tuple(history.columns) == USERS_HISTORY.column_names
    for row in sorted(values(history), key=lambda row: str(row["valid_from"])):
        found.setdefault(row["user_id"], []).append(row)
    return found


@pytest.mark.parametrize("title", CASES)
def test_versions(title: str, versions: dict[object, list[dict[str, object]]]) -> None:
    assert versions[title] == [{"user_id": title, **expected} for expected in CASES[title][1]]


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(GROUPS)
def test_the_history_is_the_references_and_ends_in_the_current_row(
    spark: SparkSession, groups: list[list[Row]]
) -> None:
    valid = frame(spark, schema(USERS), [row for rows in users(groups) for row in rows]).repartition(3)
    found = values(row_versions(valid, USERS, USERS_HISTORY))

    expected = [version for rows in users(groups) for version in reference(rows)]
    assert found == sorted(({c: row[c] for c in USERS_HISTORY.column_names} for row in expected), key=repr)
    now = [tuple(row[c] for c in ("user_id", *ATTRIBUTES)) for row in found if row["is_current"]]
    assert sorted(now, key=repr) == sorted(
        (tuple(row[c] for c in ("user_id", *ATTRIBUTES)) for row in values(current_rows(valid, USERS))),
        key=repr,
    )


def reference(rows: list[Row]) -> list[dict[str, object]]:
    """Tell one user's versions in plain Python."""
    state: dict[str, object] = dict.fromkeys(ATTRIBUTES)
    versions: list[dict[str, object]] = []
    for instant, same_time in groupby(oldest_first(rows), key=lambda row: row["updated_at"]):
        for row in same_time:
            state = state | {name: row[name] for name in ATTRIBUTES if row.get(name) is not None}
        if not versions or any(versions[-1][name] != state[name] for name in ATTRIBUTES):
            versions.append({"user_id": rows[0]["user_id"], **state, "valid_from": instant or BEGINNING})
    ends = [version["valid_from"] for version in versions[1:]]
    return [
        version | {"valid_to": end, "is_current": end is None}
        for version, end in zip(versions, [*ends, None], strict=True)
    ]
