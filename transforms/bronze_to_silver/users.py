"""The current row of each user: the latest that is known of each attribute (SCD type 1, spec 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as sf

from transforms.bronze_to_silver.precedence import precedence, recency_columns, silver_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, WindowSpec

    from contracts.model import Contract


def current_users(valid: DataFrame, contract: Contract) -> DataFrame:
    """Merge the valid rows of each user into the current one.

    Grain of the result: one row per user_id. Columns: the contract's, ``_extra``, ``_source_file``,
    ``event_date``. Each attribute is the latest non-null value, by updated_at (null is oldest), ties as in
    ``precedence``; null when the user never had one. updated_at, ``_extra``, ``_source_file`` and
    ``event_date`` are those of the latest row, null or not. No ordering of rows.
    """
    told = {*contract.key, *recency_columns(contract)}
    attributes = [name for name in contract.column_names if name not in told]
    columns = silver_columns(contract)
    has_later = sf.lead(sf.lit(True)).over(by_precedence(contract))
    return (
        valid.select(*columns, *known(attributes, contract), has_later.alias("_has_later"))
        .where("_has_later IS NULL")
        .select(*(sf.col(_known(c)).alias(c) if c in attributes else sf.col(c) for c in columns))
    )


def by_precedence(contract: Contract) -> WindowSpec:
    """Return the window over a user's rows, from the oldest to the latest."""
    order = [column.asc_nulls_first() for column in precedence(contract)]
    return Window.partitionBy(*contract.key).orderBy(*order)


def known(attributes: Sequence[str], contract: Contract) -> list[Column]:
    """Return ``_known_<attribute>`` of each attribute: its latest non-null value up to this row."""
    until_now = by_precedence(contract).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return [sf.last(name, ignorenulls=True).over(until_now).alias(_known(name)) for name in attributes]


def _known(attribute: str) -> str:
    return f"_known_{attribute}"
