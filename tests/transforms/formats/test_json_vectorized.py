"""The vectorized JSON parser gives what the parser gives."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.formats.json_parser import members_of, text_form
from transforms.formats.json_vectorized import plain_objects

TEXTS = st.text(
    st.sampled_from(['"', "\\", "a", "é", ",", ":", "{", "}", "\n", "\x7f", "日", "😀", " "]), max_size=6
)
LITERALS = st.sampled_from(
    [
        "1.10",
        "-0",
        "1E5",
        "-12e-3",
        "null",
        "true",
        "false",
        "NaN",
        "-Infinity",
        "01",
        "1.",
        "tru",
        "",
        "[]",
        "{}",
        "[1]",
    ]
)
ESCAPES = st.sampled_from(
    [r"\u00e9", r"\ud83d\ude00", r"\ud800", r"\x", r"\u12", r"\/", r"\\", r"\"", "\\", "\t"]
)
VALUES = (
    LITERALS
    | TEXTS.map(json.dumps)
    | TEXTS.map(lambda text: json.dumps(text, ensure_ascii=False))
    | ESCAPES.map(lambda escape: f'"{escape}"')
    | st.sampled_from(['{"a":1}', '["a","b"]', '["a"]', '"a":1', '"a" "b"', '"', ""])
)
KEYS = ("a", "b_é", "c")
STYLES = [(":", ","), (": ", ", "), (":", ", "), (" :", " ,")]


@st.composite
def objects(draw: st.DrawFn) -> list[str]:
    """Draw objects of one template, and others among them."""
    colon, comma = draw(st.sampled_from(STYLES))
    keys = KEYS[: draw(st.integers(1, len(KEYS)))]
    alike = st.tuples(*[VALUES] * len(keys)).map(
        lambda values: (
            "{" + comma.join(f'"{key}"{colon}{value}' for key, value in zip(keys, values, strict=True)) + "}"
        )
    )
    others = st.sampled_from(
        ["", " ", "{}", "[]", "x", '{"a":1}', '{"a":1,"a":2}', '{"a":1', "}", "\\", '{"b_é":1}']
    )
    wrapped = st.tuples(
        st.sampled_from(["", " ", "\\", "x"]), alike, st.sampled_from(["", " ", "\r", "\\", "}"])
    )
    return draw(st.lists(alike | others | wrapped.map("".join), max_size=15))


def members_as_texts(record: str) -> list[tuple[str, str | None]] | None:
    """Return the values of a record by the parser."""
    members = members_of(record)
    return None if members is None else [(key, text_form(value)) for key, value in members]


@given(records=objects(), skipped=st.integers(0, 2))
@example(records=['{"a":"x\\\\"}', '{"a":"x\\\\\\""}', '{"a":"\\\\\\\\"}'], skipped=0)
def test_vectorized_parsing_gives_what_the_parser_gives_for_each_object(
    records: list[str], skipped: int
) -> None:
    array = pa.array(records, pa.string())[skipped:]
    plain = plain_objects(array)
    if plain is None:
        return
    of_each = zip(*(column.to_pylist() for column in plain.columns), strict=True)
    found = [list(zip(plain.keys, values, strict=True)) for values in of_each]
    among = [
        record
        for record, is_plain in zip(array.to_pylist(), plain.is_among.to_pylist(), strict=True)
        if is_plain
    ]
    assert found == [members_as_texts(record) for record in among]


@pytest.mark.parametrize(("colon", "comma"), STYLES[:3])
def test_objects_of_the_common_template_are_plain(colon: str, comma: str) -> None:
    def written(a: str, b: str) -> str:
        return f'{{"a"{colon}{a}{comma}"b"{colon}{b}}}'

    good = [('"x"', "1.10"), ("null", r'"n\u00e9 \"q\" \\"'), ("true", '"{,:[]}"'), ('"null"', '""')]
    odd = ["[1]", "{}", r'"\ud83d\ude00"', "NaN", "01", '"\t"', r'"\x"']
    records = [written(a, b) for a, b in good] + [written('"x"', b) for b in odd]
    plain = plain_objects(pa.array(records))
    assert plain is not None
    assert plain.is_among.to_pylist() == [True] * len(good) + [False] * len(odd)
    assert [column.to_pylist() for column in plain.columns] == [
        ["x", None, "true", "null"],
        ["1.10", 'né "q" \\', "{,:[]}", ""],
    ]


@pytest.mark.parametrize(
    "records",
    [[], ["", " "], ["{}"], ["5", "x"], [r'{"\u0061":1}'], ['{"a\\"":1}']],
    ids=["no record", "blanks", "no key", "no object", "an escaped key", "a key with a quote"],
)
def test_without_a_common_template_no_object_is_plain(records: list[str]) -> None:
    assert plain_objects(pa.array(records, pa.string())) is None


def test_the_most_common_template_wins_at_any_position() -> None:
    records = ['{"b":1}', *['{"a":1,"b":2}'] * 8, '{"b":1,"a":2}', '{"a":1,"b":2,"c":3}', '{"a":1,"a":2}']
    plain = plain_objects(pa.array(records))
    assert plain is not None
    assert plain.keys == ("a", "b")
    assert plain.is_among.to_pylist() == [False, *[True] * 8, False, False, False]
