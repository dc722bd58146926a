"""Incremental decoding of a text's bytes into a sniffer, and the layout that the sniffer returns."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from transforms.formats.text_cleaning import BYTE_ORDER_MARK

if TYPE_CHECKING:
    from contracts.inventory import FileFormat
    from transforms.formats.csv_dialect import CsvDialect
    from transforms.raw_to_bronze.json_sniffer import WrappedRecords

_HEAD_BYTES = 4
_SAMPLE_LENGTH = 64 * 1024  # bytes, and characters, that are kept to suggest a source
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"PAR1", "Parquet"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # without entries
    (b"PK\x07\x08", "zip"),  # in parts
)
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NOT_WINDOWS_1252 = b"\x81\x8d\x8f\x90\x9d\0"  # undefined there, and NUL, which is not allowed in texts


@dataclass(frozen=True, slots=True)
class TextLayout:
    """Format and layout of a text; ``mismatch`` or ``corruption``: why it has none, in one clause.

    ``dialect``: of delimited text alone. ``wrapped``: the array of records within the one object that the
    text is, if there is one.
    """

    format: FileFormat
    dialect: CsvDialect | None = None
    header: bool = False
    multiline: bool = False
    names: tuple[str, ...] = ()
    replaced_names: tuple[str, ...] = ()
    rows: int | None = None
    mismatch: str = ""
    corruption: str = ""
    wrapped: WrappedRecords | None = None


class TextSniffer(Protocol):
    """Determines the layout of a text that arrives in chunks."""

    def feed(self, text: str) -> None:
        """Take the next chunk."""

    def finish(self) -> TextLayout:
        """Return the layout of the whole text."""


class TextDecoder:
    """Decodes the (decompressed) bytes of a text and feeds the characters to a sniffer. Memory: a chunk."""

    def __init__(self, sniffer: TextSniffer, encoding: str | None) -> None:
        self.encoding = encoding or "utf-8"
        self.magic = ""  # the binary format whose magic number the bytes begin with, or empty
        self.undecodable = ""  # the first byte that cannot be decoded, or empty
        self._has_only_blanks = True
        self.has_nul = False
        self.sample = ""  # the beginning of the text
        self.sample_bytes = b""  # the beginning of the bytes
        self.is_sample_whole = True
        self.may_be_windows_1252 = True  # for the bytes from the first undecodable one on
        self._sniffer = sniffer
        self._is_encoding_given = encoding is not None
        self._head = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._fed_bytes = 0
        self._has_begun = False

    @property
    def has_only_blanks(self) -> bool:
        """Whether all bytes could be decoded, and are blanks."""
        return self._has_only_blanks and not self.magic and not self.undecodable

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""
        if self.is_sample_whole:
            free = _SAMPLE_LENGTH - len(self.sample_bytes)
            self.sample_bytes += data[:free]
            self.is_sample_whole = len(data) <= free
        if self._decoder is None:
            self._head += data
            if len(self._head) < _HEAD_BYTES:
                return
            data = self._begin()
        self._decode(data, is_last=False)

    def finish(self) -> TextLayout:
        """Decode the rest, and return the text's layout."""
        self._decode(self._begin() if self._decoder is None else b"", is_last=True)
        return self._sniffer.finish()

    def _begin(self) -> bytes:
        head, self._head = self._head, b""
        self.magic = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
        if not self._is_encoding_given and head.startswith(_UTF_16_MARKS):
            self.encoding = "utf-16"
        self._decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        return head

    def _decode(self, data: bytes, *, is_last: bool) -> None:
        if self._decoder is None or self.magic:
            return
        if self.undecodable:
            self.may_be_windows_1252 = self.may_be_windows_1252 and is_windows_1252(data)
            return
        self._fed_bytes += len(data)
        try:
            text = self._decoder.decode(data, is_last)
        except UnicodeError as error:
            self.undecodable = self._describe(error)
            if isinstance(error, UnicodeDecodeError):
                self.may_be_windows_1252 = is_windows_1252(error.object[error.start :])
            return
        if not text:
            return
        if not self._has_begun:
            self._has_begun = True
            text = text.removeprefix(BYTE_ORDER_MARK)
        if len(self.sample) < _SAMPLE_LENGTH:
            self.sample += text[: _SAMPLE_LENGTH - len(self.sample)]
        self._has_only_blanks = self._has_only_blanks and not text.strip()
        self.has_nul = self.has_nul or "\0" in text
        self._sniffer.feed(text)

    def _describe(self, error: UnicodeError) -> str:
        if not isinstance(error, UnicodeDecodeError):  # some codecs give no position
            return f"not {self.encoding}: {error}"
        place = self._fed_bytes - len(error.object) + error.start
        return f"byte 0x{error.object[error.start]:02X} at offset {place} is not {self.encoding}"


def is_windows_1252(data: bytes) -> bool:
    """Whether every byte is a character of windows-1252 other than NUL."""
    return len(data.translate(None, _NOT_WINDOWS_1252)) == len(data)
