"""Record format of JSON files: lines, arrays, concatenated and single objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.inventory import FileFormat
from transforms.formats import concatenated_json
from transforms.formats.json_parser import array_at, elements_of, members_of_each
from transforms.formats.json_values import JSON_WHITESPACE
from transforms.formats.json_vectorized import plain_objects
from transforms.formats.parsed import ParsedRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from transforms.formats.parsed import PlainRecords

_FLAWED = ParsedRecord(flaw="not one JSON object")
_EMPTY = ParsedRecord()


@dataclass(frozen=True, slots=True)
class JsonRecordFormat:
    """How JSON files write their records; each record names its own columns.

    ``record_path``: the keys that lead to the array of records within a file's single object.
    """

    format: FileFormat
    record_path: tuple[str, ...] = ()

    kept_blank = ""
    line_end = "\n"

    @property
    def is_whole(self) -> bool:
        """True but for JSON lines, where each line is a record."""
        return self.format is not FileFormat.JSON_LINES

    def records_of(self, text: str) -> Iterable[str]:
        """Return the elements of an array, the objects of a concatenated text, or the single object."""
        if self.record_path:
            array = array_at(text, self.record_path)
            return (text.strip(JSON_WHITESPACE),) if array is None else elements_of(array)
        match self.format:
            case FileFormat.JSON_ARRAY:
                return elements_of(text)
            case FileFormat.CONCATENATED_JSON:
                return concatenated_json.records_of(text)
        return (text.strip(JSON_WHITESPACE),)

    def parse_plain(self, records: pa.StringArray) -> PlainRecords | None:
        """Parse the records written like most of them, without nested values, as whole columns."""
        return plain_objects(records)

    def parse(self, records: Sequence[str]) -> Iterator[ParsedRecord]:
        """Parse records one by one; anything but one strict JSON object is a flaw."""
        for members in members_of_each(records):
            if members is None:
                yield _FLAWED
            elif members:
                keys, values = zip(*members, strict=True)
                yield ParsedRecord(keys, values)
            else:
                yield _EMPTY
