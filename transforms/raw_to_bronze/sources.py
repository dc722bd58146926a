"""Find the contract's source that a file belongs to, by the glob on its key (spec 4.0)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.model import Contract, Source

_TOKEN = re.compile(r"(?:\A|(?<=/))\*\*/|\*\*|\*|\?|\[!?\]?[^/\]]*\]|.", re.DOTALL)
_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def match_source(key: str, contract: Contract) -> Source | None:
    """Return the first source whose glob matches the whole key, or None."""
    return next((source for source in contract.sources if matches(key, source.glob)), None)


def matches(key: str, glob: str) -> bool:
    """Whether a glob matches a whole key: ``*`` stays in a folder, ``**`` does not.

    ``**/`` is any number of folders, none included; ``?`` is one character and ``[...]``, ``[!...]`` one of a
    set, never a ``/``. Case counts, as in every object store.

    >>> [matches(key, "shop/**/*.csv") for key in ("shop/a.csv", "shop/x/y/a.csv", "shop.csv")]
    [True, True, False]
    """
    return _pattern(glob).fullmatch(key) is not None


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile("".join(_translate(token) for token in _TOKEN.findall(glob)), re.DOTALL)


def _translate(token: str) -> str:
    if token in _WILDCARDS:
        return _WILDCARDS[token]
    if len(token) == 1:
        return re.escape(token)
    is_negated = token.startswith("[!")
    members = "-".join(re.escape(part) for part in token[1 + is_negated : -1].split("-"))
    return f"(?!/)[{'^' if is_negated else ''}{members}]"
