"""Streaming gzip decompression with limits against decompression bombs."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GZIP_WBITS = 16 + zlib.MAX_WBITS  # gzip header and trailer, both checked
_OUTPUT_BYTES = 1024 * 1024
_HEAD_BYTES = 4
_NO_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class ExpansionLimits:
    """How far a compressed file may expand; both limits must be exceeded to reject it."""

    max_expanded_bytes: int = 256 * 1024 * 1024
    max_expansion_ratio: float = 200

    def exceeded_by(self, expanded_bytes: int, size_bytes: int) -> str:
        """Return in one clause how an expansion of ``size_bytes`` exceeds the limits, or an empty string."""
        if expanded_bytes <= max(self.max_expanded_bytes, self.max_expansion_ratio * size_bytes):
            return ""
        return (
            f"expands to more than {self.max_expanded_bytes} bytes "
            f"and more than {self.max_expansion_ratio:g} times its size"
        )


class GzipDecompressor:
    """Decompresses one gzip stream (RFC 1952): any number of members, each followed by optional zero padding.

    Anything else after a member is corruption, since readers disagree on it. Memory: one piece of output
    (1 MiB) and zlib's window.
    """

    def __init__(self, size_bytes: int, limits: ExpansionLimits) -> None:
        self.corruption = ""  # in one clause, or empty
        self.oversize = ""  # how it exceeds the limits, or empty
        self.expanded_bytes = 0
        self._size_bytes = size_bytes
        self._limits = limits
        self._member = zlib.decompressobj(_GZIP_WBITS)
        self._is_between_members = False
        self._has_begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decompressed content of the next bytes of the file, piece by piece."""
        place = 0
        while place < len(data) and self.expanded_bytes < _HEAD_BYTES:
            # A zlib error discards all output of its call. The first bytes of output, which identify the
            # content, must not depend on the chunk size: so the input goes in byte by byte until then.
            yield from self._feed_piece(data[place : place + 1])
            place += 1
        yield from self._feed_piece(data[place:] if place else data)

    def finish(self) -> None:
        """Detect a stream that ends inside a member. No bytes at all are an empty file, not a corrupt one."""
        if self._has_begun and not self._is_between_members and not self._is_over:
            self.corruption = "truncated"

    @property
    def _is_over(self) -> bool:
        return bool(self.oversize or self.corruption)

    def _feed_piece(self, data: bytes) -> Iterator[bytes]:
        while data and not self._is_over:
            if self._is_between_members:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member = zlib.decompressobj(_GZIP_WBITS)
                self._is_between_members = False
            self._has_begun = True
            try:
                piece = self._member.decompress(data, _OUTPUT_BYTES)
            except zlib.error as error:
                self.corruption = str(error).partition(": ")[2] or str(error)
                return
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            self._is_between_members = self._member.eof
            self.expanded_bytes += len(piece)
            self.oversize = self._limits.exceeded_by(self.expanded_bytes, self._size_bytes)
            if piece and not self.oversize:
                yield piece


def gunzipped(blocks: Iterable[bytes], key: str) -> Iterator[bytes]:
    """Yield the decompressed content of a BRONZE file, without limits.

    Raises:
        ValueError: the file is not valid gzip. It was when it entered BRONZE, so it was damaged since.
    """
    gunzip = GzipDecompressor(0, ExpansionLimits(max_expanded_bytes=_NO_LIMIT))
    for block in blocks:
        yield from gunzip.feed(block)
    gunzip.finish()
    if gunzip.corruption:
        raise ValueError(
            f"file {key}: expected a valid gzip file, found it {gunzip.corruption}; run raw_to_bronze again"
        )
