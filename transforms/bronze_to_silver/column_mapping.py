"""Map the source columns of a record to contract columns, to ``_extra``, or to nothing (spec 4.1)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from contracts import column_names as names
from contracts.column_names import strip_name
from transforms.bronze_to_silver.numbers import is_not_finite
from transforms.formats.text_cleaning import (
    DEFAULT_WORDS,
    clean_text,
    is_key_column,
    is_null_word,
    lowered,
    null_words_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contracts.model import Column as ContractColumn
    from contracts.model import Contract
    from transforms.bronze_to_silver.source_columns import SourceSpecs


_CACHED_MAPPINGS = 10_000  # a feed with more key sets than this has values as keys


@dataclass(frozen=True, slots=True)
class TargetColumn:
    """A contract column as a target of source columns, with its null words."""

    name: str
    null_words: frozenset[str]
    is_number: bool
    is_key: bool = False

    @classmethod
    def of(cls, column: ContractColumn, null_words: frozenset[str] | None = None) -> TargetColumn:
        """Return a contract's column as a target. ``null_words``: the source's, in place of the column's."""
        words = lowered(null_words_of(column)) if null_words is None else null_words
        return cls(column.name, words, column.type.kind.is_number, is_key_column(column))

    def is_value(self, text: str | None) -> bool:
        """Whether a text is a value for the column, castable or not."""
        if text is None:
            return False
        cleaned = clean_text(text, is_key=self.is_key)
        return not is_null_word(cleaned, self.null_words) and not (self.is_number and is_not_finite(cleaned))


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Where each source column of a record goes, by position in the record.

    ``pick``: from the record's values followed by None, the value of each target with a single source (else
    None), then None twice, so that the result is always a tuple. ``several``: a target's number and its
    several sources. ``unknown``: normalised names with their sources, ordered by name.
    """

    pick: itemgetter[tuple[Any, ...]]  # Any: values, Arrow arrays or Spark columns
    several: tuple[tuple[int, tuple[int, ...]], ...]
    unknown: tuple[tuple[str, tuple[int, ...]], ...]


class ColumnMapper:
    """Maps each set of source columns once, and caches the mapping."""

    def __init__(
        self, contract: Contract, specs: SourceSpecs, null_words: frozenset[str] | None = None
    ) -> None:
        """Map by a source's specs, then by name. ``null_words``: the source's, if it has its own."""
        computed = {expression.target for expression in specs.computed}
        listed = {*specs.direct, *computed}
        self.targets = tuple(
            TargetColumn.of(column, null_words) for column in contract.columns if column.name not in computed
        )
        self.extra_words = DEFAULT_WORDS if null_words is None else null_words
        self._numbers = {target.name: number for number, target in enumerate(self.targets)}
        self._columns_by_source: Mapping[str, Sequence[str]] = _inverted(specs.direct)
        # A name that means a listed column is unknown rather than lost.
        self._columns_by_spelling = {
            spelling: column
            for spelling, column in names.spellings(contract).items()
            if spelling and column not in listed
        }
        # A name that means a contract column is never ignored.
        ignored = {names.squash(name) for name in contract.ignored_columns}
        self._ignored = ignored - names.spellings(contract).keys()
        self._cached: dict[tuple[str, ...], ColumnMapping] = {}

    def mapping_of(self, keys: tuple[str, ...]) -> ColumnMapping:
        """Return the mapping of a record with these source columns, in this order."""
        mapping = self._cached.get(keys)
        if mapping is None:
            if len(self._cached) >= _CACHED_MAPPINGS:
                self._cached.clear()
            mapping = self._cached[keys] = self._map(keys)
        return mapping

    def _map(self, keys: tuple[str, ...]) -> ColumnMapping:
        sources: dict[int, list[int]] = defaultdict(list)
        unknown: dict[str, list[int]] = defaultdict(list)
        for position, key in enumerate(keys):
            if (name := strip_name(key)) in self._columns_by_source:
                for column in self._columns_by_source[name]:
                    sources[self._numbers[column]].append(position)
                continue
            normal = names.normalize(key)
            squashed = normal.replace("_", "")
            if squashed in self._columns_by_spelling:
                sources[self._numbers[self._columns_by_spelling[squashed]]].append(position)
            elif squashed not in self._ignored:
                unknown[normal].append(position)
        single = [found[0] if len(found := sources[n]) == 1 else -1 for n in range(len(self.targets))]
        return ColumnMapping(
            itemgetter(*single, -1, -1),
            tuple((target, tuple(found)) for target, found in sources.items() if len(found) > 1),
            tuple((name, tuple(found)) for name, found in sorted(unknown.items())),
        )


def _inverted(direct: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    columns: dict[str, list[str]] = defaultdict(list)
    for column, name in direct.items():
        columns[name].append(column)
    return columns
