"""Sections 4.1 and 4.2: from a record to a cleaned row."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.contract import COLUMNS, DROPPED
from tests.oracle.files import File, plain_name
from tests.oracle.names import contract_column, normalise
from tests.oracle.records import Cell, Members, Record, json_cell
from tests.oracle.sources import Computed, Source
from tests.oracle.values import (
    Moment,
    Number,
    Uncastable,
    clean,
    clean_country,
    clean_status,
    is_not_finite,
    is_null_word,
    to_decimal,
    to_double,
    to_int,
    to_moment,
)


@dataclass(frozen=True)
class Row:
    """A record after cleaning. `values` follows the contract's columns; a malformed row has none of them."""

    dataset: str
    file: str
    raw: str
    is_malformed: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, str] | None = None
    uncastable: frozenset[str] = frozenset()
    date_only: frozenset[str] = frozenset()
    currency: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> tuple[Any, ...]:
        return tuple(self.values[column.name] for column in COLUMNS[self.dataset])

    @property
    def extra_text(self) -> str | None:
        return (
            None if self.extra is None else json.dumps(self.extra, ensure_ascii=False, separators=(",", ":"))
        )


def clean_record(record: Record, file: File) -> Row:
    if record.cells is None:
        return Row(file.dataset, file.key, record.raw, is_malformed=True)
    candidates, unknown = _assign(record.cells, file)
    values: dict[str, Any] = {}
    uncastable: set[str] = set()
    date_only: set[str] = set()
    currency: dict[str, str] = {}
    for column in COLUMNS[file.dataset]:
        value = _first_value(candidates[column.name], column.name, column.type, file.source)
        match value:
            case Uncastable():
                uncastable.add(column.name)
                value = None
            case Moment(instant, is_date_only):
                value = instant
                if is_date_only:
                    date_only.add(column.name)
            case Number(number, sign):
                value = number
                if sign is not None:
                    currency[column.name] = sign
        values[column.name] = value
    return Row(
        file.dataset,
        file.key,
        record.raw,
        values=values,
        extra=_extra(unknown),
        uncastable=frozenset(uncastable),
        date_only=frozenset(date_only),
        currency=currency,
    )


def _assign(
    cells: Sequence[tuple[str, Cell]], file: File
) -> tuple[dict[str, list[Cell]], list[tuple[str, Cell]]]:
    """Which cells may feed a contract column, in file order, and those that are unknown."""
    listed = file.source.columns
    is_listed = file.source.listed
    candidates: dict[str, list[Cell]] = defaultdict(list)
    unknown = []
    names = {plain_name(name) for name, _ in cells}
    for name, cell in cells:
        column = contract_column(file.dataset, name)
        fed = [c for c, spec in listed.items() if spec == plain_name(name)]
        for c in fed:
            candidates[c].append(cell)
        if fed or normalise(name) in DROPPED:
            continue
        if column is not None and column not in is_listed:
            candidates[column].append(cell)
        else:
            unknown.append((name, cell))
    for column, spec in listed.items():
        if spec not in names and "." in spec:
            candidates[column] += _at_path(cells, spec)
    for column, computed in file.source.computed.items():
        candidates[column].append(_computed(computed, cells, file))
    return candidates, unknown


def _computed(computed: Computed, cells: Sequence[tuple[str, Cell]], file: File) -> Cell:
    texts = {"_source_file": file.key}
    for name, cell in cells:
        if cell.text is not None:
            texts.setdefault(plain_name(name), cell.text)
    try:
        return computed.function(*(texts.get(name) for name in computed.inputs)) or Cell(None)
    except ValueError:
        return Cell("", is_failed=True)


def _at_path(cells: Sequence[tuple[str, Cell]], path: str) -> list[Cell]:
    first, *rest = path.split(".")
    for name, cell in cells:
        if plain_name(name) != first:
            continue
        node = cell.node
        for step in rest:
            node = dict(node).get(step) if isinstance(node, Members) else None
        return [json_cell(node)]
    return []


def _first_value(cells: Iterable[Cell], column: str, type_: str, source: Source) -> Any:
    """The first that is not null; an uncastable value is not null."""
    for cell in cells:
        value = _value(cell, column, type_, source)
        if value is not None:
            return value
    return None


def _value(cell: Cell, column: str, type_: str, source: Source) -> Any:
    if cell.is_failed:
        return Uncastable(column)
    if cell.text is None:
        return None
    text = clean(cell.text)
    if is_null_word(text, column):
        return None
    mark, order, zone = source.decimal_mark, source.date_order, source.timezone
    if cell.is_typed:
        mark, order, zone = ".", "MDY", "UTC"
    if type_ in ("int", "decimal", "double") and is_not_finite(text):
        return None
    match type_:
        case "int":
            return to_int(text, mark)
        case "decimal":
            return to_decimal(text, mark)
        case "double":
            return to_double(text, mark)
        case "timestamp":
            return cell.moment or to_moment(text, order, zone)
    if column == "status":
        return clean_status(text)
    return clean_country(text) if column == "country" else text


def _extra(unknown: Sequence[tuple[str, Cell]]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for name, cell in unknown:
        text = None if cell.text is None else clean(cell.text)
        if text is not None and not is_null_word(text):
            found.setdefault(normalise(name), text)
    return dict(sorted(found.items())) or None
