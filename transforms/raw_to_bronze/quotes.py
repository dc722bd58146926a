"""Find out whether any record of a delimited file spans lines, at the speed of a byte scan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LINE_FEED = 0x0A
_ANY_OTHER = "x"


class QuoteScanner:
    """Follows the quoting of a delimited text over its chunks (RFC 4180; spec 3).

    A quote opens a field only as its first character; inside, two quotes are one; what follows a closing
    quote up to the delimiter is plain text. Memory: a chunk and the places of its quotes.
    """

    def __init__(self, delimiter: str, quote: str) -> None:
        self._delimiter = delimiter
        self._quote = quote
        self._is_multiline = False
        self._before = "\n"  # what stands before the next chunk: a record begins
        self._is_inside = False
        self._is_undecided = False  # the last chunk ended in a quote that closes, unless another follows

    def feed(self, text: str) -> None:
        """Follow the next chunk."""
        if self._is_multiline or not text or not self._quote:
            return
        if self._is_inside:
            self._scan("\n" + self._quote * (1 + self._is_undecided) + text)
        elif self._quote in text:
            self._scan(self._before + text)
        else:
            self._before = self._context(text)

    def finish(self) -> bool:
        """Return whether a quoted field holds a line break, or a quote is never closed."""
        return self._is_multiline or (self._is_inside and not self._is_undecided)

    def _scan(self, text: str) -> None:
        data: NDArray[np.unsignedinteger[Any]]  # Any: numpy's own bit width
        if (self._delimiter + self._quote).isascii():
            data = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
        else:
            data = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        quotes = np.flatnonzero(data == ord(self._quote))
        before = data[quotes - 1]
        can_open = (before == ord(self._delimiter)) | (before == _LINE_FEED)
        starts, ends = _quoted_spans(quotes, can_open)
        self._is_inside = len(starts) > len(ends)
        self._is_undecided = False
        if self._is_inside:
            ends = np.append(ends, len(data))
        elif len(ends) and ends[-1] == len(data) - 1:
            self._is_inside = self._is_undecided = True
        line_feeds = np.flatnonzero(data == _LINE_FEED)
        spans = np.searchsorted(starts, line_feeds) - 1  # the span that starts last before each line feed
        self._is_multiline = bool(((spans >= 0) & (line_feeds < ends[spans])).any()) if len(ends) else False
        self._before = self._context(text)

    def _context(self, text: str) -> str:
        return text[-1] if text[-1] in (self._delimiter, "\n") else _ANY_OTHER


def _quoted_spans(
    quotes: NDArray[np.intp], can_open: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where quoted stretches start and end; the last one has no end when it is still open.

    A doubled quote counts as an end and a start: nothing lies between.
    """
    is_doubled = np.zeros(len(quotes), dtype=np.bool_)
    is_doubled[1:] = np.diff(quotes) == 1
    # In an orderly text every other quote opens a field or is the second of a pair: then all is told at once.
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
