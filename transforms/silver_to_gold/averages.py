"""Exact averages of money. Spark's ``avg`` rounds to eight decimals first, and then again to four."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from pyspark.sql import Column


def average(total: Column, count: Column) -> Column:
    """Return total / count as decimal(18,4), half up (away from zero), exactly; 0 where count is 0.

    In integers of ten-thousandths, for count n > 1: round_half_up(|t| / n) = (2|t| + n) div 2n. Skipped for
    counts of 0 and 1, which most groups of a user and a day have, since long decimals are expensive.

    Args:
        total: a decimal of scale 4, of at most 28 digits: the sum of up to 10^10 amounts of decimal(18,4).
        count: a bigint, not null.
    """
    ten_thousandths = (sf.abs(total).cast("decimal(28,4)") * sf.lit(10_000)).cast("decimal(32,0)")
    divisor = count.cast("decimal(20,0)") * sf.lit(2)
    rounded = sf.call_function("div", ten_thousandths * sf.lit(2) + count, divisor)
    signed = sf.when(total < 0, -rounded).otherwise(rounded).cast("decimal(18,0)")
    return (
        sf.when(count == 0, sf.lit(0).cast("decimal(18,4)"))
        .when(count == 1, total.cast("decimal(18,4)"))
        .otherwise((signed * sf.lit("0.0001").cast("decimal(4,4)")).cast("decimal(18,4)"))
    )
