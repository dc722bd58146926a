"""JSON values in streamed text: Python's json, with incomplete values distinguished from invalid ones."""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder

import orjson

from contracts.column_names import strip_name

JSON_WHITESPACE = " \t\r\n"
LONGEST_VALUE = 256 * 1024 * 1024  # characters of one value; a value is one row, which readers keep in memory
LISTED_RECORDS = 100  # records whose keys are listed
FIRST_STEP = 64 * 1024  # characters that are buffered before the first scan
_LONGEST_TOKEN = 16  # a token cut by the text's end: -Infinity, or the escapes of a surrogate pair
# Python's json decides what is valid: it accepts NaN and Infinity. Numbers stay text: no limit of digits.
_DECODER = JSONDecoder(parse_int=str, parse_float=str)
_SKIP = re.compile(r"[ \t\r\n]*")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(text: str) -> object:
    """Return the value of a whole text. Raises ValueError if it is invalid, or nested too deeply."""
    try:
        parsed: object = orjson.loads(text)
    except orjson.JSONDecodeError:  # stricter than Python's json, which decides
        try:
            parsed = _DECODER.decode(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
    return parsed


class KeyList:
    """The distinct top-level keys of the first records, stripped, in order of occurrence."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}
        self._records = 0

    def add(self, record: object) -> None:
        """Take the next record; one that is not an object has no keys."""
        if self._records < LISTED_RECORDS:
            self._records += 1
            if isinstance(record, dict):
                self._keys.update(dict.fromkeys(record))

    @property
    def is_full(self) -> bool:
        """Whether further records are ignored."""
        return self._records == LISTED_RECORDS

    @property
    def names(self) -> tuple[str, ...]:
        """The keys; an unpaired surrogate becomes U+FFFD."""
        return tuple(dict.fromkeys(strip_name(_SURROGATE.sub("\ufffd", key)) for key in self._keys))


class TextBuffer:
    """A text that grows by pieces, which are joined only when it is read."""

    def __init__(self) -> None:
        self.length = 0
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        """Append a piece."""
        self.length += len(piece)
        self._pieces.append(piece)

    def replace(self, text: str) -> None:
        """Replace the content."""
        self.length = len(text)
        self._pieces = [text]

    def text(self) -> str:
        """Return the whole text."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""


class IncompleteValueError(ValueError):
    """The text ends before the value does."""


def read_value(text: str, place: int) -> tuple[object, int]:
    """Return the value that begins at a place, and where it ends.

    Raises:
        IncompleteValueError: more text could complete the value.
        ValueError: the value is invalid.
    """
    try:
        value, end = _DECODER.raw_decode(text, place)
    except JSONDecodeError as error:
        is_open = error.msg.startswith("Unterminated string")
        if is_open or len(text[error.pos : error.pos + 4096].strip(JSON_WHITESPACE)) <= _LONGEST_TOKEN:
            raise IncompleteValueError(error.msg) from error
        raise ValueError(error.msg) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value, end


def skip_whitespace(text: str, place: int) -> int:
    """Return the first place from the given one on that is not whitespace."""
    blanks = _SKIP.match(text, place)
    return blanks.end() if blanks else place


def describe(error: ValueError) -> str:
    """Return the message of an error without its position, which would be relative to a chunk."""
    return error.msg if isinstance(error, JSONDecodeError) else str(error)
