"""The text forms of floating point numbers and of times (spec 4.1), as Columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from pyspark.sql import Column

_INFINITY = float("inf")
_SECONDS_A_DAY = 86_400


def double_text(value: Column) -> Column:
    """Return a float's or double's shortest decimal text: no exponent, a whole number without a point.

    0.1 of either width is ``0.1``, 1001.0 is ``1001``, 1e23 is a 1 and 23 zeros, -0.0 is ``0``; NaN and
    infinities are null. The digits are those of Raffaello Giulietti's Schubfach algorithm, from the Jackson
    that Spark ships: before Java 19 a plain cast writes 1e23 as 9.999999999999999E22. Opaque to Spark: give
    the result a ``select`` of its own.
    """
    schubfach = "com.fasterxml.jackson.core.io.schubfach."
    float_written = sf.reflect(sf.lit(f"{schubfach}FloatToDecimal"), sf.lit("toString"), value.cast("float"))
    double_written = sf.reflect(
        sf.lit(f"{schubfach}DoubleToDecimal"), sf.lit("toString"), value.cast("double")
    )
    # The type is known when Spark plans: it keeps one of the two.
    written = sf.when(sf.typeof(value) == "float", float_written).otherwise(double_written)
    size = sf.abs(value)
    has_exponent = (size < 1e-3) | (size >= 1e7)
    return (
        sf.when(value == 0, "0")
        .when(has_exponent & (size < _INFINITY), _without_exponent(written))
        .when(size < _INFINITY, sf.regexp_replace(written, r"\.0\z", ""))
    )


def _without_exponent(written: Column) -> Column:
    """Write out Java's ``-1.25E-7`` as ``-0.000000125``, ``1.25E9`` as ``1250000000``."""
    sign = sf.regexp_extract(written, r"\A-?", 0)
    digits = sf.rtrim(sf.regexp_replace(written, r"-?([0-9])\.([0-9]+)E.*", "$1$2"), sf.lit("0"))
    point = sf.substring_index(written, "E", -1).try_cast("int") + 1  # digits before the decimal point
    whole = sf.rpad(digits, sf.greatest(point, sf.length(digits)), sf.lit("0"))
    return sf.concat(
        sign,
        sf.when(point <= 0, sf.concat(sf.lit("0."), sf.repeat(sf.lit("0"), -point), digits))
        .when(point >= sf.length(digits), whole)
        .otherwise(
            sf.concat(
                sf.substring(digits, sf.lit(1), point),
                sf.lit("."),
                sf.substring(digits, point + 1, sf.lit(20)),
            )
        ),
    )


def timestamp_text(timestamp: Column) -> Column:
    """Return a timestamp as ISO 8601 in UTC with six decimals: ``2024-01-31T10:20:30.000000Z``.

    Reckoned from the microseconds, so that the session's timezone does not matter.
    """
    seconds = sf.unix_seconds(timestamp)
    day = sf.date_from_unix_date(sf.floor(seconds / _SECONDS_A_DAY).cast("int"))
    second = sf.pmod(seconds, sf.lit(_SECONDS_A_DAY))
    micro = sf.pmod(sf.unix_micros(timestamp), sf.lit(1_000_000))
    return sf.concat(
        day.cast("string"),
        sf.lit("T"),
        _padded(sf.floor(second / 3600), 2),
        sf.lit(":"),
        _padded(sf.floor(second % 3600 / 60), 2),
        sf.lit(":"),
        _padded(second % 60, 2),
        sf.lit("."),
        _padded(micro, 6),
        sf.lit("Z"),
    )


def _padded(number: Column, width: int) -> Column:
    return sf.lpad(number.cast("string"), width, "0")
