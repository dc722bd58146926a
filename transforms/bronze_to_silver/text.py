"""Text as the pipeline keeps it: composed, without control characters, trimmed, null words gone (spec 4.2).

A **blank** here is a character with Unicode's White_Space property. All functions build Spark Columns; none
throws on any input, a null stays null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column

    from contracts.model import Column as ContractColumn

# The White_Space property (PropList.txt), less the control characters that are removed before trimming.
BLANKS = "\t\n\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"

DEFAULT_NULL_WORDS: tuple[str, ...] = (
    "", "null", "none", "nan", "nil", "na", "n/a", "#n/a", "undefined", "-", "--", "?", "\\N", "(null)",
)  # fmt: skip

_NOT_PRINTABLE_ASCII = r"[^ -~]"
_NOT_ASCII = r"[^\x00-\x7F]"
_CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]"  # category Cc, except tab, LF and CR


def clean_text(raw: Column, is_plain: Column | None = None) -> Column:
    r"""Return ``raw`` in NFC, without control characters (tab, LF and CR stay), trimmed of blanks.

    Bytes that are no UTF-8, an unpaired surrogate among them, become U+FFFD. Control characters go before the
    composition, so that the result is NFC even where one stood between a letter and its accent.

    Pass the result through a ``select`` of its own before you parse it: composition is opaque to Spark
    (``reflect``), so an expression that holds it is evaluated again wherever it is repeated.

    Args:
        raw: text as it was read.
        is_plain: true where the caller knows, for the whole record, that there are only printable ASCII
            characters and no escapes; then only spaces are trimmed and nothing is searched.
    """
    plain = ~raw.rlike(_NOT_PRINTABLE_ASCII)
    if is_plain is not None:
        plain = is_plain | plain
    kept = F.regexp_replace(raw, _CONTROL, "")
    # com.ibm.icu.text.Normalizer is what Spark itself ships for collations; NFC is its `compose`.
    composed = F.reflect(F.lit("com.ibm.icu.text.Normalizer"), F.lit("compose"), kept, F.lit(False))
    slow = F.when(kept.rlike(_NOT_ASCII), composed).otherwise(kept)
    return F.when(plain, F.trim(raw)).otherwise(F.btrim(slow, F.lit(BLANKS)))


def null_if_word(text: Column, words: Sequence[str] = DEFAULT_NULL_WORDS) -> Column:
    """Return null where the whole of a cleaned ``text`` is one of ``words`` in any case, else ``text``."""
    lowered = sorted({word.strip(BLANKS).lower() for word in words})
    if not lowered:
        return text
    # Most values are longer than any null word: the length, which is free, spares them the lower-casing.
    longest = max(len(form.encode()) for word in lowered for form in (word, word.upper()))
    is_word = (F.octet_length(text) <= longest) & F.lower(text).isin(*lowered)
    return F.when(~is_word, text)


def null_words_of(column: ContractColumn) -> tuple[str, ...]:
    """Return the null words of a contract's column: its own, else the shipped ones."""
    return DEFAULT_NULL_WORDS if column.null_words is None else column.null_words
