"""Delimited files of one header and dialect as the cutter takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.bronze_to_silver.cutting import Parsed, PlainRecords
from transforms.bronze_to_silver.delimited_fields import MOST_FIELDS
from transforms.bronze_to_silver.text import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from transforms.bronze_to_silver.delimited_fields import Dialect
    from transforms.bronze_to_silver.text_bytes import Marks

_BROKEN_QUOTING = Parsed(flaw="broken quoting")


@dataclass(frozen=True, slots=True)
class DelimitedForm:
    """How delimited files write their records.

    ``names``: of the columns, no two alike. ``header``: the record that names them, empty when there is none.
    ``is_whole``: a text is a whole file, in which a record may span lines.
    """

    dialect: Dialect
    names: tuple[str, ...]
    header: tuple[str, ...]
    is_whole: bool

    @property
    def kept_blank(self) -> str:
        """A tab that delimits is no blank."""
        return "\t" if self.dialect.delimiter == "\t" else ""

    def records_of(self, text: str) -> Iterable[str]:
        """Return the records of a whole file."""
        return self.dialect.records_of(text)

    def plain(self, records: pa.StringArray) -> PlainRecords | None:
        """Take those records apart that are well quoted, and have as many fields as there are names.

        A form whose records could be blank, and none then, has no plain ones: one of a single field, and one
        whose delimiter is a blank. Nor has one whose dialect Arrow does not know.
        """
        dialect, width = self.dialect, len(self.names)
        if not 1 < width <= MOST_FIELDS or is_blank(dialect.delimiter, self.kept_blank):
            return None
        if not dialect.is_known_to_arrow:
            return None
        is_plain = dialect.have_fields(records, width)
        columns = dialect.columns_of(records.filter(is_plain), width)
        is_header = self._are_headers(columns)
        if is_header.any():
            columns = [column.filter(pa.array(~is_header)) for column in columns]
            is_plain = pc.replace_with_mask(is_plain, is_plain, pa.array(~is_header))
        return PlainRecords(is_plain, self.names, tuple(columns))

    def _are_headers(self, columns: Sequence[pa.StringArray]) -> Marks:
        """Mark the records that name the columns again."""
        are_headers = np.full(len(columns[0]), bool(self.header))
        for column, name in zip(columns, self.header, strict=False):
            if not are_headers.any():
                break
            are_headers &= np.asarray(pc.equal(column, name), np.bool_)
        return are_headers

    def parse(self, records: Sequence[str]) -> Iterator[Parsed | None]:
        """Take records apart; one with a wrong number of fields, or broken quoting, is flawed."""
        width, header = len(self.names), list(self.header)
        for fields in self.dialect.fields_of_all(records):
            if fields is None:
                yield _BROKEN_QUOTING
            elif header and fields == header:
                yield None
            elif len(fields) != width:
                yield Parsed(flaw=f"{len(fields)} fields, expected {width}")
            else:
                yield Parsed(self.names, tuple(fields))
