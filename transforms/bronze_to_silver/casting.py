"""Cast the texts of records to the contract's typed values, a batch at a time (spec 4.2).

Nearly all values are in the plainest form of their type and cast as whole columns (``casting_vectorized``);
the others are read one by one. Runs as Python on Arrow batches within Spark, after the parsing of text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Kind
from contracts.system_columns import (
    CURRENCY_PREFIX,
    DATE_ONLY_PREFIX,
    EXTRA,
    MALFORMED,
    RAW_TEXT,
    SOURCE_FILE,
    TOO_LONG_PREFIX,
    UNCASTABLE_PREFIX,
    WAIVED,
)
from transforms.bronze_to_silver.casting_vectorized import PlainReader, are_null_words
from transforms.bronze_to_silver.currencies import (
    cleaned_currencies,
    exponent_of,
    exponents_of,
    in_main_unit,
)
from transforms.bronze_to_silver.java_patterns import java_pattern
from transforms.bronze_to_silver.numbers import is_not_finite, parse_number
from transforms.bronze_to_silver.record_columns import (
    CORRECTED,
    CURRENCY,
    DISCARDED,
    FLAW,
    RAW_RECORD,
    failure_column,
    is_typed_column,
    moment_column,
    text_column,
)
from transforms.bronze_to_silver.spellings import respelled
from transforms.bronze_to_silver.timestamps import read_timestamp
from transforms.formats.text_cleaning import (
    DEFAULT_WORDS,
    clean_text,
    is_key_column,
    is_null_word,
    lowered,
    null_words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from contracts.model import Column as ContractColumn
    from contracts.model import Contract, DataType
    from transforms.bronze_to_silver.conventions import Conventions
    from transforms.bronze_to_silver.timestamps import Moment


class RecordReader:
    """Casts the records of a dataset that follow the same conventions."""

    def __init__(self, contract: Contract, conventions: Conventions) -> None:
        self._conventions = conventions
        self._columns = tuple(_column_reader(column, contract, conventions) for column in contract.columns)
        self.timestamps = frozenset(c.name for c in contract.columns if c.type.kind is Kind.TIMESTAMP)

    @property
    def schema(self) -> str:
        """The columns that ``read`` returns, as Spark's DDL.

        For each contract column its typed value (null: missing, uncastable or malformed); ``_extra``,
        ``_source_file``, ``_raw``, ``_malformed``, ``_waived``; ``_uncastable_<c>``, ``_currency_<c>``
        (decimals), ``_date_only_<c>`` (timestamps), ``_too_long_<c>`` (strings with a limit).
        """
        return ", ".join(f"`{name}` {type_}" for name, type_ in self._schema.items())

    @property
    def _schema(self) -> Mapping[str, str]:
        schema = {column.name: str(column.type) for column in self._columns}
        schema |= dict.fromkeys((EXTRA, SOURCE_FILE, RAW_TEXT, MALFORMED, WAIVED), "string")
        for column in self._columns:
            schema |= column.notes_schema
        return schema

    def read(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Cast batches of SOURCE_FILE, RAW_RECORD, FLAW, ``_extra`` and the columns of cells.

        CURRENCY, if present: the currency that each record names, as text. The CORRECTION_COLUMNS of records
        that have them are returned too.
        """
        readers = [(column, memoized(column.read_text)) for column in self._columns]
        for batch in batches:
            cells = dict(zip(batch.schema.names, batch.columns, strict=True))
            self._add_currency(cells, batch.num_rows)
            values, notes = [], []
            for column, read_text in readers:
                value, of_value = column.read(cells, batch.num_rows, read_text)
                values.append(value)
                notes += of_value
            whole = [cells[name] for name in (EXTRA, SOURCE_FILE, RAW_RECORD, FLAW)]
            whole.append(cells.get(WAIVED, pa.nulls(batch.num_rows, pa.string())))
            marks = [name for name in (CORRECTED, DISCARDED) if name in cells]
            columns = [*values, *whole, *notes, *(cells[name] for name in marks)]
            yield pa.RecordBatch.from_arrays(columns, [*self._schema, *marks])

    def _add_currency(self, cells: dict[str, pa.Array], rows: int) -> None:
        """Clean the currencies that records name, or add the source's own."""
        if CURRENCY in cells:
            null_words = self._conventions.null_words
            words = DEFAULT_WORDS if null_words is None else null_words
            cells[CURRENCY] = cleaned_currencies(cells[CURRENCY], words)
        elif self._conventions.currency is not None:
            cells[CURRENCY] = pa.repeat(pa.scalar(self._conventions.currency, pa.string()), rows)


def _column_reader(column: ContractColumn, contract: Contract, conventions: Conventions) -> ColumnReader:
    return ColumnReader(
        column.name,
        column.type,
        lowered(null_words_of(column)),
        conventions,
        column.name in contract.uncastable_columns,
        is_key_column(column),
    )


class _Outcome(NamedTuple):
    """The result of casting one text: its value, the text if it is uncastable, and a note on the value.

    The note is a decimal's currency as written, or whether a timestamp was written without a time.
    """

    value: object = None
    uncastable: str | None = None
    note: str | bool | None = None


_NULL = _Outcome()

_ReadText: TypeAlias = Callable[[str, bool, int | None], _Outcome]
"""See ``ColumnReader.read_text``."""

# A column's unusual texts mostly repeat.
_CACHED_TEXTS = 4096
_LONGEST_CACHED = 64  # characters


def memoized(read_text: _ReadText) -> _ReadText:
    """Return ``read_text`` with an LRU cache for short texts."""
    cached_read = lru_cache(_CACHED_TEXTS)(read_text)

    def read(text: str, is_typed: bool, exponent: int | None) -> _Outcome:
        return (cached_read if len(text) <= _LONGEST_CACHED else read_text)(text, is_typed, exponent)

    return read


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """Casts one contract column.

    ``null_words``: the column's own, in lower case. ``notes_uncastable``: whether to return uncastable texts.
    ``is_key``: whether its values are cleaned as keys.
    """

    name: str
    type: DataType
    null_words: frozenset[str]
    conventions: Conventions
    notes_uncastable: bool = False
    is_key: bool = False

    @property
    def notes_schema(self) -> Mapping[str, str]:
        """Names and Spark types of the further columns that ``read`` returns."""
        notes = {f"{UNCASTABLE_PREFIX}{self.name}": "string"} if self.notes_uncastable else {}
        return notes | {name: spark_type for name, (spark_type, _) in self._note.items()}

    def read(
        self, cells: Mapping[str, pa.Array], rows: int, read_text: _ReadText
    ) -> tuple[pa.Array, list[pa.Array]]:
        """Return the values of a batch's cells, and the columns of ``notes_schema``.

        Args:
            cells: a batch's columns by name; those that the source lacks may be missing. CURRENCY is cleaned.
            rows: how many rows the batch has.
            read_text: ``self.read_text``, or a memoized version of it.
        """
        texts = cells.get(text_column(self.name), pa.nulls(rows, pa.string()))
        is_typed = None
        if not self.conventions.treats_typed_as_text:
            is_typed = cells.get(is_typed_column(self.name))
        if is_typed is not None:
            is_typed = pc.fill_null(is_typed, False)
        currencies = cells.get(CURRENCY) if self.type.kind is Kind.DECIMAL else None
        exponents = None
        if self._is_in_minor_units:
            exponents = pa.nulls(rows, pa.int8()) if currencies is None else exponents_of(currencies)
        value, is_left = self._read_plain(texts, is_typed, exponents)
        outcomes = _read_each(texts, is_typed, exponents, is_left, read_text)
        values, uncastables, notes_left = zip(*outcomes, strict=True) if outcomes else ((), (), ())
        value = _replaced(value, is_left, values)
        if self.type.kind is Kind.STRING:
            value = respelled(self.name, value)
            notes = [_bytes_beyond(value, self.type.max_bytes)] if self._note else []
        else:
            notes = [_replaced(pa.nulls(rows, of), is_left, notes_left) for _, of in self._note.values()]
        if currencies is not None:
            notes = [pc.if_else(pc.is_valid(value), pc.coalesce(notes[0], currencies), None)]
        if (moment := cells.get(moment_column(self.name))) is not None:
            value = pc.coalesce(moment.field("value"), value)
            notes = [pc.coalesce(moment.field("is_date_only"), notes[0])]
        if self.notes_uncastable:
            uncastable = _replaced(pa.nulls(rows, pa.string()), is_left, uncastables)
            failure = cells.get(failure_column(self.name))
            notes.insert(0, uncastable if failure is None else pc.coalesce(failure, uncastable))
        return value, notes

    def read_text(self, text: str, is_typed: bool, exponent: int | None) -> _Outcome:
        """Cast one text in any of the supported forms.

        Args:
            text: the text.
            is_typed: whether the source value was typed.
            exponent: of the smallest unit of the record's currency, for amounts in that unit that name no
                currency themselves; None: unknown.
        """
        cleaned = clean_text(text, is_key=self.is_key)
        if is_null_word(cleaned, self._null_words(is_typed=is_typed)):
            return _NULL
        if self.type.kind is Kind.STRING:
            return _Outcome(cleaned)
        if self.type.kind is Kind.TIMESTAMP:
            moment = self._read_timestamp(cleaned, is_typed=is_typed)
            if moment is None:
                return _Outcome(None, cleaned, note=False)
            return _Outcome(moment.micros, None, moment.is_date_only)
        if is_not_finite(cleaned):
            return _NULL
        decimal_mark = "." if is_typed else self.conventions.decimal_mark
        number = parse_number(cleaned, decimal_mark, self.conventions.currency_signs)
        if number is None:
            return _Outcome(None, cleaned)
        shift: int | None = 0
        if self._is_in_minor_units:
            shift = exponent if number.currency is None else exponent_of(number.currency)
        value = None if shift is None else number.to_type(self.type, shift)
        return _Outcome(None, cleaned) if value is None else _Outcome(value, None, number.currency)

    @property
    def _note(self) -> Mapping[str, tuple[str, pa.DataType]]:
        match self.type.kind:
            case Kind.DECIMAL:
                return {f"{CURRENCY_PREFIX}{self.name}": ("string", pa.string())}
            case Kind.TIMESTAMP:
                return {f"{DATE_ONLY_PREFIX}{self.name}": ("boolean", pa.bool_())}
            case Kind.STRING if self.type.max_bytes:
                return {f"{TOO_LONG_PREFIX}{self.name}": ("int", pa.int32())}
        return {}

    @property
    def _is_in_minor_units(self) -> bool:
        return self.conventions.minor_units and self.type.kind is Kind.DECIMAL

    def _null_words(self, *, is_typed: bool) -> frozenset[str]:
        own = self.conventions.null_words
        return self.null_words if is_typed or own is None else own

    def _read_plain(
        self, texts: pa.Array, is_typed: pa.Array | None, exponents: pa.Array | None
    ) -> tuple[pa.Array, pa.Array]:
        """Cast plain texts, trimmed too, and null words. Returns the values and a mask of the texts left."""
        if is_typed is None:
            return self._read_plain_alike(texts, exponents, is_typed=False)
        of_texts = self._read_plain_alike(pc.if_else(is_typed, None, texts), exponents, is_typed=False)
        of_typed = self._read_plain_alike(pc.if_else(is_typed, texts, None), exponents, is_typed=True)
        return pc.coalesce(of_texts[0], of_typed[0]), pc.or_(of_texts[1], of_typed[1])

    def _read_plain_alike(
        self, texts: pa.Array, exponents: pa.Array | None, *, is_typed: bool
    ) -> tuple[pa.Array, pa.Array]:
        """Do the same for values that are all typed, or all text."""
        null_words = self._null_words(is_typed=is_typed)
        has_point = is_typed or self.conventions.decimal_mark == "."
        reader = PlainReader(self.type, null_words, has_point=has_point)
        if not is_typed and self.name in self.conventions.formats:  # which precede all other forms
            return reader.read(pa.nulls(len(texts), pa.string())), pc.is_valid(texts)
        value = _in_main_unit(reader.read(texts), exponents)
        is_left = pc.and_(pc.is_valid(texts), pc.is_null(value))
        if is_left.true_count:
            trimmed = pc.ascii_trim(texts.filter(is_left), " ")
            of_left = None if exponents is None else exponents.filter(is_left)
            again = _in_main_unit(reader.read(trimmed), of_left)
            is_unread = pc.and_not(pc.is_null(again), are_null_words(trimmed, null_words))
            value = pc.replace_with_mask(value, is_left, again)
            is_left = pc.replace_with_mask(is_left, is_left, is_unread)
        return value, is_left

    def _read_timestamp(self, cleaned: str, *, is_typed: bool) -> Moment | None:
        conventions = self.conventions
        patterns = () if is_typed else conventions.formats.get(self.name, ())
        for pattern in patterns:
            moment = java_pattern(pattern).read(cleaned, conventions.timezone)
            if moment is not None:
                return moment
        return read_timestamp(cleaned, conventions.date_order, conventions.timezone)


def _read_each(
    texts: pa.Array,
    is_typed: pa.Array | None,
    exponents: pa.Array | None,
    is_left: pa.Array,
    read_text: _ReadText,
) -> list[_Outcome]:
    left = texts.filter(is_left).to_pylist()
    typed = repeat(False) if is_typed is None else is_typed.filter(is_left).to_pylist()
    shifts = repeat(None) if exponents is None else exponents.filter(is_left).to_pylist()
    return [read_text(*arguments) for arguments in zip(left, typed, shifts, strict=False)]


def _in_main_unit(amounts: pa.Array, exponents: pa.Array | None) -> pa.Array:
    return amounts if exponents is None else in_main_unit(amounts, exponents)


def _bytes_beyond(texts: pa.StringArray, max_bytes: int) -> pa.Int32Array:
    """Return the lengths of texts in UTF-8; null where a text is within the limit, or null."""
    lengths = pc.binary_length(texts)
    return pc.if_else(pc.greater(lengths, max_bytes), lengths, None)


def _replaced(array: pa.Array, mask: pa.Array, values: Sequence[object]) -> pa.Array:
    """Return an array with the values where the mask is true replaced."""
    return pc.replace_with_mask(array, mask, pa.array(values, array.type)) if values else array
