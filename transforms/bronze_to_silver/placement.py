"""Where the source columns of a record go: to a contract column, into ``_extra``, or nowhere (spec 4.1)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from contracts import names
from transforms.bronze_to_silver.numbers import is_not_finite
from transforms.bronze_to_silver.text import clean_text, is_null_word, lowered, null_words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contracts.model import Column, Contract
    from transforms.bronze_to_silver.choice import Assignment

_MOST_KNOWN = 10_000  # placements kept; a feed with more sets of keys than that names keys by its values


@dataclass(frozen=True, slots=True)
class Target:
    """A contract column that records feed, and what is no value for it."""

    name: str
    null_words: frozenset[str]
    is_number: bool

    @classmethod
    def of(cls, column: Column) -> Target:
        """Return a contract's column as a target."""
        return cls(column.name, lowered(null_words_of(column)), column.type.kind.is_number)

    def takes(self, text: str | None) -> bool:
        """Whether a text is a value for the column; an uncastable one is a value too."""
        if text is None:
            return False
        cleaned = clean_text(text)
        return not is_null_word(cleaned, self.null_words) and not (self.is_number and is_not_finite(cleaned))


@dataclass(frozen=True, slots=True)
class Placement:
    """Places in a record, by the order of its source columns.

    ``take``: from the record's values and a None behind them, each target's only source (None: it has none,
    or several), and that None twice, so that there is always more than one. ``rivals``: a target's number,
    and its several sources. ``unknown``: a normalised name, and its sources; by name.
    """

    take: itemgetter[tuple[object, ...]]
    rivals: tuple[tuple[int, tuple[int, ...]], ...]
    unknown: tuple[tuple[str, tuple[int, ...]], ...]


class Places:
    """Finds the placement of each set of keys, once."""

    def __init__(self, contract: Contract, assignment: Assignment) -> None:
        """Take where the source says that its listed columns come from."""
        listed = {*assignment.whole, *assignment.computed}
        self.targets = tuple(
            Target.of(column) for column in contract.columns if column.name not in assignment.computed
        )
        self._numbers = {target.name: number for number, target in enumerate(self.targets)}
        self._whole: Mapping[str, Sequence[str]] = _inverted(assignment.whole)
        self._meanings = {
            spelling: column
            for spelling, column in names.spellings(contract).items()
            if spelling and column not in listed
        }
        # A name that means a contract column is never ignored.
        ignored = {names.squash(name) for name in contract.ignored_columns}
        self._ignored = ignored - names.spellings(contract).keys()
        self._known: dict[tuple[str, ...], Placement] = {}

    def of(self, keys: tuple[str, ...]) -> Placement:
        """Return the placement of a record that has these source columns in this order."""
        placement = self._known.get(keys)
        if placement is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            placement = self._known[keys] = self._place(keys)
        return placement

    def _place(self, keys: tuple[str, ...]) -> Placement:
        sources: dict[int, list[int]] = defaultdict(list)
        unknown: dict[str, list[int]] = defaultdict(list)
        for place, key in enumerate(keys):
            if key in self._whole:
                for column in self._whole[key]:
                    sources[self._numbers[column]].append(place)
                continue
            normal = names.normalize(key)
            squashed = normal.replace("_", "")
            if squashed in self._meanings:
                sources[self._numbers[self._meanings[squashed]]].append(place)
            elif squashed not in self._ignored:
                unknown[normal].append(place)
        only = [places[0] if len(places := sources[n]) == 1 else -1 for n in range(len(self.targets))]
        return Placement(
            itemgetter(*only, -1, -1),
            tuple((target, tuple(places)) for target, places in sources.items() if len(places) > 1),
            tuple((name, tuple(places)) for name, places in sorted(unknown.items())),
        )


def _inverted(whole: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    columns: dict[str, list[str]] = defaultdict(list)
    for column, name in whole.items():
        columns[name].append(column)
    return columns
