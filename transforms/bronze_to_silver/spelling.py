"""The contract's spelling of a source's column names on the row path: ``contracts.names`` as Spark SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column

    from contracts.model import Contract

_CAMEL_CASE = r"(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})"
_NEITHER_LETTER_NOR_DIGIT = r"[^\p{L}\p{N}]+"


def normalized(name: Column) -> Column:
    """Return a column name in the contract's spelling, as ``contracts.names.normalize`` does."""
    lowered = sf.lower(sf.regexp_replace(name, _CAMEL_CASE, "_"))
    return sf.btrim(sf.regexp_replace(lowered, _NEITHER_LETTER_NOR_DIGIT, "_"), sf.lit("_"))


def meant_column(normalized_name: Column, contract: Contract) -> Column:
    """Return the contract column that a normalised name means; null for an unknown or ignored one."""
    return _looked_up(sf.replace(normalized_name, sf.lit("_"), sf.lit("")), names.spellings(contract))


def is_ignored(normalized_name: Column, contract: Contract) -> Column:
    """Whether a normalised name that means no contract column is dropped without counting as drift."""
    ignored = sorted({names.squash(name) for name in contract.ignored_columns})
    if not ignored:
        return sf.lit(False)
    return sf.replace(normalized_name, sf.lit("_"), sf.lit("")).isin(*ignored)


def _looked_up(squashed: Column, meanings: Mapping[str, str]) -> Column:
    pairs = [sf.lit(text) for pair in sorted(meanings.items()) for text in pair]
    return sf.create_map(*pairs)[squashed]
