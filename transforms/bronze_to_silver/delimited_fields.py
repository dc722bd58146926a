"""Delimited text to records and fields: RFC 4180 as spec 3 reads it."""

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

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_FIELDS = 200  # that are told apart by one pattern


@dataclass(frozen=True)
class Dialect:
    """How one file delimits. Its patterns are possessive, so that no input can exhaust the regex engine."""

    delimiter: str
    quote: str  # empty: nothing is quoted

    def records_of(self, text: str) -> Iterator[str]:
        r"""Yield the records of a whole text without their line ends; a quoted field holds line breaks.

        >>> list(Dialect(",", '"').records_of('1,"a\nb"\r\n2,c'))
        ['1,"a\nb"', '2,c']
        """
        for found in self._record.finditer(text):
            record = found.group()
            yield record[:-1].removesuffix("\r") if record.endswith("\n") else record

    def fields_of_all(self, records: Sequence[str]) -> list[list[str] | None]:
        """Return ``fields_of`` each record: most of them by Python's csv, which knows only good ones."""
        if not self.quote or self.quote not in "".join(records):
            return [record.split(self.delimiter) for record in records]
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

        >>> [Dialect(",", "'").fields_of(record) for record in ("a,'b ''c',", "5' pipe", "a,'b'c", "'")]
        [['a', "b 'c", ''], ["5' pipe"], None, None]
        """
        fields = []
        place, length = 0, len(record)
        while True:
            quoted = self._quoted.match(record, place)
            if quoted is not None:
                end = quoted.end()
                if end < length and record[end] != self.delimiter:
                    return None
                fields.append(quoted.group()[1:-1].replace(self.quote * 2, self.quote))
            elif self.quote and record.startswith(self.quote, place):
                return None
            else:
                end = record.find(self.delimiter, place)
                end = length if end < 0 else end
                fields.append(record[place:end])
            if end == length:
                return fields
            place = end + 1

    @property
    def is_known_to_arrow(self) -> bool:
        """Whether Arrow can read the dialect: delimiter and quote are a byte each."""
        return (self.delimiter + self.quote).isascii()

    def have_fields(self, records: pa.StringArray, count: int) -> pa.BooleanArray:
        """Whether each record is well quoted and has so many fields, at most ``MOST_FIELDS``."""
        return self._are_well_quoted(records, f"{{{count - 1}}}")

    def columns_of(self, records: pa.StringArray, count: int) -> list[pa.StringArray]:
        """Return the fields of records that ``have_fields``, column by column, read by Arrow as CSV.

        Arrow drops a byte-order mark at the beginning of a text, which here would be content: so each text
        begins with a line that is skipped.
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
        """Whether each record's quotes are in order; a line's end within an unquoted field is not."""
        delimiter, quote = re.escape(self.delimiter), re.escape(self.quote)
        bare = rf"(?:[^{quote}{delimiter}\r\n][^{delimiter}\r\n]*)?"
        field = f"(?:{quote}(?:[^{quote}]|{quote}{quote})*{quote}|{bare})" if quote else bare
        return pc.match_substring_regex(records, rf"(?s)\A{field}(?:{delimiter}{field}){further_fields}\z")

    @cached_property
    def _quoted(self) -> re.Pattern[str]:
        """The pattern of one whole quoted field; it matches nothing where nothing is quoted."""
        quote = re.escape(self.quote)
        return re.compile(rf"{quote}(?:[^{quote}]++|{quote}{quote})*+{quote}" if quote else r"(?!)")

    @cached_property
    def _record(self) -> re.Pattern[str]:
        """The pattern of one record with its line end, broken quoting included."""
        delimiter, quote = re.escape(self.delimiter), re.escape(self.quote)
        field = rf"[^{delimiter}\n]*+"
        if quote:
            inside = rf"{quote}(?:[^{quote}]++|{quote}{quote})*+"
            field = rf"(?:{inside}(?:{quote}[^{delimiter}\n]*+|\Z)|(?!{quote})[^{delimiter}\n]*+)"
        return re.compile(rf"(?!\Z){field}(?:{delimiter}{field})*+(?:\n|\Z)")
