"""Sample records of a file: mappings from the path of a value to its text, and the values by column."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from contracts.column_names import normalize, strip_name
from contracts.inventory import FileFormat
from transforms.bronze_to_silver.json_records import JsonRecordFormat
from transforms.bronze_to_silver.numbers import parse_number
from transforms.bronze_to_silver.timestamps import read_timestamp
from transforms.formats.json_parser import text_form
from transforms.formats.text_cleaning import clean_text, is_null_word
from transforms.suggest_source.csv_layout import delimited_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from contracts.model import DateOrder, Source
    from transforms.raw_to_bronze.text_decoder import TextLayout

_SAMPLE_RECORDS = 1000
_MAX_DEPTH = 3  # keys of a path into nested values
_MAX_TEXT = 4096  # characters that are kept of a value

TIME_WORDS = ("date", "time", "timestamp", "ts", "at", "when", "day", "datetime", "dttm", "datum", "created")
_PARSED_VALUES = 200  # of a column that are parsed as times and numbers
_YEAR_2000 = 946_684_800_000_000  # microseconds
_DIGITS = re.compile(r"\d+(?:\.\d*)?")
_PLAIN_NAME = re.compile(r"[^\W\d]\w*", re.ASCII)

Path = tuple[str, ...]  # the keys that lead to a value; one key for a top-level value
Record = dict[Path, str]


def records_of_text(text: str, source: Source, layout: TextLayout) -> list[Record]:
    """Return the first well-formed records of a text.

    Args:
        text: after the source's ``skipLines``.
        source: of the file.
        layout: of the text.
    """
    if layout.dialect is not None:
        has_header = bool(source.header) or (layout.header and not source.column_names)
        rows = delimited_records(text, layout.dialect, layout.names, has_header=has_header)
        return [{(name,): value[:_MAX_TEXT] for name, value in row.items()} for row in rows]
    form = JsonRecordFormat(layout.format, source.record_path)
    lines: Iterable[str] = (line for line in text.split("\n") if line.strip())
    found = (
        lines if layout.format is FileFormat.JSON_LINES and not source.record_path else form.records_of(text)
    )
    parsed = form.parse(list(islice(found, _SAMPLE_RECORDS)))
    return [_flat(zip(one.keys, one.values, strict=True)) for one in parsed if one.flaw is None]


def records_of_parquet(file: BinaryIO) -> list[Record]:
    """Return the first rows of a Parquet file."""
    with pq.ParquetFile(file) as parquet:
        batch = next(parquet.iter_batches(batch_size=_SAMPLE_RECORDS), None)
        rows: list[Mapping[str, Any]] = [] if batch is None else batch.to_pylist()  # Any: Python's values
    return [_flat(row.items()) for row in rows]


def _flat(members: Iterable[tuple[str, object]]) -> Record:
    record: Record = {}
    for path, text in _leaves(members, ()):
        record.setdefault(path, text)  # of duplicate keys, the first one counts
    return record


def _leaves(members: Iterable[tuple[str, object]], above: Path) -> Iterator[tuple[Path, str]]:
    for key, value in members:
        path = (*above, key if above else strip_name(key))
        inner = _members(value)
        if inner is not None and len(path) < _MAX_DEPTH:
            yield from _leaves(inner, path)
        elif inner is None and value is not None and not isinstance(value, list):
            yield path, _text(value)[:_MAX_TEXT]


def _members(value: object) -> Iterable[tuple[str, object]] | None:
    """Return the members of a nested value: a tuple of pairs in JSON, a dictionary in Parquet."""
    if isinstance(value, dict):
        return value.items()
    return value if isinstance(value, tuple) else None


def _text(value: object) -> str:
    if isinstance(value, (str, bytes, bool)):
        return (value.decode("utf-8", "replace") if isinstance(value, bytes) else text_form(value)) or ""
    return str(value)


class SampledColumn:
    """The values of one path in the sample, cleaned and without null words."""

    def __init__(self, path: Path, values: Sequence[str]) -> None:
        self.path = path
        self.name = ".".join(path)
        self.words = normalize("_".join(path)).split("_")
        self.values = values
        self._typed = values[:_PARSED_VALUES]

    @property
    def spec(self) -> str:
        """The path as an item of a source's ``columns``: a top-level name as it is, a nested path as SQL."""
        return self.path[0] if len(self.path) == 1 else self.sql

    @property
    def sql(self) -> str:
        """The path for use in a SQL expression."""
        return ".".join(map(_quoted, self.path))

    @property
    def is_unique(self) -> bool:
        """Whether no value repeats."""
        return len(set(self.values)) == len(self.values)

    def time_rate(self, order: DateOrder) -> float:
        """Return the share of times since 2000; bare numbers count only if the name has a word for times."""
        if all(map(_DIGITS.fullmatch, self._typed)) and not self.has_word(TIME_WORDS):
            return 0.0
        moments = [read_timestamp(value, order) for value in self._typed]
        return sum(moment is not None and moment.micros >= _YEAR_2000 for moment in moments) / len(moments)

    def number_rate(self, decimal_mark: str) -> float:
        """Return the share of values that are numbers."""
        return sum(parse_number(value, decimal_mark) is not None for value in self._typed) / len(self._typed)

    @property
    def fraction_rate(self) -> float:
        """Return the share of values that have a fraction."""
        return sum("." in value or "," in value for value in self._typed) / len(self._typed)

    @property
    def has_no_blank(self) -> bool:
        """Whether no value holds a blank."""
        return not any(" " in value for value in self.values)

    def has_word(self, words: Sequence[str]) -> bool:
        """Whether the name has one of these words."""
        return self.rank(words) < len(words)

    def rank(self, words: Sequence[str]) -> int:
        """Return the position of the first of these words that the name has; their number if it has none.

        Longer words also match the beginning or end of a word of the name (``clientip``).
        """
        return next(
            (
                place
                for place, word in enumerate(words)
                if any(
                    own == word
                    or (len(word) > 2 and own.endswith(word))
                    or (len(word) > 3 and own.startswith(word))
                    for own in self.words
                )
            ),
            len(words),
        )


def sampled_columns(records: Sequence[Record]) -> list[SampledColumn]:
    """Return the paths that have a value in sample records, in order of occurrence."""
    values: dict[Path, list[str]] = {}
    for record in records:
        for path, text in record.items():
            column = values.setdefault(path, [])
            cleaned = clean_text(text)
            if not is_null_word(cleaned):
                column.append(cleaned)
    return [SampledColumn(path, column) for path, column in values.items() if column and all(path)]


def _quoted(key: str) -> str:
    return key if _PLAIN_NAME.fullmatch(key) else "`" + key.replace("`", "``") + "`"
