"""From text to records: lines and whole texts come in, cells under the contract's columns go out.

This runs as Python on Arrow batches within Spark. Cutting a record is a matter of single characters, and
Spark's own expressions, which take a text apart by one regular expression after another, need several times
the work for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from transforms.bronze_to_silver.extra import extra_text, extra_texts
from transforms.bronze_to_silver.json_members import text_of, value_at
from transforms.bronze_to_silver.precedence import EXTRA
from transforms.bronze_to_silver.records import FLAW, KEY, RAW, TEXT, is_typed_of
from transforms.bronze_to_silver.records import text_of as text_column
from transforms.bronze_to_silver.text import is_blank

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from transforms.bronze_to_silver.expressions import Path
    from transforms.bronze_to_silver.placement import Placement, Places, Target

_RECORDS_A_BATCH = 4_000
_MOST_BYTES = 64 * 1024 * 1024  # of records that are taken apart together, which takes several times that
_CHARACTERS_A_BATCH = 16 * 1024 * 1024  # an Arrow array of strings holds 2 GiB, and a record may be long


class Parsed(NamedTuple):
    """A record taken apart: its source columns and their values in file order, or why it cannot be."""

    keys: tuple[str, ...] = ()
    values: tuple[object, ...] = ()
    flaw: str | None = None


class PlainRecords(NamedTuple):
    """Those of many records that can be taken apart together: all have the same source columns, all texts.

    ``is_among``: of each record, whether it is one of these. ``columns``: their texts, by the order of
    ``keys``.
    """

    is_among: pa.BooleanArray
    keys: tuple[str, ...]
    columns: tuple[pa.StringArray, ...]


class Form(Protocol):
    """How a group of files writes its records."""

    @property
    def kept_blank(self) -> str:
        """A character that makes a record of a line that holds only blanks; empty: none does."""

    @property
    def is_whole(self) -> bool:
        """Whether a text is a whole file, and not one record."""

    def records_of(self, text: str) -> Iterable[str]:
        """Return the records within a whole text."""

    def plain(self, records: pa.StringArray) -> PlainRecords | None:
        """Take those records apart that are plainly written rows; None where the form knows no plain way."""

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
        """Cut batches of KEY and TEXT into batches of records, in no order."""
        for batch in self._records_in(batches):
            left = batch
            plain = self._plain(batch.column(TEXT))
            if plain is not None:
                yield self._cut_plain(batch.filter(plain.is_among), plain)
                left = batch.filter(pc.invert(plain.is_among))
            if left.num_rows:
                yield self._cut_each(left)

    def _plain(self, records: pa.StringArray) -> PlainRecords | None:
        """Take those records apart that may go together; None where they go one by one, or are too many."""
        if self.inputs or self.tells_typed or records.nbytes > _MOST_BYTES:
            return None
        return self.form.plain(records)

    def _records_in(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Return batches of KEY and record, so much at a time as suits the memory."""
        if not self.form.is_whole:
            yield from batches
            return
        keys: list[str] = []
        records: list[str] = []
        size = 0
        for batch in batches:
            for key, text in zip(*(batch.column(name).to_pylist() for name in (KEY, TEXT)), strict=True):
                for record in self.form.records_of(text):
                    keys.append(key)
                    records.append(record)
                    size += len(record)
                    if len(records) >= _RECORDS_A_BATCH or size >= _CHARACTERS_A_BATCH:
                        yield _batch(keys, records)
                        keys, records, size = [], [], 0
        yield _batch(keys, records)

    def _cut_plain(self, batch: pa.RecordBatch, plain: PlainRecords) -> pa.RecordBatch:
        """Return a batch of KEY and record with what their columns hold: whole columns find their places."""
        placement = self.places.of(plain.keys)
        nulls = pa.nulls(batch.num_rows, pa.string())
        unknown = [(name, [plain.columns[place] for place in of]) for name, of in placement.unknown]
        extras = extra_texts(unknown, batch.num_rows)
        *cells, _, _ = placement.take((*plain.columns, nulls))
        for number, rivals in placement.rivals:
            target = self.places.targets[number]
            rows = zip(*(plain.columns[place].to_pylist() for place in rivals), strict=True)
            cells[number] = pa.array([_first_taken(target, texts) for texts in rows], pa.string())
        return pa.RecordBatch.from_arrays([*batch.columns, nulls, extras, *cells], list(self._columns))

    def _cut_each(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch of KEY and record with what the records hold, one taken apart after the other."""
        kept_blank = self.form.kept_blank
        records = batch.column(TEXT).to_pylist()
        is_record = [bool(record.strip()) or not is_blank(record, kept_blank) for record in records]
        parsed = list(self.form.parse(list(compress(records, is_record))))
        is_row = [one is not None for one in parsed]
        rows = [one for one in parsed if one is not None]
        batch = batch.filter(pa.array(is_record, pa.bool_())).filter(pa.array(is_row, pa.bool_()))
        return self._of_rows(batch, rows)

    def _of_rows(self, batch: pa.RecordBatch, rows: Sequence[Parsed]) -> pa.RecordBatch:
        """Return a batch of KEY and record with what their parsed rows hold."""
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
        arrays = [*batch.columns, *(pa.array(texts, pa.string()) for texts in (flaws, extras))]
        columns = list(zip(*cells, strict=True)) or [()] * len(self.places.targets)
        for _, values in zip(self.places.targets, columns, strict=False):
            arrays.append(_texts(values))
            if self.tells_typed:
                arrays.append(pa.array([isinstance(value, bytes) for value in values], pa.bool_()))
        for path in self.inputs.values():
            arrays.append(pa.array([_text_at(row, path) for row in rows], pa.string()))
        return pa.RecordBatch.from_arrays(arrays, list(self._columns))

    def _settled(self, placement: Placement, values: Sequence[object]) -> Sequence[object]:
        """Return the cells of a record in which a contract column has several sources."""
        cells = list(placement.take((*values, None)))
        for number, rivals in placement.rivals:
            cells[number] = _first_taken(self.places.targets[number], [values[place] for place in rivals])
        return cells


def _batch(keys: Sequence[str], records: Sequence[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array(of, pa.string()) for of in (keys, records)], [KEY, TEXT])


def _first_taken(target: Target, values: Iterable[object]) -> object:
    """Return the first of a column's several sources that is a value for it (spec 4.1)."""
    return next((value for value in values if target.takes(text_of(value))), None)


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
