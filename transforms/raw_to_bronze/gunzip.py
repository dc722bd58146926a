"""Decompress gzip as a stream, and stop at a bomb."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GZIP = 16 + zlib.MAX_WBITS  # zlib's code for: a gzip header and trailer, both checked
_OUTPUT_BYTES = 1024 * 1024
_HEAD_BYTES = 4
_NO_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class ExpansionLimits:
    """How far a compressed file may expand; it is too far when both limits are exceeded."""

    max_expanded_bytes: int = 256 * 1024 * 1024
    max_expansion_ratio: float = 200

    def exceeded_by(self, expanded_bytes: int, size_bytes: int) -> str:
        """Say in one clause by how much ``size_bytes`` expanded too far, or nothing."""
        if expanded_bytes <= max(self.max_expanded_bytes, self.max_expansion_ratio * size_bytes):
            return ""
        return (
            f"expands to more than {self.max_expanded_bytes} bytes "
            f"and more than {self.max_expansion_ratio:g} times its size"
        )


class Gunzip:
    """One gzip stream (RFC 1952): members one after the other, zero bytes of padding after a member.

    Anything else after a member is corruption: no reader agrees with another on what to make of it.
    Memory: one piece of output (1 MiB) and zlib's window.
    """

    def __init__(self, size_bytes: int, limits: ExpansionLimits) -> None:
        self.corruption = ""  # what is wrong with the stream, or empty
        self.oversize = ""  # how it expands too far, or empty
        self.expanded_bytes = 0
        self._size_bytes = size_bytes
        self._limits = limits
        self._member = zlib.decompressobj(_GZIP)
        self._is_between_members = False
        self._has_begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes of the file decompress to, piece by piece."""
        place = 0
        while place < len(data) and self.expanded_bytes < _HEAD_BYTES:
            # An error loses all output of its call, so the first bytes, by which a wrong content is known,
            # are won byte by byte: they must not depend on how the file was cut into chunks.
            yield from self._feed_piece(data[place : place + 1])
            place += 1
        yield from self._feed_piece(data[place:] if place else data)

    def finish(self) -> None:
        """Note a stream that ends inside a member. No bytes at all are an empty file, not a corrupt one."""
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
                self._member = zlib.decompressobj(_GZIP)
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
    """Yield what the gzip file of a key decompresses to, however far it expands.

    Raises:
        ValueError: it is no valid gzip file; those of BRONZE are, so that this one was damaged since.
    """
    unzip = Gunzip(0, ExpansionLimits(max_expanded_bytes=_NO_LIMIT))
    for block in blocks:
        yield from unzip.feed(block)
    unzip.finish()
    if unzip.corruption:
        raise ValueError(
            f"file {key}: expected a valid gzip file, found it {unzip.corruption}; run raw_to_bronze again"
        )
