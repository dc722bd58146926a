"""Delimited files of one header and dialect as the cutter takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transforms.bronze_to_silver.cutting import Parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
