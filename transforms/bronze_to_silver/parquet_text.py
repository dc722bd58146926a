"""Convert typed values (of Parquet, of an expression) to text, nested ones to compact JSON (spec 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf
from pyspark.sql import types as st

from transforms.bronze_to_silver.records import Cell, moment

if TYPE_CHECKING:
    from pyspark.sql import Column

_INFINITY = float("inf")
_SECONDS_A_DAY = 86_400
_TIMESTAMPS = (st.TimestampType, st.TimestampNTZType)
_FLOATS = (st.FloatType, st.DoubleType)
_NESTED = (st.StructType, st.ArrayType, st.MapType)
_ROW_FORMATS = {
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
}
_LARGEST_DAY = 100_000_000
_BARE_IN_JSON = (st.BooleanType, st.NumericType)


def typed_cell(value: Column, type: st.DataType) -> Cell:  # noqa: A002
    """Return a value as a cell. Strings (and binary, as UTF-8) count as text, not as typed."""
    is_text = isinstance(type, (st.StringType, st.BinaryType))
    if isinstance(type, (*_TIMESTAMPS, st.DateType)):
        is_date = isinstance(type, st.DateType)
        # A date may be out of a timestamp's range: then only its text remains, which is uncastable.
        in_range = sf.when(sf.abs(sf.unix_date(value)) < _LARGEST_DAY, value) if is_date else value
        time = moment(in_range, is_date_only=is_date)
        return Cell(typed_text(value, type), is_typed=sf.lit(True), moment=time)
    return Cell(typed_text(value, type), is_typed=None if is_text else sf.lit(True))


def typed_text(value: Column, type: st.DataType) -> Column:  # noqa: A002
    """Return a value's text form: floats shortest (NaN, infinities null), decimals plain, times ISO 8601.

    Invalid UTF-8 becomes U+FFFD.
    """
    if isinstance(type, (st.StringType, st.BinaryType)):
        return sf.make_valid_utf8(value.cast("string"))
    if isinstance(type, _FLOATS):
        return double_text(value)
    if isinstance(type, _TIMESTAMPS):
        return timestamp_text(value.cast("timestamp"))
    if isinstance(type, _NESTED):
        return json_text(value, type)
    return value.cast("string")


def json_text(value: Column, type: st.DataType) -> Column:  # noqa: A002
    """Return a value as compact JSON in source order; null for null, NaN and infinities."""
    if isinstance(type, st.StructType):
        return _object_text(value, type)
    if isinstance(type, st.ArrayType):
        element = type.elementType
        items = sf.transform(value, lambda item: _json_or_null(item, element))
        return sf.concat(sf.lit("["), sf.array_join(items, ","), sf.lit("]"))
    if isinstance(type, st.MapType):
        return _map_text(value, type)
    text = typed_text(value, type)
    return text if isinstance(type, _BARE_IN_JSON) else _quoted(text)


def row_text(row: Column, type: st.StructType) -> Column:  # noqa: A002
    """Return a row as a JSON object for the quarantine, without nulls.

    Written by Spark's ``to_json``, far cheaper than the exact text forms: a float may have an exponent.
    """
    fields = [_readable(row.getField(field.name), field.dataType).alias(field.name) for field in type.fields]
    return sf.to_json(sf.struct(*fields), _ROW_FORMATS)


def _readable(value: Column, type: st.DataType) -> Column:  # noqa: A002
    return typed_text(value, type) if isinstance(type, st.BinaryType) else value


def _object_text(value: Column, type: st.StructType) -> Column:  # noqa: A002
    members = [
        sf.concat(
            _quoted(sf.lit(field.name)),
            sf.lit(":"),
            _json_or_null(value.getField(field.name), field.dataType),
        )
        for field in type.fields
    ]
    inside = sf.concat_ws(",", *members)
    return sf.when(value.isNotNull(), sf.concat(sf.lit("{"), inside, sf.lit("}")))


def _map_text(value: Column, type: st.MapType) -> Column:  # noqa: A002
    def member(entry: Column) -> Column:
        key = _quoted(typed_text(entry["key"], type.keyType))
        return sf.concat(key, sf.lit(":"), _json_or_null(entry["value"], type.valueType))

    members = sf.transform(sf.map_entries(value), member)
    return sf.concat(sf.lit("{"), sf.array_join(members, ","), sf.lit("}"))


def _json_or_null(value: Column, type: st.DataType) -> Column:  # noqa: A002
    return sf.coalesce(json_text(value, type), sf.lit("null"))


def _quoted(text: Column) -> Column:
    array = sf.to_json(sf.array(text))
    return sf.when(text.isNotNull(), sf.substring(array, sf.lit(2), sf.length(array) - 2))


def double_text(value: Column) -> Column:
    """Return the shortest decimal text of a float or double, without exponent; whole numbers without a point.

    0.1 of either width is ``0.1``, 1001.0 is ``1001``, 1e23 is a 1 and 23 zeros, -0.0 is ``0``; NaN and
    infinities are null. The digits are those of Raffaello Giulietti's Schubfach algorithm, from the Jackson
    that Spark ships: before Java 19 a cast writes 1e23 as 9.999999999999999E22. Opaque to Spark's optimizer:
    give the result a ``select`` of its own.
    """
    schubfach = "com.fasterxml.jackson.core.io.schubfach."
    float_written = sf.reflect(sf.lit(f"{schubfach}FloatToDecimal"), sf.lit("toString"), value.cast("float"))
    double_written = sf.reflect(
        sf.lit(f"{schubfach}DoubleToDecimal"), sf.lit("toString"), value.cast("double")
    )
    # Spark folds this to one branch when it plans.
    written = sf.when(sf.typeof(value) == "float", float_written).otherwise(double_written)
    size = sf.abs(value)
    has_exponent = (size < 1e-3) | (size >= 1e7)
    return (
        sf.when(value == 0, "0")
        .when(has_exponent & (size < _INFINITY), _without_exponent(written))
        .when(size < _INFINITY, sf.regexp_replace(written, r"\.0\z", ""))
    )


def _without_exponent(written: Column) -> Column:
    """Return Java's ``-1.25E-7`` as ``-0.000000125``, ``1.25E9`` as ``1250000000``."""
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

    Computed from microseconds, independent of the session's timezone.
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
