"""Routes each row by the rules it broke: the names of all of them, in one expression."""

from __future__ import annotations

from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame

BROKEN_RULES = "_broken_rules"
IS_VALID = "_is_valid"
BREAKS_RULES = "_breaks_rules"


def with_broken_rules(
    frame: DataFrame, errors: Mapping[str, Column], warnings: Mapping[str, Column] = MappingProxyType({})
) -> DataFrame:
    """Add ``_is_valid``, ``_breaks_rules`` (boolean) and ``_broken_rules`` (array of string), never null.

    Grain, key and order stay. A row is valid that breaks no error rule. ``_broken_rules`` are the error rules
    that an invalid row breaks, and the warn rules that a valid one does: by name, sorted by UTF-8 bytes.
    ``_breaks_rules``: whether there are any.

    Args:
        frame: the rows.
        errors: by the name of each error rule, what is true for a row that breaks it, and never null.
        warnings: the same of each warn rule.
    """
    from pyspark.sql import functions as sf

    is_valid = sf.col(IS_VALID)
    broken = sf.when(~is_valid, _names(errors)).when(_any(warnings), _names(warnings)).otherwise(_names({}))
    routed = frame.withColumn(IS_VALID, ~_any(errors)).withColumn(BROKEN_RULES, broken)
    return routed.withColumn(BREAKS_RULES, sf.size(BROKEN_RULES) > 0)


def valid_rows(routed: DataFrame) -> DataFrame:
    """Return the rows that broke no error rule, with ``_broken_rules``, without the two marks.

    ``_is_valid`` may also be a partition column that was read back as text: then no other row is read.
    """
    from pyspark.sql import functions as sf

    return routed.where(sf.col(IS_VALID).cast("boolean")).drop(IS_VALID, BREAKS_RULES)


def invalid_rows(routed: DataFrame) -> DataFrame:
    """Return the rows that broke an error rule; else as ``valid_rows``."""
    from pyspark.sql import functions as sf

    return routed.where(~sf.col(IS_VALID).cast("boolean")).drop(IS_VALID, BREAKS_RULES)


def rows_that_break_rules(routed: DataFrame) -> DataFrame:
    """Return the rows that broke an error rule, or a warn rule; ``_breaks_rules`` is as ``_is_valid``."""
    from pyspark.sql import functions as sf

    return routed.where(sf.col(BREAKS_RULES).cast("boolean"))


def _any(conditions: Mapping[str, Column]) -> Column:
    """Return whether any rule is broken: for most rows that is all that runs, and no array is built."""
    from pyspark.sql import functions as sf

    return reduce(or_, conditions.values(), sf.lit(False))


def _names(conditions: Mapping[str, Column]) -> Column:
    """Return the names of the broken rules. Sorting costs nothing for a row: the constants are in order."""
    from pyspark.sql import functions as sf

    names = sorted(conditions, key=str.encode)
    if not names:
        return sf.array().cast("array<string>")
    marks = [sf.when(conditions[name], sf.lit(name)).otherwise(sf.lit("")) for name in names]
    return sf.array_remove(sf.array(*marks), "")  # Spark generates no code for array_compact
