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
# What a shifted column brings into one that is not personal: an address, a phone number, a name of two words.
# Of a text that is no number and no date, any word too, unless dates and amounts hold it.
_PERSONAL = re.compile(r"@|\+\s?\d[\d\s().-]{6,}|\b0\d*[\s()][\d\s()]{6,}\d")
_TWO_WORDS = re.compile(r"(?=\b([^\W\d_]{3,})\s+([^\W\d_]{3,}))")
_WORD = re.compile(r"[^\W\d_]{4,}")
_PLAIN_WORDS = frozenset(
    (
        *("january", "february", "march", "april", "june", "july", "august", "september", "october"),
        *("november", "december", "sept", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
        *("sunday", "null", "none", "true", "false", "infinity", "unknown", "missing"),
    )
)
_CONTENT = re.compile("[\"'`:{\\[].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Masking:
    """The columns whose values must not be shown.

    Where there are any, values of other columns are masked as well if they look personal: a broken row has
    its values in the wrong columns often enough.
    """

    columns: frozenset[str]

    @classmethod
    def of(cls, contract: Contract, masked_columns: Iterable[str] = ()) -> Masking:
        """Mask the contract's pii columns and further ones from the policy."""
        return cls(frozenset(contract.pii_columns) | frozenset(masked_columns))

    def samples(self, rule: Rule, samples: Iterable[str]) -> tuple[str, ...]:
        """Return a rule's offending values, masked where necessary, without duplicates."""
        judged = _columns(rule)
        if not judged or str(rule.kwargs.get("column")).startswith(TOO_LONG_PREFIX):
            shown = list(samples)  # texts about the table, or sizes: no values
        elif MALFORMED in judged:  # the reason why a record cannot be parsed may quote it
            shown = [without_quotation(sample) for sample in samples]
        elif judged & self.columns:
            shown = [mask(sample) for sample in samples]
        else:
            is_uncastable = _judges_text_of_value(rule)
            shown = [self._shown(sample, is_uncastable=is_uncastable) for sample in samples]
        return tuple(dict.fromkeys(shown))

    def _shown(self, value: str, *, is_uncastable: bool = False) -> str:
        """Return a value of a column that is not masked."""
        return mask(value) if self.columns and looks_personal(value, is_uncastable=is_uncastable) else value

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
            return self._shown(str(value)) if not self.columns or name in known else mask(str(value))

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


def looks_personal(value: str, *, is_uncastable: bool = False) -> bool:
    """Whether a value looks like personal data, though its column holds none.

    Args:
        value: as text.
        is_uncastable: it is no value of its column's type, number or time.

    >>> [looks_personal(value) for value in ("jane@example.org", "+49 170 5550199", "Jane Doe", "refunded")]
    [True, True, True, False]
    >>> [looks_personal(value, is_uncastable=True) for value in ("Jane", "12,5 EUR", "31 February 2024")]
    [True, False, False]
    """
    if _PERSONAL.search(value):
        return True
    pairs: list[tuple[str, str]] = _TWO_WORDS.findall(value)
    if any(one[0].isupper() and other[0].isupper() and not _is_plain(one, other) for one, other in pairs):
        return True
    return is_uncastable and not all(_is_plain(word) for word in _WORD.findall(value))


def _is_plain(*words: str) -> bool:
    return any(word.lower() in _PLAIN_WORDS for word in words)


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


def _judges_text_of_value(rule: Rule) -> bool:
    """Whether a rule's offenders are texts that cannot be cast."""
    return str(rule.kwargs.get("column")).startswith(UNCASTABLE_PREFIX)


def _columns(rule: Rule) -> set[str]:
    named = (rule.column, *columns_of(rule.kwargs))
    return {str(name).removeprefix(UNCASTABLE_PREFIX) for name in named if name is not None}
