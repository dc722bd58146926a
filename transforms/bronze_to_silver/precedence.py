"""Which of two valid rows of one key wins: the single order that dedupe, SCD type 1 and SCD type 2 share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.model import Kind

if TYPE_CHECKING:
    from pyspark.sql import Column

    from contracts.model import Contract

EXTRA = "_extra"
SOURCE_FILE = "_source_file"
EVENT_DATE = "event_date"

# The times that say which row is the latest (spec 4.4). A dataset that is not named here goes by its first
# timestamp column.
_RECENCY = {
    "events": ("ts",),
    "users": ("updated_at",),
    "transactions": ("created_at", "delivered_at"),
}


def silver_columns(contract: Contract) -> tuple[str, ...]:
    """Return the names of what silver stores: the record's columns, then those derived from its origin."""
    return (*contract.column_names, EXTRA, SOURCE_FILE, EVENT_DATE)


def recency_columns(contract: Contract) -> tuple[str, ...]:
    """Return the columns by which a row is the latest; the first one that differs decides."""
    timestamps = (column.name for column in contract.columns if column.type.kind is Kind.TIMESTAMP)
    return _RECENCY.get(contract.name) or tuple(timestamps)[:1]


def precedence(contract: Contract) -> list[Column]:
    """Return the columns by which two rows of a key are compared, the winner being the greatest.

    Recency, then ``_source_file``, then the rest of the content in the contract's order, then ``_extra``:
    each column once, since recency is equal by the time the content is reached. Ascending, null least.
    Spark compares strings by their UTF-8 bytes, which is the order of code points. The text of a double
    comes last of all, because 0.0 and -0.0 are equal by value and yet two contents: without it the one
    that is kept would depend on the partitioning.
    """
    recency = recency_columns(contract)
    rest = (name for name in contract.column_names if name not in recency)
    doubles = (column.name for column in contract.columns if column.type.kind is Kind.DOUBLE)
    return [
        *(sf.col(name) for name in (*recency, SOURCE_FILE, *rest, EXTRA)),
        *(sf.col(name).cast("string").alias(f"_text_{name}") for name in doubles),
    ]
