"""CSV dialects: splitting delimited text into records and fields (RFC 4180 as amended by spec 3)."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from transforms.formats.text_cleaning import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_FIELDS = 200  # per record that one pattern of Arrow's regex engine (RE2) can match


@dataclass(frozen=True)
class CsvDialect:
    """Dialect of one file. Its patterns are possessive, so that no input can exhaust the regex engine."""

    delimiter: str  # one or more characters
    quote: str  # empty: nothing is quoted
    escape: str = ""  # makes the next character literal inside quotes, beside doubled quotes; empty: none
    line_end: str = "\n"  # or "\r"; a carriage return before a line feed is dropped

    def records_of(self, text: str) -> Iterator[str]:
        r"""Yield the records of a whole text whose lines end in LF, without their line ends.

        A quoted field may hold line breaks. A byte-order mark at the beginning of a record (from concatenated
        files) is dropped.

        >>> list(CsvDialect(",", '"').records_of('1,"a\nb"\r\n\ufeff2,c'))
        ['1,"a\nb"', '2,c']
        """
        for found in self._record.finditer(text):
            record = found.group().lstrip(BYTE_ORDER_MARK)
            yield record[:-1].removesuffix("\r") if record.endswith("\n") else record

    def fields_of_all(self, records: Sequence[str]) -> list[list[str] | None]:
        """Return ``fields_of`` each record; well-quoted ones are parsed by Python's csv, which is faster."""
        if not self.quote or self.quote not in "".join(records):
            return [record.split(self.delimiter) for record in records]
        if not self._is_plain:
            return [self.fields_of(record) for record in records]
        is_good = [
            is_good and len(record) < csv.field_size_limit()
            for record, is_good in zip(
                records, self._are_well_quoted(pa.array(records, pa.string())).to_pylist(), strict=True
            )
        ]
        rows = csv.reader(
            compress(records, is_good), delimiter=self.delimiter, quotechar=self.quote, strict=True
        )
        return [
            next(rows) if is_good_one else self.fields_of(record)
            for record, is_good_one in zip(records, is_good, strict=True)
        ]

    def fields_of(self, record: str) -> list[str] | None:
        """Return a record's fields without their quotes; None when its quoting is broken.

        >>> [CsvDialect(",", "'").fields_of(record) for record in ("a,'b ''c',", "5' pipe", "a,'b'c", "'")]
        [['a', "b 'c", ''], ["5' pipe"], None, None]
        """
        fields = []
        place, length = 0, len(record)
        while True:
            quoted = self._quoted.match(record, place)
            if quoted is not None:
                end = quoted.end()
                if end < length and not record.startswith(self.delimiter, end):
                    return None
                fields.append(self.unquote(quoted.group()[1:-1]))
            elif self.quote and record.startswith(self.quote, place):
                return None
            else:
                end = record.find(self.delimiter, place)
                end = length if end < 0 else end
                fields.append(record[place:end])
            if end == length:
                return fields
            place = end + len(self.delimiter)

    def record_of(self, fields: Sequence[str]) -> str:
        """Return fields as one record, which ``fields_of`` reads back.

        Raises:
            ValueError: nothing is quoted in the dialect, and a field holds a delimiter or a line break.

        >>> CsvDialect(";", "'").record_of(["1", "it's", "a;b"])
        "1;'it''s';'a;b'"
        """
        return self.delimiter.join(map(self._field_text, fields))

    def _field_text(self, field: str) -> str:
        if not set(field) & {*self.delimiter, *self.quote, *self.escape, "\r", "\n"}:
            return field
        if not self.quote:
            raise ValueError("a file that quotes nothing cannot hold a delimiter or a line break in a field")
        if self.escape:
            field = field.replace(self.escape, self.escape * 2)
        return f"{self.quote}{field.replace(self.quote, self.quote * 2)}{self.quote}"

    def unquote(self, quoted: str) -> str:
        """Return the text between two quotes with its doubled quotes and escapes resolved."""
        if not self.escape:
            return quoted.replace(self.quote * 2, self.quote)
        return self._pair.sub(lambda pair: pair.group()[1], quoted)

    @property
    def is_arrow_readable(self) -> bool:
        """Whether Arrow can read the dialect: delimiter and quote are a byte each, and no escape."""
        return self._is_plain and (self.delimiter + self.quote).isascii()

    @property
    def _is_plain(self) -> bool:
        """Whether the dialect is that of RFC 4180 apart from its delimiter and quote characters."""
        return len(self.delimiter) == 1 and not self.escape

    def have_fields(self, records: pa.StringArray, count: int) -> pa.BooleanArray:
        """Return which records are well quoted and have ``count`` fields, at most ``MOST_FIELDS``."""
        return self._are_well_quoted(records, f"{{{count - 1}}}")

    def columns_of(self, records: pa.StringArray, count: int) -> list[pa.StringArray]:
        """Return the fields of records that ``have_fields`` as columns, parsed by Arrow.

        Arrow drops a byte-order mark at the beginning of its input, which would be content here: so the input
        begins with an empty line that is skipped.
        """
        if not len(records):
            return [records] * count
        bounds = pa.array([0, len(records)], pa.int32())
        lines = pc.binary_join(pa.ListArray.from_arrays(bounds, records), "\n")[0].as_buffer()
        text = b"\n" + memoryview(lines)
        names = [str(place) for place in range(count)]
        table = arrow_csv.read_csv(
            pa.BufferReader(text),
            arrow_csv.ReadOptions(
                use_threads=False, block_size=len(text) + 1, skip_rows=1, column_names=names
            ),
            arrow_csv.ParseOptions(
                delimiter=self.delimiter,
                quote_char=self.quote or False,
                newlines_in_values=True,
                ignore_empty_lines=False,
            ),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), check_utf8=False),
        )
        return [column.combine_chunks() for column in table.columns]

    def _are_well_quoted(self, records: pa.StringArray, further_fields: str = "*") -> pa.BooleanArray:
        """Return which records are well quoted; a line break in an unquoted field is not allowed."""
        delimiter, quote = re.escape(self.delimiter), re.escape(self.quote)
        bare = rf"(?:[^{quote}{delimiter}\r\n][^{delimiter}\r\n]*)?"
        field = f"(?:{quote}(?:[^{quote}]|{quote}{quote})*{quote}|{bare})" if quote else bare
        return pc.match_substring_regex(records, rf"(?s)\A{field}(?:{delimiter}{field}){further_fields}\z")

    @cached_property
    def quoted_text(self) -> re.Pattern[str]:
        """The pattern of the text between two quotes, the closing one not included."""
        pairs = self._pair.pattern
        return re.compile(f"(?:[^{re.escape(self.quote + self.escape)}]++|{pairs})*+", re.DOTALL)

    @cached_property
    def _pair(self) -> re.Pattern[str]:
        """The pattern of two characters inside quotes that stand for the second one."""
        quote, escape = re.escape(self.quote), re.escape(self.escape)
        return re.compile(f"{escape}.|{quote}{quote}" if escape else f"{quote}{quote}", re.DOTALL)

    @cached_property
    def _quoted(self) -> re.Pattern[str]:
        """The pattern of one whole quoted field; it matches nothing where nothing is quoted."""
        quote = re.escape(self.quote)
        return re.compile(f"{quote}{self.quoted_text.pattern}{quote}" if quote else r"(?!)", re.DOTALL)

    @cached_property
    def _record(self) -> re.Pattern[str]:
        """The pattern of one record with its line end, broken quoting included."""
        delimiter, quote = re.escape(self.delimiter), re.escape(self.quote)
        rest = rf"[^{delimiter}\n]*+" if len(self.delimiter) == 1 else rf"(?:(?!{delimiter})[^\n])*+"
        field = rest
        if quote:
            # A quote never closed reaches to the end, and so does an escape that nothing follows.
            quoted = self.quoted_text.pattern
            field = rf"(?:{quote}{quoted}(?:{quote}{rest}|(?s:.)*+\Z)|(?!{quote}){rest})"
        return re.compile(rf"(?!\Z){BYTE_ORDER_MARK}*+{field}(?:{delimiter}{field})*+(?:\n|\Z)", re.DOTALL)
