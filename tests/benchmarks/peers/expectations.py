"""The nine rules as Great Expectations' own expectations, for our gate and for plain Great Expectations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.peers.job import COPIES, EMAIL, KEY, STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

Expectation = tuple[str, dict[str, object]]

EXPECTATIONS: Mapping[str, Expectation] = {
    "order_id_required": ("expect_column_values_to_not_be_null", {"column": "order_id"}),
    "order_id_unique": ("expect_column_values_to_be_unique", {"column": KEY}),
    "user_id_required": ("expect_column_values_to_not_be_null", {"column": "user_id"}),
    "amount_negative": ("expect_column_values_to_be_between", {"column": "amount", "min_value": 0}),
    "quantity_range": (
        "expect_column_values_to_be_between",
        {"column": "quantity", "min_value": 1, "max_value": 1000},
    ),
    "age_range": ("expect_column_values_to_be_between", {"column": "age", "min_value": 0, "max_value": 120}),
    "status_known": (
        "expect_column_values_to_be_in_set",
        {"column": "status", "value_set": list(STATUSES)},
    ),
    "email_format": ("expect_column_values_to_match_regex", {"column": "email", "regex": EMAIL}),
    "delivery_before_creation": (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {
            "column_A": "delivered_at",
            "column_B": "created_at",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
    ),
}

# Row by row: what repeats was found before, by `with_copies`.
UNIQUE_BY_ROW: Expectation = ("expect_column_values_to_be_between", {"column": COPIES, "max_value": 1})
