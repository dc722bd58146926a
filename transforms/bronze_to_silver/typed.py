"""Typed values (Parquet's, an expression's) in their text form, nested ones as compact JSON (spec 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf
from pyspark.sql import types as st

from transforms.bronze_to_silver.records import Cell, moment
from transforms.bronze_to_silver.text_forms import double_text, timestamp_text

if TYPE_CHECKING:
    from pyspark.sql import Column

_TIMESTAMPS = (st.TimestampType, st.TimestampNTZType)
_FLOATS = (st.FloatType, st.DoubleType)
_NESTED = (st.StructType, st.ArrayType, st.MapType)
_ROW_FORMATS = {
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
}
_DAYS_REACHED = 100_000_000
_BARE_IN_JSON = (st.BooleanType, st.NumericType)


def typed_cell(value: Column, type: st.DataType) -> Cell:  # noqa: A002
    """Return a typed value as a cell. A text (and binary, which is UTF-8) counts as no typed value."""
    is_text = isinstance(type, (st.StringType, st.BinaryType))
    if isinstance(type, (*_TIMESTAMPS, st.DateType)):
        is_date = isinstance(type, st.DateType)
        # A date can lie beyond what a timestamp reaches: then its text is left, which is uncastable.
        reached = sf.when(sf.abs(sf.unix_date(value)) < _DAYS_REACHED, value) if is_date else value
        time = moment(reached, is_date_only=is_date)
        return Cell(typed_text(value, type), is_typed=sf.lit(True), moment=time)
    return Cell(typed_text(value, type), is_typed=None if is_text else sf.lit(True))


def typed_text(value: Column, type: st.DataType) -> Column:  # noqa: A002
    """Return a value's text form: floats shortest (NaN, infinities null), decimals plain, times ISO 8601.

    Bytes that are no UTF-8 become U+FFFD.
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
    """Return any value as compact JSON in source order; null for a null or not finite one."""
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
    """Return a row as a JSON object for the quarantine, columns that are null left out.

    Spark writes it in one go, far cheaper than the exact text forms: a float may have an exponent.
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
    listed = sf.to_json(sf.array(text))
    return sf.when(text.isNotNull(), sf.substring(listed, sf.lit(2), sf.length(listed) - 2))
