"""Streaming CSV quote scanner: whether line breaks stand inside quotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from transforms.formats.text_cleaning import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from transforms.formats.csv_dialect import CsvDialect

_LINE_FEED, _RETURN = 0x0A, 0x0D
_ANY_OTHER = "x"
_MARKS_AT_LINES = {
    "\n": re.compile(f"(?<=\n){BYTE_ORDER_MARK}+"),
    "\r": re.compile(f"(?<=[\r\n]){BYTE_ORDER_MARK}+"),
}


class QuoteScanner:
    r"""Follows the quoting of a delimited text over its chunks (RFC 4180; spec 3).

    A quote opens a field only as its first character; inside, two quotes are one, and an escape makes the
    next character literal; text after a closing quote up to the delimiter is plain. Where lines end in
    ``"\r"``, a quote opens a field after a line feed as well; ``has_line_feed_outside`` is whether a line
    feed stands outside quotes, so that lines do not end in ``"\r"``, and ``has_return_outside`` whether a
    ``"\r"`` does. Memory: a chunk and its quotes.
    """

    def __init__(self, dialect: CsvDialect) -> None:
        self.has_line_feed_outside = False  # tracked only where lines end in "\r"
        self.has_return_outside = False  # likewise
        self._quote = dialect.quote
        self._line_end = dialect.line_end
        self._simplify = _Simplifier(dialect)
        self._delimiter = self._simplify.delimiter
        self._is_multiline = False
        self._before = self._delimiter  # the character before the next chunk: here, a field begins
        self._has_begun = False
        self._is_inside = False
        self._is_undecided = False  # the last chunk ended in a quote: closing, unless another follows

    def feed(self, text: str) -> None:
        """Follow the next chunk."""
        if self._is_over:
            return
        text = self._simplify(text)
        if not self._has_begun:
            text = text.lstrip(BYTE_ORDER_MARK)
            self._has_begun = bool(text)
        if not text:
            return
        if self._is_inside:
            self._scan(self._delimiter + self._quote * (1 + self._is_undecided) + text)
        elif self._quote and self._quote in text:
            self._scan(self._before + text)
        else:
            if self._line_end == "\r":
                self.has_line_feed_outside = "\n" in text
                self.has_return_outside = self.has_return_outside or "\r" in text
            self._before = self._context(self._before + text)

    def finish(self) -> bool:
        """Return whether a quoted field holds a line break, or a quote is never closed."""
        return self._is_multiline or (self._is_inside and not self._is_undecided)

    @property
    def _is_over(self) -> bool:
        if self._line_end == "\r":
            return self.has_line_feed_outside
        return self._is_multiline or not self._quote

    def _scan(self, text: str) -> None:
        text = self._without_marks(text)
        data: NDArray[np.unsignedinteger[Any]]  # Any: numpy's own bit width
        if (self._delimiter + self._quote).isascii():
            data = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
        else:
            data = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        quotes = np.flatnonzero(data == ord(self._quote))
        before = data[quotes - 1]
        can_open = (before == ord(self._delimiter)) | (before == _LINE_FEED)
        if self._line_end == "\r":
            can_open |= before == _RETURN
        starts, ends = _quoted_spans(quotes, can_open)
        self._is_inside = len(starts) > len(ends)
        self._is_undecided = False
        if self._is_inside:
            ends = np.append(ends, len(data))
        elif len(ends) and ends[-1] == len(data) - 1:
            self._is_inside = self._is_undecided = True
        line_ends = np.flatnonzero(data == ord(self._line_end))
        are_inside = _are_inside(line_ends, starts, ends)
        self._is_multiline = self._is_multiline or bool(are_inside.any())
        if self._line_end == "\r":
            self.has_return_outside = self.has_return_outside or not are_inside.all()
            line_feeds = np.flatnonzero(data == _LINE_FEED)
            self.has_line_feed_outside = not _are_inside(line_feeds, starts, ends).all()
        self._before = self._context(text)

    def _without_marks(self, text: str) -> str:
        """Drop byte-order marks after a line end, so that a quote after one opens a field."""
        return _MARKS_AT_LINES[self._line_end].sub("", text) if BYTE_ORDER_MARK in text else text

    def _context(self, text: str) -> str:
        last = self._without_marks(text)[-1] if text.endswith(BYTE_ORDER_MARK) else text[-1]
        return last if last in (self._delimiter, "\n", self._line_end) else _ANY_OTHER


class _Simplifier:
    """Rewrites a text for a one-character delimiter and no escape, without changing its quoting.

    A delimiter holds neither a quote nor a line break, so replacing it from left to right finds the same
    delimiters as a reader. Escaped quotes are dropped; outside quotes, where nothing is escaped, a quote
    after the escape character does not open a field anyway.
    """

    def __init__(self, dialect: CsvDialect) -> None:
        self._escape, self._quote, self._long_delimiter = dialect.escape, dialect.quote, ""
        self.delimiter = dialect.delimiter
        self._incomplete = ""  # the beginning of a delimiter or an escape that the next chunk may complete
        used = dialect.delimiter + dialect.quote + dialect.escape + "\n\r"
        self._filler, placeholder = [
            character for character in map(chr, range(1, 32)) if character not in used
        ][:2]
        if len(dialect.delimiter) > 1:
            self._long_delimiter, self.delimiter = dialect.delimiter, placeholder

    def __call__(self, text: str) -> str:
        """Return the next chunk rewritten, without a delimiter or escape that may be incomplete."""
        if not self._escape and not self._long_delimiter:
            return text
        text, self._incomplete = self._incomplete + text, ""
        if self._escape:
            for pair in (self._escape * 2, self._escape + self._quote):
                text = text.replace(pair, self._filler * 2)
            if text.endswith(self._escape):
                text, self._incomplete = text[:-1], text[-1]
        if self._long_delimiter:
            text = text.replace(self.delimiter, self._filler).replace(self._long_delimiter, self.delimiter)
            overlap = 0 if self._incomplete else _overlap(text, self._long_delimiter)
            if overlap:
                text, self._incomplete = text[:-overlap], text[-overlap:]
        return text


def _overlap(text: str, delimiter: str) -> int:
    """Return how many characters at the end of a text begin an incomplete delimiter."""
    lengths = range(len(delimiter) - 1, 0, -1)
    return next((length for length in lengths if text.endswith(delimiter[:length])), 0)


def _are_inside(
    places: NDArray[np.intp], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return which places lie between the start and the end of a quoted span."""
    if not len(ends):
        return np.zeros(len(places), dtype=np.bool_)
    spans = np.searchsorted(starts, places) - 1  # the span that starts last before each place
    return (spans >= 0) & (places < ends[spans])


def _quoted_spans(
    quotes: NDArray[np.intp], can_open: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the starts and ends of quoted spans; the last one has no end if it is still open.

    A doubled quote counts as an end and a start.
    """
    is_doubled = np.zeros(len(quotes), dtype=np.bool_)
    is_doubled[1:] = np.diff(quotes) == 1
    # In a well-quoted text every other quote opens a field or is the second of a pair: no loop is needed.
    if bool((can_open | is_doubled)[0::2].all()):
        return quotes[0::2], quotes[1::2]
    starts, ends = [], []
    places, opening, doubled = quotes.tolist(), can_open.tolist(), is_doubled.tolist()
    place, count = 0, len(places)
    while place < count:
        if not opening[place]:
            place += 1
            continue
        starts.append(places[place])
        place += 1
        while place + 1 < count and doubled[place + 1]:
            place += 2
        if place < count:
            ends.append(places[place])
        place += 1
    return np.array(starts, dtype=np.intp), np.array(ends, dtype=np.intp)
