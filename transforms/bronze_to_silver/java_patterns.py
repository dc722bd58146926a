"""Compile Java datetime patterns to strict parsers, for a source's ``formats`` (spec 4.0).

The supported subset of ``java.time.format.DateTimeFormatter``, in English:

=================  =================================================================================
``y`` ``u``        ``yyyy`` four digits, ``yy`` 2000 to 2099, ``y`` any number of digits
``M`` ``L``        ``MM``, ``M``; ``MMM`` (Jan), ``MMMM`` (January)
``d``              ``dd``, ``d``
``E``              ``E`` to ``EEE`` (Mon), ``EEEE`` (Monday); it must be the date's weekday
``H k K h``        hour of the day from 0 or 1, hour of the half day from 0 or 1; two digits or any number
``a``              AM or PM
``m s``            two digits or any number
``S`` ``n``        ``S`` to ``SSSSSSSSS`` a fraction of that many digits; ``n`` nanoseconds
``X x Z``          ``X`` Z, +05 or +0530, ``XX`` +0530, ``XXX`` +05:30, ``x`` the same without Z, ``Z`` +0530
``VV`` ``z``       Europe/Berlin, UTC, +05:30; ``z`` also EST and the other zones of RFC 2822
``'…'`` ``''``     text, an apostrophe; all but letters and brackets is literal
``[…]``            optional
=================  =================================================================================

Parsing follows Java's strict style, except that names and AM or PM match in any case, and years are 1 to
9999. A field may occur several times, in optional parts; the values found must agree. A number of any width
ends where the digits end, less the adjacent numbers of fixed width after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from contracts.errors import ContractError
from contracts.model import Kind
from transforms.bronze_to_silver.java_fields import (
    FIELDS,
    HALVES,
    LONG_MONTHS,
    LONG_WEEKDAYS,
    ZONE_LETTERS,
    moment_of,
)
from transforms.bronze_to_silver.timestamps import MONTHS, WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from contracts.model import Contract
    from transforms.bronze_to_silver.timestamps import Moment

_NANOSECOND_DIGITS = 9

_TOKENS = re.compile(
    r"(?P<letters>(?P<letter>[A-Za-z])(?P=letter)*)|'(?P<quoted>(?>(?:[^']|'')*))'|(?P<sign>.)", re.DOTALL
)
_HOURS = "HkKh"
# Letters, and those of which they require one.
_NEEDED = (
    ("hK", "a"), ("a", _HOURS), ("m", _HOURS), ("s", "m"), ("Sn", "s"), (ZONE_LETTERS, _HOURS),
)  # fmt: skip
_OFFSETS = {
    "X": "Z|[+-][0-9]{2}(?>(?:[0-9]{2})?)", "XX": "Z|[+-][0-9]{4}", "XXX": "Z|[+-][0-9]{2}:[0-9]{2}",
    "x": "[+-][0-9]{2}(?>(?:[0-9]{2})?)", "xx": "[+-][0-9]{4}", "xxx": "[+-][0-9]{2}:[0-9]{2}",
    **dict.fromkeys(("Z", "ZZ", "ZZZ"), "[+-][0-9]{4}"),
}  # fmt: skip
_ZONE_NAME = "[A-Za-z][A-Za-z0-9_+./-]*+"
_ZONE_IDS = {"VV": f"{_ZONE_NAME}|[+-][0-9]{{2}}:[0-9]{{2}}", **dict.fromkeys(("z", "zz", "zzz"), _ZONE_NAME)}


class PatternError(ValueError):
    """An invalid or unsupported datetime pattern; the message says why."""


class _Token(NamedTuple):
    """A piece of a pattern: a field (letters), an optional part's bracket, or literal text."""

    letters: str = ""
    bracket: str = ""
    text: str = ""

    @property
    def is_number(self) -> bool:
        return self.letters[:1] in tuple("yudHkKhmsSn") or self.letters in ("M", "MM", "L", "LL")

    @property
    def has_fixed_width(self) -> bool:
        return self.is_number and (self.letters[0] == "S" or len(self.letters) == 2)


@dataclass(frozen=True, slots=True)
class JavaPattern:
    """A compiled pattern. ``fields``: the letters of each of the expression's groups."""

    pattern: str
    expression: re.Pattern[str]
    fields: tuple[str, ...]

    def read(self, text: str, timezone_name: str) -> Moment | None:
        """Parse a timestamp; None if the text does not match the pattern.

        Args:
            text: cleaned text.
            timezone_name: the IANA zone of times without one. A date alone is midnight UTC.
        """
        found = self.expression.fullmatch(text)
        if found is None:
            return None
        written = [
            (letters, part)
            for letters, part in zip(self.fields, found.groups(), strict=True)
            if part is not None
        ]
        try:
            return moment_of(written, timezone_name)
        except (ValueError, OverflowError):  # a 13th month, 30 February, 24:00, two fields that disagree
            return None


@cache
def java_pattern(pattern: str) -> JavaPattern:
    """Compile a pattern.

    Raises:
        PatternError: invalid in Java, an unsupported letter, or no full date.
    """
    tokens = tuple(_tokens(pattern))
    letters = [token.letters for token in tokens if token.letters]
    _check_completeness(pattern, {field[0] for field in letters})
    pieces, depth = [], 0
    for number, token in enumerate(tokens):
        if token.letters:
            pieces.append(f"({_field(token.letters, tokens[number + 1 :], pattern)})")
            continue
        depth += (token.bracket == "[") - (token.bracket == "]")
        if depth < 0:
            raise PatternError(f"the pattern {pattern!r} has a ] without a [")
        pieces.append({"[": "(?>(?:", "]": ")?)"}.get(token.bracket, re.escape(token.text)))
    return JavaPattern(pattern, re.compile("".join(pieces) + ")?)" * depth), tuple(letters))


def check_formats(contract: Contract) -> None:
    """Check the ``formats`` of a contract's sources.

    Raises:
        ContractError: an unsupported pattern, or one for a column that is not a timestamp; names contract,
            source, column and pattern.
    """
    for error in format_errors(contract):
        raise error


def format_errors(contract: Contract) -> Iterator[ContractError]:
    """Yield all errors that ``check_formats`` could raise."""
    for source in contract.sources:
        for column, patterns in source.formats.items():
            where = f"contract {contract.name}, source {source.name}, column {column}"
            path = f"sources.{source.name}.formats.{column}"
            if contract.column(column).type.kind is not Kind.TIMESTAMP:
                yield ContractError(
                    f"{where}: formats are for timestamps, the column is a {contract.column(column).type}",
                    file=contract.path,
                    path=path,
                    next_step="leave the column out",
                )
            for pattern in patterns:
                try:
                    java_pattern(pattern)
                except PatternError as error:
                    yield ContractError(
                        f"{where}: {error}",
                        file=contract.path,
                        path=path,
                        next_step="write a pattern such as dd.MM.yyyy[ HH:mm[:ss]]",
                    )


def _tokens(pattern: str) -> Iterator[_Token]:
    for found in _TOKENS.finditer(pattern):
        if found["letters"]:
            if found["letter"] not in FIELDS:
                raise PatternError(
                    f"the letter {found['letter']} in the pattern {pattern!r} is not supported; "
                    f"supported are {' '.join(FIELDS)}, and text in apostrophes"
                )
            yield _Token(letters=found["letters"])
        elif found["quoted"] is not None:
            yield _Token(text=found["quoted"].replace("''", "'") or "'")
        elif found["sign"] in "[]":
            yield _Token(bracket=found["sign"])
        elif found["sign"] == "'":
            raise PatternError(f"the pattern {pattern!r} has an apostrophe without a second one")
        elif found["sign"] in "{}#":
            raise PatternError(
                f"the character {found['sign']} in the pattern {pattern!r} is reserved; put it in apostrophes"
            )
        else:
            yield _Token(text=found["sign"])


def _check_completeness(pattern: str, letters: set[str]) -> None:
    """Raise PatternError where a pattern lacks a part of the date, or of the time."""
    for date_letters, meaning in (("yu", "year (yyyy)"), ("ML", "month (MM)"), ("d", "day (dd)")):
        if not letters & set(date_letters):
            raise PatternError(f"the pattern {pattern!r} has no {meaning}")
    for some, needed in _NEEDED:
        present = "".join(sorted(letters & set(some)))
        if present and not letters & set(needed):
            raise PatternError(f"the pattern {pattern!r} has {present[0]} without {' or '.join(needed)}")


def _field(letters: str, following: Sequence[_Token], pattern: str) -> str:
    """Return the expression of a field, which depends on the tokens after it."""
    letter, length = letters[0], len(letters)
    token = _Token(letters)
    if letter in "ML" and length in (3, 4):
        return _any_case(MONTHS if length == 3 else LONG_MONTHS)
    if letter == "E" and length <= 4:
        return _any_case(WEEKDAYS if length <= 3 else LONG_WEEKDAYS)
    if letters == "a":
        return _any_case(HALVES)
    if letters in _OFFSETS or letters in _ZONE_IDS:
        return _OFFSETS.get(letters) or _ZONE_IDS[letters]
    if token.has_fixed_width and (letter != "S" or length <= _NANOSECOND_DIGITS) and letters != "nn":
        return f"[0-9]{{{length}}}"
    if token.is_number and (length == 1 or letters in ("yyyy", "uuuu")):
        numbers = list(takewhile(lambda one: one.is_number, following))
        width = sum(len(one.letters) for one in numbers)
        if not all(one.has_fixed_width for one in numbers):
            raise PatternError(
                f"the pattern {pattern!r} has numbers of any width directly after {letters}: their ends are "
                "ambiguous"
            )
        digits = "{4}" if length == 4 else "{1,19}"
        return rf"(?>[0-9]{digits}(?=[0-9]{{{width}}}(?![0-9])))"
    raise PatternError(f"{letters} in the pattern {pattern!r} is not supported in this length")


def _any_case(words: Sequence[str]) -> str:
    return f"(?ai:{'|'.join(words)})"
