r"""Vectorized casting of texts in the plainest form of their type.

Nearly all values of a typical feed are so written. All other forms are left to ``text_cleaning``,
``numbers`` and ``timestamps``; a test checks that both read the same values.

=========  ==========================================================================================
string     visible characters up to U+02AF, composed (NFC) and unchanged by cleaning; blanks only within;
           no null word
int        ``-?[0-9]{1,9}`` (bigint: 18 digits)
decimal    ``-?`` digits up to the type's number before the point, optionally up to its scale after it
double     ``-?`` 1 to 15 digits, optionally up to 15 digits after the point
timestamp  ``2024-01-31T10:20:30[.123456]Z`` with ``T`` or a blank, a calendar day from 1000 to 2999
=========  ==========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Kind
from transforms.formats.arrow_bytes import bytes_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from contracts.model import DataType

# Without no-break space, soft hyphen (removed from keys) and İ (two characters in lower case).
_VISIBLE = "[!-~¡-¬®-įı-ʯ]"
_STRING = rf"\A{_VISIBLE}(?:(?: |{_VISIBLE})*{_VISIBLE})?\z"
_BLANK, _LAST_VISIBLE, _FIRST_BEYOND_ASCII = 0x20, 0x7E, 0x80
_LEAP_YEAR = "(?:[12][0-9](?:0[48]|[2468][048]|[13579][26])|(?:12|16|20|24|28)00)"
_DAY = (
    r"(?:[12][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    rf"|(?:0[13578]|1[02])-31)|{_LEAP_YEAR}-02-29)"
)
_TIME_OF_DAY = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_TIMESTAMP = rf"\A{_DAY}[T ]{_TIME_OF_DAY}Z\z"


@dataclass(frozen=True, slots=True)
class PlainReader:
    """Casts the plainest form of a type.

    ``null_words``: in lower case. ``has_point``: whether the decimal mark is a point; with a comma, only
    whole numbers are plain.
    """

    type: DataType
    null_words: Collection[str] = ()
    has_point: bool = True

    def read(self, texts: pa.Array) -> pa.Array:
        """Return the values of an array of strings; null where a text is not in the plain form."""
        is_text = self.type.kind is Kind.STRING
        is_plain = _are_plain(texts) if is_text else pc.match_substring_regex(texts, self._pattern)
        plain = texts if is_plain.true_count == len(texts) else pc.if_else(is_plain, texts, None)
        plain = self._without_null_words(plain)
        match self.type.kind:
            case Kind.STRING:
                return plain
            case Kind.DOUBLE:
                return pc.add(plain.cast(pa.float64()), 0.0)  # -0 is 0
            case Kind.INTEGER:
                return plain.cast(pa.int32())
            case Kind.BIGINT:
                return plain.cast(pa.int64())
            case Kind.DECIMAL:
                return plain.cast(pa.decimal128(self.type.precision, self.type.scale))
            case Kind.TIMESTAMP:
                return plain.cast(pa.timestamp("us", tz="UTC"))
        raise ValueError(f"unsupported type {self.type}")

    def _without_null_words(self, plain: pa.Array) -> pa.Array:
        """Replace null words by null; skipped where all texts are longer than any null word.

        No plain text is shorter in lower case, and every plain number or timestamp has a digit.
        """
        is_text = self.type.kind is Kind.STRING
        null_words = [word for word in self.null_words if is_text or any(map(str.isdigit, word))]
        if not null_words:
            return plain
        longest = max(len(word.encode()) for word in null_words)
        shortest = pc.min(pc.binary_length(plain)).as_py()
        if shortest is None or shortest > longest:
            return plain
        words = pa.array(sorted(null_words), pa.string())
        return pc.if_else(pc.is_in(pc.utf8_lower(plain), words), None, plain)

    @property
    def _pattern(self) -> str:
        digits_behind = 15 if self.type.kind is Kind.DOUBLE else self.type.scale
        fraction = rf"(?:\.[0-9]{{1,{digits_behind}}})?" if self.has_point and digits_behind else ""
        match self.type.kind:
            case Kind.TIMESTAMP:
                return _TIMESTAMP
            case Kind.INTEGER:
                return r"\A-?[0-9]{1,9}\z"
            case Kind.BIGINT:
                return r"\A-?[0-9]{1,18}\z"
            case Kind.DOUBLE:
                return rf"\A-?[0-9]{{1,15}}{fraction}\z"
            case Kind.DECIMAL:
                before = self.type.precision - self.type.scale
                return rf"\A-?[0-9]{{1,{before}}}{fraction}\z"
        raise ValueError(f"unsupported type {self.type}")


def are_null_words(texts: pa.StringArray, words: Collection[str]) -> pa.BooleanArray:
    """Whether each trimmed text is a null word; false for null.

    Args:
        texts: any texts. One that is not a null word here may still be one once it is cleaned.
        words: in lower case.
    """
    return pc.is_in(pc.ascii_lower(texts), pa.array(sorted(words), pa.string()))


def _are_plain(texts: pa.StringArray) -> pa.BooleanArray:
    """Whether each text matches ``_STRING``; undefined for null.

    ASCII texts are checked by their bytes, several times faster than by the expression, which is used only
    for the others.
    """
    if not len(texts) or texts.type != pa.string():
        return pc.match_substring_regex(texts, _STRING)
    text, bounds = bytes_of(texts)
    is_odd = (text - _BLANK) > _LAST_VISIBLE - _BLANK  # what is below a blank wraps around
    if np.count_nonzero(is_odd) > len(texts):  # their positions would take eight times the text
        return pc.match_substring_regex(texts, _STRING)
    odd = np.flatnonzero(is_odd)
    starts, ends = bounds[:-1], bounds[1:]
    is_plain = ends > starts
    starts, lasts = starts[is_plain], ends[is_plain] - 1
    is_plain[is_plain] = (text[starts] != _BLANK) & (text[lasts] != _BLANK)
    odd_rows = np.searchsorted(bounds, odd, side="right") - 1
    is_plain[odd_rows] = False
    others = np.unique(odd_rows[text[odd] >= _FIRST_BEYOND_ASCII])
    is_plain[others] = pc.fill_null(pc.match_substring_regex(texts.take(others), _STRING), False)
    return pa.array(is_plain)
