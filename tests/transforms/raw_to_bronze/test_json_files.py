from __future__ import annotations

import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.inventory import FileFormat, Reason
from tests.transforms.raw_to_bronze.example import facts, inspect
from transforms.formats.concatenated_json import records_of

DEEP = b"[" * 100_000 + b"]" * 100_000
NO_LINES = "none of the first 100 lines is a JSON object"
NEITHER = "neither one JSON object nor several, nor JSON lines"


def lines(*names: str) -> dict[str, object]:
    return {"format": FileFormat.JSON_LINES, "names": names}


def concatenated(*names: str) -> dict[str, object]:
    return {"format": FileFormat.CONCATENATED_JSON, "names": names}


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
    ("two objects on a line are concatenated", "a.jsonl", b'{"a":1}{"b":2}\n', concatenated("a", "b")),
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
        corrupt("no JSON array: '2' where a comma is expected after 1 elements"),
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
    (
        "objects over lines, each on its own",
        "a.json",
        b'{\n"a":1\n}\n{\n"a":2\n}\n',
        corrupt(NEITHER, FileFormat.JSON_OBJECT),
    ),
    ("objects over lines", "a.json", b'{\n"a":1\n}{\n"b":2\n}\n', concatenated("a", "b")),
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
def test_the_format_of_a_json_file_is_sniffed(key: str, data: bytes, expected: dict[str, object]) -> None:
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
def test_an_array_scanned_in_chunks_is_what_the_whole_is(text: str, chunk: int, cut: int) -> None:
    text = text[: len(text) - cut]
    whole = parses(text)
    found = inspect("a.json", text.encode(), chunk_bytes=chunk)
    if isinstance(whole, list):
        assert (found.reason, found.format, found.rows) == (None, FileFormat.JSON_ARRAY, len(whole))
    elif text.startswith("["):
        assert found.reason == Reason.CORRUPT_JSON


def test_the_elements_of_a_long_array_are_counted_over_chunks() -> None:
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


BEGINNINGS = [
    ("two objects", '{"a":1}{"a":2}', True),
    ("with blanks between", '{"a":1} \t {"a":2}', True),
    ("the second over lines", '{"a":1}{\n"a":2\n}', True),
    ("the first over lines", '{\n"a":1\n}{"a":2}', True),
    ("a line feed between", '{"a":1}\n{"a":2}', False),
    ("a carriage return between", '{"a":1}\r{"a":2}', True),
    ("the second broken", '{"a":1}{"a":x}', False),
    ("the second broken, a third good", '{"a":1}{"a":x}{"a":3}', True),
    ("something between", '{"a":1} oops {"a":2}', True),
    ("an array first", '[1]{"a":2}{"a":3}', False),
    ("one object", '{"a":{"b":1}}', False),
    ("marks before", '\ufeff{"a":1}\ufeff{"a":2}', True),
    ("nothing", "", False),
]


@pytest.mark.parametrize(("text", "expected"), [b[1:] for b in BEGINNINGS], ids=[b[0] for b in BEGINNINGS])
def test_a_second_object_before_the_next_line_feed_makes_a_text_concatenated(
    text: str, *, expected: bool
) -> None:
    found = inspect("a.ndjson", text.encode())
    assert (found.format is FileFormat.CONCATENATED_JSON) is expected


PADDING = "x" * 30_000
long_parts = st.lists(
    st.sampled_from(
        [
            '{"a":1}',
            '{"b":"' + PADDING + '"}',
            '{"c":{"d":"' + PADDING + '"}}',
            '{"e":"' + PADDING,
            '{"f":x}',
            "\n",
            " " * 40_000,
            "\ufeff",
            "}",
            PADDING,
        ]
    ),
    max_size=9,
).map("".join)


def begins_concatenated(text: str) -> bool:
    """Whether a text begins with an object, and another that parses begins before the next line feed."""
    start = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    end = object_end(text, start)
    if end is None:
        return False
    line_end = text.find("\n", end)
    line = text[:line_end] if line_end >= 0 else text
    braces = (place for place in range(end, len(line)) if line[place] == "{")
    return any(object_end(text, place) is not None for place in braces)


def object_end(text: str, start: int) -> int | None:
    """Return where the object that begins at a place ends; None where no valid object begins."""
    try:
        return json.JSONDecoder().raw_decode(text, start)[1] if text.startswith("{", start) else None
    except ValueError:
        return None


@given(long_parts, st.sampled_from([4096, 65_536, 100_000]), st.sampled_from(["a.json", "a.ndjson", "a.txt"]))
def test_long_texts_are_concatenated_json_as_the_whole_shows(text: str, chunk: int, key: str) -> None:
    found = inspect(key, text.encode(), chunk_bytes=chunk)
    text = text.removeprefix("\ufeff")
    is_object = isinstance(parses(text), dict)
    if key == "a.json":
        assert (found.format is FileFormat.JSON_OBJECT and found.reason is None) is is_object
    is_concatenated = begins_concatenated(text) and not (is_object and key == "a.json")
    assert (found.format is FileFormat.CONCATENATED_JSON) is is_concatenated
    if is_concatenated:
        records = [record for record in map(parses, records_of(text)) if isinstance(record, dict)]
        assert found.names == tuple(dict.fromkeys(key for record in records for key in record))


def test_keys_of_the_first_hundred_concatenated_records() -> None:
    data = b'{"a":1}' * 99 + b'oops{"b":1}{"c":1}'
    assert inspect("a.json", data) == facts("a.json", data, **concatenated("a"))
    assert inspect("a.json", data[7:]) == facts("a.json", data[7:], **concatenated("a", "b"))


@pytest.mark.timeout(60)
def test_a_long_line_of_open_braces_is_rejected_in_time() -> None:
    data = b'{"a":1}' + b'{"a":' * 400_000 + b"\n"
    assert inspect("a.json", data).reason is Reason.CORRUPT_JSON
