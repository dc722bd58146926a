"""The SQL functions ``number`` and ``moment`` of a source's expressions, as Arrow UDFs (spec 4.0)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.pandas.functions import arrow_udf

from contracts.model import DataType, Kind
from transforms.bronze_to_silver.casting import ColumnReader, memoized
from transforms.bronze_to_silver.java_patterns import java_pattern
from transforms.bronze_to_silver.record_columns import text_column
from transforms.formats.text_cleaning import DEFAULT_WORDS, clean_text, is_null_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column

    from transforms.bronze_to_silver.conventions import Conventions

NUMBER = DataType(Kind.DECIMAL, 24, 4)
_TIMESTAMP = DataType(Kind.TIMESTAMP)
_MICROS_IN_UTC = pa.timestamp("us", tz="UTC")
_COLUMN = ""
FUNCTIONS = {"number": 1, "moment": 2}  # name -> most arguments
_SQL_TYPES = {"number": "decimal(24,4)", "moment": "timestamp"}


def numbers_of(texts: pa.StringArray, conventions: Conventions) -> tuple[pa.Decimal128Array, pa.BooleanArray]:
    """Read numbers as in spec 4.2, except for minor units.

    Returns:
        Values as decimal(24,4), rounded half up; null for null, null words, NaN, infinities and unreadable
        texts. And of each text whether it is unreadable: not a number, or out of that type's range.
    """
    return _read(texts, NUMBER, replace(conventions, minor_units=False))


def moments_of(
    texts: pa.StringArray, conventions: Conventions, pattern: str | None = None
) -> tuple[pa.TimestampArray, pa.BooleanArray]:
    """Read timestamps as in spec 4.2, or by a Java datetime pattern alone.

    Returns:
        Timestamps in UTC to the microsecond, a date alone as midnight; null for null, null words and
        unreadable texts. And of each text whether it is unreadable.

    Raises:
        PatternError: the pattern is not supported.
    """
    if pattern is None:
        return _read(texts, _TIMESTAMP, replace(conventions, formats={}))
    compiled = java_pattern(pattern)
    null_words = DEFAULT_WORDS if conventions.null_words is None else conventions.null_words
    coded = texts.dictionary_encode()
    cleaned = [clean_text(text) for text in coded.dictionary.to_pylist()]
    is_null = [is_null_word(text, null_words) for text in cleaned]
    moments = [compiled.read(text, conventions.timezone) for text in cleaned]
    micros = [None if null or m is None else m.micros for m, null in zip(moments, is_null, strict=True)]
    is_unreadable = [not null and m is None for m, null in zip(moments, is_null, strict=True)]
    return (
        pa.array(micros, _MICROS_IN_UTC).take(coded.indices),
        pc.fill_null(pa.array(is_unreadable, pa.bool_()).take(coded.indices), False),
    )


def _read(
    texts: pa.StringArray, type_: DataType, conventions: Conventions
) -> tuple[pa.Array, pa.BooleanArray]:
    reader = ColumnReader(_COLUMN, type_, DEFAULT_WORDS, conventions, notes_uncastable=True)
    values, notes = reader.read({text_column(_COLUMN): texts}, len(texts), memoized(reader.read_text))
    return values, pc.is_valid(notes[0])


def reading_function(
    name: str, conventions: Conventions, pattern: str | None = None
) -> Callable[[Column, Column], Column]:
    """Return a UDF of a text column and a flag column, set where the text could not be computed.

    Its result is struct<value, failed>: the value is null where the text is null or a null word; ``failed``
    marks unreadable texts and flagged ones.

    Args:
        name: one of ``FUNCTIONS``.
        conventions: those by which text is read.
        pattern: for ``moment``: the only Java datetime pattern to read by.

    Raises:
        ValueError: the pattern is not supported.
    """
    read = (
        numbers_of if name == "number" else lambda texts, conventions: moments_of(texts, conventions, pattern)
    )
    read(pa.array([], pa.string()), conventions)  # raises here, not on a worker

    def function(texts: pa.Array, is_failed: pa.Array) -> pa.Array:
        values, is_unreadable = read(texts, conventions)
        failed = pc.or_(is_unreadable, is_failed)
        return pa.StructArray.from_arrays([values, failed], ["value", "failed"])

    type_ = f"struct<value: {_SQL_TYPES[name]}, failed: boolean>"
    make_udf: Any = arrow_udf  # its stubs require a function type, which the annotations give
    udf: Callable[[Column, Column], Column] = make_udf(function, type_)
    return udf
