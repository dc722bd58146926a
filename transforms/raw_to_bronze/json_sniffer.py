"""JSON sniffers: array, one object, concatenated JSON or JSON lines, and an array of records in an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.column_names import strip_name
from contracts.inventory import FileFormat
from transforms.formats.json_values import JSON_WHITESPACE, KeyList
from transforms.raw_to_bronze.column_coverage import ColumnCoverage
from transforms.raw_to_bronze.json_array import JsonArrayScanner
from transforms.raw_to_bronze.json_objects import JsonLinesScanner, JsonObjectScanner
from transforms.raw_to_bronze.text_decoder import TextLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from contracts.model import Contract, Source

_MAX_DEPTH = 4  # keys from the top to an array of records
_MAX_MEMBERS = 200  # searched in one object, and in one level
_MAX_RECORDS = 20  # of one array, whose keys are compared


class JsonLinesSniffer:
    """``.jsonl``, ``.ndjson``: concatenated JSON, else JSON lines, if any of the first lines is an object."""

    def __init__(self, contract: Contract, source: Source | None) -> None:
        self._records = JsonObjectsSniffer(contract, source, in_first_column=False)

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        self._records.feed(text)

    def finish(self) -> TextLayout:
        """Return the text's layout."""
        return self._records.finish() or TextLayout(
            FileFormat.JSON_LINES, mismatch="none of the first 100 lines is a JSON object"
        )


class JsonSniffer:
    """``.json``: an array if it begins with ``[``; else one object, concatenated JSON or JSON lines."""

    def __init__(self, contract: Contract, source: Source | None) -> None:
        self._first = ""
        self._array = JsonArrayScanner()
        self._records = JsonObjectsSniffer(contract, source, in_first_column=True)

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        if not self._first:
            begun = text.lstrip(JSON_WHITESPACE)
            self._first = begun[:1]
            if self._first == "[":
                self._array.feed(begun)
                return
        if self._first == "[":
            self._array.feed(text)
        else:
            self._records.feed(text)

    def finish(self) -> TextLayout:
        """Return the text's layout."""
        if self._first == "[":
            self._array.finish()
            if self._array.corruption:
                return TextLayout(FileFormat.JSON_ARRAY, corruption=self._array.corruption)
            return TextLayout(FileFormat.JSON_ARRAY, names=self._array.names, rows=self._array.rows)
        if layout := self._records.finish(may_be_one_object=True):
            return layout
        if self._first == "{":
            return TextLayout(
                FileFormat.JSON_OBJECT, corruption="neither one JSON object nor several, nor JSON lines"
            )
        return TextLayout(
            FileFormat.JSON_LINES, mismatch=f"begins with {self._first!r}, and no line begins a JSON object"
        )


class RecordPathSniffer:
    """One JSON object with the array of records at a source's ``recordPath``."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path
        self._first = ""
        self._records: WrappedRecords | None = None
        self._objects = JsonObjectScanner(self._take)
        self._lines = JsonLinesScanner(in_first_column=False)

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        self._first = self._first or text.lstrip(JSON_WHITESPACE)[:1]
        self._objects.feed(text)
        self._lines.feed(text)

    def finish(self) -> TextLayout:
        """Return the text's layout."""
        self._objects.finish()
        self._lines.finish()
        where = f"recordPath {'.'.join(self._path)}"
        if self._objects.is_one_object:
            if self._records is None:
                return TextLayout(FileFormat.JSON_OBJECT, mismatch=f"there is no array at {where}")
            return TextLayout(FileFormat.JSON_OBJECT, names=self._records.names, rows=self._records.rows)
        if self._first == "{" and not (self._objects.is_concatenated or self._lines.has_object):
            return TextLayout(FileFormat.JSON_OBJECT, corruption=f"no JSON object as a whole, for {where}")
        return TextLayout(
            FileFormat.JSON_OBJECT, mismatch=f"{where} is for one JSON object, which this text is not"
        )

    def _take(self, value: object) -> None:
        self._records = records_at(self._path, value)


class JsonObjectsSniffer:
    """Objects that are no array: concatenated JSON, else JSON lines (spec 3)."""

    def __init__(self, contract: Contract, source: Source | None, *, in_first_column: bool) -> None:
        self._coverage = ColumnCoverage(contract, source)
        self._objects = JsonObjectScanner(self._find_records)
        self._lines = JsonLinesScanner(in_first_column=in_first_column)
        self._wrapped: WrappedRecords | None = None

    @property
    def has_object(self) -> bool:
        """Whether the text is certainly one of the two."""
        return self._objects.is_concatenated or self._lines.has_object

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        self._objects.feed(text)
        if not self._objects.is_concatenated:
            self._lines.feed(text)

    def finish(self, *, may_be_one_object: bool = False) -> TextLayout | None:
        """Return the text's layout; None when it is neither.

        ``may_be_one_object``: a text that is one whole object is a JSON object, not JSON lines.
        """
        self._objects.finish()
        wrapped = self._wrapped if self._objects.is_one_object else None
        if may_be_one_object and self._objects.is_one_object:
            return TextLayout(FileFormat.JSON_OBJECT, names=self._objects.names, rows=1, wrapped=wrapped)
        if self._objects.is_concatenated:
            return TextLayout(FileFormat.CONCATENATED_JSON, names=self._objects.names)
        self._lines.finish()
        if self._lines.has_object:
            return TextLayout(FileFormat.JSON_LINES, names=self._lines.names, wrapped=wrapped)
        return None

    def _find_records(self, value: object) -> None:
        """Find an array of records in the first object, if the object itself lacks required columns."""
        if isinstance(value, dict) and self._coverage.missing(tuple(value)):
            self._wrapped = find_records(value, self._coverage.is_known)


@dataclass(frozen=True, slots=True)
class WrappedRecords:
    """The array at a path of keys, with its number of elements and the keys of the first 100."""

    path: tuple[str, ...]
    rows: int
    names: tuple[str, ...]


def records_at(path: Sequence[str], value: object) -> WrappedRecords | None:
    """Return the array at a path of keys in an object, or None.

    >>> records_at(("data", "items"), {"data": {"items": [{"a": 1}, {"b": 2}]}})
    WrappedRecords(path=('data', 'items'), rows=2, names=('a', 'b'))
    """
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    if not isinstance(value, list):
        return None
    keys = KeyList()
    for element in value:
        if keys.is_full:
            break
        keys.add(element)
    return WrappedRecords(tuple(path), len(value), keys.names)


def find_records(value: object, is_known: Callable[[str], bool]) -> WrappedRecords | None:
    """Return the array of objects with the most known keys; None where no array has two of them.

    >>> find_records({"n": 1, "data": {"items": [{"id": 1, "uid": 2}]}}, {"id", "uid"}.__contains__).path
    ('data', 'items')
    """
    best: tuple[int, tuple[str, ...]] = (1, ())
    level: list[tuple[tuple[str, ...], object]] = [((), value)]
    for _ in range(_MAX_DEPTH):
        members = [
            ((*path, key), member)
            for path, inner in level
            if isinstance(inner, dict)
            for key, member in list(inner.items())[:_MAX_MEMBERS]
            if key and "." not in key
        ]
        for path, member in members:
            if isinstance(member, list):
                records = [element for element in member[:_MAX_RECORDS] if isinstance(element, dict)]
                names = {strip_name(name) for record in records for name in record}
                best = max(best, (sum(map(is_known, names)), path), key=lambda found: found[0])
        level = members[:_MAX_MEMBERS]
    return records_at(best[1], value) if best[1] else None
