"""Concatenated JSON: objects in sequence, with or without blanks between them (spec 3).

Delivery streams write such files. A text is concatenated JSON if its first value is an object and a second
object that parses begins before the next line feed.
"""

from __future__ import annotations

import re
from json import JSONDecoder
from typing import TYPE_CHECKING

from transforms.formats.text_cleaning import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

_DECODER = JSONDecoder(parse_int=str, parse_float=str)
_NO_BLANK = re.compile(rf"[^\s{BYTE_ORDER_MARK}]")
_BRACE_OR_STRING = re.compile(r'[{}]|"(?:[^"\\]|\\.)*+(?P<closing>")?', re.DOTALL)


def records_of(text: str) -> Iterator[str]:
    r"""Yield each object, and any other text between two objects as one malformed record.

    A broken object ends at the brace that balances its first one (outside strings), else at the end of the
    text. Blanks and byte-order marks around a record are dropped.

    >>> list(records_of('{"a": 1}{"a": {"b": 2}}\n oops {"a": x} {"a": 3'))
    ['{"a": 1}', '{"a": {"b": 2}}', 'oops', '{"a": x}', '{"a": 3']
    """
    place = 0
    while (found := next_record(text, place, is_whole=True)) is not None:
        record, place = found
        yield record


def next_record(text: str, place: int, *, is_whole: bool) -> tuple[str, int] | None:
    """Return the first record from a place on, and its end; None when there is none, or it is incomplete.

    ``is_whole``: the text is complete, so that its end ends a record.
    """
    begin = _NO_BLANK.search(text, place)
    if begin is None:
        return None
    start = begin.start()
    if text[start] == "{":
        end = _object_end(text, start) or _balanced_end(text, start)
    else:
        brace = text.find("{", start)
        end = None if brace < 0 else brace
    if end is None:
        if not is_whole:
            return None
        end = len(text)
    return text[start:end].rstrip().rstrip(BYTE_ORDER_MARK).rstrip(), end


def _object_end(text: str, start: int) -> int | None:
    """Return the end of the object that begins at a place; None where no valid object begins."""
    if not text.startswith("{", start):
        return None
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def _balanced_end(text: str, start: int) -> int | None:
    depth = 0
    for token in _BRACE_OR_STRING.finditer(text, start):
        if token[0] == "{":
            depth += 1
        elif token[0] == "}":
            depth -= 1
            if depth == 0:
                return token.end()
        elif token["closing"] is None:
            break
    return None
