"""Section 4.1's sentences on names, each with its example."""

import pytest

from tests.oracle.contract import SHIPPED
from tests.oracle.names import contract_column, normalise


@pytest.mark.parametrize(
    ("name", "normalised"),
    [
        ('\ufeff"User ID"', "user_id"),
        ("`event-id`", "event_id"),
        ("eventId", "event_id"),
        ("EVENT_ID", "event_id"),
        ("favColor", "fav_color"),
        ("  __Loyalty   Tier__ ", "loyalty_tier"),
        ("gr\u00f6\u00dfe", "gr\u00f6\u00dfe"),
        ("\u6570\u91cf", "\u6570\u91cf"),
        ("x-y.z", "x_y_z"),
        ("---", ""),
    ],
)
def test_a_name_is_normalised(name, normalised):
    assert normalise(name) == normalised


@pytest.mark.parametrize(
    ("dataset", "name", "column"),
    [
        ("events", "id", "event_id"),
        ("users", "ID", "user_id"),
        ("transactions", "Id", "tx_id"),
        ("events", "EventID", "event_id"),
        ("events", "customerId", "user_id"),
        ("events", "Event Timestamp", "ts"),
        ("transactions", "order_id", "tx_id"),
        ("transactions", "ORDERDATE", "created_at"),
        ("events", "user_i_d", "user_id"),
        ("events", "order_id", None),
        ("users", "event_time", None),
        ("events", "year", None),
        ("events", "", None),
    ],
)
def test_a_name_finds_its_column_by_name_and_alias(dataset, name, column):
    assert contract_column(SHIPPED[dataset], name) == column
