"""From the texts of records to the contract's typed values, a batch at once (spec 4.2).

Nearly all values are in the plainest form of their type and read as whole columns (``plain_values``); the
others are read one by one. This runs as Python on Arrow batches within Spark, behind the cutting of text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import DateOrder, Kind
from transforms.bronze_to_silver.numbers import is_not_finite, read_number
from transforms.bronze_to_silver.plain_values import PlainForm, are_null_words
from transforms.bronze_to_silver.precedence import EXTRA
from transforms.bronze_to_silver.records import FLAW, KEY, RAW, failure_of, is_typed_of, moment_of, text_of
from transforms.bronze_to_silver.text import clean_text, is_null_word, lowered, null_words_of
from transforms.bronze_to_silver.timestamps import read_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from contracts.model import Column as ContractColumn
    from contracts.model import Contract, DataType, Source


@dataclass(frozen=True, slots=True)
class Conventions:
    """How an upstream writes what a text alone does not tell. They hold for texts, not for typed values."""

    date_order: DateOrder
    decimal_mark: str = "."
    timezone: str = "UTC"


def conventions(contract: Contract, source: Source | None) -> Conventions:
    """Return a source's conventions, the contract's where it has none of its own."""
    if source is None:
        return Conventions(contract.date_order)
    return Conventions(
        source.date_order or contract.date_order, source.decimal_mark or ".", source.timezone or "UTC"
    )


class _Outcome(NamedTuple):
    """What became of one text: its value, the text itself where it is none, and a remark on the value.

    The remark is a decimal's currency as written, or whether a timestamp came without a time.
    """

    value: object = None
    uncastable: str | None = None
    remark: str | bool | None = None


_NOTHING = _Outcome()

_ReadOdd: TypeAlias = Callable[[str, str], _Outcome]
"""Reads one text that is not plainly written; the other argument is its decimal mark."""

# Of a column, by their texts: what is oddly written is mostly so in the same few ways, again and again.
_MOST_REMEMBERED = 4096
_LONGEST_REMEMBERED = 64  # characters


def remembering(read_odd: _ReadOdd) -> _ReadOdd:
    """Return the same, which need not read a text anew that it has just read."""
    remembered = lru_cache(_MOST_REMEMBERED)(read_odd)
    return lambda text, mark: (remembered if len(text) <= _LONGEST_REMEMBERED else read_odd)(text, mark)


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """Reads one contract column. ``null_words``: in lower case."""

    name: str
    type: DataType
    null_words: frozenset[str]
    by: Conventions
    tells_uncastable: bool = False

    @property
    def schema(self) -> Mapping[str, str]:
        """What is told of each value besides itself: name -> Spark's type."""
        told = {f"_uncastable_{self.name}": "string"} if self.tells_uncastable else {}
        return told | {name: spark_type for name, (spark_type, _) in self._remark.items()}

    def read(
        self, cells: Mapping[str, pa.Array], rows: int, read_odd: _ReadOdd
    ) -> tuple[pa.Array, list[pa.Array]]:
        """Return the values of a batch's cells, and what ``schema`` tells of them.

        Args:
            cells: a batch's columns by name; those that this column's source lacks may be missing.
            rows: how many rows the batch has.
            read_odd: ``self.read_odd``, or what does the same.
        """
        texts = cells.get(text_of(self.name), pa.nulls(rows, pa.string()))
        value, is_left = self._read_plain(texts)
        outcomes = self._read_left(texts, cells.get(is_typed_of(self.name)), is_left, read_odd)
        values, uncastables, remarks = zip(*outcomes, strict=True) if outcomes else ((), (), ())
        value = _put(value, is_left, values)
        told = [_put(pa.nulls(rows, type_), is_left, remarks) for _, type_ in self._remark.values()]
        if (moment := cells.get(moment_of(self.name))) is not None:
            value = pc.coalesce(moment.field("value"), value)
            told = [pc.coalesce(moment.field("is_date_only"), told[0])]
        if self.tells_uncastable:
            uncastable = _put(pa.nulls(rows, pa.string()), is_left, uncastables)
            failure = cells.get(failure_of(self.name))
            told.insert(0, uncastable if failure is None else pc.coalesce(failure, uncastable))
        return value, told

    @property
    def _remark(self) -> Mapping[str, tuple[str, pa.DataType]]:
        match self.type.kind:
            case Kind.DECIMAL:
                return {f"_currency_{self.name}": ("string", pa.string())}
            case Kind.TIMESTAMP:
                return {f"_date_only_{self.name}": ("boolean", pa.bool_())}
        return {}

    def _read_plain(self, texts: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Read what is plain, also between blanks, and null words. Returns values, and what is left."""
        form = PlainForm(self.type, self.null_words, has_point=self.by.decimal_mark == ".")
        value = form.read(texts)
        is_left = pc.and_(pc.is_valid(texts), pc.is_null(value))
        if is_left.true_count:
            trimmed = pc.ascii_trim(texts.filter(is_left), " ")
            again = form.read(trimmed)
            is_odd = pc.and_not(pc.is_null(again), are_null_words(trimmed, self.null_words))
            value = pc.replace_with_mask(value, is_left, again)
            is_left = pc.replace_with_mask(is_left, is_left, is_odd)
        return value, is_left

    def _read_left(
        self, texts: pa.Array, is_typed: pa.Array | None, is_left: pa.Array, read_odd: _ReadOdd
    ) -> list[_Outcome]:
        left = texts.filter(is_left).to_pylist()
        if is_typed is None:
            return [read_odd(text, self.by.decimal_mark) for text in left]
        marks = ("." if typed else self.by.decimal_mark for typed in is_typed.filter(is_left).to_pylist())
        return [read_odd(text, mark) for text, mark in zip(left, marks, strict=True)]

    def read_odd(self, text: str, decimal_mark: str) -> _Outcome:
        """Read one text, however it is written."""
        cleaned = clean_text(text)
        if is_null_word(cleaned, self.null_words):
            return _NOTHING
        if self.type.kind is Kind.STRING:
            return _Outcome(cleaned)
        if self.type.kind is Kind.TIMESTAMP:
            moment = read_timestamp(cleaned, self.by.date_order, self.by.timezone)
            return (
                _Outcome(None, cleaned, remark=False)
                if moment is None
                else _Outcome(moment[0], None, moment[1])
            )
        if is_not_finite(cleaned):
            return _NOTHING
        number = read_number(cleaned, self.type, decimal_mark)
        return _Outcome(None, cleaned) if number is None else _Outcome(number[0], None, number[1])


class RecordReader:
    """Reads the values of a dataset's records that were written under the same conventions."""

    def __init__(self, contract: Contract, by: Conventions) -> None:
        self._columns = tuple(_reader_of(column, contract, by) for column in contract.columns)
        self.timestamps = frozenset(c.name for c in contract.columns if c.type.kind is Kind.TIMESTAMP)

    @property
    def schema(self) -> str:
        """What ``read`` returns, as Spark's DDL.

        For each contract column its typed value (null: missing, uncastable or malformed); ``_extra``,
        ``_source_file``, ``_raw``, ``_malformed``; ``_uncastable_<c>``, ``_currency_<c>`` (decimals),
        ``_date_only_<c>`` (timestamps).
        """
        return ", ".join(f"`{name}` {type_}" for name, type_ in self._schema.items())

    @property
    def _schema(self) -> Mapping[str, str]:
        schema = {column.name: str(column.type) for column in self._columns}
        schema |= dict.fromkeys((EXTRA, KEY, "_raw", "_malformed"), "string")
        for column in self._columns:
            schema |= column.schema
        return schema

    def read(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Read batches of records: KEY, RAW, FLAW, ``_extra``, and what is known of each column's cells."""
        readers = [(column, remembering(column.read_odd)) for column in self._columns]
        for batch in batches:
            cells = dict(zip(batch.schema.names, batch.columns, strict=True))
            values, told = [], []
            for column, read_odd in readers:
                value, further = column.read(cells, batch.num_rows, read_odd)
                values.append(value)
                told += further
            whole = [cells[name] for name in (EXTRA, KEY, RAW, FLAW)]
            yield pa.RecordBatch.from_arrays([*values, *whole, *told], list(self._schema))


def _reader_of(column: ContractColumn, contract: Contract, by: Conventions) -> ColumnReader:
    tells_uncastable = column.name in contract.uncastable_columns
    return ColumnReader(column.name, column.type, lowered(null_words_of(column)), by, tells_uncastable)


def _put(array: pa.Array, places: pa.Array, values: Sequence[object]) -> pa.Array:
    """Return an array with values put at the places that are true."""
    return pc.replace_with_mask(array, places, pa.array(values, array.type)) if values else array
