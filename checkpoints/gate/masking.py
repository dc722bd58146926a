"""Hides personal data in what the gate shows: values of masked columns leave only their rough shape."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contracts.model import Contract, Rule

_UNCASTABLE = "_uncastable_"
_LENGTHS = ((4, "1-4"), (16, "5-16"), (64, "17-64"))
_CONTENT = re.compile("[\"'`:{\\[].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Masking:
    """Which columns' values must not be shown."""

    columns: frozenset[str]

    @classmethod
    def of(cls, contract: Contract, masked_columns: Iterable[str] = ()) -> Masking:
        """Mask the contract's pii columns and those that the policy names besides."""
        return cls(frozenset(contract.pii_columns) | frozenset(masked_columns))

    def samples(self, rule: Rule, samples: Iterable[str]) -> tuple[str, ...]:
        """Return a rule's offending values as they may be shown; equal ones once."""
        looked_at = _columns(rule)
        if "_malformed" in looked_at:  # says why a record cannot be parsed, and might quote the record
            shown = [_CONTENT.sub("…", sample) for sample in samples]
        elif looked_at & self.columns:
            shown = [mask(sample) for sample in samples]
        else:
            shown = list(samples)
        return tuple(dict.fromkeys(shown))


def mask(value: str) -> str:
    """Return what may be shown of a personal value: its kinds of characters and a class of length.

    No character of the value itself is kept: even a first letter tells people apart in a small city, and an
    e-mail's domain names an employer. That it has an ``@``, blanks or digits is what helps to mend it.

    >>> mask("jane.doe@example.org")
    '‹17-64 characters: letters, @, other›'
    >>> mask("")
    '‹empty›'
    """
    if not value:
        return "‹empty›"
    length = next((name for most, name in _LENGTHS if len(value) <= most), "over 64")
    kinds = {
        "letters": any(c.isalpha() for c in value),
        "digits": any(c.isdigit() for c in value),
        "blanks": any(c.isspace() for c in value),
        "@": "@" in value,
        "other": any(not (c.isalnum() or c.isspace() or c == "@") for c in value),
    }
    return f"‹{length} characters: {', '.join(kind for kind, present in kinds.items() if present)}›"


def _columns(rule: Rule) -> set[str]:
    listed = rule.kwargs.get("column_list")
    named = [rule.column, *(rule.kwargs.get(name) for name in ("column", "column_A", "column_B"))]
    named += list(listed) if isinstance(listed, (list, tuple)) else []
    return {str(name).removeprefix(_UNCASTABLE) for name in named if name is not None}
