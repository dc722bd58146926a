"""Clean cast values into rows of the contract, ready to be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.model import Kind
from contracts.system_columns import DATE_ONLY_PREFIX, EVENT_DATE, UNDATED
from transforms.bronze_to_silver.casting import RecordReader
from transforms.bronze_to_silver.conventions import resolve_conventions

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from contracts.model import Contract


# Comparable time -> the column whose order it keeps: where the column does not descend, nor does this.
_COMPARABLE = {"_created_at_comparable": "created_at", "_delivered_at_comparable": "delivered_at"}


def values_schema(contract: Contract) -> str:
    """Return ``RecordReader.schema`` of a contract: the columns of cast values, as Spark's DDL."""
    return RecordReader(contract, resolve_conventions(contract, None)).schema


def cleaned_rows(values: DataFrame, contract: Contract) -> DataFrame:
    """Return cast values as cleaned rows of the contract.

    Grain, key and order stay. Columns: those of ``values_schema``; ``_created_at_comparable`` and
    ``_delivered_at_comparable`` of a dataset with both timestamps; ``event_date``.
    """
    return values.select("*", *_comparable_times(contract), _event_date(contract).alias(EVENT_DATE))


def _comparable_times(contract: Contract) -> list[Column]:
    """Return the two timestamps, both truncated to the UTC date if either was written without a time."""
    timestamps = {column.name for column in contract.columns if column.type.kind is Kind.TIMESTAMP}
    if not timestamps.issuperset(_COMPARABLE.values()):
        return []
    is_any_date_only = sf.lit(False)
    for name in _COMPARABLE.values():
        is_any_date_only |= sf.coalesce(sf.col(f"{DATE_ONLY_PREFIX}{name}"), sf.lit(False))
    return [
        sf.when(is_any_date_only, sf.date_trunc("day", name)).otherwise(sf.col(name)).alias(comparable)
        for comparable, name in _COMPARABLE.items()
    ]


def _event_date(contract: Contract) -> Column:
    """Return the UTC date of the column that dates a row (spec 4.4)."""
    dating = contract.dating_column
    undated = sf.lit(UNDATED).cast("date")
    if dating is None:
        return undated
    date = sf.to_date(dating.name)
    return date if dating.required else sf.coalesce(date, undated)
