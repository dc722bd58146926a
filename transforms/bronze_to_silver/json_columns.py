"""Plainly written JSON objects, taken apart together: whole columns, cut by where their quotes are.

A feed writes nearly all of its objects alike: the same keys in the same order, the same blanks, no value
nested. A few such objects show how; every other one is held against that, byte by byte, on the text of the
whole batch. What is found here is what ``json_members`` would find, and a test holds the two against each
other; whatever is written differently is left to it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.bronze_to_silver.cutting import PlainRecords
from transforms.bronze_to_silver.json_members import members_of
from transforms.bronze_to_silver.text_bytes import bytes_of

if TYPE_CHECKING:
    from transforms.bronze_to_silver.text_bytes import Bytes, Marks, Places

_SHOWN = 8  # objects that are asked how the others are written
_FIRST_VISIBLE, _QUOTE, _COLON, _BACKSLASH = b' ":\\'
_BRACES = np.frombuffer(b"{}", np.uint8)
_LITERAL = r"\A(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|null|true|false)\z"


def _are_among(members: bytes) -> Marks:
    marks = np.zeros(256, np.bool_)
    marks[np.frombuffer(members, np.uint8)] = True
    return marks


_IS_ESCAPED = _are_among(b'"\\/bfnrtu')
_IS_HEX = _are_among(b"0123456789abcdefABCDEF")
_IS_SURROGATE = _are_among(b"89abcdefABCDEF")  # the digit behind \ud


@dataclass(frozen=True, slots=True)
class Template:
    """How an object is written: its keys, and what stands between a key and its value, and before a key."""

    keys: tuple[str, ...]
    colon: str
    comma: str

    @classmethod
    def of(cls, record: str) -> Template | None:
        """Return how a record is written; None where it is no object, or its way is not a plain one."""
        members = members_of(record)
        if not members:
            return None
        keys = tuple(key for key, _ in members)
        colon = ": " if record.startswith(f'{{"{keys[0]}": ') else ":"
        comma = ", " if len(keys) > 1 and f', "{keys[1]}"{colon}' in record else ","
        template = cls(keys, colon, comma)
        return template if all(opening in record for opening in template.openings) else None

    @property
    def openings(self) -> list[str]:
        """What stands before each value."""
        before = ["{", *[self.comma] * (len(self.keys) - 1)]
        return [f'{mark}"{key}"{self.colon}' for mark, key in zip(before, self.keys, strict=True)]


def plain_objects(records: pa.StringArray) -> PlainRecords | None:
    """Take those records apart that are written as most of them are; None where no way is common."""
    if records.type != pa.string() or records.null_count or not records.nbytes:
        return None
    template = _common_template(records)
    return None if template is None else _plain_objects(records, template)


def _common_template(records: pa.StringArray) -> Template | None:
    shown = records.take(np.arange(0, len(records), len(records) // _SHOWN + 1)).to_pylist()
    ways = Counter(way for record in shown if (way := Template.of(record)) is not None)
    return ways.most_common(1)[0][0] if ways else None


def _plain_objects(records: pa.StringArray, template: Template) -> PlainRecords:
    text, bounds = bytes_of(records)
    escaped = _escaped(text)
    is_among = _may_be_plain(text, bounds, escaped)
    quotes, of_each = _quotes(text, bounds, escaped)
    is_among &= of_each % 2 == 0
    rows, begins, ends, is_text = _values(text, bounds, quotes, of_each, is_among, template)

    columns = _columns(text, begins, ends)
    is_value = [_is_value(column, is_text[:, place]) for place, column in enumerate(columns)]
    are_values = np.logical_and.reduce(is_value)
    if not are_values.all():
        rows, is_text = rows[are_values], is_text[are_values]
        columns = [column.filter(pa.array(are_values)) for column in columns]
    is_among = np.zeros(len(records), np.bool_)
    is_among[rows] = True
    held = tuple(_read(column, is_text[:, place]) for place, column in enumerate(columns))
    if len(escaped):
        held = tuple(map(_unescaped, held))
    return PlainRecords(pa.array(is_among), template.keys, held)


def _escaped(text: Bytes) -> Places:
    """Return the places of the characters behind a backslash that is not one itself."""
    slashes = np.flatnonzero(text == _BACKSLASH)
    numbers = np.arange(len(slashes))
    begins_run = np.diff(slashes, prepend=-2) > 1
    in_run = numbers - np.maximum.accumulate(np.where(begins_run, numbers, 0))
    escaped: Places = slashes[in_run % 2 == 0] + 1
    return escaped


def _may_be_plain(text: Bytes, bounds: Places, escaped: Places) -> Marks:
    """Mark the records in braces without a control character, and without an escape that is none.

    The escapes of surrogates are left to others: they go in pairs, or are no characters.
    """
    starts, lasts = bounds[:-1], bounds[1:] - 1
    is_plain = lasts > starts
    is_plain[is_plain] = (text[np.stack([starts[is_plain], lasts[is_plain]], axis=1)] == _BRACES).all(axis=1)
    # What would reach beyond the text belongs to a record that does not end with a brace.
    escapes = text[np.minimum(escaped[:, None] + np.arange(5), len(text) - 1)]
    is_unicode = escapes[:, 0] == ord("u")
    is_good = ~is_unicode | _IS_HEX[escapes[:, 1:]].all(axis=1)
    is_surrogate = is_unicode & ((escapes[:, 1] | 0x20) == ord("d")) & _IS_SURROGATE[escapes[:, 2]]
    odd = escaped[~_IS_ESCAPED[escapes[:, 0]] | ~is_good | is_surrogate]
    for places in (odd - 1, np.flatnonzero(text < _FIRST_VISIBLE)):
        is_plain[np.searchsorted(bounds, places, side="right") - 1] = False
    return is_plain


def _quotes(text: Bytes, bounds: Places, escaped: Places) -> tuple[Places, Places]:
    """Return the places of the quotes that begin or end a string, and how many each record has."""
    is_quote = text == _QUOTE
    is_quote[escaped[escaped < len(text)]] = False
    quotes = np.flatnonzero(is_quote)
    return quotes, np.diff(np.searchsorted(quotes, bounds))


def _values(
    text: Bytes, bounds: Places, quotes: Places, of_each: Places, is_among: Marks, template: Template
) -> tuple[Places, Places, Places, Marks]:
    """Find the values of the records that are written by a template.

    Returns:
        the records' numbers; and of each record and key: where its value begins and ends, its quotes left
        out, and whether it had some.
    """
    width = len(template.keys)
    rows = np.flatnonzero(is_among)
    quotes = quotes[np.repeat(is_among, of_each)]
    opens, closes = quotes[0::2], quotes[1::2]
    strings_of = of_each[rows] // 2
    row_of = np.repeat(np.arange(len(rows)), strings_of)
    keys = np.flatnonzero(text[closes + 1] == _COLON)  # a string's number; a brace ends each record
    is_complete = np.bincount(row_of[keys], minlength=len(rows)) == width
    keys = keys[is_complete[row_of[keys]]].reshape(-1, width)
    rows, behind = rows[is_complete], np.cumsum(strings_of)[is_complete]

    begins = closes[keys] + 1 + len(template.colon)
    ends = np.column_stack([opens[keys[:, 1:]] - len(template.comma), bounds[rows + 1] - 1])
    strings_within = np.column_stack([keys[:, 1:], behind]) - keys - 1
    is_text = strings_within == 1
    string = np.minimum(keys + 1, len(opens) - 1)
    is_one_text = is_text & (opens[string] == begins) & (closes[string] + 1 == ends)
    is_whole = (is_one_text | (strings_within == 0) & (begins < ends)).all(axis=1)
    before = np.column_stack([bounds[rows], ends[:, :-1]])
    for place, opening in enumerate(template.openings):
        is_whole &= _stands_at(text, before[:, place], opening.encode())
    begins, ends = begins + is_text, ends - is_text
    return rows[is_whole], begins[is_whole], ends[is_whole], is_text[is_whole]


def _stands_at(text: Bytes, places: Places, expected: bytes) -> Marks:
    if len(text) < len(expected):
        return np.zeros(len(places), np.bool_)
    windows = np.lib.stride_tricks.sliding_window_view(text, len(expected))
    found = windows[np.minimum(places, len(windows) - 1)].view(f"S{len(expected)}")
    stands: Marks = found[:, 0] == expected  # numpy disregards NULs at the end: no opening ends with one
    return stands


def _columns(text: Bytes, begins: Places, ends: Places) -> list[pa.StringArray]:
    """Return what stands between places: of each row, what begins and ends at the places of each column."""
    count, width = begins.shape
    cuts = np.append(np.stack([begins, ends], axis=2).ravel(), len(text)).astype(np.int32)
    pieces = pa.StringArray.from_buffers(len(cuts) - 1, pa.py_buffer(cuts), pa.py_buffer(text))
    return [pieces.take(np.arange(2 * place, 2 * width * count, 2 * width)) for place in range(width)]


def _is_value(column: pa.StringArray, is_text: Marks) -> Marks:
    """Whether each is a text, or a literal: a number, a truth value, null. Another is nested, or no value."""
    if is_text.all():
        return is_text
    return is_text | np.asarray(pc.match_substring_regex(column, _LITERAL), np.bool_)


def _read(column: pa.StringArray, is_text: Marks) -> pa.StringArray:
    """Return values in their text form (spec 4.1): texts and literals as they are written, null null."""
    if is_text.all():
        return column
    return pc.if_else(pc.and_not(pc.equal(column, "null"), pa.array(is_text)), None, column)


def _unescaped(column: pa.StringArray) -> pa.StringArray:
    """Return values with the characters that their escapes stand for."""
    if not len(column) or not (bytes_of(column)[0] == _BACKSLASH).any():
        return column
    has_escapes = pc.fill_null(pc.match_substring(column, "\\"), False)
    written = column.filter(has_escapes).to_pylist()
    read: list[str] = json.loads('["' + '","'.join(written) + '"]')
    return pc.replace_with_mask(column, has_escapes, pa.array(read, pa.string()))
