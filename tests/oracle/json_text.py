"""JSON as upstreams write it: objects, arrays, lines, and objects one after another (section 3)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.oracle.delimited import BOM
from tests.oracle.records import Cell, Record


@dataclass(frozen=True)
class Literal:
    """A JSON number, as it is written."""

    text: str


class NotFinite:
    """The tokens NaN, Infinity and -Infinity."""


class Members(list[tuple[str, Any]]):
    """A JSON object: its members in order, doubled keys included."""


class NotJson(ValueError):  # noqa: N818  a finding, not an error of ours
    """The text is no JSON."""


_decoder = json.JSONDecoder(
    parse_int=Literal, parse_float=Literal, parse_constant=lambda _: NotFinite(), object_pairs_hook=Members
)
_BLANKS = " \t\r\n"


def parse_json(text: str) -> Any:
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def parse_object(text: str) -> Members | None:
    """The object that the whole text is, or None."""
    try:
        node = parse_json(text)
    except NotJson:
        return None
    return node if isinstance(node, Members) else None


def array_elements(text: str) -> list[tuple[str, Any]]:
    """The elements of a JSON array, each with its text as written. Raises NotJson."""
    elements: list[tuple[str, Any]] = []
    parse_json(text)  # the whole must be JSON before its pieces are looked at
    at = _skip_blanks(text, text.index("[") + 1)
    while text[at] != "]":
        node, end = _decoder.raw_decode(text, at)
        elements.append((text[at:end], node))
        at = _skip_blanks(text, end)
        if text[at] == ",":
            at = _skip_blanks(text, at + 1)
    return elements


def _skip_blanks(text: str, at: int) -> int:
    while text[at] in _BLANKS:
        at += 1
    return at


def compact_json(node: Any) -> str:
    match node:
        case Members():
            members = [f"{json.dumps(k, ensure_ascii=False)}:{compact_json(v)}" for k, v in node]
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(compact_json(v) for v in node) + "]"
        case Literal():
            return node.text
        case NotFinite():
            return "null"
        case _:
            return json.dumps(node, ensure_ascii=False)


def json_cell(node: Any) -> Cell:
    match node:
        case None | NotFinite():
            return Cell(None)
        case str():
            return Cell(node)
        case Literal():
            return Cell(node.text, is_typed=True)
        case bool():
            return Cell("true" if node else "false", is_typed=True)
        case _:
            return Cell(compact_json(node), is_typed=True, node=node)


def json_record(raw: str, node: Any) -> Record:
    if not isinstance(node, Members):
        return Record(raw, None)
    return Record(raw, tuple((key, json_cell(value)) for key, value in node))


# --- lines -------------------------------------------------------------------------------------------------


def text_lines(text: str) -> list[str]:
    """The non-blank lines, LF or CRLF, without their ends and without a BOM before them."""
    lines = [line.removesuffix("\r").lstrip(BOM) for line in text.split("\n")]
    return [line for line in lines if line.strip()]


def are_json_lines(text: str) -> bool:
    """One of the first 100 non-blank lines begins, in column 1, an object that parses."""
    return any(line.startswith("{") and parse_object(line) is not None for line in text_lines(text)[:100])


def json_line_records(text: str) -> Iterator[Record]:
    for line in text_lines(text):
        yield json_record(line, parse_object(line))


# --- objects one after another -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """An object, or what is none, from `start` to `end` of the text. `node` is None: it does not parse."""

    start: int
    end: int
    node: Members | None


def is_concatenated(text: str) -> bool:
    """The first value is an object, and a second that parses begins before the next line feed."""
    pieces = _pieces(text)
    first = next(pieces, None)
    if first is None or first.node is None:
        return False
    line_end = text.find("\n", first.end)
    limit = len(text) if line_end < 0 else line_end
    for piece in pieces:
        if piece.start >= limit:
            return False
        if piece.node is not None:
            return True
    return False


def concatenated_records(text: str) -> Iterator[Record]:
    for piece in _pieces(text):
        # A BOM before the next record is at that one's beginning.
        yield json_record(text[piece.start : piece.end].rstrip().rstrip(BOM).rstrip(), piece.node)


def _pieces(text: str) -> Iterator[Piece]:
    at = _skip_outer_blanks(text, 0)
    while at < len(text):
        node, end = _read_object(text, at) if text[at] == "{" else (None, _next_object(text, at))
        yield Piece(at, end, node)
        at = _skip_outer_blanks(text, end)


def _read_object(text: str, at: int) -> tuple[Members | None, int]:
    """The object that begins here; of a broken one only where it ends."""
    try:
        return _decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, _end_of_broken(text, at)


def _end_of_broken(text: str, start: int) -> int:
    """Behind the bracket that balances the first one (outside strings), else the end of the text."""
    depth = 0
    is_in_string = False
    at = start
    while at < len(text):
        character = text[at]
        if is_in_string:
            if character == "\\":
                at += 1
            elif character == '"':
                is_in_string = False
        elif character == '"':
            is_in_string = True
        elif character in "{}":
            depth += 1 if character == "{" else -1
            if depth == 0:
                return at + 1
        at += 1
    return len(text)


def _next_object(text: str, at: int) -> int:
    found = text.find("{", at)
    return len(text) if found < 0 else found


def _skip_outer_blanks(text: str, at: int) -> int:
    while at < len(text) and (text[at].isspace() or text[at] == BOM):
        at += 1
    return at


# --- one object around the records -------------------------------------------------------------------------


def wrapped_records(text: str, path: str) -> list[Record] | None:
    """The elements of the array at a dotted path within one object, or None without that array."""
    node: Any = parse_object(text)
    for step in path.split("."):
        node = dict(node).get(step) if isinstance(node, Members) else None
    if not isinstance(node, list) or isinstance(node, Members):
        return None
    return [json_record(compact_json(element), element) for element in node]
