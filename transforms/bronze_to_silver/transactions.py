"""What is peculiar to transactions: creation and delivery made comparable, for one rule of spec 4.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from pyspark.sql import Column

DATASET = "transactions"
# Comparable time -> the column whose order it keeps: where the columns do not descend, nor do these.
COMPARABLE = {"_created_at_comparable": "created_at", "_delivered_at_comparable": "delivered_at"}


def comparable_times() -> list[Column]:
    """Return ``_created_at_comparable`` and ``_delivered_at_comparable``.

    They equal the columns; when either came without a time of day, both are cut to their UTC date.
    """
    is_any_date_only = sf.lit(False)
    for name in COMPARABLE.values():
        is_any_date_only |= sf.coalesce(sf.col(f"_date_only_{name}"), sf.lit(False))
    return [
        sf.when(is_any_date_only, sf.date_trunc("day", name)).otherwise(sf.col(name)).alias(comparable)
        for comparable, name in COMPARABLE.items()
    ]
