"""What is peculiar to transactions: creation and delivery made comparable, for one rule of spec 4.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from pyspark.sql import Column

DATASET = "transactions"
_TIMES = ("created_at", "delivered_at")


def comparable_times() -> list[Column]:
    """Return ``_created_at_comparable`` and ``_delivered_at_comparable``.

    They equal the columns; when either came without a time of day, both are cut to their UTC date.
    """
    is_any_date_only = sf.lit(False)
    for name in _TIMES:
        is_any_date_only |= sf.coalesce(sf.col(f"_date_only_{name}"), sf.lit(False))
    return [
        sf.when(is_any_date_only, sf.date_trunc("day", name))
        .otherwise(sf.col(name))
        .alias(f"_{name}_comparable")
        for name in _TIMES
    ]
