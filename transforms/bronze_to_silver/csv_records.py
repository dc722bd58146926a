"""Record format of delimited files with one header and dialect."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.column_names import normalize, strip_name
from transforms.formats.arrow_bytes import bytes_of
from transforms.formats.csv_dialect import MOST_FIELDS
from transforms.formats.parsed import ParsedRecord, PlainRecords
from transforms.formats.text_cleaning import is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from transforms.formats.arrow_bytes import Marks
    from transforms.formats.csv_dialect import CsvDialect

_LETTERS_AND_DIGITS = string.ascii_letters + string.digits
_SWAPPED_LINE_ENDS = str.maketrans("\r\n", "\n\r")
_BROKEN_QUOTING = ParsedRecord(flaw="broken quoting")


@dataclass(frozen=True)
class CsvRecordFormat:
    """How delimited files write their records.

    ``names``: of the columns, by position. ``header``: the stripped names in header records; empty when there
    is no header. ``is_multiline``: a quoted field may contain line ends. ``line_end``: a line feed, or a
    carriage return where that alone ends lines.
    """

    dialect: CsvDialect
    names: tuple[str, ...]
    header: tuple[str, ...] = ()
    is_multiline: bool = False
    line_end: str = "\n"

    @property
    def kept_blank(self) -> str:
        """A tab delimiter, or ''."""
        return "\t" if self.dialect.delimiter == "\t" else ""

    @property
    def is_whole(self) -> bool:
        """Whether records must be found in the whole file, since a line may not be one."""
        return self.is_multiline or self.line_end == "\r"

    def records_of(self, text: str) -> Iterable[str]:
        """Return the records of a whole file.

        Where carriage returns end the lines, both kinds of line end are swapped before and after.
        """
        if self.line_end == "\n":
            return self.dialect.records_of(text)
        swapped = self.dialect.records_of(text.translate(_SWAPPED_LINE_ENDS))
        return (record.translate(_SWAPPED_LINE_ENDS) for record in swapped)

    def parse_plain(self, records: pa.StringArray) -> PlainRecords | None:
        """Parse the well-quoted records with as many fields as names as whole columns.

        Not supported where a delimited record could be blank (a single field, a blank as delimiter), and for
        dialects that Arrow cannot read.
        """
        dialect, width = self.dialect, len(self.names)
        if not 1 < width <= MOST_FIELDS or is_blank(dialect.delimiter, self.kept_blank):
            return None
        if not dialect.is_arrow_readable:
            return None
        is_plain = dialect.have_fields(records, width)
        columns = dialect.columns_of(records.filter(is_plain), width)
        is_header = self._are_headers(columns)
        if is_header.any():
            columns = [column.filter(pa.array(~is_header)) for column in columns]
            is_plain = pc.replace_with_mask(is_plain, is_plain, pa.array(~is_header))
        return PlainRecords(is_plain, self.names, tuple(columns))

    def _are_headers(self, columns: Sequence[pa.StringArray]) -> Marks:
        """Mark repeated headers, in any spelling of the same names."""
        rows = len(columns[0])
        if not self.header:
            return np.zeros(rows, np.bool_)
        are_headers = self._may_be_first_name(columns[self._first])
        for row in np.flatnonzero(are_headers).tolist():
            fields = [column[row].as_py() for column in columns]
            are_headers[row] = self._is_first_name(fields[self._first]) and self._is_header(fields)
        return are_headers

    def _may_be_first_name(self, texts: pa.StringArray) -> Marks:
        """Mark the texts that could spell the first name, which few values do.

        They begin with its first and end with its last letter, or with anything but an ASCII letter or digit.
        """
        if not len(texts):
            return np.zeros(0, np.bool_)
        text, bounds = bytes_of(texts)
        letters = self._normal[self._first].replace("_", "")
        may_be = bounds[1:] - bounds[:-1] >= len(letters)
        begins, ends = bounds[:-1][may_be], bounds[1:][may_be] - 1
        may_be[may_be] = (
            _possible_bytes(letters[:1])[text[begins]] & _possible_bytes(letters[-1:])[text[ends]]
        )
        return may_be

    def _is_header(self, fields: Sequence[str]) -> bool:
        return len(fields) == len(self.header) and all(
            normalize(field) == normal and (normal or strip_name(field) == name)
            for field, name, normal in zip(fields, self.header, self._normal, strict=True)
        )

    @cached_property
    def _normal(self) -> tuple[str, ...]:
        return tuple(map(normalize, self.header))

    @cached_property
    def _first(self) -> int:
        """The position of the first name that contains a letter or digit."""
        return next((position for position, normal in enumerate(self._normal) if normal), 0)

    @cached_property
    def _is_first_name(self) -> Callable[[str], object]:
        """Match any spelling of the first name: its letters and digits in order."""
        letters = map(re.escape, self._normal[self._first].replace("_", ""))
        between = r"[\W_]*"
        return re.compile(rf"(?i){between}{between.join(letters)}{between}\Z").match

    def parse(self, records: Sequence[str]) -> Iterator[ParsedRecord | None]:
        """Parse records one by one; a wrong number of fields and broken quoting are flaws, headers None."""
        width = len(self.names)
        for fields in self.dialect.fields_of_all(records):
            if fields is None:
                yield _BROKEN_QUOTING
            elif len(fields) != width:
                yield ParsedRecord(flaw=f"{len(fields)} fields, expected {width}")
            elif self.header and self._is_first_name(fields[self._first]) and self._is_header(fields):
                yield None
            else:
                yield ParsedRecord(self.names, tuple(fields))


@lru_cache(maxsize=64)
def _possible_bytes(letter: str) -> Marks:
    """Mark the bytes allowed at an end of a name: the letter in either case, or no ASCII letter or digit."""
    is_possible = np.ones(256, np.bool_)
    is_possible[np.frombuffer(_LETTERS_AND_DIGITS.encode(), np.uint8)] = False
    for case in (letter.lower(), letter.upper()):
        is_possible[np.frombuffer(case.encode(), np.uint8)] = True
    return is_possible
