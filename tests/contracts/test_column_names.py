"""Normalisation and matching of column names."""

from __future__ import annotations

import pytest

from contracts import column_names as names
from contracts.model import Column, Contract, DataType, Kind, Zone

STRING = DataType(Kind.STRING)


def contract(*columns: Column, ignored: tuple[str, ...] = ()) -> Contract:
    return Contract("events", Zone.SILVER, "1.0.0", "", "", "", columns, (), ignored_columns=ignored)


EVENTS = contract(
    Column("event_id", STRING, aliases=("id", "eventid")),
    Column("user_id", STRING, aliases=("userid", "uid", "customer_id")),
    Column("ts", STRING, aliases=("timestamp", "event_time", "event_timestamp")),
    ignored=("year", "month", "day"),
)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("user_id", "user_id"),
        ("userID", "user_id"),
        ("UserId", "user_id"),
        ("USER_ID", "user_id"),
        ("HTTPServer", "http_server"),
        ("getHTTPServerURL", "get_http_server_url"),
        ("address2City", "address2_city"),
        ("x2", "x2"),
        ('\ufeff"User Id"', "user_id"),
        (" `user - id` ", "user_id"),
        ("\u00a0user\u2003id\u3000", "user_id"),
        ("__user__id__", "user_id"),
        ("user.id", "user_id"),
        ("'price ($)'", "price"),
        ("名前", "名前"),
        ("Идентификатор-Пользователя", "идентификатор_пользователя"),
        ("имяПользователя", "имя_пользователя"),
        ("Größe (m²)", "größe_m²"),
        ("٣ أسماء", "٣_أسماء"),
        ("İD", "i_d"),
        ("ΟΔΟΣ", "οδος"),
        ("\ud800", ""),
        ("", ""),
        ("--", ""),
    ],
)
def test_a_name_is_normalised(written: str, normal: str) -> None:
    assert names.normalize(written) == normal


def test_normalising_twice_changes_nothing() -> None:
    for written in ("HTTPServer", "ΟΔΟΣ", "ǅungla", "userID2Name", "aªB"):
        once = names.normalize(written)
        assert names.normalize(once) == once


@pytest.mark.parametrize(
    ("written", "column"),
    [
        ("Event ID", "event_id"),
        ("eventID", "event_id"),
        ("EVENTID", "event_id"),
        ("e_v_e_n_t_i_d", "event_id"),
        ("id", "event_id"),
        ("customerId", "user_id"),
        ("CustomerID", "user_id"),
        ("customer id", "user_id"),
        ("Event-Timestamp", "ts"),
        ("t_s", "ts"),
        ("tx_id", None),
        ("", None),
        ("#", None),
        ("year", None),
    ],
)
def test_a_name_matches_its_column_by_name_or_alias_with_or_without_underscores(
    written: str, column: str | None
) -> None:
    assert names.match(written, EVENTS) == column
