"""JSON files of any form as the cutter takes them: lines, arrays, single objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.inventory import FileFormat
from transforms.bronze_to_silver.cutting import Parsed
from transforms.bronze_to_silver.json_columns import plain_objects
from transforms.bronze_to_silver.json_members import elements_of, members_of_each
from transforms.raw_to_bronze.json_values import BLANKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from transforms.bronze_to_silver.cutting import PlainRecords

_FLAWED = Parsed(flaw="not one JSON object")
_EMPTY = Parsed()


@dataclass(frozen=True, slots=True)
class JsonForm:
    """One of JSON's file formats. Each record names its own columns."""

    format: FileFormat

    kept_blank = ""

    @property
    def is_whole(self) -> bool:
        """Only of JSON lines is each a record."""
        return self.format is not FileFormat.JSON_LINES

    def records_of(self, text: str) -> Iterable[str]:
        """Return the elements of an array, or the one object of a file."""
        return elements_of(text) if self.format is FileFormat.JSON_ARRAY else (text.strip(BLANKS),)

    def plain(self, records: pa.StringArray) -> PlainRecords | None:
        """Take those records apart that name their columns, and hold plain values, as most of them do."""
        return plain_objects(records)

    def parse(self, records: Sequence[str]) -> Iterator[Parsed]:
        """Take records apart; one that is not one strict JSON object is flawed."""
        for members in members_of_each(records):
            if members is None:
                yield _FLAWED
            elif members:
                keys, values = zip(*members, strict=True)
                yield Parsed(keys, values)
            else:
                yield _EMPTY
