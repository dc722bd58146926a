"""Vectorized JSON parser for flat objects of equal layout: whole columns, cut at the positions of quotes.

A feed writes nearly all of its objects alike: the same keys in the same order, the same spacing, no nested
value. A sample gives the template; each object is compared with it byte by byte, on the bytes of the whole
batch. The results equal those of ``json_parser`` (a test compares them), which parses all other objects.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.formats.arrow_bytes import bytes_of
from transforms.formats.json_parser import members_of
from transforms.formats.parsed import PlainRecords

if TYPE_CHECKING:
    from transforms.formats.arrow_bytes import Bytes, Marks, Positions

_SAMPLE_OBJECTS = 8  # from which the template is taken
_FIRST_VISIBLE, _QUOTE, _COLON, _BACKSLASH = b' ":\\'
_BRACES = np.frombuffer(b"{}", np.uint8)
_LITERAL = r"\A(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|null|true|false)\z"


def _are_among(members: bytes) -> Marks:
    marks = np.zeros(256, np.bool_)
    marks[np.frombuffer(members, np.uint8)] = True
    return marks


_IS_ESCAPED = _are_among(b'"\\/bfnrtu')
_IS_HEX = _are_among(b"0123456789abcdefABCDEF")
_IS_SURROGATE = _are_among(b"89abcdefABCDEF")  # the digit after \ud


@dataclass(frozen=True, slots=True)
class Template:
    """Layout of an object: its keys, the separator after a key, and the one before a further key."""

    keys: tuple[str, ...]
    colon: str
    comma: str

    @classmethod
    def of(cls, record: str) -> Template | None:
        """Return the template of a record; None where it is not an object, or its layout is irregular."""
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
        """The text before each value."""
        before = ["{", *[self.comma] * (len(self.keys) - 1)]
        return [f'{mark}"{key}"{self.colon}' for mark, key in zip(before, self.keys, strict=True)]


def plain_objects(records: pa.StringArray) -> PlainRecords | None:
    """Parse the records that follow the most common template; None where there is no template."""
    if records.type != pa.string() or records.null_count or not records.nbytes:
        return None
    template = _common_template(records)
    return None if template is None else _plain_objects(records, template)


def _common_template(records: pa.StringArray) -> Template | None:
    sample = records.take(np.arange(0, len(records), len(records) // _SAMPLE_OBJECTS + 1)).to_pylist()
    templates = Counter(template for record in sample if (template := Template.of(record)) is not None)
    return templates.most_common(1)[0][0] if templates else None


def _plain_objects(records: pa.StringArray, template: Template) -> PlainRecords:
    text, bounds = bytes_of(records)
    escaped = _escaped(text)
    is_plain = _may_be_plain(text, bounds, escaped)
    quotes, quotes_per_record = _quotes(text, bounds, escaped)
    is_plain &= quotes_per_record % 2 == 0
    rows, begins, ends, is_text = _values(text, bounds, quotes, quotes_per_record, is_plain, template)

    columns = _columns(text, begins, ends)
    is_value = [_is_value(column, is_text[:, place]) for place, column in enumerate(columns)]
    are_values = np.logical_and.reduce(is_value)
    if not are_values.all():
        rows, is_text = rows[are_values], is_text[are_values]
        columns = [column.filter(pa.array(are_values)) for column in columns]
    is_plain = np.zeros(len(records), np.bool_)
    is_plain[rows] = True
    values = tuple(_text_form(column, is_text[:, place]) for place, column in enumerate(columns))
    if len(escaped):
        values = tuple(map(_unescape, values))
    return PlainRecords(pa.array(is_plain), template.keys, values)


def _escaped(text: Bytes) -> Positions:
    """Return the positions of characters after a backslash that is not escaped itself."""
    slashes = np.flatnonzero(text == _BACKSLASH)
    numbers = np.arange(len(slashes))
    begins_run = np.diff(slashes, prepend=-2) > 1
    in_run = numbers - np.maximum.accumulate(np.where(begins_run, numbers, 0))
    escaped: Positions = slashes[in_run % 2 == 0] + 1
    return escaped


def _may_be_plain(text: Bytes, bounds: Positions, escaped: Positions) -> Marks:
    """Return which records are in braces, without control characters, invalid escapes or surrogate escapes.

    Surrogate escapes are left to ``json_parser``: they form pairs, or are no characters.
    """
    starts, lasts = bounds[:-1], bounds[1:] - 1
    is_plain = lasts > starts
    is_plain[is_plain] = (text[np.stack([starts[is_plain], lasts[is_plain]], axis=1)] == _BRACES).all(axis=1)
    # An escape that would reach beyond the text belongs to a record that does not end with a brace.
    escapes = text[np.minimum(escaped[:, None] + np.arange(5), len(text) - 1)]
    is_unicode = escapes[:, 0] == ord("u")
    is_good = ~is_unicode | _IS_HEX[escapes[:, 1:]].all(axis=1)
    is_surrogate = is_unicode & ((escapes[:, 1] | 0x20) == ord("d")) & _IS_SURROGATE[escapes[:, 2]]
    odd = escaped[~_IS_ESCAPED[escapes[:, 0]] | ~is_good | is_surrogate]
    for places in (odd - 1, np.flatnonzero(text < _FIRST_VISIBLE)):
        is_plain[np.searchsorted(bounds, places, side="right") - 1] = False
    return is_plain


def _quotes(text: Bytes, bounds: Positions, escaped: Positions) -> tuple[Positions, Positions]:
    """Return the positions of the quotes that begin or end a string, and their number per record."""
    is_quote = text == _QUOTE
    is_quote[escaped[escaped < len(text)]] = False
    quotes = np.flatnonzero(is_quote)
    return quotes, np.diff(np.searchsorted(quotes, bounds))


def _values(
    text: Bytes,
    bounds: Positions,
    quotes: Positions,
    quotes_per_record: Positions,
    is_plain: Marks,
    template: Template,
) -> tuple[Positions, Positions, Positions, Marks]:
    """Find the values of the records that follow a template.

    Returns:
        the records' numbers; and for each record and key the begin and end of the value without its quotes,
        and whether it was quoted.
    """
    width = len(template.keys)
    rows = np.flatnonzero(is_plain)
    quotes = quotes[np.repeat(is_plain, quotes_per_record)]
    opens, closes = quotes[0::2], quotes[1::2]
    strings_of = quotes_per_record[rows] // 2
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
        is_whole &= _matches_at(text, before[:, place], opening.encode())
    begins, ends = begins + is_text, ends - is_text
    return rows[is_whole], begins[is_whole], ends[is_whole], is_text[is_whole]


def _matches_at(text: Bytes, places: Positions, expected: bytes) -> Marks:
    if len(text) < len(expected):
        return np.zeros(len(places), np.bool_)
    windows = np.lib.stride_tricks.sliding_window_view(text, len(expected))
    found = windows[np.minimum(places, len(windows) - 1)].view(f"S{len(expected)}")
    matches: Marks = found[:, 0] == expected  # numpy ignores trailing NULs: no opening ends with one
    return matches


def _columns(text: Bytes, begins: Positions, ends: Positions) -> list[pa.StringArray]:
    """Return the text between begins and ends (rows by columns) as columns."""
    count, width = begins.shape
    cuts = np.append(np.stack([begins, ends], axis=2).ravel(), len(text)).astype(np.int32)
    pieces = pa.StringArray.from_buffers(len(cuts) - 1, pa.py_buffer(cuts), pa.py_buffer(text))
    return [pieces.take(np.arange(2 * place, 2 * width * count, 2 * width)) for place in range(width)]


def _is_value(column: pa.StringArray, is_text: Marks) -> Marks:
    """Return which values are strings or literals (numbers, booleans, null), not nested or invalid."""
    if is_text.all():
        return is_text
    return is_text | np.asarray(pc.match_substring_regex(column, _LITERAL), np.bool_)


def _text_form(column: pa.StringArray, is_text: Marks) -> pa.StringArray:
    """Return values in their text form (spec 4.1): strings and literals as written, null as null."""
    if is_text.all():
        return column
    return pc.if_else(pc.and_not(pc.equal(column, "null"), pa.array(is_text)), None, column)


def _unescape(column: pa.StringArray) -> pa.StringArray:
    """Return values with their escapes resolved."""
    if not len(column) or not (bytes_of(column)[0] == _BACKSLASH).any():
        return column
    has_escapes = pc.fill_null(pc.match_substring(column, "\\"), False)
    written = column.filter(has_escapes).to_pylist()
    read: list[str] = json.loads('["' + '","'.join(written) + '"]')
    return pc.replace_with_mask(column, has_escapes, pa.array(read, pa.string()))
