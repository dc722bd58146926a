"""Parse text into records: batches of lines or whole files in, batches of contract columns' cells out.

Runs as Python on Arrow batches within Spark. Parsing works on single characters; Spark's own expressions,
one regular expression after another, need several times the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.column_names import strip_name
from contracts.system_columns import EXTRA, POSITION, SOURCE_FILE
from transforms.bronze_to_silver.corrections import CORRECTION_COLUMNS
from transforms.bronze_to_silver.record_columns import FLAW, RAW_RECORD, TEXT, is_typed_column, text_column
from transforms.bronze_to_silver.unknown_columns import extra_text, extra_texts
from transforms.formats.json_parser import text_form, value_at
from transforms.formats.parsed import ParsedRecord
from transforms.formats.text_cleaning import is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from transforms.bronze_to_silver.column_mapping import ColumnMapper, ColumnMapping, TargetColumn
    from transforms.bronze_to_silver.expression_parser import SourcePath
    from transforms.formats.parsed import PlainRecords

_RECORDS_A_BATCH = 4_000
_MOST_PLAIN_BYTES = 64 * 1024 * 1024  # of records parsed as whole columns, which takes several times that
_CHARACTERS_A_BATCH = 16 * 1024 * 1024  # an Arrow array of strings holds 2 GiB, and a record may be long


class RecordFormat(Protocol):
    """How a group of files writes its records."""

    @property
    def kept_blank(self) -> str:
        """Character that makes a whitespace-only line a record (a tab delimiter), or ''."""

    @property
    def is_whole(self) -> bool:
        """Whether a text is a whole file rather than one record."""

    @property
    def line_end(self) -> str:
        """Line feed, or carriage return where that alone ends lines."""

    def records_of(self, text: str) -> Iterable[str]:
        """Return the records of a whole file."""

    def parse_plain(self, records: pa.StringArray) -> PlainRecords | None:
        """Parse the plainly written records as whole columns; None where the format does not support it."""

    def parse(self, records: Sequence[str]) -> Iterable[ParsedRecord | None]:
        """Parse records one by one; None for a repeated header."""


class FillDown:
    """Fills empty cells of some source columns with the last value before, record by record of a file."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._last: dict[str, object] = dict.fromkeys(columns)

    def fill(self, record: ParsedRecord) -> ParsedRecord:
        """Return a record with its cells filled; flawed records are passed through and skipped."""
        if record.flaw is not None or not self._last:
            return record
        keys, values = list(record.keys), list(record.values)
        for column, last in self._last.items():
            positions = _positions_of(record.keys, column)
            value = next((values[at] for at in positions if not _is_empty(values[at])), None)
            if value is not None:
                self._last[column] = value
            elif last is not None and positions:
                values[positions[0]] = last
            elif last is not None:
                keys.append(column)
                values.append(last)
        return ParsedRecord(tuple(keys), tuple(values))


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and is_blank(value))


@dataclass(frozen=True, slots=True)
class RecordParser:
    """Parses the texts of one group of files.

    ``inputs``: name of a further column -> the path of its text in the record, null where that is empty.
    ``flags_typed``: whether to flag each cell whose source value was typed. ``fill_down``: source columns
    whose empty cells take the value of the record before. ``has_position``: whether to number the records.
    ``corrects``: returns a batch of records with their corrections, and CORRECTION_COLUMNS; None where no
    file of the group has any.
    """

    record_format: RecordFormat
    mapper: ColumnMapper
    inputs: Mapping[str, SourcePath]
    flags_typed: bool = False
    fill_down: tuple[str, ...] = ()
    has_position: bool = False
    corrects: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None

    @property
    def schema(self) -> str:
        """The result's columns, as Spark's DDL."""
        return ", ".join(f"`{name}` {spark_type}" for name, spark_type in self._columns.items())

    @property
    def _columns(self) -> Mapping[str, str]:
        columns = dict.fromkeys((SOURCE_FILE, RAW_RECORD, FLAW, EXTRA), "string")
        for target in self.mapper.targets:
            columns[text_column(target.name)] = "string"
            if self.flags_typed:
                columns[is_typed_column(target.name)] = "boolean"
        columns |= dict.fromkeys(self.inputs, "string")
        columns |= CORRECTION_COLUMNS if self.corrects else {}
        return columns | {POSITION: "bigint"} if self.has_position else columns

    def parse(self, batches: Iterable[pa.RecordBatch], first_position: int = 0) -> Iterator[pa.RecordBatch]:
        """Parse batches of SOURCE_FILE and TEXT, from one file or a split of it.

        Records keep their order only where cells are filled down or records numbered.
        """
        filling = FillDown(self.fill_down)
        for written in self._records_in(batches):
            batch = written if self.corrects is None else self.corrects(written)
            if not self._can_be_plain:
                yield self._parse_each(batch, filling, first_position)
                first_position += batch.num_rows
                continue
            left = batch
            plain = self._plain_records(batch.column(TEXT))
            if plain is not None:
                yield self._plain_rows(batch.filter(plain.is_among), plain)
                left = batch.filter(pc.invert(plain.is_among))
            if left.num_rows:
                yield self._parse_each(left, filling, 0)

    @property
    def _can_be_plain(self) -> bool:
        """Whether only the cells of the records' own columns are needed."""
        return not (self.inputs or self.flags_typed or self.fill_down or self.has_position or self.corrects)

    def _plain_records(self, records: pa.StringArray) -> PlainRecords | None:
        return None if records.nbytes > _MOST_PLAIN_BYTES else self.record_format.parse_plain(records)

    def _records_in(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield batches of SOURCE_FILE and record, of limited size."""
        if not self.record_format.is_whole:
            yield from batches
            return
        keys: list[str] = []
        records: list[str] = []
        size = 0
        for batch in batches:
            for key, text in zip(
                *(batch.column(name).to_pylist() for name in (SOURCE_FILE, TEXT)), strict=True
            ):
                for record in self.record_format.records_of(text):
                    keys.append(key)
                    records.append(record)
                    size += len(record)
                    if len(records) >= _RECORDS_A_BATCH or size >= _CHARACTERS_A_BATCH:
                        yield _batch(keys, records)
                        keys, records, size = [], [], 0
        yield _batch(keys, records)

    def _plain_rows(self, batch: pa.RecordBatch, plain: PlainRecords) -> pa.RecordBatch:
        """Return a batch of SOURCE_FILE and record with its cells, moved as whole columns."""
        mapping = self.mapper.mapping_of(plain.keys)
        nulls = pa.nulls(batch.num_rows, pa.string())
        unknown = [(name, [plain.columns[at] for at in positions]) for name, positions in mapping.unknown]
        extras = extra_texts(unknown, batch.num_rows, self.mapper.extra_words)
        *cells, _, _ = mapping.pick((*plain.columns, nulls))
        for number, positions in mapping.several:
            target = self.mapper.targets[number]
            rows = zip(*(plain.columns[at].to_pylist() for at in positions), strict=True)
            cells[number] = pa.array([_first_value(target, texts) for texts in rows], pa.string())
        return pa.RecordBatch.from_arrays([*batch.columns, nulls, extras, *cells], list(self._columns))

    def _parse_each(self, batch: pa.RecordBatch, filling: FillDown, position: int) -> pa.RecordBatch:
        """Return a batch of SOURCE_FILE and record with its cells, parsed one record after the other."""
        if self.has_position and POSITION not in batch.schema.names:
            batch = batch.append_column(POSITION, pa.array(np.arange(position, position + batch.num_rows)))
        kept_blank = self.record_format.kept_blank
        records = batch.column(TEXT).to_pylist()
        is_record = [bool(record.strip()) or not is_blank(record, kept_blank) for record in records]
        parsed = list(self.record_format.parse(list(compress(records, is_record))))
        is_row = [record is not None for record in parsed]
        rows = [filling.fill(record) for record in parsed if record is not None]
        batch = batch.filter(pa.array(is_record, pa.bool_())).filter(pa.array(is_row, pa.bool_()))
        return self._batch_of(batch, rows)

    def _batch_of(self, batch: pa.RecordBatch, rows: Sequence[ParsedRecord]) -> pa.RecordBatch:
        """Return a batch of SOURCE_FILE and record with the cells of its parsed rows."""
        mappings = [self.mapper.mapping_of(row.keys) for row in rows]
        cells = [
            self._pick_first(mapping, row.values) if mapping.several else mapping.pick((*row.values, None))
            for mapping, row in zip(mappings, rows, strict=True)
        ]
        extras = [
            _extra(mapping, row.values, self.mapper.extra_words) if mapping.unknown else None
            for mapping, row in zip(mappings, rows, strict=True)
        ]
        flaws = [row.flaw for row in rows]
        keys, records, *further = batch.columns
        arrays = [keys, records, *(pa.array(texts, pa.string()) for texts in (flaws, extras))]
        columns = list(zip(*cells, strict=True)) or [()] * len(self.mapper.targets)
        for _, values in zip(self.mapper.targets, columns, strict=False):
            arrays.append(_texts(values))
            if self.flags_typed:
                arrays.append(pa.array([isinstance(value, bytes) for value in values], pa.bool_()))
        for path in self.inputs.values():
            arrays.append(pa.array([_text_at(row, path) for row in rows], pa.string()))
        arrays += further
        return pa.RecordBatch.from_arrays(arrays, list(self._columns))

    def _pick_first(self, mapping: ColumnMapping, values: Sequence[object]) -> Sequence[object]:
        """Return the cells of a record in which a contract column has several sources."""
        cells = list(mapping.pick((*values, None)))
        for number, positions in mapping.several:
            cells[number] = _first_value(self.mapper.targets[number], [values[at] for at in positions])
        return cells


def _batch(keys: Sequence[str], records: Sequence[str]) -> pa.RecordBatch:
    columns = [pa.array(texts, pa.string()) for texts in (keys, records)]
    return pa.RecordBatch.from_arrays(columns, [SOURCE_FILE, TEXT])


def _first_value(target: TargetColumn, values: Iterable[object]) -> object:
    """Return the first of a column's several sources that is a value for it (spec 4.1)."""
    return next((value for value in values if target.is_value(text_form(value))), None)


def _extra(mapping: ColumnMapping, values: Sequence[object], null_words: Collection[str]) -> str | None:
    """Return the ``_extra`` of a record's values."""
    unknown = ((name, (text_form(values[at]) for at in positions)) for name, positions in mapping.unknown)
    return extra_text(unknown, null_words)


def _text_at(parsed: ParsedRecord, path: SourcePath) -> str | None:
    """Return the first non-empty text at a path, over all source columns of that name."""
    for position in _positions_of(parsed.keys, path.column):
        text = text_form(value_at(parsed.values[position], path.steps))
        if text is not None and not is_blank(text):
            return text
    return None


@lru_cache(maxsize=4096)
def _positions_of(keys: tuple[str, ...], name: str) -> tuple[int, ...]:
    """Return the positions of the source columns with this stripped name."""
    return tuple(position for position, key in enumerate(keys) if strip_name(key) == name)


def _texts(values: Sequence[object]) -> pa.Array:
    try:
        return pa.array(values, pa.string())  # a number's literal is bytes, which Arrow accepts as text
    except pa.ArrowTypeError:  # booleans and nested values, which are rare
        return pa.array([text_form(value) for value in values], pa.string())
