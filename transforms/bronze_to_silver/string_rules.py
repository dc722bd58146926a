"""The string rules of ``text`` for one Python text, where a record is cut before Spark sees its values.

Whatever is decided by them (which of two source columns has a value, what ``_extra`` holds) is the same as if
Spark had decided it; a test holds the two against each other.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from transforms.bronze_to_silver.text import BLANKS, DEFAULT_NULL_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

WHITE_SPACE = BLANKS + "\x0b\x0c\x85"  # of Unicode, those included that are control characters
DEFAULT_WORDS = frozenset(word.strip(BLANKS).lower() for word in DEFAULT_NULL_WORDS)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NOT_FINITE = re.compile("[+-]?(?:nan|inf|infinity|∞)", re.IGNORECASE)


def clean_text(raw: str) -> str:
    r"""Return a text in NFC, without control characters (tab, LF and CR stay), trimmed of blanks.

    >>> clean_text(" e\u0301\x00 \u2003")
    'é'
    """
    if raw.isascii() and raw.isprintable():
        return raw.strip(" ")
    return unicodedata.normalize("NFC", _CONTROL.sub("", raw)).strip(BLANKS)


def lowered(words: Iterable[str]) -> frozenset[str]:
    """Return null words as ``is_null_word`` compares them."""
    return frozenset(word.strip(BLANKS).lower() for word in words)


def is_null_word(cleaned: str, words: Collection[str] = DEFAULT_WORDS) -> bool:
    """Whether the whole of a cleaned text is a null word, in any case."""
    return cleaned.lower() in words


def is_not_finite(cleaned: str) -> bool:
    """Whether a cleaned text is NaN or infinite, which is a null value for a number."""
    return _NOT_FINITE.fullmatch(cleaned) is not None


def is_blank(text: str, kept: str = "") -> bool:
    r"""Whether a text holds nothing but Unicode blanks; ``kept`` (a tab that delimits) counts as no blank.

    >>> [is_blank(text, kept) for text, kept in ((" \u00a0", ""), ("\t", ""), ("\t", "\t"), ("x", ""))]
    [True, True, False, False]
    """
    if text.strip():  # Python strips every blank of Unicode, and a few characters more
        return False
    return not text.strip(WHITE_SPACE) and not (kept and kept in text)
