from __future__ import annotations

import zlib

import pytest

from tests.transforms.raw_to_bronze.example import gz
from transforms.formats.gzip import ExpansionLimits, GzipDecompressor

MEMBER = gz(b"hello\n")
STREAMS = [
    ("one member", MEMBER, b"hello\n", ""),
    ("members one after the other", MEMBER + gz(b"") + gz(b"x"), b"hello\nx", ""),
    ("zero bytes after the last member", MEMBER + bytes(512), b"hello\n", ""),
    ("zero bytes between members", MEMBER + bytes(3) + MEMBER, b"hello\nhello\n", ""),
    ("no bytes at all", b"", b"", ""),
    ("zero bytes alone", bytes(9), b"", "incorrect header check"),
    ("no gzip", b"a,b\n", b"", "incorrect header check"),
    ("a header that is cut", MEMBER[:5], b"", "truncated"),
    ("a trailer that is cut", MEMBER[:-1], b"hello\n", "truncated"),
    ("a bad checksum", MEMBER[:-8] + b"\0\0\0\0" + MEMBER[-4:], b"hello\n", "incorrect data check"),
    ("a bad length", MEMBER[:-4] + b"\x09\0\0\0", b"hello\n", "incorrect length check"),
    ("garbage after a member", MEMBER + b"x", b"hello\n", "truncated"),
    ("more garbage after a member", MEMBER + b"garbage", b"hello\n", "incorrect header check"),
    ("a second member that is cut", MEMBER + MEMBER[:9], b"hello\n", "truncated"),
    ("zlib's own format", zlib.compress(b"hello"), b"", "incorrect header check"),
]


@pytest.mark.parametrize("chunk_bytes", [1, 7, 1000])
@pytest.mark.parametrize(
    ("data", "expected", "corruption"), [s[1:] for s in STREAMS], ids=[s[0] for s in STREAMS]
)
def test_a_stream_is_decompressed_or_its_corruption_is_described(
    data: bytes, expected: bytes, corruption: str, chunk_bytes: int
) -> None:
    gunzip = GzipDecompressor(len(data), ExpansionLimits())
    found = b"".join(
        piece
        for start in range(0, len(data), chunk_bytes)
        for piece in gunzip.feed(data[start : start + chunk_bytes])
    )
    gunzip.finish()
    if not corruption:
        assert found == expected
    assert gunzip.corruption == corruption


def test_a_bomb_is_not_expanded_further() -> None:
    bomb = gz(bytes(5_000_000))
    gunzip = GzipDecompressor(
        len(bomb), ExpansionLimits(max_expanded_bytes=1_000_000, max_expansion_ratio=200)
    )
    assert sum(map(len, gunzip.feed(bomb))) <= 2_000_000
    assert gunzip.oversize == "expands to more than 1000000 bytes and more than 200 times its size"
    assert list(gunzip.feed(bomb)) == []


@pytest.mark.parametrize(
    ("expanded_bytes", "size_bytes", "is_exceeded"),
    [(1001, 100, True), (1000, 10, False), (1001, 101, False), (2000, 200, False), (2001, 200, True)],
)
def test_an_expansion_is_too_far_only_beyond_both_limits(
    expanded_bytes: int, size_bytes: int, *, is_exceeded: bool
) -> None:
    limits = ExpansionLimits(max_expanded_bytes=1000, max_expansion_ratio=10)
    assert bool(limits.exceeded_by(expanded_bytes, size_bytes)) is is_exceeded
