"""Routes each row by the rules it broke: the names of all of them, in one expression."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame

FAILED_RULES = "failed_rules"
IS_VALID = "_is_valid"


def with_failed_rules(frame: DataFrame, conditions: Mapping[str, Column]) -> DataFrame:
    """Add ``_is_valid`` (boolean, never null) and ``failed_rules`` (array of string, sorted, never null).

    Grain, key and order stay. A row that breaks nothing has an empty array. Sorted by UTF-8 bytes, which
    costs nothing for a row: the constants are in that order.
    """
    from pyspark.sql import functions as sf

    nothing = sf.array().cast("array<string>")
    names = sorted(conditions, key=str.encode)
    broken = sf.array_compact(sf.array(*[sf.when(conditions[name], sf.lit(name)) for name in names]))
    # Most rows are valid: for them the conditions run once, in generated code, and no array is built.
    breaks_any = reduce(or_, conditions.values(), sf.lit(False))
    routed = frame.withColumn(IS_VALID, ~breaks_any)
    return routed.withColumn(FAILED_RULES, sf.when(sf.col(IS_VALID), nothing).otherwise(broken))


def valid_rows(routed: DataFrame) -> DataFrame:
    """Return the rows that broke no rule, without ``failed_rules`` and ``_is_valid``.

    ``_is_valid`` may also be a partition column that was read back as text.
    """
    from pyspark.sql import functions as sf

    return routed.where(sf.col(IS_VALID).cast("boolean")).drop(FAILED_RULES, IS_VALID)


def invalid_rows(routed: DataFrame) -> DataFrame:
    """Return the rows that broke at least one rule, with ``failed_rules`` and without ``_is_valid``."""
    from pyspark.sql import functions as sf

    return routed.where(~sf.col(IS_VALID).cast("boolean")).drop(IS_VALID)
