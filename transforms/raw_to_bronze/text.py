"""Decode a text that arrives as bytes, and look for what no text may hold."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transforms.raw_to_bronze.forms import Form
    from transforms.raw_to_bronze.told import Told

HEAD_BYTES = 4
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"PAR1", "Parquet"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # without entries
    (b"PK\x07\x08", "zip"),  # in parts
)
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TextBytes:
    """Takes the (decompressed) bytes of a text and hands the characters to a form. Memory: a chunk."""

    def __init__(self, form: Form, encoding: str | None) -> None:
        self.encoding = encoding or "utf-8"
        self.magic = ""  # the binary format that the bytes begin with, or empty
        self.undecodable = ""  # the first byte that is no text, or empty
        self._is_blank = True
        self.has_nul = False
        self._form = form
        self._is_encoding_given = encoding is not None
        self._head = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._fed_bytes = 0
        self._has_begun = False

    @property
    def is_blank(self) -> bool:
        """Whether all bytes are text, and all of it blanks."""
        return self._is_blank and not self.magic and not self.undecodable

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""
        if self._decoder is None:
            self._head += data
            if len(self._head) < HEAD_BYTES:
                return
            data = self._begin()
        self._decode(data, is_last=False)

    def finish(self) -> Told:
        """Decode what is left, and say what the text is."""
        self._decode(self._begin() if self._decoder is None else b"", is_last=True)
        return self._form.finish()

    def _begin(self) -> bytes:
        head, self._head = self._head, b""
        self.magic = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
        if not self._is_encoding_given and head.startswith(_UTF_16_MARKS):
            self.encoding = "utf-16"
        self._decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        return head

    def _decode(self, data: bytes, *, is_last: bool) -> None:
        if self._decoder is None or self.magic or self.undecodable:
            return
        self._fed_bytes += len(data)
        try:
            text = self._decoder.decode(data, is_last)
        except UnicodeError as error:
            self.undecodable = self._describe(error)
            return
        if not text:
            return
        if not self._has_begun:
            self._has_begun = True
            text = text.removeprefix("\ufeff")
        self._is_blank = self._is_blank and not text.strip()
        self.has_nul = self.has_nul or "\0" in text
        self._form.feed(text)

    def _describe(self, error: UnicodeError) -> str:
        if not isinstance(error, UnicodeDecodeError):  # some codecs give no place
            return f"not {self.encoding}: {error}"
        place = self._fed_bytes - len(error.object) + error.start
        return f"byte 0x{error.object[error.start]:02X} at offset {place} is no {self.encoding}"
