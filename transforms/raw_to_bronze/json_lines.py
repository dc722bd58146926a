"""Test whether a text is JSON lines, by its first 100 lines that are not blank (spec 3)."""

from __future__ import annotations

import re

from transforms.raw_to_bronze.json_values import LONGEST_VALUE, KeyList, parse

_TESTED_LINES = 100
_NO_BLANK = re.compile(r"\S")


def _skip_blank_lines(text: str, start: int) -> int:
    """Return where the first line begins that is not blank, or not complete."""
    content = _NO_BLANK.search(text, start)
    return max(start, text.rfind("\n", start, content.start() if content else len(text)) + 1)


class JsonLines:
    """Takes a text chunk by chunk. Memory: one line that begins like an object; the tested lines' keys.

    ``in_first_column``: an object counts only if its line begins with it (the test for names that do not say
    JSON lines); else blanks may stand before it.
    """

    def __init__(self, *, in_first_column: bool) -> None:
        self.has_object = False
        self._in_first_column = in_first_column
        self._keys = KeyList()
        self._lines_left = _TESTED_LINES
        self._begin_line()

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the first records."""
        return self._keys.names

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        start = 0
        while self._lines_left and start < len(text):
            if self._length == 0:
                start = _skip_blank_lines(text, start)
            end = text.find("\n", start)
            self._take(text[start:] if end < 0 else text[start:end])
            if end < 0:
                return
            self._end_line()
            start = end + 1

    def finish(self) -> None:
        """Take the end of the text as the last line's end."""
        if self._lines_left:
            self._end_line()

    def _begin_line(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._is_blank = True
        self._is_held = False

    def _take(self, piece: str) -> None:
        if self._is_blank:
            begin = piece.lstrip()
            self._is_blank = not begin
            is_first = self._length == 0 and begin == piece
            self._is_held = begin.startswith("{") and (is_first or not self._in_first_column)
        self._length += len(piece)
        if self._length > LONGEST_VALUE:
            self._is_held = False
            self._pieces.clear()
        if self._is_held:
            self._pieces.append(piece)

    def _end_line(self) -> None:
        if not self._is_blank:
            self._lines_left -= 1
            record: object = None
            if self._is_held:
                try:
                    record = parse("".join(self._pieces).strip())
                except ValueError:
                    record = None
            self._keys.add(record)
            self.has_object = self.has_object or isinstance(record, dict)
        self._begin_line()
