"""Counts of several kinds, taken in one Spark job: one shape for all, one union, one collect."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pyspark.sql import Column, DataFrame, Row

    from contracts.model import Contract


def counted_rows() -> Column:
    """Return the number of rows, as ``rows``."""
    from pyspark.sql import functions as sf

    return sf.count(sf.lit(1)).alias("rows")


def counted_nulls(contract: Contract, columns: Collection[str]) -> Column:
    """Return the nulls in the required columns of a contract, of those that there are, as ``nulls``."""
    from pyspark.sql import functions as sf

    required = [column.name for column in contract.columns if column.required and column.name in columns]
    nulls = sum((sf.col(name).isNull().cast("bigint") for name in required), sf.lit(0).cast("bigint"))
    return sf.sum(nulls).alias("nulls")


def collect_together(parts: Iterable[tuple[str, DataFrame]], shape: Mapping[str, str]) -> list[Row]:
    """Collect frames of counts by one job.

    Args:
        parts: the kind of some counts, and the counts; a kind may come several times.
        shape: name -> type of the columns that are collected, null where a kind has none of that name.

    Returns:
        all rows, in no order: ``kind``, and the columns of ``shape``.
    """
    from pyspark.sql import functions as sf

    def shaped(kind: str, counts: DataFrame) -> DataFrame:
        columns = (
            (sf.col(name) if name in counts.columns else sf.lit(None)).cast(type_).alias(name)
            for name, type_ in shape.items()
        )
        return counts.select(sf.lit(kind).alias("kind"), *columns)

    frames = [shaped(kind, counts) for kind, counts in parts]
    return reduce(lambda one, other: one.union(other), frames).collect()
