"""The column ``_extra``: unknown source columns as a JSON object (spec 4.1)."""

from __future__ import annotations

import json
from collections import Counter
from json.encoder import encode_basestring
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import DataType, Kind
from transforms.bronze_to_silver.casting_vectorized import PlainReader, are_null_words
from transforms.formats.text_cleaning import DEFAULT_WORDS, clean_text, is_null_word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_MEMBER = r'("(?:[^"\\]|\\.)*"):"(?:[^"\\]|\\.)*"'
_ESCAPED = r'["\\]'  # the only plain characters that JSON escapes
_STRING = DataType(Kind.STRING)


def extra_text(
    unknown: Iterable[tuple[str, Iterable[str | None]]], null_words: Collection[str] = DEFAULT_WORDS
) -> str | None:
    """Return the JSON object of the unknown columns that have a value, in the order given.

    Args:
        unknown: normalised names, each once, with the texts of the columns of that name in file order; the
            first that is a value by the string rules counts.
        null_words: in lower case; the source's, where it has its own.

    >>> extra_text([("a", (None, " n/a", " x ")), ("b", ("",))]), extra_text([])
    ('{"a":"x"}', None)
    """
    members = []
    for name, texts in unknown:
        cleaned = (clean_text(text) for text in texts if text is not None)
        value = next((text for text in cleaned if not is_null_word(text, null_words)), None)
        if value is not None:
            members.append(f"{encode_basestring(name)}:{encode_basestring(value)}")
    return "{" + ",".join(members) + "}" if members else None


def extra_texts(
    unknown: Sequence[tuple[str, Sequence[pa.StringArray]]],
    rows: int,
    null_words: Collection[str] = DEFAULT_WORDS,
) -> pa.StringArray:
    """Return ``extra_text`` of each row of a batch, given its unknown columns.

    Plain texts need no cleaning and rarely an escape, so they are joined as whole columns.
    """
    if not unknown:
        return pa.nulls(rows, pa.string())
    reader = PlainReader(_STRING, null_words)
    is_left = pa.repeat(any(len(texts) > 1 for _, texts in unknown), rows)
    members: list[pa.StringArray] = []
    for name, (texts, *_) in unknown:
        plain = reader.read(texts)
        is_value = pc.and_not(pc.is_valid(texts), are_null_words(texts, null_words))
        is_odd = pc.fill_null(pc.match_substring_regex(plain, _ESCAPED), is_value)
        is_left = pc.or_(is_left, is_odd)
        member = pc.binary_join_element_wise(f',{encode_basestring(name)}:"', plain, '"', "")
        members.append(pc.fill_null(member, ""))
    joined = pc.binary_join_element_wise(*members, "")
    objects = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")
    objects = pc.if_else(pc.equal(joined, ""), None, objects)
    if not is_left.true_count:
        return objects
    names = [name for name, _ in unknown]
    left = [
        zip(*(column.filter(is_left).to_pylist() for column in texts), strict=True) for _, texts in unknown
    ]
    written = [extra_text(zip(names, row, strict=True), null_words) for row in zip(*left, strict=True)]
    return pc.replace_with_mask(objects, is_left, pa.array(written, pa.string()))


def names_in(extras: pa.StringArray) -> Counter[str]:
    r"""Count the rows with a value for each unknown column, by its name.

    Args:
        extras: ``extra_text`` of each row.

    >>> import pyarrow as pa
    >>> sorted(names_in(pa.array(['{"a":"x","b":"\\":\\""}', None, '{"b":","}'])).items())
    [('a', 1), ('b', 2)]
    """
    rows = Counter[str]()
    shapes = pc.replace_substring_regex(extras.drop_null(), _MEMBER, r"\1")
    for shape in pc.value_counts(shapes).to_pylist():
        for name in json.loads(f"[{shape['values'][1:-1]}]"):
            rows[name] += shape["counts"]
    return rows
