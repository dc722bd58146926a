"""Every rejection reason alone, and the precedence in every pair of reasons that one file can have."""

from __future__ import annotations

import codecs
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.inventory import FileFormat, Reason
from tests.transforms.raw_to_bronze.example import contract, facts, gz, inspect, stream_of
from transforms.formats.gzip import ExpansionLimits
from transforms.raw_to_bronze.inspect_file import inspect_file

NO_MAGIC = (
    "Parquet magic bytes not found in footer. Either the file is corrupted or this is not a parquet file."
)
LOW_LIMITS = ExpansionLimits(max_expanded_bytes=1000, max_expansion_ratio=20)


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=2)
    return sink.getvalue()


GOOD_PARQUET = parquet(pa.table({"id": ["1", "2", "3"], "customer_id": ["a", "b", "c"]}))
NAMELESS_PARQUET = parquet(pa.table({"id": ["1"], "amount": ["2"]}))
DELIMITED, PARQUET, LINES = FileFormat.DELIMITED, FileFormat.PARQUET, FileFormat.JSON_LINES
GZIP = {"compression": "gzip"}
BOMB = gz(b"x" * 100_000)

REJECTED: list[tuple[str, str, bytes, Reason, str, dict[str, object]]] = [
    ("another format", "a.xlsx", b"x", Reason.UNSUPPORTED_FORMAT, "no reader for 'a.xlsx'", {}),
    ("unsupported before empty", "x/a.orc", b"", Reason.UNSUPPORTED_FORMAT, "no reader for 'a.orc'", {}),
    (
        "unsupported before corrupt gzip",
        "a.parquet.gz",
        b"x",
        Reason.UNSUPPORTED_FORMAT,
        "no reader for 'a.parquet.gz'",
        {},
    ),
    ("no bytes", "a.csv", b"", Reason.EMPTY, "no bytes", {"format": DELIMITED}),
    ("no bytes of JSON", "a.json", b"", Reason.EMPTY, "no bytes", {}),
    ("no bytes of Parquet", "a.parquet", b"", Reason.EMPTY, "no bytes", {"format": PARQUET}),
    ("no bytes of gzip", "a.csv.gz", b"", Reason.EMPTY, "no bytes", {"format": DELIMITED} | GZIP),
    ("blanks", "a.csv", b" \t\r\n\xc2\xa0\n", Reason.EMPTY, "nothing but blanks", {"format": DELIMITED}),
    ("blanks of JSON", "a.jsonl", b"\n\n", Reason.EMPTY, "nothing but blanks", {"format": LINES}),
    ("blanks of Parquet", "a.parquet", b" \n", Reason.EMPTY, "nothing but blanks", {"format": PARQUET}),
    ("a byte-order mark", "a.txt", codecs.BOM_UTF8, Reason.EMPTY, "nothing but blanks", {}),
    ("a UTF-16 mark", "a.txt", codecs.BOM_UTF16_BE, Reason.EMPTY, "nothing but blanks", {}),
    ("UTF-16 blanks", "a.txt", codecs.BOM_UTF16_LE + b"\n\0", Reason.EMPTY, "nothing but blanks", {}),
    (
        "compressed blanks",
        "a.csv.gz",
        gz(b" \n"),
        Reason.EMPTY,
        "nothing but blanks",
        {"format": DELIMITED} | GZIP,
    ),
    ("compressed nothing", "a.gz", gz(b""), Reason.EMPTY, "nothing but blanks", GZIP),
    (
        "gzip under a text's name",
        "a.csv",
        gz(b"tx_id,uid\n"),
        Reason.CONTENT_MISMATCH,
        "gzip under the name of a text",
        {"format": DELIMITED},
    ),
    (
        "Parquet under a text's name",
        "a.json",
        GOOD_PARQUET,
        Reason.CONTENT_MISMATCH,
        "Parquet under the name of a text",
        {},
    ),
    (
        "zip under a text's name",
        "a.txt",
        b"PK\x03\x04\x14\0",
        Reason.CONTENT_MISMATCH,
        "zip under the name of a text",
        {},
    ),
    (
        "an empty zip",
        "a.jsonl",
        b"PK\x05\x06" + bytes(18),
        Reason.CONTENT_MISMATCH,
        "zip under the name of a text",
        {"format": LINES},
    ),
    (
        "zip in gzip",
        "a.csv.gz",
        gz(b"PK\x03\x04"),
        Reason.CONTENT_MISMATCH,
        "zip under the name of a text",
        {"format": DELIMITED} | GZIP,
    ),
    (
        "gzip in gzip",
        "a.csv.gz.gz",
        gz(gz(b"tx_id,uid\n")),
        Reason.CONTENT_MISMATCH,
        "gzip under the name of a text",
        GZIP,
    ),
    (
        "magic before corrupt gzip",
        "a.gz",
        gz(GOOD_PARQUET)[:-9],
        Reason.CONTENT_MISMATCH,
        "Parquet under the name of a text",
        GZIP,
    ),
    (
        "magic before oversized",
        "a.gz",
        gz(b"PAR1" + b"x" * 100_000),
        Reason.CONTENT_MISMATCH,
        "Parquet under the name of a text",
        GZIP,
    ),
    (
        "magic before undecodable",
        "a.csv",
        b"PK\x03\x04\xff\xff",
        Reason.CONTENT_MISMATCH,
        "zip under the name of a text",
        {"format": DELIMITED},
    ),
    (
        "no gzip",
        "a.csv.gz",
        b"tx_id,uid\n",
        Reason.CORRUPT_GZIP,
        "incorrect header check",
        {"format": DELIMITED} | GZIP,
    ),
    (
        "blanks that are no gzip",
        "a.csv.gz",
        b"  \n",
        Reason.EMPTY,
        "nothing but blanks",
        {"format": DELIMITED} | GZIP,
    ),
    (
        "zip is no gzip",
        "a.csv.gz",
        b"PK\x03\x04",
        Reason.CORRUPT_GZIP,
        "incorrect header check",
        {"format": DELIMITED} | GZIP,
    ),
    (
        "gzip cut before any content",
        "a.csv.gz",
        gz(b" \n")[:11],
        Reason.CORRUPT_GZIP,
        "truncated",
        {"format": DELIMITED} | GZIP,
    ),
    (
        "gzip before undecodable",
        "a.csv.gz",
        gz(b"\xff" * 50)[:-1],
        Reason.CORRUPT_GZIP,
        "truncated",
        {"format": DELIMITED} | GZIP,
    ),
    (
        "gzip before mismatch",
        "a.csv.gz",
        gz(b"{")[:-1],
        Reason.CORRUPT_GZIP,
        "truncated",
        {"format": DELIMITED} | GZIP,
    ),
    ("gzip before corrupt JSON", "a.json.gz", gz(b"[x")[:-1], Reason.CORRUPT_GZIP, "truncated", GZIP),
    (
        "expands too far",
        "a.csv.gz",
        BOMB,
        Reason.OVERSIZED_EXPANSION,
        "expands to more than 1000 bytes and more than 20 times its size",
        {"format": DELIMITED} | GZIP,
    ),
    (
        "oversized before empty: it is not expanded",
        "a.csv.gz",
        gz(b" " * 100_000),
        Reason.OVERSIZED_EXPANSION,
        "expands to more than 1000 bytes and more than 20 times its size",
        {"format": DELIMITED} | GZIP,
    ),
    (
        "oversized before undecodable",
        "a.csv.gz",
        gz(b"\xff" * 100_000),
        Reason.OVERSIZED_EXPANSION,
        "expands to more than 1000 bytes and more than 20 times its size",
        {"format": DELIMITED} | GZIP,
    ),
    (
        "oversized before mismatch",
        "a.csv.gz",
        gz(b"{" * 100_000),
        Reason.OVERSIZED_EXPANSION,
        "expands to more than 1000 bytes and more than 20 times its size",
        {"format": DELIMITED} | GZIP,
    ),
    (
        "oversized before corrupt JSON",
        "a.json.gz",
        gz(b"[" * 100_000),
        Reason.OVERSIZED_EXPANSION,
        "expands to more than 1000 bytes and more than 20 times its size",
        GZIP,
    ),
    (
        "no Parquet",
        "a.parquet",
        b"tx_id,uid\n",
        Reason.CORRUPT_PARQUET,
        NO_MAGIC,
        {"format": PARQUET},
    ),
    (
        "a Parquet that is cut",
        "a.parquet",
        GOOD_PARQUET[:-1],
        Reason.CORRUPT_PARQUET,
        NO_MAGIC,
        {"format": PARQUET},
    ),
    (
        "a schema without a required column",
        "a.parquet",
        NAMELESS_PARQUET,
        Reason.CONTENT_MISMATCH,
        "the schema has no source for user_id",
        {"format": PARQUET},
    ),
    (
        "no text",
        "a.csv",
        b"tx_id,uid\n\xe9,1\n",
        Reason.UNDECODABLE,
        "byte 0xE9 at offset 10 is not utf-8",
        {"format": DELIMITED, "hint": "- name: a\n  glob: a.csv\n  encoding: windows-1252\n"},
    ),
    (
        "a surrogate in UTF-8",
        "a.csv",
        b"tx_id,uid\n\xed\xa0\x80",
        Reason.UNDECODABLE,
        "byte 0xED at offset 10 is not utf-8",
        {"format": DELIMITED},
    ),
    (
        "a character that is cut",
        "a.csv",
        b"tx_id,uid\n\xc3",
        Reason.UNDECODABLE,
        "byte 0xC3 at offset 10 is not utf-8",
        {"format": DELIMITED},
    ),
    (
        "half a UTF-16 character",
        "a.csv",
        codecs.BOM_UTF16_LE + b"a\0b",
        Reason.UNDECODABLE,
        "byte 0x62 at offset 4 is not utf-16",
        {"format": DELIMITED, "encoding": "utf-16"},
    ),
    (
        "a surrogate in UTF-16",
        "a.csv",
        codecs.BOM_UTF16_LE + b"\0\xd8a\0",
        Reason.UNDECODABLE,
        "byte 0x00 at offset 2 is not utf-16",
        {"format": DELIMITED, "encoding": "utf-16"},
    ),
    (
        "undecodable before NUL",
        "a.csv",
        b"\0\xff",
        Reason.UNDECODABLE,
        "byte 0xFF at offset 1 is not utf-8",
        {"format": DELIMITED},
    ),
    (
        "undecodable before mismatch",
        "a.csv",
        b"{\xff",
        Reason.UNDECODABLE,
        "byte 0xFF at offset 1 is not utf-8",
        {"format": DELIMITED},
    ),
    (
        "undecodable before corrupt JSON",
        "a.json",
        b"[x\xff",
        Reason.UNDECODABLE,
        "byte 0xFF at offset 2 is not utf-8",
        {},
    ),
    (
        "NUL before corrupt JSON",
        "a.json",
        b"[x\0",
        Reason.CONTENT_MISMATCH,
        "a text with NUL bytes",
        {"format": FileFormat.JSON_ARRAY},
    ),
    (
        "NUL bytes of UTF-16 without a mark",
        "a.csv",
        "tx_id".encode("utf-16-le"),
        Reason.CONTENT_MISMATCH,
        "a text with NUL bytes",
        {"format": DELIMITED},
    ),
    (
        "corrupt JSON in gzip",
        "a.log.gz",
        gz(b"[1"),
        Reason.CORRUPT_JSON,
        "the array does not end",
        {"format": FileFormat.JSON_ARRAY} | GZIP,
    ),
]


@pytest.mark.parametrize(
    ("key", "data", "reason", "detail", "expected"), [r[1:] for r in REJECTED], ids=[r[0] for r in REJECTED]
)
def test_the_first_reason_that_applies_is_given(
    key: str, data: bytes, reason: Reason, detail: str, expected: dict[str, object]
) -> None:
    found = inspect(key, data, limits=LOW_LIMITS)
    assert found == facts(key, data, reason=reason, detail=detail, **expected)


class _Broken(io.RawIOBase):
    """Returns one chunk, then fails."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        data, self._data = self._data, b""
        if not data:
            raise TimeoutError(110, "Connection timed out")
        return data


@pytest.mark.parametrize("data", [b"tx_id,uid\n", b"PK\x03\x04", b"\xff", b"\0", b" "])
def test_a_failing_stream_takes_precedence_over_the_content(data: bytes) -> None:
    found = inspect_file("a.csv", 99, lambda: _Broken(data), contract())
    assert (found.reason, found.detail, found.checksum) == (Reason.UNREADABLE, "Connection timed out", "")


def test_a_stream_that_does_not_open_is_unreadable_unless_the_format_is_unsupported() -> None:
    def refuse() -> io.RawIOBase:
        raise PermissionError(13, "Permission denied")

    found = [inspect_file(key, 9, refuse, contract()) for key in ("a.csv", "a.parquet", "a.xls")]
    assert [f.reason for f in found] == [Reason.UNREADABLE, Reason.UNREADABLE, Reason.UNSUPPORTED_FORMAT]
    assert found[0].detail == "Permission denied"


@pytest.mark.parametrize("size_bytes", [9, 11])
def test_a_stream_of_another_size_than_listed_is_unreadable(size_bytes: int) -> None:
    found = inspect_file("a.csv", size_bytes, stream_of(b"tx_id,uid\n"), contract())
    assert (found.reason, found.detail) == (Reason.UNREADABLE, f"listed with {size_bytes} bytes, read 10")


def test_an_error_on_our_side_does_not_reject_the_file() -> None:
    def refuse() -> io.RawIOBase:
        raise RuntimeError("no such bucket")

    with pytest.raises(RuntimeError, match="no such bucket"):
        inspect_file("a.csv", 9, refuse, contract())
