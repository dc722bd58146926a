"""Delimited files of one header and dialect as the cutter takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from transforms.bronze_to_silver.cutting import Parsed, PlainRecords
from transforms.bronze_to_silver.text import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from transforms.bronze_to_silver.delimited_fields import Dialect

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
        """Take those records apart that hold no quote, and as many fields as there are names.

        A form whose records could be blank, and none then, has no plain ones: one of a single field, and one
        whose delimiter is a blank.
        """
        delimiter, quote, width = self.dialect.delimiter, self.dialect.quote, len(self.names)
        if width == 1 or is_blank(delimiter, self.kept_blank):
            return None
        is_plain = pc.equal(pc.count_substring(records, delimiter), width - 1)
        if quote:
            is_plain = pc.and_not(is_plain, pc.match_substring(records, quote))
        if self.header:
            is_plain = pc.and_not(is_plain, pc.equal(records, delimiter.join(self.header)))
        fields = pc.split_pattern(records.filter(is_plain), delimiter).flatten()
        columns = [fields.take(np.arange(place, len(fields), width)) for place in range(width)]
        return PlainRecords(is_plain, self.names, tuple(columns))

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
