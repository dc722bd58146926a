"""Cleaning of text values: NFC, control characters, trimming, null words (spec 4.2).

A **blank** here is a character with Unicode's White_Space property.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from contracts.model import Column

BYTE_ORDER_MARK = "\ufeff"
# The White_Space property (PropList.txt), less the control characters that are removed before trimming.
BLANKS = "\t\n\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
_WHITE_SPACE = BLANKS + "\x0b\x0c\x85"  # with those control characters
_TRIMMED = BLANKS + BYTE_ORDER_MARK + "\u200b\u2060"  # zero-width space, word joiner

DEFAULT_NULL_WORDS: tuple[str, ...] = (
    "", "null", "none", "nan", "nil", "na", "n/a", "#n/a", "undefined", "-", "--", "?", "\\N", "(null)",
)  # fmt: skip

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # category Cc, except tab, LF and CR

_SURROGATE = re.compile("[\ud800-\udfff]")
# Category Cf as of Unicode 17, listed because every Python has a Unicode of its own.
_FORMAT = re.compile(
    "[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)


def clean_text(raw: str, *, is_key: bool = False) -> str:
    r"""Return a text in NFC, without control characters (tab, LF and CR stay), trimmed.

    Trimmed are blanks, U+FEFF, U+200B and U+2060. An unpaired surrogate becomes U+FFFD. Characters are
    removed before the composition, so that the result is NFC even where one stood between a letter and its
    accent.

    Args:
        raw: the text as in the source.
        is_key: whether to remove every character of category Cf as well, so that keys that look alike are
            equal.

    >>> clean_text(" e\u0301\x00 \u2003"), clean_text("\u200eu\u00ad1", is_key=True)
    ('é', 'u1')
    """
    if raw.isascii() and raw.isprintable():
        return raw.strip(" ")
    kept = _SURROGATE.sub("\ufffd", _CONTROL.sub("", raw))
    if is_key:
        kept = _FORMAT.sub("", kept)
    return unicodedata.normalize("NFC", kept).strip(_TRIMMED)


def is_key_column(column: Column) -> bool:
    """Whether a column's values are cleaned as keys: the primary key's columns and ``user_id``."""
    return column.primary_key_position is not None or column.name == "user_id"


def lowered(words: Iterable[str]) -> frozenset[str]:
    """Return null words in the form that ``is_null_word`` compares."""
    return frozenset(clean_text(word).lower() for word in words)


DEFAULT_WORDS = lowered(DEFAULT_NULL_WORDS)


def is_null_word(cleaned: str, words: Collection[str] = DEFAULT_WORDS) -> bool:
    """Whether the whole of a cleaned text is a null word, in any case."""
    return cleaned.lower() in words


def is_blank(text: str, kept: str = "") -> bool:
    r"""Whether a text holds only Unicode blanks; ``kept`` (a tab delimiter) does not count as a blank.

    >>> [is_blank(text, kept) for text, kept in ((" \u00a0", ""), ("\t", ""), ("\t", "\t"), ("x", ""))]
    [True, True, False, False]
    """
    if text.strip():  # Python strips every blank of Unicode, and a few characters more
        return False
    return not text.strip(_WHITE_SPACE) and not (kept and kept in text)


def null_words_of(column: Column) -> tuple[str, ...]:
    """Return a contract column's null words, by default the shipped ones."""
    return DEFAULT_NULL_WORDS if column.null_words is None else column.null_words
