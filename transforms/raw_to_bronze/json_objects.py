"""Scanners of JSON objects that are no array: one object, concatenated JSON, or JSON lines (spec 3)."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

from transforms.formats.concatenated_json import next_record
from transforms.formats.json_values import (
    FIRST_STEP,
    JSON_WHITESPACE,
    LISTED_RECORDS,
    LONGEST_VALUE,
    IncompleteValueError,
    KeyList,
    TextBuffer,
    parse,
    read_value,
)
from transforms.formats.text_cleaning import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from collections.abc import Callable

_TRIED_BRACES = 1000  # on the first object's last line, to find a second object that parses
_TESTED_LINES = 100
_NO_BLANK = re.compile(r"\S")
_NO_BLANK_OR_MARK = re.compile(rf"[^\s{BYTE_ORDER_MARK}]")


class _ObjectState(Enum):
    """What the buffered text begins with."""

    FIRST = auto()  # the first object
    SECOND = auto()  # what follows the first object, up to the next line feed or the second object's end
    BLANKS = auto()  # what follows the first object's line: the text is one object if it is blank
    RECORDS = auto()  # a record of concatenated JSON
    NOTHING = auto()  # the result is final


class JsonObjectScanner:
    """Detects whether a text is one object or concatenated JSON. Memory: one object.

    ``is_one_object`` is final after ``finish``. ``on_first`` is called with the first object.
    """

    def __init__(self, on_first: Callable[[object], None]) -> None:
        self.is_concatenated = False
        self.is_one_object = True
        self._on_first = on_first
        self._keys = KeyList()
        self._records = 0
        self._expects = _ObjectState.FIRST
        self._buffer = TextBuffer()
        self._next_step = FIRST_STEP

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the first records."""
        return self._keys.names

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        if self._expects is _ObjectState.BLANKS:
            self._expect_blanks(text)
        elif self._expects is not _ObjectState.NOTHING:
            self._buffer.add(text)
            if self._buffer.length >= self._next_step:
                self._scan(is_whole=False)
                # A failed scan costs as much as a complete one: so there are few.
                self._next_step = min(max(FIRST_STEP, 4 * self._buffer.length), LONGEST_VALUE + 1)

    def finish(self) -> None:
        """Take the end of the text."""
        self._scan(is_whole=True)
        self.is_one_object = self.is_one_object and self._expects in (
            _ObjectState.SECOND,
            _ObjectState.BLANKS,
        )

    def _scan(self, *, is_whole: bool) -> None:
        if self._expects is _ObjectState.FIRST:
            self._read_first(self._buffer.text(), is_whole=is_whole)
        if self._expects is _ObjectState.SECOND:
            self._find_second(self._buffer.text(), is_whole=is_whole)
        if self._expects is _ObjectState.RECORDS:
            self._list_records(self._buffer.text(), is_whole=is_whole)
        if self._expects in (_ObjectState.BLANKS, _ObjectState.NOTHING):
            self._buffer.replace("")
        elif self._buffer.length > LONGEST_VALUE:
            self._refuse()

    def _refuse(self) -> None:
        self.is_one_object = False
        self._stop()

    def _stop(self) -> None:
        self._expects = _ObjectState.NOTHING
        self._buffer.replace("")

    def _read_first(self, text: str, *, is_whole: bool) -> None:
        begin = _NO_BLANK_OR_MARK.search(text)
        if begin is None:
            return
        start = begin.start()
        if BYTE_ORDER_MARK in text[:start]:
            self.is_one_object = False  # the whole text does not parse
        if text[start] != "{":
            self._refuse()
            return
        try:
            value, end = _whole_value(text, start) if is_whole else read_value(text, start)
        except ValueError as error:
            if is_whole or not isinstance(error, IncompleteValueError):
                self._refuse()
            return
        if end - start > LONGEST_VALUE:
            self._refuse()
            return
        self._keys.add(value)
        self._on_first(value)
        self._buffer.replace(text[end:])
        self._expects = _ObjectState.SECOND

    def _find_second(self, text: str, *, is_whole: bool) -> None:
        line_feed = text.find("\n")
        line = text if line_feed < 0 else text[:line_feed]
        self.is_one_object = self.is_one_object and not text.strip(JSON_WHITESPACE)
        is_open = line_feed < 0 and not is_whole
        place = -1
        for _ in range(_TRIED_BRACES):
            place = line.find("{", place + 1)
            if place < 0:
                break
            try:
                read_value(text, place)
            except IncompleteValueError:
                is_open = is_open or not is_whole
            except ValueError:
                continue
            else:
                self.is_concatenated = True
                self._records = 1
                self._expects = _ObjectState.RECORDS
                return
        if not is_open:
            self._expects = _ObjectState.BLANKS if self.is_one_object else _ObjectState.NOTHING

    def _expect_blanks(self, text: str) -> None:
        if text.strip(JSON_WHITESPACE):
            self.is_one_object = False
            self._expects = _ObjectState.NOTHING

    def _list_records(self, text: str, *, is_whole: bool) -> None:
        place = 0
        while self._records < LISTED_RECORDS:
            found = next_record(text, place, is_whole=is_whole)
            if found is None:
                break
            record, place = found
            self._keys.add(_parse_or_none(record))
            self._records += 1
        self._buffer.replace(text[place:])
        if self._records == LISTED_RECORDS or is_whole:
            self._stop()


class JsonLinesScanner:
    """Detects an object in one of the first 100 lines. Memory: one line that begins like an object.

    A byte-order mark at the beginning of a line is dropped.

    ``in_first_column``: an object counts only if its line begins with it (for file names that do not claim
    JSON lines); else blanks may precede it.
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
            self._add(text[start:] if end < 0 else text[start:end])
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
        self._may_be_object = False

    def _add(self, piece: str) -> None:
        if self._length == 0:
            piece = piece.lstrip(BYTE_ORDER_MARK)
        if self._is_blank:
            begin = piece.lstrip()
            self._is_blank = not begin
            is_first = self._length == 0 and begin == piece
            self._may_be_object = begin.startswith("{") and (is_first or not self._in_first_column)
        self._length += len(piece)
        if self._length > LONGEST_VALUE:
            self._may_be_object = False
            self._pieces.clear()
        if self._may_be_object:
            self._pieces.append(piece)

    def _end_line(self) -> None:
        if not self._is_blank:
            self._lines_left -= 1
            record = _parse_or_none("".join(self._pieces).strip()) if self._may_be_object else None
            self._keys.add(record)
            self.has_object = self.has_object or isinstance(record, dict)
        self._begin_line()


def _skip_blank_lines(text: str, start: int) -> int:
    """Return where the first line begins that is not blank, or not complete."""
    content = _NO_BLANK.search(text, start)
    return max(start, text.rfind("\n", start, content.start() if content else len(text)) + 1)


def _whole_value(text: str, start: int) -> tuple[object, int]:
    """Return the value that begins at a place, and its end; fast when the text is that value alone."""
    try:
        return parse(text), len(text)
    except ValueError:
        return read_value(text, start)


def _parse_or_none(text: str) -> object:
    try:
        return parse(text)
    except ValueError:
        return None
