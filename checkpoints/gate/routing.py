"""Routes each row by the rules it broke: the names of all of them, in one expression a severity."""

from __future__ import annotations

from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame

FAILED_RULES = "failed_rules"
WARNED_RULES = "warned_rules"
IS_VALID = "_is_valid"


def with_broken_rules(
    frame: DataFrame, errors: Mapping[str, Column], warnings: Mapping[str, Column] = MappingProxyType({})
) -> DataFrame:
    """Add ``_is_valid`` (boolean), ``failed_rules`` and ``warned_rules`` (arrays of string), never null.

    Grain, key and order stay. A row is valid that breaks no error rule; only of a valid one it is told which
    warn rules it breaks. The names are sorted by UTF-8 bytes, and empty where nothing is broken.

    Args:
        frame: the rows.
        errors: by the name of each error rule, what is true for a row that breaks it, and never null.
        warnings: the same of each warn rule.
    """
    from pyspark.sql import functions as sf

    is_valid = sf.col(IS_VALID)
    routed = frame.withColumn(IS_VALID, ~_any(errors))
    return routed.withColumns(
        {
            FAILED_RULES: sf.when(is_valid, _no_rules()).otherwise(_names(errors)),
            WARNED_RULES: sf.when(is_valid & _any(warnings), _names(warnings)).otherwise(_no_rules()),
        }
    )


def valid_rows(routed: DataFrame) -> DataFrame:
    """Return the rows that broke no error rule, without what ``with_broken_rules`` added.

    ``_is_valid`` may also be a partition column that was read back as text.
    """
    from pyspark.sql import functions as sf

    return routed.where(sf.col(IS_VALID).cast("boolean")).drop(FAILED_RULES, WARNED_RULES, IS_VALID)


def invalid_rows(routed: DataFrame) -> DataFrame:
    """Return the rows that broke an error rule, with ``failed_rules``, and without what else was added."""
    from pyspark.sql import functions as sf

    return routed.where(~sf.col(IS_VALID).cast("boolean")).drop(WARNED_RULES, IS_VALID)


def _any(conditions: Mapping[str, Column]) -> Column:
    """Return whether any rule is broken: for most rows that is all that runs, and no array is built."""
    from pyspark.sql import functions as sf

    return reduce(or_, conditions.values(), sf.lit(False))


def _names(conditions: Mapping[str, Column]) -> Column:
    """Return the names of the broken rules. Sorting costs nothing for a row: the constants are in order."""
    from pyspark.sql import functions as sf

    names = sorted(conditions, key=str.encode)
    if not names:
        return _no_rules()
    return sf.array_compact(sf.array(*[sf.when(conditions[name], sf.lit(name)) for name in names]))


def _no_rules() -> Column:
    from pyspark.sql import functions as sf

    return sf.array().cast("array<string>")
