"""Which source value a contract column takes, and what becomes of columns nobody promised (spec 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts import names
from transforms.bronze_to_silver.extra import extra_text
from transforms.bronze_to_silver.placement import Target
from transforms.bronze_to_silver.records import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyspark.sql import Column

    from contracts.model import Column as ContractColumn
    from contracts.model import Contract, Source

_STRIPPED = "\ufeff \t"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Where each of a group's source columns goes, by its name as the file spells it.

    ``whole``: contract column -> the one source column that its source names. ``computed``: contract column
    -> nested path or expression. ``by_name``: contract column -> source columns in file order. ``unknown``:
    normalised name -> source columns in file order.
    """

    whole: Mapping[str, str]
    computed: Mapping[str, str]
    by_name: Mapping[str, Sequence[str]]
    unknown: Mapping[str, Sequence[str]]


def assign(spellings: Iterable[str], contract: Contract, source: Source | None) -> Assignment:
    """Say where each source column goes: to its source's contract column, by name, dropped, or to ``_extra``.

    A column whose name means a contract column that the source computes otherwise is unknown: it is not lost.
    """
    found = tuple(dict.fromkeys(spellings))
    plain = {name.strip(_STRIPPED): name for name in reversed(found)}
    exact = {**plain, **{name: name for name in found}}
    listed = dict(source.columns) if source is not None else {}
    whole = {column: exact[spec] for column, spec in listed.items() if spec in exact}
    computed = {column: spec for column, spec in listed.items() if spec not in exact}
    by_name: dict[str, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    for name in found:
        if name in whole.values():
            continue
        column = names.match(name, contract)
        if column is not None and column not in listed:
            by_name.setdefault(column, []).append(name)
        elif not names.is_ignored(name, contract):
            unknown.setdefault(names.normalize(name), []).append(name)
    return Assignment(whole, computed, by_name, unknown)


def first_value(cells: Sequence[Cell], column: ContractColumn) -> Cell:
    """Return the first cell that holds a value for a column (spec 4.1); the last when none does."""
    takes = sf.udf(Target.of(column).takes, "boolean", useArrow=False)
    chosen = cells[-1]
    for cell in reversed(cells[:-1]):
        chosen = _either(takes(cell.text), cell, chosen)
    return chosen


def extra(unknown: Mapping[str, Sequence[Column]]) -> Column:
    """Return the ``_extra`` of unknown columns: normalised name -> the texts of the columns of that name."""
    if not unknown:
        return sf.lit(None).cast("string")
    names = sorted(unknown)

    def written(texts: list[list[str | None]]) -> str | None:
        return extra_text(zip(names, texts, strict=True))

    return sf.udf(written, "string", useArrow=False)(sf.array(*(sf.array(*unknown[name]) for name in names)))


def _either(condition: Column, first: Cell, second: Cell) -> Cell:
    return Cell(
        text=sf.when(condition, first.text).otherwise(second.text),
        is_typed=_if_any(condition, first.is_typed, second.is_typed),
        moment=_if_any(condition, first.moment, second.moment),
        failure=_if_any(condition, first.failure, second.failure),
    )


def _if_any(condition: Column, first: Column | None, second: Column | None) -> Column | None:
    if first is None and second is None:
        return None
    nothing = sf.lit(None)
    return sf.when(condition, nothing if first is None else first).otherwise(
        nothing if second is None else second
    )
