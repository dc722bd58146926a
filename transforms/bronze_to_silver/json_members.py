"""JSON texts to records and members: strict, numbers as they are written, nothing lost (spec 3, 4.1).

Python's own parser keeps a number's literal, doubled keys and the source's order. A value here is a str,
bytes (a number's literal), a bool, None (null, NaN, infinities), a tuple of members (an object) or a list.
"""

from __future__ import annotations

import re
from itertools import islice, pairwise
from json import JSONDecoder
from json.encoder import encode_basestring
from secrets import token_hex
from typing import TYPE_CHECKING

from transforms.raw_to_bronze.json_values import BLANKS, parse, skip_blanks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Member = tuple[str, object]

_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_BETWEEN_OBJECTS = re.compile(rf"\}}[{BLANKS}]*,[{BLANKS}]*\{{")
_TEXTS_A_CALL = 40  # one that is broken makes it a call for each of them
_CHARACTERS_AT_ONCE = 16 * 1024 * 1024
_WRITTEN = object()  # stands where nothing but what is before it is left to be written


def _no_number(_word: str) -> None:
    """NaN and infinities are null in every column."""


_DECODER = JSONDecoder(
    object_pairs_hook=tuple, parse_int=str.encode, parse_float=str.encode, parse_constant=_no_number
)


def members_of(text: str) -> tuple[Member, ...] | None:
    """Return the members of a text that is one strict JSON object, doubled keys included; else None.

    >>> members_of('{"a": 1.10, "a": [true, NaN]}')
    (('a', b'1.10'), ('a', [True, None]))
    >>> members_of('{"a": 1} {"a": 2}')
    """
    try:
        value, end = _DECODER.raw_decode(text, skip_blanks(text, 0))
        if _SURROGATE_ESCAPE.search(text):
            value = _paired(value)  # an unpaired surrogate is no character
        return value if isinstance(value, tuple) and not text[end:].strip(BLANKS) else None
    except (ValueError, RecursionError):  # nested beyond Python's limit, too
        return None


def members_of_each(texts: Sequence[str]) -> Iterator[tuple[Member, ...] | None]:
    """Yield ``members_of`` each text, many by one call of the parser, which then knows their keys."""
    for place in range(0, len(texts), _TEXTS_A_CALL):
        some = texts[place : place + _TEXTS_A_CALL]
        together = _members_of_some(some)
        yield from (members_of(text) for text in some) if together is None else together


def _members_of_some(texts: Sequence[str]) -> list[tuple[Member, ...] | None] | None:
    """Return the members of texts that are each one JSON value; None when it takes a closer look.

    A word that no text can hold stands between them: only where each text is a value does it stand between
    all of them.
    """
    word = token_hex()
    text = "[" + f',"{word}",'.join(texts) + "]"
    try:
        values, end = _DECODER.raw_decode(text)
        is_one_each = (
            isinstance(values, list) and values[1::2] == [word] * (len(texts) - 1) and end == len(text)
        )
        if not is_one_each or len(values) != 2 * len(texts) - 1:
            return None
        held = values[::2]
        if _SURROGATE_ESCAPE.search(text):
            held = [
                _paired(value) if _SURROGATE_ESCAPE.search(of) else value
                for value, of in zip(held, texts, strict=True)
            ]
    except (ValueError, RecursionError):
        return None
    return [value if isinstance(value, tuple) else None for value in held]


def elements_of(text: str, at_once: int = 1_000) -> Iterator[str]:
    """Yield the elements of a text that is a JSON array, each as it was written.

    Where the text breaks off being one, the rest of it is the last element, so that nothing is lost. It is
    cut at many places at once, ``at_once``, where that can be proved right.

    >>> list(elements_of('[{"a": 1} , 2]')), list(elements_of("[]")), list(elements_of("[1 2]"))
    (['{"a": 1}', '2'], [], ['1', '2]'])
    """
    place = skip_blanks(text, 0)
    begin = skip_blanks(text, place + 1)
    if not text.startswith("[", place):
        yield text.strip(BLANKS)
    elif text[begin:].strip(BLANKS) != "]":
        yield from _elements_from(text, begin, at_once)


def _elements_from(text: str, place: int, at_once: int) -> Iterator[str]:
    cuts = (cut for cut in _BETWEEN_OBJECTS.finditer(text, place) if cut.start() >= place)
    while True:
        some = _next_cuts(cuts, place, at_once)
        if elements := _elements_between(text, place, some):
            yield from elements
            place = some[-1].end() - 1
            continue
        until = some[-1].end() if some else len(text) + 1
        while place < until:
            end = _value_end(text, place)
            if end is None:
                yield text[place:].strip(BLANKS)
                return
            yield text[place:end]
            place = skip_blanks(text, end)
            if not text.startswith(",", place):
                if (rest := text[place:].strip(BLANKS)) != "]":
                    yield rest
                return
            place = skip_blanks(text, place + 1)


def _next_cuts(cuts: Iterator[re.Match[str]], place: int, at_once: int) -> list[re.Match[str]]:
    """Return the next cuts: as many as suit the memory, which the parsed text takes several times."""
    some = []
    for cut in islice(cuts, at_once):
        some.append(cut)
        if cut.end() - place > _CHARACTERS_AT_ONCE:
            break
    return some


def _elements_between(text: str, place: int, cuts: Sequence[re.Match[str]]) -> list[str]:
    """Return the elements from a place to the last of some cuts; none where not all cuts are between objects.

    A text is cut wherever it looks like the place between two objects, and each such place looks like it. So
    if the text parses, and two objects follow each other as often as it was cut, then it was cut there and
    nowhere else.
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


def _value_end(text: str, place: int) -> int | None:
    """Return where the value that begins at a place ends; None when none begins there."""
    try:
        return _DECODER.raw_decode(text, place)[1]
    except (ValueError, RecursionError):
        return None


def text_of(value: object) -> str | None:
    """Return a value in its text form: a number its literal, a nested one compact JSON in source order."""
    if value is None or isinstance(value, str):
        return value
    return compact(value)


def compact(value: object) -> str:
    """Return a value as compact JSON; it does not recurse, so that whatever was parsed can be written.

    >>> compact((("a", [b"1.0", None, True]),))
    '{"a":[1.0,null,true]}'
    """
    pieces: list[str] = []
    left: list[tuple[object, str]] = [(value, "")]  # what is still to be written, and what stands before it
    while left:
        held, before = left.pop()
        pieces.append(before)
        if isinstance(held, tuple):
            pieces.append("{")
            left.append((_WRITTEN, "}"))
            members = [(member, f"{encode_basestring(key)}:") for key, member in held]
        elif isinstance(held, list):
            pieces.append("[")
            left.append((_WRITTEN, "]"))
            members = [(item, "") for item in held]
        else:
            members = []
            if held is not _WRITTEN:
                pieces.append(_scalar(held))
        left += [(member, f",{name}") for member, name in reversed(members[1:])]
        left += members[:1]
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
    raise TypeError(f"no JSON value: {type(value).__name__}")


def value_at(value: object, steps: Sequence[str | int]) -> object:
    """Return what lies at a path in a value; a text that holds JSON is read. None where nothing is there.

    >>> value_at((("items", [(("price", b"1.50"),)]),), ("items", 0, "price"))
    b'1.50'
    """
    for step in steps:
        if isinstance(value, str):
            value = _read(value)
        if isinstance(step, str) and isinstance(value, tuple):
            value = next((held for key, held in value if key == step), None)
        elif isinstance(step, int) and isinstance(value, list):
            value = value[step] if 0 <= step < len(value) else None
        else:
            return None
    return value


def _read(text: str) -> object:
    try:
        value = _DECODER.decode(text)
        return _paired(value) if _SURROGATE_ESCAPE.search(text) else value
    except (ValueError, RecursionError):
        return None


def _paired(value: object) -> object:
    """Return a value with each unpaired surrogate as U+FFFD."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, tuple):
        return tuple((_SURROGATE.sub("\ufffd", key), _paired(held)) for key, held in value)
    return [_paired(held) for held in value] if isinstance(value, list) else value
