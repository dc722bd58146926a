"""From text to records: lines and whole texts come in, cells under the contract's columns go out.

This runs as Python on Arrow batches within Spark. Cutting a record is a matter of single characters, and
Spark's own expressions, which take a text apart by one regular expression after another, need several times
the work for it.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pyarrow as pa

from transforms.bronze_to_silver.extra import extra_text
from transforms.bronze_to_silver.json_members import text_of, value_at
from transforms.bronze_to_silver.precedence import EXTRA
from transforms.bronze_to_silver.records import FLAW, KEY, RAW, is_typed_of
from transforms.bronze_to_silver.records import text_of as text_column
from transforms.bronze_to_silver.text import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame

    from transforms.bronze_to_silver.expressions import Path
    from transforms.bronze_to_silver.placement import Placement, Places
    from transforms.bronze_to_silver.values import RecordReader

_RECORDS_A_BATCH = 4_000
_CHARACTERS_A_BATCH = 16 * 1024 * 1024  # an Arrow array of strings holds 2 GiB, and a record may be long


class Parsed(NamedTuple):
    """A record taken apart: its source columns and their values in file order, or why it cannot be."""

    keys: tuple[str, ...] = ()
    values: tuple[object, ...] = ()
    flaw: str | None = None


class Form(Protocol):
    """How a group of files writes its records."""

    @property
    def kept_blank(self) -> str:
        """A character that makes a record of a line that holds only blanks; empty: none does."""

    def records_of(self, text: str) -> Iterable[str]:
        """Return the records within one text of the input."""

    def parse(self, records: Sequence[str]) -> Iterable[Parsed | None]:
        """Take records apart; None for one that is no row (a header again)."""


@dataclass(frozen=True, slots=True)
class Cutter:
    """What is to be cut out of the texts of one group of files.

    ``inputs``: name of a further column -> the path in the record whose text it holds. ``tells_typed``:
    whether to say of each cell if it was no text in its source.
    """

    form: Form
    places: Places
    inputs: Mapping[str, Path]
    tells_typed: bool = False

    @property
    def schema(self) -> str:
        """The result's columns, as Spark's DDL."""
        return ", ".join(f"`{name}` {spark_type}" for name, spark_type in self._columns.items())

    @property
    def _columns(self) -> Mapping[str, str]:
        columns = dict.fromkeys((KEY, RAW, FLAW, EXTRA), "string")
        for target in self.places.targets:
            columns[text_column(target.name)] = "string"
            if self.tells_typed:
                columns[is_typed_of(target.name)] = "boolean"
        return columns | dict.fromkeys(self.inputs, "string")

    def cut(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Cut batches of (KEY, TEXT) into batches of records, in order."""
        keys: list[str] = []
        records: list[str] = []
        size = 0
        for batch in batches:
            for key, text in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                for record in self.form.records_of(text):
                    if record.strip() or not is_blank(record, self.form.kept_blank):
                        keys.append(key)
                        records.append(record)
                        size += len(record)
                    if len(records) >= _RECORDS_A_BATCH or size >= _CHARACTERS_A_BATCH:
                        yield self._rows(keys, records)
                        keys, records, size = [], [], 0
        if records:
            yield self._rows(keys, records)

    def _rows(self, keys: Sequence[str], records: Sequence[str]) -> pa.RecordBatch:
        parsed = list(self.form.parse(records))
        if None in parsed:
            is_row = [one is not None for one in parsed]
            keys, records = list(compress(keys, is_row)), list(compress(records, is_row))
        rows = [one for one in parsed if one is not None]
        placements = [self.places.of(row.keys) for row in rows]
        cells = [
            self._settled(placement, row.values) if placement.rivals else placement.take((*row.values, None))
            for placement, row in zip(placements, rows, strict=True)
        ]
        extras = [
            _extra(placement, row.values) if placement.unknown else None
            for placement, row in zip(placements, rows, strict=True)
        ]
        flaws = [row.flaw for row in rows]
        arrays = [pa.array(texts, pa.string()) for texts in (keys, records, flaws, extras)]
        for number, _ in enumerate(self.places.targets):
            values = [cell[number] for cell in cells]
            arrays.append(_texts(values))
            if self.tells_typed:
                arrays.append(pa.array([isinstance(value, bytes) for value in values], pa.bool_()))
        for path in self.inputs.values():
            arrays.append(pa.array([_text_at(row, path) for row in rows], pa.string()))
        return pa.RecordBatch.from_arrays(arrays, list(self._columns))

    def _settled(self, placement: Placement, values: Sequence[object]) -> Sequence[object]:
        """Return the cells of a record in which a contract column has several sources.

        It takes the first of them that is a value for it.
        """
        cells = list(placement.take((*values, None)))
        for number, rivals in placement.rivals:
            target = self.places.targets[number]
            cells[number] = next((values[p] for p in rivals if target.takes(text_of(values[p]))), None)
        return cells


def cut_records(texts: DataFrame, cutter: Cutter) -> DataFrame:
    """Cut texts into records.

    Args:
        texts: KEY and TEXT; a text is a line, or whatever else the cutter's form finds records in.
        cutter: what to cut out.

    Returns:
        Grain: a record that is not blank and no header. KEY, RAW, FLAW, ``_extra``, the text of each of the
        cutter's targets, and the cutter's inputs; where FLAW is not null, all of those are null.
    """

    def cut(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        with _no_search_for_cycles():
            yield from cutter.cut(batches)

    return texts.mapInArrow(cut, cutter.schema)


def cut_and_read_records(texts: DataFrame, cutter: Cutter, reader: RecordReader) -> DataFrame:
    """Cut texts into records and read their values, in one go. Returns what ``reader.schema`` says."""

    def cut_and_read(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        with _no_search_for_cycles():
            yield from reader.read(cutter.cut(batches))

    return texts.mapInArrow(cut_and_read, reader.schema)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Keep Python from searching the many small values of a batch for cycles: none is made.

    The search would take a fifth of the time that cutting takes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _extra(placement: Placement, values: Sequence[object]) -> str | None:
    """Return the ``_extra`` of a record's values."""
    return extra_text(
        (name, (text_of(values[place]) for place in places)) for name, places in placement.unknown
    )


def _text_at(parsed: Parsed, path: Path) -> str | None:
    for key, value in zip(parsed.keys, parsed.values, strict=True):
        if key == path.column:
            return text_of(value_at(value, path.steps))
    return None


def _texts(values: Sequence[object]) -> pa.Array:
    try:
        return pa.array(values, pa.string())  # a number's literal is bytes, which Arrow takes for its text
    except pa.ArrowTypeError:  # truth values and nested ones, which are rare
        return pa.array([text_of(value) for value in values], pa.string())
