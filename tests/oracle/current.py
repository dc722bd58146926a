"""Section 4.4: which row of a key is the current one, and what was known of a user when."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from tests.oracle.cleaning import Row
from tests.oracle.contract import HISTORY_COLUMNS, USER_ATTRIBUTES

NO_DATE = date(1900, 1, 1)


def _order(value: Any) -> tuple[bool, Any]:
    """Null is least; strings by code point (as Python does), others by value."""
    return (value is not None, 0 if value is None else value)


def _tie_rule(row: Row) -> tuple[Any, ...]:
    return (row.file.encode(), *map(_order, row.content), _order(row.extra_text))


_TIMESTAMPS = {"events": ("ts",), "transactions": ("created_at", "delivered_at"), "users": ("updated_at",)}


def _rank(row: Row) -> tuple[Any, ...]:
    recency = row.contract.recency or _TIMESTAMPS[row.dataset]
    return (*(_order(row.values[column]) for column in recency), _tie_rule(row))


def _by_key(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each key, the greatest last."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.values[row.contract.key]].append(row)
    return [sorted(groups[key], key=_rank) for key in sorted(groups)]


def current_rows(rows: Iterable[Row]) -> list[Row]:
    """One row a key: the latest; a user's attributes are each the latest that is not null (SCD type 1)."""
    current = []
    for group in _by_key(rows):
        latest = group[-1]
        values = dict(latest.values)
        if latest.dataset == "users":
            for attribute in USER_ATTRIBUTES:
                known = [row.values[attribute] for row in group if row.values[attribute] is not None]
                values[attribute] = known[-1] if known else None
        current.append(Row(latest.contract, latest.file, latest.raw, values=values, extra=latest.extra))
    return current


def conflicting_rows(rows: Iterable[Row]) -> list[Row]:
    """The deduplicated rows of events and transactions whose content differs from the winner's."""
    return [
        row
        for *others, winner in _by_key(rows)
        for row in others
        if row.dataset != "users" and (row.content, row.extra) != (winner.content, winner.extra)
    ]


def users_history(rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    """SCD type 2, in the order of HISTORY_COLUMNS."""
    history: list[dict[str, Any]] = []
    for group in _by_key(rows):
        state: dict[str, Any] = dict.fromkeys(USER_ATTRIBUTES)
        states: dict[datetime | None, dict[str, Any]] = {}  # the last state of each instant, in order
        for row in group:
            state = {a: state[a] if row.values[a] is None else row.values[a] for a in USER_ATTRIBUTES}
            states[row.values["updated_at"]] = state
        versions: list[dict[str, Any]] = []
        for instant, found in states.items():
            if versions and all(versions[-1][a] == found[a] for a in USER_ATTRIBUTES):
                continue
            valid_from = instant or datetime(1900, 1, 1, tzinfo=UTC)
            if versions:
                versions[-1] |= {"valid_to": valid_from, "is_current": False}
            user = group[0].values["user_id"]
            versions.append(
                {"user_id": user, **found, "valid_from": valid_from, "valid_to": None, "is_current": True}
            )
        history += versions
    return [tuple(version[column] for column in HISTORY_COLUMNS) for version in history]


def dated_at(row: Row) -> datetime | None:
    column = {"events": "ts", "transactions": "created_at", "users": "updated_at"}[row.dataset]
    instant: datetime | None = row.values[column]
    return instant


def event_date(row: Row) -> date:
    instant = dated_at(row)
    return NO_DATE if instant is None else instant.date()
