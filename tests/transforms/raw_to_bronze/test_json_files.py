from __future__ import annotations

import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.inventory import FileFormat, Reason
from tests.transforms.raw_to_bronze.example import facts, inspect

DEEP = b"[" * 100_000 + b"]" * 100_000
NO_LINES = "none of the first 100 lines is a JSON object"
NEITHER = "neither one JSON object nor JSON lines"


def lines(*names: str) -> dict[str, object]:
    return {"format": FileFormat.JSON_LINES, "names": names}


def array(rows: int, *names: str) -> dict[str, object]:
    return {"format": FileFormat.JSON_ARRAY, "names": names, "rows": rows}


def one_object(*names: str) -> dict[str, object]:
    return {"format": FileFormat.JSON_OBJECT, "names": names, "rows": 1}


def mismatch(detail: str, form: FileFormat = FileFormat.JSON_LINES) -> dict[str, object]:
    return {"format": form, "reason": Reason.CONTENT_MISMATCH, "detail": detail}


def corrupt(detail: str, form: FileFormat = FileFormat.JSON_ARRAY) -> dict[str, object]:
    return {"format": form, "reason": Reason.CORRUPT_JSON, "detail": detail}


FILES: list[tuple[str, str, bytes, dict[str, object]]] = [
    ("JSON lines", "a.jsonl", b'{"a":1}\n{"b":2}\r\n', lines("a", "b")),
    ("the last line need not end", "a.ndjson", b'{"a":1}', lines("a")),
    ("JSON lines without columns that are promised", "a.ndjson", b"{}\n", lines()),
    ("one good line is enough", "a.jsonl", b'oops\n[1]\n1\n{"a"\n{"a":1}\n', lines("a")),
    ("blanks before an object", "a.jsonl", b'  {"a":1}\n', lines("a")),
    ("blank lines do not count", "a.jsonl", b" \t\r\n" * 300 + b'{"a":1}\n', lines("a")),
    ("the hundredth line counts", "a.jsonl", b"x\n" * 99 + b'{"a":1}\n', lines("a")),
    ("the next one does not", "a.jsonl", b"x\n" * 100 + b'{"a":1}\n', mismatch(NO_LINES)),
    ("keys of the first hundred lines", "a.jsonl", b'{"a":1}\n' * 100 + b'{"b":1}\n', lines("a")),
    ("two objects on a line are no object", "a.jsonl", b'{"a":1}{"a":2}\n', mismatch(NO_LINES)),
    ("an array is no JSON lines", "a.ndjson", b'[{"a":1}]\n', mismatch(NO_LINES)),
    ("NaN and Infinity parse", "a.jsonl", b'{"a":NaN,"b":-Infinity}\n', lines("a", "b")),
    ("numbers of any size parse", "a.jsonl", b'{"a":' + b"9" * 9999 + b',"b":1e9999}\n', lines("a", "b")),
    ("a key twice", "a.jsonl", b'{"a":1,"a":2}\n', lines("a")),
    ("an unpaired surrogate in a key", "a.jsonl", b'{"\\ud800":1}\n', lines("\ufffd")),
    ("single quotes do not parse", "a.jsonl", b"{'a':1}\n", mismatch(NO_LINES)),
    ("an array", "a.json", b' \n[{"a":1}, {"b":2},\n3]\n ', array(3, "a", "b")),
    ("an array of nothing", "a.json", b"[]", array(0)),
    ("an array of nothing, with blanks", "a.json", b"\xef\xbb\xbf [ \n ] ", array(0)),
    ("an array with NaN", "a.json", b"[NaN]", array(1)),
    (
        "keys of the first hundred elements",
        "a.json",
        b'[{"a":1},' + b"0," * 99 + b'{"b":1}]',
        array(101, "a"),
    ),
    ("an array and more", "a.json", b"[1]x", corrupt("no JSON array: 'x' follows its end after 1 elements")),
    ("two arrays", "a.json", b"[1]\n[2]\n", corrupt("no JSON array: '[' follows its end after 1 elements")),
    ("an array that does not end", "a.json", b'[{"a":1},', corrupt("the array does not end")),
    (
        "an element that does not end",
        "a.json",
        b'[1,{"a',
        corrupt("no JSON array: Unterminated string starting at after 1 elements"),
    ),
    (
        "no comma",
        "a.json",
        b"[1 2]",
        corrupt("no JSON array: '2' stands where a comma is due after 1 elements"),
    ),
    ("a comma too many", "a.json", b"[1,]", corrupt("no JSON array: Expecting value after 1 elements")),
    ("a comma too early", "a.json", b"[,1]", corrupt("no JSON array: Expecting value after 0 elements")),
    (
        "an array that nests too deeply",
        "a.json",
        DEEP,
        corrupt("no JSON array: nested too deeply after 0 elements"),
    ),
    (
        "an array before JSON lines",
        "a.json",
        b'[1]\n{"a":1}\n',
        corrupt("no JSON array: '{' follows its end after 1 elements"),
    ),
    ("an object as a whole", "a.json", b'\n {\n  "a": 1,\n  "b": [{"c": 2}]\n}\n', one_object("a", "b")),
    ("an object on one line", "a.json", b'{"a":1}\n', one_object("a")),
    ("JSON lines", "a.json", b'{"a":1}\n{"b":2}\n', lines("a", "b")),
    ("JSON lines after a bad line", "a.json", b'{"a":\n{"b":2}\n', lines("b")),
    ("JSON lines after something else", "a.json", b'# made by x\n{"b":2}\n', lines("b")),
    (
        "not in column 1",
        "a.json",
        b'# made by x\n {"b":2}\n',
        mismatch("begins with '#', and no line begins a JSON object"),
    ),
    ("an object that does not end", "a.json", b'{"a":1', corrupt(NEITHER, FileFormat.JSON_OBJECT)),
    ("an object and more", "a.json", b'{"a":1} x\n', corrupt(NEITHER, FileFormat.JSON_OBJECT)),
    ("objects over lines", "a.json", b'{\n"a":1\n}\n{\n"a":2\n}\n', corrupt(NEITHER, FileFormat.JSON_OBJECT)),
    ("a text", "a.json", b'"hello"\n', mismatch("begins with '\"', and no line begins a JSON object")),
    ("a NUL after an array", "a.json", b"[1]\0", mismatch("a text with NUL bytes", FileFormat.JSON_ARRAY)),
    ("text that is JSON lines", "a.txt", b'tx_id,uid\n{"a":1}\n', lines("a")),
    (
        "text that is not",
        "a.txt",
        b'tx_id,uid\n {"a":1}\n',
        {
            "format": FileFormat.DELIMITED,
            "delimiter": ",",
            "header": True,
            "names": ("tx_id", "uid"),
        },
    ),
    (
        "UTF-16",
        "a.json",
        codecs.BOM_UTF16_LE + '["é"]'.encode("utf-16-le"),
        array(1) | {"encoding": "utf-16"},
    ),
]


@pytest.mark.parametrize(("key", "data", "expected"), [f[1:] for f in FILES], ids=[f[0] for f in FILES])
def test_a_json_file_shows_its_form(key: str, data: bytes, expected: dict[str, object]) -> None:
    assert inspect(key, data) == facts(key, data, **expected)


def parses(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return ValueError


json_like = st.one_of(
    st.text('[]{},:" \n1-.eE\\"ab', max_size=30).map("[".__add__),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text('a},{"\\é\n', max_size=6),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text("ab,{", max_size=2), inner, max_size=3)
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps([value, {"a": value}, {"b": [{"c": 1}, {"d": value}]}])),
)


@given(json_like, st.integers(1, 40), st.integers(0, 3))
def test_an_array_read_in_parts_is_what_the_whole_is(text: str, chunk: int, cut: int) -> None:
    text = text[: len(text) - cut]
    whole = parses(text)
    found = inspect("a.json", text.encode(), chunk_bytes=chunk)
    if isinstance(whole, list):
        assert (found.reason, found.format, found.rows) == (None, FileFormat.JSON_ARRAY, len(whole))
    elif text.startswith("["):
        assert found.reason == Reason.CORRUPT_JSON


def test_a_long_array_is_read_in_parts_and_still_counted() -> None:
    elements = [{"id": number, "items": [{"n": 1}, {"n": "},{"}]} for number in range(20_000)]
    data = json.dumps(elements).encode()
    assert inspect("a.json", data, chunk_bytes=65_536) == facts(
        "a.json", data, **array(20_000, "id", "items")
    )
    cut = data[:-3] + b"]"
    assert inspect("a.json", cut, chunk_bytes=65_536).reason == Reason.CORRUPT_JSON


def test_one_long_object_is_one_row() -> None:
    data = json.dumps({"rows": [{"n": number} for number in range(30_000)]}, indent=1).encode()
    assert inspect("a.json", data, chunk_bytes=10_000) == facts("a.json", data, **one_object("rows"))
