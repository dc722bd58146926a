"""Text as the pipeline keeps it: composed, without control characters, trimmed, null words gone (spec 4.2).

A **blank** here is a character with Unicode's White_Space property.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from contracts.model import Column

# The White_Space property (PropList.txt), less the control characters that are removed before trimming.
BLANKS = "\t\n\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
WHITE_SPACE = BLANKS + "\x0b\x0c\x85"  # with those control characters

DEFAULT_NULL_WORDS: tuple[str, ...] = (
    "", "null", "none", "nan", "nil", "na", "n/a", "#n/a", "undefined", "-", "--", "?", "\\N", "(null)",
)  # fmt: skip

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # category Cc, except tab, LF and CR


def clean_text(raw: str) -> str:
    r"""Return a text in NFC, without control characters (tab, LF and CR stay), trimmed of blanks.

    Control characters go before the composition, so that the result is NFC even where one stood between a
    letter and its accent.

    >>> clean_text(" e\u0301\x00 \u2003")
    'é'
    """
    if raw.isascii() and raw.isprintable():
        return raw.strip(" ")
    return unicodedata.normalize("NFC", _CONTROL.sub("", raw)).strip(BLANKS)


def lowered(words: Iterable[str]) -> frozenset[str]:
    """Return null words as ``is_null_word`` compares them."""
    return frozenset(word.strip(BLANKS).lower() for word in words)


DEFAULT_WORDS = lowered(DEFAULT_NULL_WORDS)


def is_null_word(cleaned: str, words: Collection[str] = DEFAULT_WORDS) -> bool:
    """Whether the whole of a cleaned text is a null word, in any case."""
    return cleaned.lower() in words


def is_blank(text: str, kept: str = "") -> bool:
    r"""Whether a text holds nothing but Unicode blanks; ``kept`` (a tab that delimits) counts as no blank.

    >>> [is_blank(text, kept) for text, kept in ((" \u00a0", ""), ("\t", ""), ("\t", "\t"), ("x", ""))]
    [True, True, False, False]
    """
    if text.strip():  # Python strips every blank of Unicode, and a few characters more
        return False
    return not text.strip(WHITE_SPACE) and not (kept and kept in text)


def null_words_of(column: Column) -> tuple[str, ...]:
    """Return the null words of a contract's column: its own, else the shipped ones."""
    return DEFAULT_NULL_WORDS if column.null_words is None else column.null_words
