"""Strict, lossless JSON parser: number literals, duplicate keys and member order are kept (spec 3, 4.1).

A value is a str, bytes (a number's literal), a bool, None (null, NaN, infinities), a tuple of members (an
object) or a list.
"""

from __future__ import annotations

import re
from itertools import islice, pairwise
from json import JSONDecoder
from json.encoder import encode_basestring
from secrets import token_hex
from typing import TYPE_CHECKING

from transforms.formats.json_values import JSON_WHITESPACE, parse, skip_whitespace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Member = tuple[str, object]

_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_BETWEEN_OBJECTS = re.compile(rf"\}}[{JSON_WHITESPACE}]*,[{JSON_WHITESPACE}]*\{{")
_BATCH_TEXTS = 40  # parsed in one call; a broken one makes it a call for each of them
_BATCH_CHARACTERS = 16 * 1024 * 1024
_CLOSING = object()  # marks a closing bracket on the stack of compact()


def _no_number(_word: str) -> None:
    """Return None: NaN and infinities are null in every column."""


_DECODER = JSONDecoder(
    object_pairs_hook=tuple, parse_int=str.encode, parse_float=str.encode, parse_constant=_no_number
)


def members_of(text: str) -> tuple[Member, ...] | None:
    """Return the members of one strict JSON object, duplicate keys included; None for any other text.

    >>> members_of('{"a": 1.10, "a": [true, NaN]}')
    (('a', b'1.10'), ('a', [True, None]))
    >>> members_of('{"a": 1} {"a": 2}')
    """
    try:
        value, end = _DECODER.raw_decode(text, skip_whitespace(text, 0))
        if _SURROGATE_ESCAPE.search(text):
            value = _replace_surrogates(value)
        return value if isinstance(value, tuple) and not text[end:].strip(JSON_WHITESPACE) else None
    except (ValueError, RecursionError):  # also of nesting beyond Python's limit
        return None


def members_of_each(texts: Sequence[str]) -> Iterator[tuple[Member, ...] | None]:
    """Yield ``members_of`` each text; many are parsed in one call, which memoises their keys."""
    for place in range(0, len(texts), _BATCH_TEXTS):
        batch = texts[place : place + _BATCH_TEXTS]
        members = _members_of_batch(batch)
        yield from (members_of(text) for text in batch) if members is None else members


def _members_of_batch(texts: Sequence[str]) -> list[tuple[Member, ...] | None] | None:
    """Return the members of texts that are each one JSON value; None where this cannot be proved.

    The texts are joined by a random separator string: it is every second element of the parsed array only if
    each text is exactly one value.
    """
    separator = token_hex()
    text = "[" + f',"{separator}",'.join(texts) + "]"
    try:
        values, end = _DECODER.raw_decode(text)
        is_one_each = (
            isinstance(values, list) and values[1::2] == [separator] * (len(texts) - 1) and end == len(text)
        )
        if not is_one_each or len(values) != 2 * len(texts) - 1:
            return None
        parsed = values[::2]
        if _SURROGATE_ESCAPE.search(text):
            parsed = [
                _replace_surrogates(value) if _SURROGATE_ESCAPE.search(source) else value
                for value, source in zip(parsed, texts, strict=True)
            ]
    except (ValueError, RecursionError):
        return None
    return [value if isinstance(value, tuple) else None for value in parsed]


def elements_of(text: str, batch_size: int = 1_000) -> Iterator[str]:
    """Yield the source text of each element of a JSON array.

    From the first syntax error on, the rest of the text is the last element, so that nothing is lost. Up to
    ``batch_size`` elements are split at once where that can be proved right.

    >>> list(elements_of('[{"a": 1} , 2]')), list(elements_of("[]")), list(elements_of("[1 2]"))
    (['{"a": 1}', '2'], [], ['1', '2]'])
    """
    place = skip_whitespace(text, 0)
    begin = skip_whitespace(text, place + 1)
    if not text.startswith("[", place):
        yield text.strip(JSON_WHITESPACE)
    elif text[begin:].strip(JSON_WHITESPACE) != "]":
        yield from _elements_from(text, begin, batch_size)


def _elements_from(text: str, place: int, batch_size: int) -> Iterator[str]:
    cuts = (cut for cut in _BETWEEN_OBJECTS.finditer(text, place) if cut.start() >= place)
    while True:
        batch = _next_cuts(cuts, place, batch_size)
        if elements := _elements_between(text, place, batch):
            yield from elements
            place = batch[-1].end() - 1
            continue
        until = batch[-1].end() if batch else len(text) + 1
        while place < until:
            end = _value_end(text, place)
            if end is None:
                yield text[place:].strip(JSON_WHITESPACE)
                return
            yield text[place:end]
            place = skip_whitespace(text, end)
            if not text.startswith(",", place):
                if (rest := text[place:].strip(JSON_WHITESPACE)) != "]":
                    yield rest
                return
            place = skip_whitespace(text, place + 1)


def _next_cuts(cuts: Iterator[re.Match[str]], place: int, batch_size: int) -> list[re.Match[str]]:
    """Return the next cuts, bounded in number and characters, since parsing takes a multiple of the text."""
    batch = []
    for cut in islice(cuts, batch_size):
        batch.append(cut)
        if cut.end() - place > _BATCH_CHARACTERS:
            break
    return batch


def _elements_between(text: str, place: int, cuts: Sequence[re.Match[str]]) -> list[str]:
    """Return the elements from a place to the last cut; none where not all cuts are between two objects.

    The cuts include every place between two consecutive objects. So if the text parses, and has as many such
    places as there are cuts, then each cut is one of them.
    """
    if not cuts:
        return []
    begins = [place, *(cut.end() - 1 for cut in cuts[:-1])]
    ends = [cut.start() + 1 for cut in cuts]
    try:
        values = parse(f"[{text[place : ends[-1]]}]")
    except ValueError:
        return []
    is_object = [isinstance(value, dict) for value in values] if isinstance(values, list) else []
    ends_run = [one and other for one, other in pairwise(is_object)] + [True]
    if sum(ends_run) != len(ends):
        return []
    runs = [text[begin:end] for begin, end in zip(begins, ends, strict=True)]
    if all(ends_run):
        return runs
    numbers = [number for number, is_end in enumerate(ends_run) if is_end]
    sizes = [number - before for before, number in pairwise([-1, *numbers])]
    return [
        element
        for run, size in zip(runs, sizes, strict=True)
        for element in ([run] if size == 1 else elements_of(f"[{run}]"))
    ]


def array_at(text: str, path: Sequence[str]) -> str | None:
    """Return the source text of the array at a path of keys in a text's one object; None where there is none.

    Of duplicate keys, the first with a value of the right type counts.

    >>> array_at('{"n": 2, "data": {"items": [{"a": 1}, {"a": 2}]}}', ("data", "items"))
    '[{"a": 1}, {"a": 2}]'
    """
    start, end = skip_whitespace(text, 0), len(text)
    for depth, key in enumerate(path):
        opening = "[" if depth == len(path) - 1 else "{"
        found = (
            (begin, stop)
            for name, begin, stop in _member_places(text, start)
            if name == key and text.startswith(opening, begin)
        )
        start, end = next(found, (-1, -1))
        if start < 0:
            return None
    return text[start:end]


def _member_places(text: str, place: int) -> Iterator[tuple[str, int, int]]:
    """Yield the name and the begin and end of the value of each member of the object at a place."""
    if not text.startswith("{", place):
        return
    place = skip_whitespace(text, place + 1)
    while text.startswith('"', place):
        name, place = _DECODER.raw_decode(text, place)
        begin = skip_whitespace(text, skip_whitespace(text, place) + 1)  # after the colon
        end = _value_end(text, begin)
        if end is None:
            return
        yield name, begin, end
        place = skip_whitespace(text, skip_whitespace(text, end) + 1)  # after the comma


def _value_end(text: str, place: int) -> int | None:
    """Return the end of the value that begins at a place; None when none does."""
    try:
        return _DECODER.raw_decode(text, place)[1]
    except (ValueError, RecursionError):
        return None


def text_form(value: object) -> str | None:
    """Return the text form of a value: a number's literal, or compact JSON of a nested one (spec 4.1)."""
    if value is None or isinstance(value, str):
        return value
    return compact(value)


def compact(value: object) -> str:
    """Return a value as compact JSON. Iterative, so that no nesting depth exceeds the recursion limit.

    >>> compact((("a", [b"1.0", None, True]),))
    '{"a":[1.0,null,true]}'
    """
    pieces: list[str] = []
    stack: list[tuple[object, str]] = [(value, "")]  # values to write, each with the text before it
    while stack:
        current, before = stack.pop()
        pieces.append(before)
        if isinstance(current, tuple):
            pieces.append("{")
            stack.append((_CLOSING, "}"))
            members = [(member, f"{encode_basestring(key)}:") for key, member in current]
        elif isinstance(current, list):
            pieces.append("[")
            stack.append((_CLOSING, "]"))
            members = [(item, "") for item in current]
        else:
            members = []
            if current is not _CLOSING:
                pieces.append(_scalar(current))
        stack += [(member, f",{name}") for member, name in reversed(members[1:])]
        stack += members[:1]
    return "".join(pieces)


def _scalar(value: object) -> str:
    match value:
        case str():
            return encode_basestring(value)
        case bytes():
            return value.decode()
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
    raise TypeError(f"not a JSON value: {type(value).__name__}")


def value_at(value: object, steps: Sequence[str | int]) -> object:
    """Return the value at a path, parsing strings that hold JSON on the way; None where there is none.

    >>> value_at((("items", [(("price", b"1.50"),)]),), ("items", 0, "price"))
    b'1.50'
    """
    for step in steps:
        if isinstance(value, str):
            value = _parse(value)
        if isinstance(step, str) and isinstance(value, tuple):
            value = next((member for key, member in value if key == step), None)
        elif isinstance(step, int) and isinstance(value, list):
            value = value[step] if 0 <= step < len(value) else None
        else:
            return None
    return value


def _parse(text: str) -> object:
    try:
        value = _DECODER.decode(text)
        return _replace_surrogates(value) if _SURROGATE_ESCAPE.search(text) else value
    except (ValueError, RecursionError):
        return None


def _replace_surrogates(value: object) -> object:
    """Return a value with each unpaired surrogate as U+FFFD."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, tuple):
        return tuple((_SURROGATE.sub("\ufffd", key), _replace_surrogates(member)) for key, member in value)
    return [_replace_surrogates(item) for item in value] if isinstance(value, list) else value
