"""Parsing of single CSV records: the next record of a text, and whether any row follows a header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.column_names import normalize, strip_name
from transforms.formats.text_cleaning import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from transforms.formats.csv_dialect import CsvDialect

LONGEST_RECORD = 16 * 1024 * 1024  # characters
_LONGEST_NAME = 1000  # characters of a name that is normalised; longer ones must be equal as they are
_NO_BLANK = re.compile(r"\S")


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """The unquoted fields of a record, and where the text goes on after it.

    ``is_broken``: a quote is never closed, or text follows a closing quote.
    """

    fields: tuple[str, ...]
    end: int
    is_broken: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The fields as column names."""
        return tuple(map(strip_name, self.fields))


def read_record(text: str, dialect: CsvDialect, *, is_whole: bool, begin: int = 0) -> CsvRecord | None:
    """Return the first record that is not a blank line; None when the text ends before the record does.

    Args:
        text: the text, or its beginning.
        dialect: of the text.
        is_whole: the text is complete, so its end also ends the record, even inside quotes. Where it holds no
            record, the returned one has no fields.
        begin: where to begin, which is the beginning of a line.
    """
    content = _find_content(text, dialect, begin)
    if content is None:
        return CsvRecord((), len(text)) if is_whole else None
    start = max(begin, text.rfind(dialect.line_end, begin, content) + 1)
    return _read_fields(text, _skip_marks(text, start), dialect, is_whole=is_whole)


class RowDetector:
    """Detects whether anything but blank lines and repeated headers follows a header.

    A record whose names are those of the header after normalisation is not a row (spec 3). Memory: a record.
    """

    def __init__(self, dialect: CsvDialect, header: tuple[str, ...]) -> None:
        self.has_rows = False
        self._dialect = dialect
        self._header = header
        self._pending = ""

    def feed(self, text: str) -> None:
        """Take the next chunk of the text after the header."""
        if not self.has_rows:
            self._pending += text
            self._detect(is_whole=False)

    def finish(self) -> bool:
        """Return whether there is a row."""
        if not self.has_rows:
            self._detect(is_whole=True)
        return self.has_rows

    def _detect(self, *, is_whole: bool) -> None:
        place = 0
        text = self._pending
        while place < len(text):
            record = read_record(text, self._dialect, is_whole=is_whole, begin=place)
            if record is None:
                break
            if record.fields and (record.is_broken or not self._is_header(record.names)):
                self.has_rows = True
                break
            place = record.end
        self._pending = "" if self.has_rows else self._without_blank_lines(text[place:])
        self.has_rows = self.has_rows or len(self._pending) > LONGEST_RECORD

    def _without_blank_lines(self, text: str) -> str:
        if text.strip() or (self._dialect.delimiter in text and "\t" in self._dialect.delimiter):
            return text
        return text[text.rfind(self._dialect.line_end) + 1 :]

    def _is_header(self, names: tuple[str, ...]) -> bool:
        return len(names) == len(self._header) and all(map(_is_same_name, names, self._header))


def _is_same_name(found: str, name: str) -> bool:
    if found == name or max(len(found), len(name)) > _LONGEST_NAME:
        return found == name
    return normalize(found) == normalize(name)


def _find_content(text: str, dialect: CsvDialect, begin: int) -> int | None:
    """Return the first place that belongs to a record: no blank, and no mark at the beginning of a line."""
    # A tab that delimits is content.
    tabs = text.find(dialect.delimiter, begin) if "\t" in dialect.delimiter else -1
    place = begin
    while True:
        found = _NO_BLANK.search(text, place)
        if found is None:
            return tabs if tabs >= 0 else None
        place = found.start()
        is_mark = text[place] == BYTE_ORDER_MARK and (place == begin or text[place - 1] == dialect.line_end)
        if not is_mark:
            return min(place, tabs) if tabs >= 0 else place
        place = _skip_marks(text, place)


def _skip_marks(text: str, place: int) -> int:
    while text.startswith(BYTE_ORDER_MARK, place):
        place += 1
    return place


def _read_fields(text: str, place: int, dialect: CsvDialect, *, is_whole: bool) -> CsvRecord | None:
    delimiter, quote = dialect.delimiter, dialect.quote
    fields: list[str] = []
    is_broken = False
    while True:
        start = place
        quoted = None
        if quote and text.startswith(quote, start):
            closing = _find_closing(text, start + 1, dialect, is_whole=is_whole)
            if closing is None:
                return None
            is_broken = is_broken or closing == len(text)
            quoted = dialect.unquote(text[start + 1 : closing])
            place = min(closing + 1, len(text))
        line_end = text.find(dialect.line_end, place)
        is_last_line = line_end < 0
        if is_last_line:
            line_end = len(text)
        field_end = text.find(delimiter, place, line_end)
        if field_end < 0:
            if is_last_line and not is_whole:
                return None
            rest = _without_return(text[place:line_end], dialect)
            if quoted is None or rest:
                fields.append(_without_return(text[start:line_end], dialect))
                is_broken = is_broken or quoted is not None
            else:
                fields.append(quoted)
            return CsvRecord(tuple(fields), min(line_end + 1, len(text)), is_broken)
        if quoted is None or field_end > place:
            fields.append(text[start:field_end])
            is_broken = is_broken or quoted is not None
        else:
            fields.append(quoted)
        place = field_end + len(delimiter)


def _without_return(text: str, dialect: CsvDialect) -> str:
    return text.removesuffix("\r") if dialect.line_end == "\n" else text


def _find_closing(text: str, place: int, dialect: CsvDialect, *, is_whole: bool) -> int | None:
    """Return the place of the closing quote, the text's end if it is never closed, None if still unknown."""
    found = dialect.quoted_text.match(text, place)
    end = found.end() if found else place
    if text.startswith(dialect.quote, end) and (is_whole or end + 1 < len(text)):
        return end
    return len(text) if is_whole else None
