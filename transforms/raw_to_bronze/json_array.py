"""JSON array scanner: validates an array that arrives in chunks, and lists its rows and keys."""

from __future__ import annotations

import re
from enum import Enum, auto

import orjson

from transforms.formats.json_values import (
    FIRST_STEP,
    JSON_WHITESPACE,
    LISTED_RECORDS,
    LONGEST_VALUE,
    IncompleteValueError,
    KeyList,
    TextBuffer,
    describe,
    read_value,
    skip_whitespace,
)

_OPENING = re.compile(r"""\{[ \t\r\n]*"(?:[^"\\]|\\.)*\"""")  # a brace and the first key


class _ArrayState(Enum):
    """What may come next in an array."""

    START = auto()
    ELEMENT_OR_END = auto()
    ELEMENT = auto()
    COMMA_OR_END = auto()
    NOTHING = auto()


class JsonArrayScanner:
    """Validates a text that begins with ``[`` as one JSON array. Memory: a chunk, or the longest element."""

    def __init__(self) -> None:
        self.corruption = ""
        self.rows = 0
        self._keys = KeyList()
        self._buffer = TextBuffer()
        self._next_step = FIRST_STEP
        self._expects = _ArrayState.START
        self._opening = ""  # how the first object opens; most others open alike

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the first elements."""
        return self._keys.names

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        if self.corruption:
            return
        self._buffer.add(text)
        if self._buffer.length >= self._next_step:
            self._scan(is_whole=False)

    def finish(self) -> None:
        """Take the end of the text."""
        if not self.corruption:
            self._scan(is_whole=True)
            if not self.corruption and self._expects is not _ArrayState.NOTHING:
                self.corruption = "the array does not end"

    def _scan(self, *, is_whole: bool) -> None:
        text, rest = self._buffer.text(), ""
        try:
            place = self._read_elements(text, self._read_objects(text), is_whole=is_whole)
            rest = text[place:]
            if len(rest) > LONGEST_VALUE:
                raise ValueError(f"a value of more than {LONGEST_VALUE} characters")
        except ValueError as error:
            self.corruption = f"no JSON array: {describe(error)} after {self.rows} elements"
        self._buffer.replace(rest)
        self._next_step = min(max(FIRST_STEP, 2 * len(rest)), LONGEST_VALUE + 1)

    def _read_objects(self, text: str) -> int:
        """Read as many whole elements as possible in one call of the parser; return where the text goes on.

        The text is cut at the last place that looks like the beginning of an object. If the part before
        parses as the content of an array, the cut is right: one inside a string or a nested value would leave
        that open.
        """
        if self._expects is not _ArrayState.ELEMENT or not self._opening:
            return 0
        cut = text.rfind(self._opening)
        before = text[:cut].rstrip(JSON_WHITESPACE) if cut > 0 else ""
        if not before.endswith(","):
            return 0
        try:
            elements = orjson.loads(f"[{before[:-1]}]")
        except orjson.JSONDecodeError:
            return 0
        if not elements:  # only a comma: an error that _read_elements reports
            return 0
        self._count(elements)
        return cut

    def _read_elements(self, text: str, place: int, *, is_whole: bool) -> int:
        """Read the elements one by one; return where the first incomplete one begins."""
        while True:
            place = skip_whitespace(text, place)
            if place == len(text):
                return place
            if self._expects is _ArrayState.NOTHING:
                raise ValueError(f"{text[place]!r} follows its end")
            if self._expects is _ArrayState.START:
                self._expects = _ArrayState.ELEMENT_OR_END  # the caller has checked the bracket
                place += 1
            elif text[place] == "]" and self._expects in (
                _ArrayState.ELEMENT_OR_END,
                _ArrayState.COMMA_OR_END,
            ):
                self._expects = _ArrayState.NOTHING
                place += 1
            elif self._expects is _ArrayState.COMMA_OR_END:
                if text[place] != ",":
                    raise ValueError(f"{text[place]!r} where a comma is expected")
                self._expects = _ArrayState.ELEMENT
                place += 1
            else:
                try:
                    value, end = read_value(text, place)
                except IncompleteValueError:
                    if is_whole:
                        raise
                    return place
                if end == len(text) and not is_whole:  # a number may continue
                    return place
                self._count([value])
                if not self._opening and (opening := _OPENING.match(text, place)):
                    self._opening = opening[0]
                self._expects = _ArrayState.COMMA_OR_END
                place = end

    def _count(self, elements: list[object]) -> None:
        if self.rows < LISTED_RECORDS:
            for element in elements[:LISTED_RECORDS]:
                self._keys.add(element)
        self.rows += len(elements)
