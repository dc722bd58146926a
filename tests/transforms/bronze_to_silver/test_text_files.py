"""The lines of a text file are the same however it is split, compressed and encoded."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.system_columns import SOURCE_FILE
from transforms.bronze_to_silver import text_files
from transforms.bronze_to_silver.record_columns import TEXT
from transforms.bronze_to_silver.text_files import Split, is_line_by_line

MARK = b"\xef\xbb\xbf"


def split_of(content: bytes, encoding: str = "utf-8", *, is_compressed: bool = False) -> Split:
    return Split("a key.txt", partial(io.BytesIO, content), encoding, is_compressed)


def lines_of(*splits: Split) -> list[str]:
    return [line for split in splits for batch in split.lines() for line in batch.column(TEXT).to_pylist()]


def by_python(text: str) -> list[str]:
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"\n\r\n\n", ["", "", ""]),
        (b"a\rb\r\r\nc\r", ["a\rb\r", "c"]),
        (MARK + b"a\n" + MARK + MARK + b"b" + MARK, ["a", "b\ufeff"]),
        (MARK, [""]),
        ("é\n😀\n".encode(), ["é", "😀"]),
    ],
)
def test_a_line_ends_with_lf_or_crlf_and_a_mark_is_none_of_it(content: bytes, lines: list[str]) -> None:
    assert lines_of(split_of(content)) == lines


@given(
    text=some.text(some.sampled_from("ab\n\r é"), max_size=40),
    cuts=some.lists(some.integers(0, 60), max_size=4),
    block_bytes=some.integers(1, 9),
)
def test_each_line_begins_in_one_split_wherever_a_file_is_cut(
    text: str, cuts: list[int], block_bytes: int
) -> None:
    content = text.encode()
    starts = sorted({0, *(cut for cut in cuts if cut < len(content))})
    whole = split_of(content)
    stops = [*starts[1:], None]
    splits = [replace(whole, start=start, stop=stop) for start, stop in zip(starts, stops, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "_BLOCK_BYTES", block_bytes)
        assert lines_of(*splits) == lines_of(whole) == by_python(text)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1", "utf-16", "utf-16-le", "cp500", "utf-7"])
def test_lines_and_texts_are_decoded(encoding: str) -> None:
    content = "é,1\r\n\nü,2".encode(encoding)
    assert lines_of(split_of(content, encoding)) == ["é,1", "", "ü,2"]
    (text,) = split_of(content, encoding).texts()
    assert text.to_pylist() == [{SOURCE_FILE: "a key.txt", TEXT: "é,1\r\n\nü,2"}]


def test_a_text_has_no_byte_order_mark() -> None:
    for encoding in ("utf-8", "utf-16", "utf-16-le"):
        (text,) = split_of("\ufeff[]".encode(encoding), encoding).texts()
        assert text.column(TEXT).to_pylist() == ["[]"]


def test_what_only_looks_like_a_mark_in_another_encoding_is_text() -> None:
    text = "\ubbef\u00bf!"  # begins, as UTF-16, with the bytes of UTF-8's mark
    split = split_of(text.encode("utf-16-le"), "utf-16-le")
    (batch,) = split.texts()
    assert batch.column(TEXT).to_pylist() == lines_of(split) == [text]


def test_what_is_no_character_is_the_replacement_character() -> None:
    assert lines_of(split_of(b"a\x81b", "cp1252")) == ["a\ufffdb"]
    assert lines_of(split_of("a\ud800b\n".encode("utf-16-le", "surrogatepass"), "utf-16-le")) == ["a\ufffdb"]


def test_gzip_is_unpacked_member_by_member() -> None:
    packed = gzip.compress(MARK + b"a\nb") + gzip.compress(b"c\n") + b"\0" * 8
    assert lines_of(split_of(packed, is_compressed=True)) == ["a", "bc"]


def test_damaged_gzip_is_no_shorter_file() -> None:
    with pytest.raises(ValueError, match=r"file a key\.txt: expected a valid gzip file, found it truncated"):
        lines_of(split_of(gzip.compress(b"a\nb\n")[:-9], is_compressed=True))


def test_many_lines_come_in_batches() -> None:
    batches = list(split_of(b"x\n" * 50_000).lines())
    assert [batch.num_rows for batch in batches] == [20_000, 20_000, 10_000]
    assert {key for batch in batches for key in batch.column(SOURCE_FILE).to_pylist()} == {"a key.txt"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1", "shift_jis", "gb18030", "koi8-r"])
def test_a_line_feed_ends_a_line_in_supersets_of_ascii(encoding: str) -> None:
    assert is_line_by_line(encoding)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp500", "iso2022_jp", "utf-7"])
def test_other_encodings_are_read_as_a_whole(encoding: str) -> None:
    assert not is_line_by_line(encoding)
