"""Masking of personal data in samples: of masked columns only the rough shape of values is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.rule_domains import columns_of
from contracts.system_columns import MALFORMED, TOO_LONG_PREFIX, UNCASTABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contracts.model import Contract, Rule

_LENGTHS = ((4, "1-4"), (16, "5-16"), (64, "17-64"))
_MASKED = re.compile("‹(?:empty|(?:1-4|5-16|17-64|over 64) characters: [a-z@, ]*)›")
_CONTENT = re.compile("[\"'`:{\\[].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Masking:
    """The columns whose values must not be shown."""

    columns: frozenset[str]

    @classmethod
    def of(cls, contract: Contract, masked_columns: Iterable[str] = ()) -> Masking:
        """Mask the contract's pii columns and further ones from the policy."""
        return cls(frozenset(contract.pii_columns) | frozenset(masked_columns))

    def samples(self, rule: Rule, samples: Iterable[str]) -> tuple[str, ...]:
        """Return a rule's offending values, masked where necessary, without duplicates."""
        judged = _columns(rule)
        if str(rule.kwargs.get("column")).startswith(TOO_LONG_PREFIX):
            shown = list(samples)
        elif MALFORMED in judged:  # the reason why a record cannot be parsed may quote it
            shown = [without_quotation(sample) for sample in samples]
        elif judged & self.columns:
            shown = [mask(sample) for sample in samples]
        else:
            shown = list(samples)
        return tuple(dict.fromkeys(shown))

    def texts(self, contract: Contract, rule: Rule, values: Iterable[object]) -> tuple[str, ...]:
        """Return values or rows that break a rule as text, masked where necessary, without duplicates.

        Args:
            contract: if it has masked columns, those that it does not know are masked too, as a query can
                rename columns.
            rule: a value belongs to its column; one of several values, to its columns in order.
            values: single values, tuples or rows by column.
        """
        named = [str(name) for name in columns_of(rule.kwargs)]
        known = {column.name for column in contract.silver_columns} - self.columns

        def shown(name: str, value: object) -> str:
            return mask(str(value)) if self.columns and name not in known else str(value)

        texts = []
        for value in values:
            if isinstance(value, dict):
                texts.append(", ".join(f"{name}: {shown(name, each)}" for name, each in value.items()))
            elif isinstance(value, tuple) and len(value) == len(named):
                texts.append(", ".join(shown(*each) for each in zip(named, value, strict=True)))
            else:
                texts.append(shown(named[0] if named else "", value))
        return tuple(dict.fromkeys(texts))

    def result(self, rule: Rule, result: Mapping[str, object]) -> dict[str, object]:
        """Return a GX result; of a rule on a masked column, all values but numbers are masked."""
        if not _columns(rule) & self.columns:
            return dict(result)
        return {name: _masked(value) for name, value in result.items()}


def _masked(value: object) -> object:
    """Return a result without any text or time; numbers and truth values are not masked."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {name: _masked(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(each) for each in value]
    return mask(str(value))


def without_quotation(text: str) -> str:
    """Return a clause about a record or a file without any quotation of its content.

    >>> without_quotation("the first record has 2 fields: Jane Doe, 1970-01-01")
    'the first record has 2 fields…'
    """
    return _CONTENT.sub("…", text)


def mask(value: str) -> str:
    """Return a description of a personal value: its kinds of characters and a length class.

    No character of the value is kept: even a first letter can identify a person in a small city, and an
    e-mail domain an employer. Whether it has an ``@``, blanks or digits is what helps to fix it.

    >>> mask("jane.doe@example.org")
    '‹17-64 characters: letters, @, other›'
    >>> mask("")
    '‹empty›'
    >>> mask(mask("jane.doe@example.org"))
    '‹17-64 characters: letters, @, other›'
    """
    if _MASKED.fullmatch(value):
        return value
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
    named = (rule.column, *columns_of(rule.kwargs))
    return {str(name).removeprefix(UNCASTABLE_PREFIX) for name in named if name is not None}
