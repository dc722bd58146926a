"""Which source value a contract column takes, and what becomes of columns nobody promised (spec 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts import names
from transforms.bronze_to_silver.records import PLAIN, Cell
from transforms.bronze_to_silver.text import clean_text, null_if_word, null_words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyspark.sql import Column, DataFrame

    from contracts.model import Column as ContractColumn
    from contracts.model import Contract, Source

_NOT_FINITE = r"\A[+-]?+(?i:nan|inf|infinity|∞)\z"
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


def is_value(cleaned: Column, column: ContractColumn) -> Column:
    """Whether a cleaned text is a value for a column, by spec 4.1: an uncastable one is a value too."""
    is_word = null_if_word(cleaned, null_words_of(column)).isNull()
    return ~is_word & ~cleaned.rlike(_NOT_FINITE) if column.type.kind.is_number else ~is_word


def first_value(cells: Sequence[Cell], column: ContractColumn) -> Cell:
    """Return the first cell that holds a value for a column; the last when none does."""
    chosen = cells[-1]
    for cell in reversed(cells[:-1]):
        is_chosen = is_value(clean_text(cell.text, sf.col(PLAIN)), column)
        chosen = _either(is_chosen, cell, chosen)
    return chosen


def with_extra(frame: DataFrame, unknown: Mapping[str, Sequence[Column]]) -> tuple[DataFrame, Column]:
    """Return the frame with cleaned unknown columns, and the ``_extra`` that is made of them.

    That is the JSON object text of unknown columns (``unknown``: normalised name -> texts), null when nothing
    remains. Keys stand by code point; values are cleaned by the string rules, null words left out; of columns
    of one name the first that is not null.
    """
    if not unknown:
        return frame, sf.lit(None).cast("string")
    names = {
        (name, place): f"lakegate cleaned {number} {place}"
        for number, (name, texts) in enumerate(unknown.items())
        for place, _ in enumerate(texts)
    }
    cleaned = [
        clean_text(unknown[name][place], sf.col(PLAIN)).alias(held) for (name, place), held in names.items()
    ]
    members = [
        sf.coalesce(*(null_if_word(sf.col(names[name, place])) for place, _ in enumerate(texts))).alias(name)
        for name, texts in sorted(unknown.items())
    ]
    return frame.select("*", *cleaned), sf.nullif(sf.to_json(sf.struct(*members)), sf.lit("{}"))


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
