r"""One column, many spellings: how a source's column name finds the contract's column (spec 4.1).

Each step is defined by Unicode's general categories:

1. a ``_`` is put at each camelCase boundary: between ``[\p{Ll}\p{N}]`` and ``\p{Lu}``, and
   between ``\p{Lu}`` and ``\p{Lu}\p{Ll}``;
2. full lower-casing, independent of the locale;
3. every run of ``[^\p{L}\p{N}]+`` becomes one ``_``, and none stays at either end.

Byte-order mark, quotes, backticks and blanks are neither letters nor digits, so step 3 strips them. Combining
marks are no letters, and names are not brought to NFC: the specification asks for neither.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.model import Contract


@lru_cache(maxsize=65_536)
def normalize(name: str) -> str:
    r"""Return a source column's name in the contract's spelling; empty when it holds no letter or digit.

    >>> normalize('\ufeff "userID" ')
    'user_id'
    >>> normalize("HTTPServer2Name (UTC)")
    'http_server2_name_utc'
    """
    lowered = _split_camel_case(name).lower()
    spaced = "".join(character if _is_letter_or_digit(character) else " " for character in lowered)
    return "_".join(spaced.split())


def squash(name: str) -> str:
    """Return a name normalised and without underscores: two names match when these are equal.

    >>> squash("Order-ID") == squash("orderid")
    True
    """
    return normalize(name).replace("_", "")


def match(name: str, contract: Contract) -> str | None:
    """Return the contract column that a source column's name means, or None.

    A name that is equal as it stands is equal without its underscores too, and the reader refuses a contract
    in which one squashed name means two columns: so one look-up settles it.
    """
    squashed = squash(name)
    return spellings(contract).get(squashed) if squashed else None


def is_ignored(name: str, contract: Contract) -> bool:
    """Whether an unknown column is dropped without counting as drift (``year``, ``month``, ``day``)."""
    squashed = squash(name)
    return (
        squashed in {squash(ignored) for ignored in contract.ignored_columns}
        and match(name, contract) is None
    )


def spellings(contract: Contract) -> Mapping[str, str]:
    """Return every squashed name and alias of a contract with the column that it means."""
    return {
        squash(spelling): column.name
        for column in contract.columns
        for spelling in (column.name, *column.aliases)
    }


def _split_camel_case(name: str) -> str:
    categories = [unicodedata.category(character) for character in name]
    pieces: list[str] = []
    for place, character in enumerate(name):
        if place and categories[place] == "Lu":
            before = categories[place - 1]
            after = categories[place + 1] if place + 1 < len(name) else ""
            if before == "Ll" or before.startswith("N") or (before == "Lu" and after == "Ll"):
                pieces.append("_")
        pieces.append(character)
    return "".join(pieces)


def _is_letter_or_digit(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"
