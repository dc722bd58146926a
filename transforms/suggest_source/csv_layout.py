"""CSV layout detection for samples: header line, delimiter, escape, footer, and the records they give."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contracts.column_names import strip_name
from contracts.inventory import DEFAULT_QUOTE
from transforms.bronze_to_silver.numbers import parse_number
from transforms.bronze_to_silver.timestamps import read_timestamp
from transforms.formats.csv_dialect import CsvDialect
from transforms.raw_to_bronze.column_coverage import ColumnCoverage
from transforms.raw_to_bronze.csv_record import read_record
from transforms.raw_to_bronze.csv_sniffer import DELIMITERS, holds_line_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from contracts.model import Contract, Source
    from transforms.raw_to_bronze.csv_record import CsvRecord

_MAX_RECORDS = 1000
_MAX_HEADER_LINE = 50  # physical lines that are searched for the names
_MAX_FOOTER = 5  # lines
_MAX_NAME = 80  # characters
_LETTER = re.compile(r"[^\W\d_]")
_UNUSUAL_DELIMITERS = ("||", "|~|", "~|", "^|", "^", "~", ":", "\x01", "\x1f", "¦")


@dataclass(frozen=True, slots=True)
class Header:
    """Names in a physical line: the lines before it (0 if all are blank), and its offset."""

    line: int
    begin: int
    dialect: CsvDialect
    names: tuple[str, ...]


def find_header(text: str, contract: Contract, source: Source) -> Header | None:
    """Return the line and delimiter whose names provide the most required columns, by near names as well.

    Of equals: most known names, then the first line, then the first delimiter. None: none of the first 50
    lines can be a header.
    """
    quote = source.quote or DEFAULT_QUOTE
    delimiters = (source.delimiter,) if source.delimiter else (*DELIMITERS, *_UNUSUAL_DELIMITERS)
    line_end = line_end_of(text)
    best: tuple[tuple[int, int], Header] | None = None
    for line, begin, end in _lines(text, line_end):
        for delimiter in delimiters:
            if delimiter not in text[begin:end]:
                continue
            dialect = CsvDialect(delimiter, quote, source.escape or "", line_end)
            record = read_record(text, dialect, is_whole=True, begin=begin)
            if record is None or any(map(holds_line_end, record.names)):
                continue
            header = Header(line, begin, dialect, record.names)
            score = _score(header.names, contract, source)
            if score is not None and (best is None or score > best[0]):
                best = score, header
    return best[1] if best else None


def _lines(text: str, line_end: str) -> list[tuple[int, int, int]]:
    """Return number, beginning and end of the first lines that are not blank."""
    lines = []
    begin, has_content = 0, False
    for number in range(_MAX_HEADER_LINE):
        found = text.find(line_end, begin)
        end = len(text) if found < 0 else found
        if text[begin:end].strip():
            lines.append((number if has_content else 0, begin, end))
            has_content = True
        if found < 0:
            break
        begin = end + 1
    return lines


def _score(names: tuple[str, ...], contract: Contract, source: Source) -> tuple[int, int] | None:
    """Return how well names fit, greater is better; None where they cannot be a header."""
    nearest = ColumnCoverage(contract, source).nearest(names)
    coverage = ColumnCoverage(contract, replace(source, columns={**source.columns, **dict(nearest)}))
    known = sum(map(coverage.is_known, names))
    missing = coverage.missing(names)
    is_header = known > 1 and (not missing or 2 * known >= len(names))
    return (-len(missing), known) if is_header else None


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """Dialect and first record of a text, found by the number of fields of its records.

    ``begin``: offset of the first record with the most common number of fields. ``lines``: physical lines
    before it. ``agreeing``: records with that number of fields, of ``records``. ``is_everywhere``: every
    record has at least two fields.
    """

    dialect: CsvDialect
    begin: int
    lines: int
    names: tuple[str, ...]
    has_header: bool
    records: int
    agreeing: int
    is_everywhere: bool


def find_layout(text: str, source: Source) -> RecordLayout | None:
    """Return the layout under the delimiter that gives most records the same, and a large, number of fields.

    Where no delimiter gives more than half of the records the same number of fields, or all of them at least
    two, each record is one field, and the delimiter one that the text does not contain. None: the text has no
    record, or is one line in which line ends are written as two characters.
    """
    line_end = line_end_of(text)
    base = CsvDialect(",", source.quote or DEFAULT_QUOTE, source.escape or "", line_end)
    if source.delimiter:
        return _layout(text, replace(base, delimiter=source.delimiter), min_fields=1)
    found = []
    for delimiters in (DELIMITERS, _UNUSUAL_DELIMITERS):
        for delimiter in delimiters:
            layout = _layout(text, replace(base, delimiter=delimiter), min_fields=2)
            if layout is not None and (layout.is_everywhere or 2 * layout.agreeing > layout.records):
                found.append(layout)
        if found:
            return max(found, key=lambda layout: len(layout.names) * layout.agreeing / layout.records)
    absent = next((delimiter for delimiter in DELIMITERS if delimiter not in text), "\x1f")
    return _layout(text, replace(base, delimiter=absent), min_fields=1)


def _layout(text: str, dialect: CsvDialect, min_fields: int) -> RecordLayout | None:
    if find_escape(text, dialect):
        dialect = replace(dialect, escape="\\")
    records = list(_first_records(text, dialect))
    widths = Counter(len(record.fields) for record in records if len(record.fields) >= min_fields)
    if not widths:
        return None
    if len(records) == 1 and any(map(holds_line_end, records[0].fields)):
        return None
    width, agreeing = widths.most_common(1)[0]
    number = next(number for number, record in enumerate(records) if len(record.fields) == width)
    begin = records[number - 1].end if number else 0
    rows = [record for record in records[number:] if len(record.fields) == width]
    return RecordLayout(
        dialect,
        begin,
        text.count(dialect.line_end, 0, begin),
        rows[0].names,
        _is_header(rows),
        len(records),
        agreeing,
        min(len(record.fields) for record in records) > 1,
    )


def _is_header(rows: Sequence[CsvRecord]) -> bool:
    """Whether the first record is a header: short distinct texts that do not recur as values."""
    names = rows[0].names
    filled = [name for name in names if name]
    if not filled or len(set(filled)) < len(filled) or not all(map(_is_name, filled)):
        return False
    return not any(
        name and strip_name(row.fields[place]) == name for place, name in enumerate(names) for row in rows[1:]
    )


def _is_name(text: str) -> bool:
    return (
        len(text) <= _MAX_NAME
        and _LETTER.search(text) is not None
        and "@" not in text
        and not holds_line_end(text)
        and parse_number(text) is None
        and read_timestamp(text) is None
    )


def find_escape(text: str, dialect: CsvDialect) -> bool:
    """Whether more records have as many fields as the first one if a backslash escapes quotes."""
    if "\\" + dialect.quote not in text:
        return False
    return _well_formed(text, replace(dialect, escape="\\")) > _well_formed(text, dialect)


def find_footer(text: str, dialect: CsvDialect, width: int) -> int:
    """Return how many lines at the end of a whole text have a number of fields other than ``width``."""
    lines = text.removesuffix(dialect.line_end).split(dialect.line_end)
    for count in range(min(_MAX_FOOTER, len(lines) - 2) + 1):
        last = read_record(lines[len(lines) - count - 1], dialect, is_whole=True)
        if last is not None and len(last.fields) == width:
            return count
    return 0


def delimited_records(
    text: str, dialect: CsvDialect, names: Sequence[str], *, has_header: bool
) -> Iterator[Mapping[str, str]]:
    """Yield the first 1,000 records that have as many fields as there are names: name -> text.

    Of duplicate names the first one counts.
    """
    for number, record in enumerate(_first_records(text, dialect)):
        if len(record.fields) == len(names) and not (has_header and number == 0):
            yield dict(reversed(list(zip(names, record.fields, strict=True))))


def _well_formed(text: str, dialect: CsvDialect) -> int:
    width = 0
    count = 0
    for record in _first_records(text, dialect):
        width = width or len(record.fields)
        count += len(record.fields) == width and not record.is_broken
    return count


def _first_records(text: str, dialect: CsvDialect) -> Iterator[CsvRecord]:
    """Yield the first 1,000 records of a text, a header among them."""
    place = 0
    for _ in range(_MAX_RECORDS):
        record = read_record(text, dialect, is_whole=True, begin=place)
        if record is None or not record.fields:
            return
        yield record
        place = record.end


def line_end_of(text: str) -> str:
    """Return the character that ends the lines of a text."""
    return "\n" if "\n" in text else "\r"


def drop_lines(text: str, count: int) -> str:
    """Return a text without its first physical lines."""
    return "".join(text.split(line_end_of(text), count)[count:])
