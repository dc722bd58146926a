"""Variants of real feeds and their facts (spec 3 and 4.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contracts.inventory import FileFormat, Reason
from contracts.model import Source
from tests.transforms.raw_to_bronze.example import inspect

if TYPE_CHECKING:
    from contracts.inventory import FileFacts

NAMES = ("tx_id", "user_id")


def layout(found: FileFacts) -> tuple[object, ...]:
    """The layout of a delimited file, or its rejection reason."""
    if found.reason is not None:
        return found.reason, found.detail.partition("; tried ")[0]
    return found.delimiter, found.line_end, found.header, found.multiline, found.names, found.rows


def mismatch(detail: str) -> tuple[object, ...]:
    return Reason.CONTENT_MISMATCH, detail


LINE_ENDS: list[tuple[str, bytes, tuple[object, ...]]] = [
    ("CR alone", b"tx_id,user_id\r1,2\r3,4\r", (",", "\r", True, False, NAMES, None)),
    ("CR alone, the last line open", b"tx_id;user_id\r1;2", (";", "\r", True, False, NAMES, None)),
    ("CR alone, LF in quotes", b'tx_id,user_id\r1,"a\nb"\r', (",", "\r", True, False, NAMES, None)),
    ("CR alone, CR in quotes", b'tx_id,user_id\r1,"a\rb"\r', (",", "\r", True, True, NAMES, None)),
    (
        "CR alone, a mark before quotes",
        b'tx_id,user_id\r\xef\xbb\xbf"a\nb",2\r',
        (",", "\r", True, False, NAMES, None),
    ),
    ("a header and CR", b"tx_id,user_id\r", (",", "\r", True, False, NAMES, 0)),
    ("CRLF", b"tx_id,user_id\r\n1,2\r\n", (",", "\n", True, False, NAMES, None)),
    ("no line's end at all", b"tx_id,user_id", (",", "\n", True, False, NAMES, 0)),
    ("CR in a field of a text with LF", b"tx_id,user_id\n1,a\rb\n", (",", "\n", True, False, NAMES, None)),
    (
        "CR, and one LF outside quotes",
        b"tx_id,user_id,status\r1,2,3\n4,5,6\r",
        mismatch("data taken for a header: the name 'status\\r1' holds a line's end"),
    ),
    (
        "CR alone, no header",
        b"1,2,3,4\r5,6,7,8\r",
        (",", "\r", False, False, ("tx_id", "user_id", "amount", "status"), None),
    ),
]


@pytest.mark.parametrize(("data", "expected"), [e[1:] for e in LINE_ENDS], ids=[e[0] for e in LINE_ENDS])
def test_cr_alone_ends_lines_where_no_line_feed_stands_outside_quotes(
    data: bytes, expected: tuple[object, ...]
) -> None:
    assert layout(inspect("a.csv", data)) == expected
    assert layout(inspect("a.csv", data, chunk_bytes=1)) == expected


def test_a_late_line_feed_in_a_text_of_cr_is_a_mismatch() -> None:
    data = b"tx_id,user_id\r" + b"1,2\r" * (5 * 1024 * 1024)
    assert layout(inspect("a.csv", data)) == (",", "\r", True, False, NAMES, None)
    found = inspect("a.csv", data + b"3,4\n")
    assert (found.reason, "a line feed stands outside quotes later" in found.detail) == (
        Reason.CONTENT_MISMATCH,
        True,
    )


SEPARATORS = ["\\n", "\\r", "\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_header_with_a_line_separator_in_a_name_is_rejected(separator: str) -> None:
    data = f'tx_id,user_id,"status{separator}1"\n1,2,3\n'.encode()
    assert layout(inspect("a.csv", data)) == mismatch(
        f"data taken for a header: the name {f'status{separator}1'!r} holds a line's end"
    )


def test_a_line_separator_around_a_name_is_stripped_and_a_tab_inside_is_kept() -> None:
    data = 'tx_id,user_id,"\u2028status\n","a\tb"\n'.encode()
    assert inspect("a.csv", data).names == ("tx_id", "user_id", "status", "a\tb")


NO_ROWS: list[tuple[str, str, int | None]] = [
    ("the header again", "tx_id,user_id\n", 0),
    ("in other case and spelling", "TX-ID,`User Id`\n", 0),
    ("with a mark", "\ufefftx_id,user_id\r\n", 0),
    ("with a mark and quotes", '\ufeff"tx_id","user_id"\n', 0),
    ("many times, and blanks", "tx_id,user_id\n \n\ntx_id,user_id", 0),
    ("a mark alone in a line", "\ufeff\n", 0),
    ("with a field more", "tx_id,user_id,\n", None),
    ("in another order", "user_id,tx_id\n", None),
    ("with broken quoting", '"tx_id" ,user_id\n', None),
    ("and a row", "tx_id,user_id\n1,2\n", None),
]


@pytest.mark.parametrize(("rest", "rows"), [n[1:] for n in NO_ROWS], ids=[n[0] for n in NO_ROWS])
def test_a_repeated_header_is_not_a_row(rest: str, rows: int | None) -> None:
    data = ("tx_id,user_id\n" + rest).encode()
    assert inspect("a.csv", data).rows == rows
    assert inspect("a.csv", data, chunk_bytes=1).rows == rows


MARKED: list[tuple[str, str, str, FileFormat]] = [
    ("JSON lines", "a.txt", '\ufeff\ufeff{"id":1}\n', FileFormat.JSON_LINES),
    ("JSON lines, further down", "a.txt", '#\n\ufeff{"id":1}\n', FileFormat.JSON_LINES),
    ("JSON lines of their name", "a.ndjson", 'x\n\ufeff {"id":1}\n', FileFormat.JSON_LINES),
    ("concatenated JSON", "a.json", '{"id":1}\ufeff{"id":2}', FileFormat.CONCATENATED_JSON),
    (
        "concatenated JSON that begins with two",
        "a.txt",
        '\ufeff\ufeff{"id":1} {"id":2}',
        FileFormat.CONCATENATED_JSON,
    ),
]


@pytest.mark.parametrize(("key", "text", "form"), [m[1:] for m in MARKED], ids=[m[0] for m in MARKED])
def test_a_byte_order_mark_before_a_json_record_is_dropped(key: str, text: str, form: FileFormat) -> None:
    found = inspect(key, text.encode())
    assert (found.format, found.names, found.reason) == (form, ("id",), None)


def test_names_are_stripped_in_every_format() -> None:
    for key, text in (
        ("a.csv", ' tx_id ," ""user_id"" "\n1,2\n'),
        ("a.json", '{" tx_id ":1,"`user_id`":2,"user_id":3}'),
        ("a.jsonl", '{" tx_id ":1}\n{"\ufeffuser_id":2}\n'),
        ("b.json", '[{" tx_id ":1,"user_id ":2}]'),
    ):
        assert inspect(key, text.encode()).names == NAMES


def test_the_detail_lists_what_was_tried_for_each_delimiter() -> None:
    found = inspect("a.csv", b"order\tusr_id\tamount\tx\ty\tz\n")
    assert found.detail == (
        "no header, and the first record has 6 fields where the contract has 4 columns; tried "
        "comma 1 field (no known name), tab 6 fields (known: 'amount'), semicolon 1 field (no known name), "
        "pipe 1 field (no known name); nearest names: 'order' for tx_id, 'usr_id' for user_id"
    )


def test_what_was_tried_is_bounded() -> None:
    long = "x" * 900
    found = inspect("a.csv", ",".join([*(f"tx_id {long}" for _ in range(500)), "amount", "status"]).encode())
    assert len(found.detail) < 500


def test_no_delimiter_wins_by_its_order_alone() -> None:
    found = inspect("a.csv", "\t".join(f"c{n}" for n in range(105)).encode())
    assert "tab 105 fields" in found.detail


SOURCES: list[tuple[str, Source, bytes, tuple[object, ...]]] = [
    (
        "columnNames without a header",
        Source("s", "**", column_names=(" tx_id ", "uid")),
        b"1,2\n",
        (",", "\n", False, False, ("tx_id", "uid"), None),
    ),
    (
        "columnNames tell the delimiter",
        Source("s", "**", column_names=("tx_id", "uid", "x")),
        b"tx_id,1;2;3\n",
        (";", "\n", False, False, ("tx_id", "uid", "x"), None),
    ),
    (
        "columnNames of another number",
        Source("s", "**", column_names=("tx_id", "uid")),
        b"1,2,3\n",
        mismatch("columnNames lists 2, and the first record has 3 fields"),
    ),
    (
        "columnNames without a required column",
        Source("s", "**", column_names=("tx_id", "b")),
        b"1,2\n",
        mismatch("columnNames has no source for user_id"),
    ),
    (
        "columnNames with an expression for a required column",
        Source("s", "**", column_names=("a", "b"), columns={"tx_id": "concat(a, b)", "user_id": "b"}),
        b"1,2\n",
        (",", "\n", False, False, ("a", "b"), None),
    ),
    (
        "a position is an expression",
        Source("s", "**", column_names=("a", "b"), columns={"tx_id": "_position", "user_id": "b"}),
        b"1,2\n",
        (",", "\n", False, False, ("a", "b"), None),
    ),
    (
        "names that replace a header",
        Source("s", "**", column_names=("tx_id", "uid"), header=True),
        b"a,b\n1,2\n",
        (",", "\n", True, False, ("tx_id", "uid"), None),
    ),
    (
        "a replaced header again is no row",
        Source("s", "**", column_names=("tx_id", "uid"), header=True),
        b"a,b\nA,B\n",
        (",", "\n", True, False, ("tx_id", "uid"), 0),
    ),
    (
        "lines before the header",
        Source("s", "**", skip_lines=3),
        b'Report "x\nFrom,2025\n\ntx_id,user_id\n1,2\n',
        (",", "\n", True, False, NAMES, None),
    ),
    (
        "lines before the header in a text of CR",
        Source("s", "**", skip_lines=1),
        b"Report\rtx_id,user_id\r1,2\r",
        (",", "\r", True, False, NAMES, None),
    ),
    (
        "lines before the header in a text of CR with line feeds inside quotes",
        Source("s", "**", skip_lines=1),
        b'"all"\rtx_id|user_id\r"1"|"two\nlines"\r',
        ("|", "\r", True, False, NAMES, None),
    ),
    (
        "lines before a record that holds CR alone, inside quotes",
        Source("s", "**", skip_lines=1, column_names=("tx_id", "user_id")),
        b'Report\n1,"a\rb"',
        (",", "\n", False, False, NAMES, None),
    ),
    (
        "lines before the header, of which one opens a quote",
        Source("s", "**", skip_lines=1),
        b'"Report\r\ntx_id,user_id\r\n1,2\r\n',
        (",", "\n", True, False, NAMES, None),
    ),
    (
        "as many lines as there are",
        Source("s", "**", skip_lines=2),
        b"tx_id,user_id\n1,2",
        mismatch("no columns found: there is no record"),
    ),
    (
        "lines at the end",
        Source("s", "**", footer_lines=2),
        b"tx_id,user_id\nTotal,1\n\n",
        (",", "\n", True, False, NAMES, 0),
    ),
    (
        "lines at the end, the last one open",
        Source("s", "**", footer_lines=1),
        b'tx_id,user_id\n1,2\nTotal "1',
        (",", "\n", True, False, NAMES, None),
    ),
    (
        "a delimiter of two characters",
        Source("s", "**", delimiter="||"),
        b'tx_id||user_id||a|b\n1||"x\ny"||2\n',
        ("||", "\n", True, True, ("tx_id", "user_id", "a|b"), None),
    ),
    (
        "an escape in the first record",
        Source("s", "**", escape="\\"),
        b'tx_id,user_id,"a \\"b\\", c"\n1,2,3\n',
        (",", "\n", True, False, ("tx_id", "user_id", 'a "b", c'), None),
    ),
    (
        "an escape before a line's end",
        Source("s", "**", escape="\\"),
        b'tx_id,user_id\n1,"a\\\nb"\n',
        (",", "\n", True, True, NAMES, None),
    ),
    (
        "an escape keeps a quote from closing, so that lines end in CR",
        Source("s", "**", escape="\\"),
        b'tx_id,user_id\r1,"a\\"\n"\r',
        (",", "\r", True, False, NAMES, None),
    ),
    (
        "names of where, fillDown and currency are known",
        Source("s", "**", where="Kind = 'sale'", fill_down=("No",), currency="Cur", columns={"tx_id": "No"}),
        b"No,Kind,Cur,uid,e,f,g\n",
        (",", "\n", True, False, ("No", "Kind", "Cur", "uid", "e", "f", "g"), 0),
    ),
    (
        "a name that is no SQL is a column",
        Source("s", "**", columns={"tx_id": "N° da fatura"}),
        b"N\xc2\xb0 da fatura ,user_id\n",
        (",", "\n", True, False, ("N° da fatura", "user_id"), 0),
    ),
    (
        "a name that is no SQL, and that the file lacks",
        Source("s", "**", columns={"tx_id": "N° da fatura"}),
        b"tx_id,user_id\n",
        mismatch("the header has no source for tx_id"),
    ),
]


@pytest.mark.parametrize(
    ("source", "data", "expected"), [s[1:] for s in SOURCES], ids=[s[0] for s in SOURCES]
)
def test_a_source_sets_the_layout_of_its_text(
    source: Source, data: bytes, expected: tuple[object, ...]
) -> None:
    assert layout(inspect("a.csv", data, source)) == expected
    assert layout(inspect("a.csv", data, source, chunk_bytes=1)) == expected


def test_replaced_names_are_kept() -> None:
    source = Source("s", "**", column_names=("tx_id", "uid"), header=True)
    assert inspect("a.csv", b' A ,"b"\n', source).replaced_names == ("A", "b")


PATHS: list[tuple[str, str, bytes, tuple[object, ...]]] = [
    ("an array", "data.items", b'{"data":{"items":[{"id":1},{" uid":2},3]}}', (("id", "uid"), 3, None, "")),
    ("an empty array", "data", b' {"data":[]}\n', ((), 0, None, "")),
    (
        "no array",
        "data",
        b'{"data":{"id":1}}',
        ((), None, Reason.CONTENT_MISMATCH, "there is no array at recordPath data"),
    ),
    (
        "no such key",
        "data.x",
        b'{"data":[1]}',
        ((), None, Reason.CONTENT_MISMATCH, "there is no array at recordPath data.x"),
    ),
    (
        "an array alone",
        "data",
        b'[{"id":1}]',
        ((), None, Reason.CONTENT_MISMATCH, "recordPath data is for one JSON object, which this text is not"),
    ),
    (
        "JSON lines",
        "data",
        b'{"data":[1]}\n{"data":[2]}\n',
        ((), None, Reason.CONTENT_MISMATCH, "recordPath data is for one JSON object, which this text is not"),
    ),
    (
        "broken JSON",
        "data",
        b'{"data":[1}',
        ((), None, Reason.CORRUPT_JSON, "no JSON object as a whole, for recordPath data"),
    ),
]


@pytest.mark.parametrize(("path", "data", "expected"), [p[1:] for p in PATHS], ids=[p[0] for p in PATHS])
def test_a_record_path_leads_to_the_records_of_one_object(
    path: str, data: bytes, expected: tuple[object, ...]
) -> None:
    found = inspect("a.json", data, Source("s", "**", record_path=tuple(path.split("."))))
    assert (found.names, found.rows, found.reason, found.detail) == expected
    assert found.format is FileFormat.JSON_OBJECT
