"""Routes each row by the rules it breaks: one condition for all of them together."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame


def breaks_any(conditions: Mapping[str, Column]) -> Column:
    """Return whether a row breaks any rule; never null.

    Args:
        conditions: by the name of each rule, what is true for a row that breaks it, and never null.
    """
    from pyspark.sql import functions as sf

    return reduce(or_, conditions.values(), sf.lit(False))


def valid_rows(rows: DataFrame, errors: Mapping[str, Column]) -> DataFrame:
    """Return the rows that break no error rule."""
    return rows.where(~breaks_any(errors))
