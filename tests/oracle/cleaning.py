"""Sections 4.0 to 4.2: from a record to a cleaned row."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.contract import DROPPED, Contract
from tests.oracle.files import File, records_of
from tests.oracle.json_text import Members, json_cell
from tests.oracle.names import contract_column, normalise, strip_name
from tests.oracle.records import Cell, Record
from tests.oracle.sources import Computed, Source
from tests.oracle.timestamps import to_moment
from tests.oracle.values import (
    Moment,
    Number,
    Uncastable,
    clean,
    clean_country,
    clean_status,
    fit_decimal,
    from_smallest_unit,
    is_currency_code,
    is_not_finite,
    is_null_word,
    to_double,
    to_int,
    to_number,
)

Cells = Sequence[tuple[str, Cell]]


@dataclass(frozen=True)
class Row:
    """A record after cleaning. `values` follows the contract's columns; a malformed row has none of them."""

    contract: Contract
    file: str
    raw: str
    is_malformed: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, str] | None = None
    uncastable: frozenset[str] = frozenset()
    date_only: frozenset[str] = frozenset()
    currency: dict[str, str] = field(default_factory=dict)

    @property
    def dataset(self) -> str:
        return self.contract.dataset

    @property
    def content(self) -> tuple[Any, ...]:
        return tuple(self.values[column.name] for column in self.contract.columns)

    @property
    def extra_text(self) -> str | None:
        return (
            None if self.extra is None else json.dumps(self.extra, ensure_ascii=False, separators=(",", ":"))
        )


def rows_of(file: File) -> Iterator[Row | None]:
    """The rows of a valid file, in order; None for a record that the source's `where` excludes."""
    before: dict[str, Cell] = {}
    for position, record in enumerate(records_of(file)):
        if record.cells is None:
            yield Row(file.contract, file.key, record.raw, is_malformed=True)
            continue
        cells = _filled_down(record.cells, file.source.fill_down, before)
        if file.source.where is not None and not _is_true(file.source.where, cells, file, position):
            yield None
        else:
            yield _clean(Record(record.raw, cells), cells, file, position)


def _filled_down(
    cells: tuple[tuple[str, Cell], ...], columns: Sequence[str], before: dict[str, Cell]
) -> tuple[tuple[str, Cell], ...]:
    """Empty cells of these columns repeat the record before, which is kept in `before`."""
    filled = []
    for name, found in cells:
        cell = found
        if strip_name(name) in columns:
            if not cell.text:
                cell = before.get(strip_name(name), cell)
            before[strip_name(name)] = cell
        filled.append((name, cell))
    return tuple(filled)


def _clean(record: Record, cells: Cells, file: File, position: int) -> Row:
    candidates, unknown = _assign(cells, file, position)
    apart = _currency_apart(cells, file.source)
    values: dict[str, Any] = {}
    uncastable: set[str] = set()
    date_only: set[str] = set()
    currency: dict[str, str] = {}
    for column in file.contract.columns:
        reader = _Reader(column.name, column.type, column.name in file.contract.keys, file.source, apart)
        value = reader.first_value(candidates[column.name])
        match value:
            case Uncastable():
                uncastable.add(column.name)
                value = None
            case Moment(instant, is_date_only):
                value = instant
                if is_date_only:
                    date_only.add(column.name)
            case Number(number, written):
                value = number
                sign = written or apart
                if sign is not None:
                    currency[column.name] = sign
        values[column.name] = value
    return Row(
        file.contract,
        file.key,
        record.raw,
        values=values,
        extra=_extra(unknown, file.source),
        uncastable=frozenset(uncastable),
        date_only=frozenset(date_only),
        currency=currency,
    )


# --- which cell feeds which column -------------------------------------------------------------------------


def _assign(cells: Cells, file: File, position: int) -> tuple[dict[str, list[Cell]], list[tuple[str, Cell]]]:
    """Which cells may feed a contract column, in file order, and those that are unknown."""
    listed = file.source.columns
    candidates: dict[str, list[Cell]] = defaultdict(list)
    unknown = []
    names = {strip_name(name) for name, _ in cells}
    for name, cell in cells:
        column = contract_column(file.contract, name)
        fed = [c for c, spec in listed.items() if spec == strip_name(name)]
        for c in fed:
            candidates[c].append(cell)
        if fed or (column is None and normalise(name) in DROPPED):
            continue
        if column is not None and column not in file.source.listed:
            candidates[column].append(cell)
        else:
            unknown.append((name, cell))
    for column, spec in listed.items():
        if spec not in names and "." in spec:
            candidates[column] += _at_path(cells, spec)
    for column, computed in file.source.computed.items():
        candidates[column].append(_computed(computed, cells, file, position))
    return candidates, unknown


def _evaluate(expression: Computed, cells: Cells, file: File, position: int) -> Any:
    """Raises ValueError where the expression fails. An empty cell is null to it."""
    found: dict[str, Any] = {"_source_file": file.key, "_position": position}
    for name, cell in cells:
        if cell.text:
            found.setdefault(strip_name(name), cell.text)
    return expression.function(*(found.get(name) for name in expression.inputs))


def _computed(expression: Computed, cells: Cells, file: File, position: int) -> Cell:
    try:
        return _evaluate(expression, cells, file, position) or Cell(None)
    except ValueError:
        return Cell("", is_failed=True)


def _is_true(condition: Computed, cells: Cells, file: File, position: int) -> bool:
    try:
        return _evaluate(condition, cells, file, position) is True
    except ValueError:
        return False


def _at_path(cells: Cells, path: str) -> list[Cell]:
    first, *rest = path.split(".")
    for name, cell in cells:
        if strip_name(name) != first:
            continue
        node = cell.node
        for step in rest:
            node = dict(node).get(step) if isinstance(node, Members) else None
        return [json_cell(node)]
    return []


def _currency_apart(cells: Cells, source: Source) -> str | None:
    """The currency of the money columns where it stands apart: in a source column, or as a literal code."""
    if source.currency is None:
        return None
    for name, cell in cells:
        if strip_name(name) == source.currency:
            text = clean(cell.text or "")
            return None if is_null_word(text, own=source.null_words) else text
    return source.currency if is_currency_code(source.currency) else None


# --- from text to a value ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Reader:
    """Reads the cells of one contract column by the conventions of a source."""

    column: str
    type: str
    is_key: bool
    source: Source
    currency: str | None

    def first_value(self, cells: Iterable[Cell]) -> Any:
        """The first that is not null; an uncastable value is not null."""
        for cell in cells:
            value = self._value(cell)
            if value is not None:
                return value
        return None

    def _value(self, cell: Cell) -> Any:
        if cell.is_failed:
            return Uncastable(self.column)
        if cell.text is None:
            return None
        text = clean(cell.text, is_key=self.is_key)
        if is_null_word(text, self.column, None if cell.is_typed else self.source.null_words):
            return None
        if self.type in ("int", "decimal", "double"):
            return None if is_not_finite(text) else self._number(text, is_typed=cell.is_typed)
        if self.type == "timestamp":
            return cell.moment or self._moment(text, is_typed=cell.is_typed)
        if self.column == "status":
            return clean_status(text)
        return clean_country(text) if self.column == "country" else text

    def _number(self, text: str, *, is_typed: bool) -> Any:
        mark, signs = (".", ()) if is_typed else (self.source.decimal_mark, self.source.currency_signs)
        if self.type == "int":
            return to_int(text, mark, signs)
        if self.type == "double":
            return to_double(text, mark, signs)
        number = to_number(text, mark, signs)
        if isinstance(number, Number) and self.source.minor_units:
            number = from_smallest_unit(number, self.currency, text)
        return number if isinstance(number, Uncastable) else fit_decimal(number, text)

    def _moment(self, text: str, *, is_typed: bool) -> Moment | Uncastable:
        if is_typed:
            return to_moment(text)
        source = self.source
        return to_moment(text, source.date_order, source.timezone, source.formats.get(self.column, ()))


def _extra(unknown: Cells, source: Source) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for name, cell in unknown:
        text = None if cell.text is None else clean(cell.text)
        own = None if cell.is_typed else source.null_words
        if text is not None and not is_null_word(text, own=own):
            found.setdefault(normalise(name), text)
    return dict(sorted(found.items())) or None
