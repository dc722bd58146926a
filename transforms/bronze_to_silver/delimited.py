"""Delimited text: from files to records, and from a record to its fields (RFC 4180, spec 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from transforms.bronze_to_silver.files import read_lines, read_texts
from transforms.bronze_to_silver.records import FLAW, KEY, PLAIN, RAW, TEXT, is_blank_text, is_printable_ascii

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from transforms.bronze_to_silver.files import BronzeFile

FIELDS = "lakegate fields"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one file delimits: its patterns are possessive, so that no input can exhaust the regex engine."""

    delimiter: str
    quote: str

    @property
    def record(self) -> str:
        """The pattern of one record with its line end, broken quoting included, within a whole text."""
        field = self._field(after_quote=f"[^{self._d}\n]*+")
        return rf"(?!\z){field}(?:{self._d}{field})*+(?:\n|\z)"

    @property
    def field(self) -> str:
        """The pattern of one well-formed field, and the delimiter before it, at the end of the last one."""
        quoted = rf"{self._q}(?:[^{self._q}]++|{self._q}{self._q})*+{self._q}"
        return rf"\G{self._d}(?:{quoted}|(?!{self._q})[^{self._d}]*+)(?={self._d}|\z)"

    def _field(self, after_quote: str) -> str:
        inside = rf"{self._q}(?:[^{self._q}]++|{self._q}{self._q})*+"
        return rf"(?:{inside}(?:{self._q}{after_quote}|\z)|(?!{self._q})[^{self._d}\n]*+)"

    @property
    def _d(self) -> str:
        return _escaped(self.delimiter)

    @property
    def _q(self) -> str:
        return _escaped(self.quote)


def delimited_records(
    spark: SparkSession, files: Sequence[BronzeFile], dialect: Dialect, header: Sequence[str], width: int
) -> DataFrame:
    """Return the records of delimited files of one header: KEY, RAW, FLAW, PLAIN and FIELDS.

    Grain: a record that is neither blank nor equal to the header. FIELDS is an array of ``width`` texts,
    unquoted, and null where FLAW says what is wrong with the record.
    """
    frames = []
    for encoding, is_multiline in sorted({(f.facts.encoding, f.facts.multiline) for f in files}):
        alike = [f for f in files if (f.facts.encoding, f.facts.multiline) == (encoding, is_multiline)]
        if is_multiline:
            frames.append(_split_records(read_texts(spark, alike, encoding), dialect))
        else:
            frames.append(read_lines(spark, alike, encoding))
    records = frames[0]
    for frame in frames[1:]:
        records = records.unionByName(frame)
    tab = r"\t" if dialect.delimiter == "\t" else ""
    text = sf.col(TEXT)
    kept = records.where(~is_blank_text(text, kept=tab) & ~_is_header(text, dialect, header))
    is_plain = is_printable_ascii(text, kept=tab)
    parsed = kept.select(KEY, text.alias(RAW), is_plain.alias(PLAIN), _fields(text, dialect).alias(FIELDS))
    found = sf.size(FIELDS)
    flaw = sf.when(sf.col(FIELDS).isNull(), sf.lit("broken quoting")).when(
        found != width, sf.concat(found.cast("string"), sf.lit(f" fields, expected {width}"))
    )
    judged = parsed.select(KEY, RAW, flaw.alias(FLAW), PLAIN, FIELDS)
    return judged.select(KEY, RAW, FLAW, PLAIN, sf.when(sf.col(FLAW).isNull(), sf.col(FIELDS)).alias(FIELDS))


def _is_header(record: Column, dialect: Dialect, header: Sequence[str]) -> Column:
    if not header:
        return sf.lit(False)
    # The cheap look at its beginning spares every other record from being parsed twice.
    first, quote = header[0], dialect.quote
    begins = record.startswith(first)
    if quote:
        begins |= record.startswith(quote + first.replace(quote, quote * 2))
    names = sf.array(*(sf.lit(name) for name in header))
    return begins & _fields(record, dialect).eqNullSafe(names)


def _split_records(texts: DataFrame, dialect: Dialect) -> DataFrame:
    records = sf.explode(sf.regexp_extract_all(TEXT, sf.lit(dialect.record), sf.lit(0)))
    return texts.select(KEY, records.alias(TEXT)).select(
        KEY, sf.regexp_replace(TEXT, r"\r?\n\z", "").alias(TEXT)
    )


def _fields(record: Column, dialect: Dialect) -> Column:
    """Return a record's fields without their quotes; null when its quoting is broken."""
    plain = sf.split(record, re.escape(dialect.delimiter), -1)
    if not dialect.quote:
        return plain
    led = sf.concat(sf.lit(dialect.delimiter), record)
    found = sf.regexp_extract_all(led, sf.lit(dialect.field), sf.lit(0))
    # What the pattern could not read is missing from the pieces: then they are shorter than the record.
    is_whole = sf.octet_length(sf.array_join(found, "")) == sf.octet_length(led)
    quoted = sf.when(is_whole, sf.transform(found, lambda field: _unquoted(field, dialect)))
    return sf.when(record.contains(dialect.quote), quoted).otherwise(plain)


def _unquoted(field: Column, dialect: Dialect) -> Column:
    quote = dialect.quote
    inner = sf.substring(field, sf.lit(3), sf.length(field) - 3)
    return sf.when(
        field.startswith(dialect.delimiter + quote), sf.replace(inner, sf.lit(quote * 2), sf.lit(quote))
    ).otherwise(sf.substring(field, 2, 2**31 - 1))


def _escaped(character: str) -> str:
    return "".join(rf"\x{{{ord(c):x}}}" for c in character)
