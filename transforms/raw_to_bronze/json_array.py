"""Check a JSON array that arrives in chunks, element by element."""

from __future__ import annotations

import re
from enum import Enum, auto

import orjson

from transforms.raw_to_bronze.json_values import (
    BLANKS,
    FIRST_LOOK,
    LISTED_RECORDS,
    LONGEST_VALUE,
    HeldText,
    KeyList,
    OpenValueError,
    describe,
    read_value,
    skip_blanks,
)

_OPENING = re.compile(r"""\{[ \t\r\n]*"(?:[^"\\]|\\.)*\"""")  # a brace and the first key


class _Expects(Enum):
    """What may come next in an array."""

    START = auto()
    ELEMENT_OR_END = auto()
    ELEMENT = auto()
    COMMA_OR_END = auto()
    NOTHING = auto()


class JsonArray:
    """Checks a text that begins with ``[``: is it one JSON array? Memory: a chunk, or the longest element."""

    def __init__(self) -> None:
        self.corruption = ""
        self.rows = 0
        self._keys = KeyList()
        self._held = HeldText()
        self._next_look = FIRST_LOOK
        self._expects = _Expects.START
        self._opening = ""  # how the first object opens; most others open alike

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of the first elements."""
        return self._keys.names

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        if self.corruption:
            return
        self._held.add(text)
        if self._held.length >= self._next_look:
            self._look(is_whole=False)

    def finish(self) -> None:
        """Judge what is left."""
        if not self.corruption:
            self._look(is_whole=True)
            if not self.corruption and self._expects is not _Expects.NOTHING:
                self.corruption = "the array does not end"

    def _look(self, *, is_whole: bool) -> None:
        text, rest = self._held.look(), ""
        try:
            place = self._read_elements(text, self._read_objects(text), is_whole=is_whole)
            rest = text[place:]
            if len(rest) > LONGEST_VALUE:
                raise ValueError(f"a value of more than {LONGEST_VALUE} characters")
        except ValueError as error:
            self.corruption = f"no JSON array: {describe(error)} after {self.rows} elements"
        self._held.replace(rest)
        self._next_look = min(max(FIRST_LOOK, 2 * len(rest)), LONGEST_VALUE + 1)

    def _read_objects(self, text: str) -> int:
        """Read as many whole elements at once as the text shows, and return where the text goes on.

        The text is cut where it looks like the place between two objects. If the part before parses as an
        array's content, then it is one: a cut inside a string or a nested value leaves that open.
        """
        if self._expects is not _Expects.ELEMENT or not self._opening:
            return 0
        cut = text.rfind(self._opening)
        before = text[:cut].rstrip(BLANKS) if cut > 0 else ""
        if not before.endswith(","):
            return 0
        try:
            elements = orjson.loads(f"[{before[:-1]}]")
        except orjson.JSONDecodeError:
            return 0
        if not elements:  # nothing but a comma: no element, and an error to be told
            return 0
        self._count(elements)
        return cut

    def _read_elements(self, text: str, place: int, *, is_whole: bool) -> int:
        """Read one element after the other, and return where the first one that is not complete begins."""
        while True:
            place = skip_blanks(text, place)
            if place == len(text):
                return place
            if self._expects is _Expects.NOTHING:
                raise ValueError(f"{text[place]!r} follows its end")
            if self._expects is _Expects.START:
                self._expects = _Expects.ELEMENT_OR_END  # the caller saw the bracket
                place += 1
            elif text[place] == "]" and self._expects in (_Expects.ELEMENT_OR_END, _Expects.COMMA_OR_END):
                self._expects = _Expects.NOTHING
                place += 1
            elif self._expects is _Expects.COMMA_OR_END:
                if text[place] != ",":
                    raise ValueError(f"{text[place]!r} stands where a comma is due")
                self._expects = _Expects.ELEMENT
                place += 1
            else:
                try:
                    value, end = read_value(text, place)
                except OpenValueError:
                    if is_whole:
                        raise
                    return place
                if end == len(text) and not is_whole:  # a number may go on
                    return place
                self._count([value])
                if not self._opening and (opening := _OPENING.match(text, place)):
                    self._opening = opening[0]
                self._expects = _Expects.COMMA_OR_END
                place = end

    def _count(self, elements: list[object]) -> None:
        if self.rows < LISTED_RECORDS:
            for element in elements[:LISTED_RECORDS]:
                self._keys.add(element)
        self.rows += len(elements)
