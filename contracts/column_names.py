r"""Normalisation of column names, and matching of source columns to contract columns (spec 4.1).

Each step is defined by Unicode's general categories:

1. insert a ``_`` at each camelCase boundary: between ``[\p{Ll}\p{N}]`` and ``\p{Lu}``, and
   between ``\p{Lu}`` and ``\p{Lu}\p{Ll}``;
2. convert to lower case, independent of the locale;
3. replace every run of ``[^\p{L}\p{N}]+`` by one ``_``, and strip it from both ends.

Step 3 also strips byte-order mark, quotes, backticks and blanks. Combining marks are not letters, and
names are not normalised to NFC: the specification requires neither.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.model import Contract


_STRIPPED = "\ufeff\"'`"  # and blanks


def strip_name(name: str) -> str:
    r"""Strip byte-order mark, quotes, backticks and blanks from both ends of a source column's name.

    >>> strip_name('\ufeff "Order Date" ')
    'Order Date'
    """
    start, end = 0, len(name)
    while start < end and _is_stripped(name[start]):
        start += 1
    while start < end and _is_stripped(name[end - 1]):
        end -= 1
    return name[start:end]


@lru_cache(maxsize=65_536)
def normalize(name: str) -> str:
    r"""Return a source column's name in snake case; empty if it has no letter or digit.

    >>> normalize('\ufeff "userID" ')
    'user_id'
    >>> normalize("HTTPServer2Name (UTC)")
    'http_server2_name_utc'
    """
    lowered = _split_camel_case(name).lower()
    words = "".join(character if _is_letter_or_digit(character) else " " for character in lowered)
    return "_".join(words.split())


def squash(name: str) -> str:
    """Return a normalised name without underscores; two names match if these are equal.

    >>> squash("Order-ID") == squash("orderid")
    True
    """
    return normalize(name).replace("_", "")


def match(name: str, contract: Contract) -> str | None:
    """Return the contract column that a source column matches, or None.

    One look-up by squashed name is enough: exact matches have equal squashed names too, and the parser
    rejects contracts in which two columns share one.
    """
    squashed = squash(name)
    return spellings(contract).get(squashed) if squashed else None


def spellings(contract: Contract) -> Mapping[str, str]:
    """Return the contract's columns by squashed name and alias."""
    return {
        squash(spelling): column.name
        for column in contract.columns
        for spelling in (column.name, *column.aliases)
    }


def _split_camel_case(name: str) -> str:
    categories = [unicodedata.category(character) for character in name]
    pieces: list[str] = []
    for index, character in enumerate(name):
        if index and categories[index] == "Lu":
            before = categories[index - 1]
            after = categories[index + 1] if index + 1 < len(name) else ""
            if before == "Ll" or before.startswith("N") or (before == "Lu" and after == "Ll"):
                pieces.append("_")
        pieces.append(character)
    return "".join(pieces)


def _is_stripped(character: str) -> bool:
    return character in _STRIPPED or character.isspace()


def _is_letter_or_digit(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"
