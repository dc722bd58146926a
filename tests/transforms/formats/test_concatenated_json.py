from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.formats.concatenated_json import next_record, records_of

RECORDS = [
    ("objects", '{"a":1}{"a":2}\n\n {"a":3}', ['{"a":1}', '{"a":2}', '{"a":3}']),
    ("a brace in a string", '{"a":"}{"}{"a":2}', ['{"a":"}{"}', '{"a":2}']),
    ("junk between", '{"a":1} x, y {"a":2}', ['{"a":1}', "x, y", '{"a":2}']),
    ("a broken object ends where its brackets balance", '{"a":{x}}{"a":2}', ['{"a":{x}}', '{"a":2}']),
    ("an object that never balances", '{"a":1}{"b":{"a":2}', ['{"a":1}', '{"b":{"a":2}']),
    ("an open string", '{"a":1}{"b":"x}{"a":2}', ['{"a":1}', '{"b":"x}{"a":2}']),
    ("marks between", '{"a":1}\ufeff{"a":2}\ufeff', ['{"a":1}', '{"a":2}']),
    ("an unfinished end that is no object", '{"a":1}{"a":2},', ['{"a":1}', '{"a":2}', ","]),
]


@pytest.mark.parametrize(("text", "expected"), [r[1:] for r in RECORDS], ids=[r[0] for r in RECORDS])
def test_a_text_is_cut_into_records(text: str, expected: list[str]) -> None:
    assert list(records_of(text)) == expected


objects = st.dictionaries(
    st.text('a{"\\', max_size=2), st.integers() | st.text('}{"\\\né', max_size=5), max_size=3
).map(json.dumps)


@given(st.lists(st.tuples(objects, st.sampled_from(["", " ", "\n", "\r\n", "\ufeff"])), max_size=6))
def test_objects_are_split_at_any_separator(parts: list[tuple[str, str]]) -> None:
    assert list(records_of("".join(text + blank for text, blank in parts))) == [text for text, _ in parts]


@given(
    st.lists(objects | st.sampled_from(["x", "{", "}", '"', ' {"a":', "\n"]), max_size=8).map("".join),
    st.data(),
)
def test_a_complete_record_does_not_change_with_more_text(text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    found = next_record(text[:cut], 0, is_whole=False)
    if found is not None:
        assert next_record(text, 0, is_whole=True) == found
