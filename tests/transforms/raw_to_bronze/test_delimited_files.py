from __future__ import annotations

import codecs
from dataclasses import replace

import pytest

from contracts.inventory import FileFacts, FileFormat, Reason
from contracts.model import Source
from tests.transforms.raw_to_bronze.example import facts, inspect

HEADER = ("tx_id", "user_id", "amount", "status")
WIDTH = "no header, and the first record has {} where the contract has 4 columns"


def delimited(
    delimiter: str = ",", names: tuple[str, ...] = (), *, rows: int | None = None, multiline: bool = False
) -> dict[str, object]:
    """Facts of a file with a header; without names, of one in the contract's column order."""
    return {
        "format": FileFormat.DELIMITED,
        "delimiter": delimiter,
        "header": bool(names),
        "names": names or HEADER,
        "rows": rows,
        "multiline": multiline,
    }


def mismatch(detail: str) -> dict[str, object]:
    return {"format": FileFormat.DELIMITED, "reason": Reason.CONTENT_MISMATCH, "detail": detail}


def core(found: FileFacts) -> FileFacts:
    """The facts with the reason alone: without what was tried, and without the hint."""
    return replace(found, detail=found.detail.partition("; tried ")[0], hint="")


FILES: list[tuple[str, str, bytes, dict[str, object]]] = [
    ("a header and a row", "a.csv", b"tx_id,user_id\n1,2\n", delimited(",", ("tx_id", "user_id"))),
    ("a header alone is valid", "a.csv", b"tx_id,user_id\n", delimited(",", ("tx_id", "user_id"), rows=0)),
    ("its line need not end", "a.csv", b"tx_id,user_id", delimited(",", ("tx_id", "user_id"), rows=0)),
    (
        "blank lines are no rows",
        "a.csv",
        b"\n \t\r\ntx_id,user_id\r\n \n\r\n",
        delimited(",", ("tx_id", "user_id"), rows=0),
    ),
    ("CRLF ends a line", "a.tsv", b"tx_id\tuser_id\r\n1\t2\r\n", delimited("\t", ("tx_id", "user_id"))),
    (
        "tabs that delimit are no blanks",
        "a.tsv",
        b"tx_id\tuser_id\n\t\n",
        delimited("\t", ("tx_id", "user_id")),
    ),
    (
        "a mark is no part of the name",
        "a.csv",
        b'\xef\xbb\xbf"tx_id","uid"\n',
        delimited(",", ("tx_id", "uid"), rows=0),
    ),
    ("quoted names", "a.csv", b'"tx_id","user ""id"""\n', delimited(",", ("tx_id", 'user "id'), rows=0)),
    (
        "a header that spans lines",
        "a.csv",
        b'tx_id,user_id,"my note\n"\n1,2,3\n',
        delimited(",", ("tx_id", "user_id", "my note"), multiline=True),
    ),
    (
        "text after a closing quote stays",
        "a.csv",
        b'tx_id,uid,"a"b\n',
        delimited(",", ("tx_id", "uid", 'a"b'), rows=0),
    ),
    (
        "semicolons",
        "a.csv",
        b"tx_id;user_id;a,b,c,d\n",
        delimited(";", ("tx_id", "user_id", "a,b,c,d"), rows=0),
    ),
    ("pipes", "a.txt", b"tx_id|user_id\n1|2\n", delimited("|", ("tx_id", "user_id"))),
    ("most names win", "a.csv", b"tx_id|uid|a,total\n", delimited("|", ("tx_id", "uid", "a,total"), rows=0)),
    (
        "of equals, the comma",
        "a.csv",
        b"tx_id,user_id;status\n",
        mismatch("the header has no source for user_id"),
    ),
    ("no header: by the column count", "a.csv", b"1;2;3,5;x\n", delimited(";")),
    ("no header: of equals, the tab", "a.csv", b"1\t2\t3\t4;5;6;7\n", delimited("\t")),
    ("no header, text over lines", "a.csv", b'1,2,3,"x\ny"\n', delimited(",", multiline=True)),
    ("no header, a quote never closed", "a.csv", b'1,2,3,"x\n1,2,3,4\n', delimited(",", multiline=True)),
    ("no header, a wrong count", "a.csv", b"1,2,3\n", mismatch(WIDTH.format("3 fields"))),
    ("one field", "a.csv", b"hello\n", mismatch(WIDTH.format("1 field"))),
    (
        "half of the names make a header",
        "a.csv",
        b"tx_id,uid,a,b\n",
        delimited(",", ("tx_id", "uid", "a", "b"), rows=0),
    ),
    (
        "all required names make a header, be they few",
        "a.csv",
        b"tx_id,uid,a,b,c,d,e\n",
        delimited(",", ("tx_id", "uid", "a", "b", "c", "d", "e"), rows=0),
    ),
    (
        "half of the names, but a required one lacks",
        "a.csv",
        b"tx_id,amount,a,b\n",
        mismatch("the header has no source for user_id"),
    ),
    ("several lack", "a.csv", b"amount,status\n", mismatch("the header has no source for tx_id, user_id")),
    ("less than half of the names", "a.csv", b"tx_id,a,b\n", mismatch(WIDTH.format("3 fields"))),
    (
        "names in any spelling",
        "a.csv",
        b" orderID ,`User-Id`\n",
        delimited(",", ("orderID", "User-Id"), rows=0),
    ),
    (
        "a brace begins no delimited text",
        "a.csv",
        b" \n{1,2,3,4\n",
        mismatch("delimited text that begins with a brace or bracket"),
    ),
    (
        "nor does a bracket",
        "a.txt",
        b"[1,2,3,4\n",
        mismatch("delimited text that begins with a brace or bracket"),
    ),
    ("a NUL is no text", "a.csv", b"tx_id,uid\n1,\0\n", mismatch("a text with NUL bytes")),
    (
        "UTF-16 by its mark",
        "a.csv",
        codecs.BOM_UTF16_LE + "tx_id,uid\né,2\n".encode("utf-16-le"),
        delimited(",", ("tx_id", "uid")) | {"encoding": "utf-16"},
    ),
    (
        "UTF-16 in the other order",
        "a.csv",
        codecs.BOM_UTF16_BE + "tx_id,uid\n".encode("utf-16-be"),
        delimited(",", ("tx_id", "uid"), rows=0) | {"encoding": "utf-16"},
    ),
]


@pytest.mark.parametrize(("key", "data", "expected"), [f[1:] for f in FILES], ids=[f[0] for f in FILES])
def test_the_layout_of_a_delimited_file_is_sniffed(
    key: str, data: bytes, expected: dict[str, object]
) -> None:
    assert core(inspect(key, data)) == facts(key, data, **expected)


SOURCES: list[tuple[str, Source, bytes, dict[str, object]]] = [
    (
        "a given delimiter is the only one",
        Source("s", "**", delimiter=":"),
        b"tx_id:user_id;status\n",
        mismatch("the header has no source for user_id"),
    ),
    (
        "a given encoding is the only one",
        Source("s", "**", encoding="windows-1252"),
        b"tx_id,uid\n\xe4,1\n",
        delimited(",", ("tx_id", "uid")) | {"encoding": "windows-1252"},
    ),
    (
        "a given encoding must hold",
        Source("s", "**", encoding="windows-1252"),
        b"tx_id,uid\n\x81,1\n",
        {
            "format": FileFormat.DELIMITED,
            "encoding": "windows-1252",
            "reason": Reason.UNDECODABLE,
            "detail": "byte 0x81 at offset 10 is not windows-1252",
        },
    ),
    ("no header, as given", Source("s", "**", header=False), b"tx_id,uid,amount,status\n", delimited(",")),
    (
        "a header, as given",
        Source("s", "**", header=True),
        b"a,b\n",
        mismatch("the header has no source for tx_id, user_id"),
    ),
    (
        "a given quote is the only one",
        Source("s", "**", quote="'"),
        b"tx_id,uid\n'a\nb',\"c\n",
        delimited(",", ("tx_id", "uid"), multiline=True) | {"quote": "'"},
    ),
    (
        "a given quote is no delimiter",
        Source("s", "**", quote=";"),
        b"tx_id,uid\n;a,b;,c;\n",
        delimited(",", ("tx_id", "uid")) | {"quote": ";"},
    ),
    (
        "names that its columns use are known",
        Source("s", "**", columns={"tx_id": "No", "user_id": "concat(`First Name`, '-', Last)"}),
        b"No;First Name;Last;x;y;z\n",
        delimited(";", ("No", "First Name", "Last", "x", "y", "z"), rows=0),
    ),
    (
        "a column listed comes only from its source",
        Source("s", "**", columns={"tx_id": "Nummer"}),
        b"tx_id,user_id\n",
        mismatch("the header has no source for tx_id"),
    ),
    (
        "a column taken whole is no source by its name",
        Source("s", "**", columns={"user_id": "id"}),
        b"id,amount\n",
        mismatch("the header has no source for tx_id"),
    ),
    (
        "a nested path needs its outermost column",
        Source("s", "**", columns={"tx_id": "order.no"}),
        b"uid,amount\n",
        mismatch("the header has no source for tx_id"),
    ),
    (
        "an expression is a source of its own",
        Source("s", "**", columns={"tx_id": "sha2(coalesce(a, b), 256)", "user_id": "'walk-in'"}),
        b"b,amount\n",
        delimited(",", ("b", "amount"), rows=0),
    ),
    (
        "the file's name is a source",
        Source("s", "**", columns={"tx_id": "_source_file"}),
        b"uid,amount\n",
        delimited(",", ("uid", "amount"), rows=0),
    ),
]


@pytest.mark.parametrize(
    ("source", "data", "expected"), [s[1:] for s in SOURCES], ids=[s[0] for s in SOURCES]
)
def test_a_source_overrides_what_would_be_sniffed(
    source: Source, data: bytes, expected: dict[str, object]
) -> None:
    assert core(inspect("a.csv", data, source)) == facts("a.csv", data, source="s", **expected)


def test_a_source_of_other_files_changes_nothing() -> None:
    data = b"tx_id,uid\n"
    assert inspect("a.csv", data, Source("s", "b/**", delimiter=";")) == inspect("a.csv", data)


@pytest.mark.timeout(20)
def test_a_long_run_of_blank_lines_is_skipped_quickly() -> None:
    data = b"\n" * 5_000_000 + b"tx_id,uid\n"
    assert inspect("a.txt", data) == facts("a.txt", data, **delimited(",", ("tx_id", "uid"), rows=0))


def test_a_first_record_that_does_not_end_is_rejected() -> None:
    data = b"a" * (17 * 1024 * 1024)
    assert core(inspect("a.csv", data)) == facts(
        "a.csv", data, **mismatch("no columns found: the first record does not end")
    )


def test_a_delimiter_under_which_the_first_record_does_not_end_is_discarded() -> None:
    data = b'tx_id,user_id,a;"b\n' + b"1,2,3\n" * (3 * 1024 * 1024)
    found = inspect("a.csv", data)
    assert (found.reason, found.delimiter, found.names, found.multiline) == (
        None,
        ",",
        ("tx_id", "user_id", 'a;"b'),
        False,
    )
