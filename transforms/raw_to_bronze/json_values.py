"""Read JSON values as Python's json does, and know a wrong value from one that is not yet complete."""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder

import orjson

BLANKS = " \t\r\n"  # JSON's own
LONGEST_VALUE = 256 * 1024 * 1024  # characters of one value; a value is one row, which every reader must hold
LISTED_RECORDS = 100  # the records whose keys are listed

FIRST_LOOK = 64 * 1024
_LONGEST_TOKEN = 16  # a token cut by the text's end: -Infinity, or the escapes of a surrogate pair
# What parses is for Python's json to say: it takes NaN and Infinity. Numbers stay text: no limit of digits.
_DECODER = JSONDecoder(parse_int=str, parse_float=str)
_SKIP = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(text: str) -> object:
    """Return the value of a whole text. Raises ValueError when it is none, or nested too deeply."""
    try:
        parsed: object = orjson.loads(text)
    except orjson.JSONDecodeError:  # stricter than Python's json, which decides
        try:
            parsed = _DECODER.decode(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
    return parsed


class KeyList:
    """The distinct top-level keys of the first records, in the order in which they are seen."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}
        self._records = 0

    def add(self, record: object) -> None:
        """Take the next record; one that is no object has no keys."""
        if self._records < LISTED_RECORDS:
            self._records += 1
            if isinstance(record, dict):
                self._keys.update((_SURROGATE.sub("\ufffd", key), None) for key in record)

    @property
    def names(self) -> tuple[str, ...]:
        """The keys; an unpaired surrogate is U+FFFD."""
        return tuple(self._keys)


class HeldText:
    """A text that grows by pieces and is joined when it is looked at."""

    def __init__(self) -> None:
        self.length = 0
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        """Append a piece."""
        self.length += len(piece)
        self._pieces.append(piece)

    def replace(self, text: str) -> None:
        """Hold this text alone."""
        self.length = len(text)
        self._pieces = [text]

    def look(self) -> str:
        """Return the whole text."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""


class OpenValueError(ValueError):
    """The text ends before the value does."""


def read_value(text: str, place: int) -> tuple[object, int]:
    """Return the value that begins at a place, and where it ends.

    Raises:
        OpenValueError: more text could complete the value.
        ValueError: no text could.
    """
    try:
        value, end = _DECODER.raw_decode(text, place)
    except JSONDecodeError as error:
        is_open = error.msg.startswith("Unterminated string")
        if is_open or len(text[error.pos : error.pos + 4096].strip(BLANKS)) <= _LONGEST_TOKEN:
            raise OpenValueError(error.msg) from error
        raise ValueError(error.msg) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value, end


def skip_blanks(text: str, place: int) -> int:
    """Return the next place at which there is no blank of JSON's own."""
    blanks = _SKIP.match(text, place)
    return blanks.end() if blanks else place


def describe(error: ValueError) -> str:
    """Say what is wrong without the place: it would count from a chunk's beginning."""
    return error.msg if isinstance(error, JSONDecodeError) else str(error)
