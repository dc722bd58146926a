"""The text of bronze files, read where it is cut: lines or whole files, as batches of KEY and TEXT."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from transforms.bronze_to_silver.records import KEY, TEXT
from transforms.raw_to_bronze.gunzip import gunzipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from transforms.bronze_to_silver.files import BronzeFile

_UTF_8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_SHIFTING = ("hz", "iso2022", "utf-7")  # what a byte means depends on the bytes before it
_BLOCK_BYTES = 4 * 1024 * 1024
_LINES_A_BATCH = 20_000
_LINE_FEED, _CARRIAGE_RETURN = b"\n\r"
_MARK = "\ufeff"
_SURROGATES = re.compile("[\ud800-\udfff]")  # some codecs let them pass; names of files that are no text


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a text file that one task reads: what begins from byte ``start`` on and before ``stop``.

    ``stop`` is None where the part reaches to the end of the file. ``open`` opens the file's bytes, seekable,
    in any process.
    """

    key: str
    open: Callable[[], BinaryIO]
    encoding: str
    is_compressed: bool
    start: int = 0
    stop: int | None = None

    @classmethod
    def whole(cls, file: BronzeFile) -> Split:
        """Return all of a file. Where the bytes of its name are no text, its key has U+FFFD for them."""
        facts = file.facts
        return cls(_as_text(facts.key), file.open, facts.encoding, facts.compression != "none")

    def lines(self) -> Iterator[pa.RecordBatch]:
        """Yield the lines that begin in the split, without their ends (LF or CRLF). A lone CR is content."""
        if is_line_by_line(self.encoding):
            is_at_start = self.start == 0
            for block in _whole_lines(self._bytes()):
                content = block.removeprefix(codecs.BOM_UTF8) if is_at_start else block
                is_at_start = False
                if content:
                    yield from _batches(self.key, _lines_of(_as_utf_8(content, self.encoding)))
        else:
            yield from _batches(self.key, _lines_of(self._text().encode()))

    def texts(self) -> Iterator[pa.RecordBatch]:
        """Yield the whole file as one text, without a byte-order mark."""
        yield _batch(self.key, pa.array([self._text()], pa.string()))

    def _text(self) -> str:
        return _decoded(b"".join(self._bytes()), self.encoding).removeprefix(_MARK)

    def _bytes(self) -> Iterator[bytes]:
        """Yield the split's bytes, unpacked."""
        with self.open() as stream:
            blocks = _blocks(stream) if self.start == 0 and self.stop is None else _between(stream, self)
            yield from gunzipped(blocks, self.key) if self.is_compressed else blocks


def is_line_by_line(encoding: str) -> bool:
    """Whether byte 0x0A ends a line, and is nothing else, so that lines can be told before decoding.

    >>> [is_line_by_line(encoding) for encoding in ("utf-8", "cp1252", "shift_jis", "utf-16", "cp500")]
    [True, True, True, False, False]
    """
    codec = codecs.lookup(encoding).name
    return codec in _UTF_8 or (not codec.startswith(_SHIFTING) and "\n".encode(codec) == b"\n")


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK_BYTES):
        yield block


def _between(stream: BinaryIO, split: Split) -> Iterator[bytes]:
    """Yield the lines that begin within a split: those behind the first line feed from ``start`` - 1 on.

    They end with the first line feed from ``stop`` - 1 on, where the lines of the next split begin.
    """
    at = max(0, split.start - 1)
    stream.seek(at)
    has_begun = split.start == 0
    for read in _blocks(stream):
        block = read
        if not has_begun:
            found = block.find(b"\n")
            if split.stop is not None and at + (found if found >= 0 else len(block)) >= split.stop - 1:
                return
            if found < 0:
                at += len(block)
                continue
            block, at, has_begun = block[found + 1 :], at + found + 1, True
        if split.stop is not None and at + len(block) >= split.stop:
            found = block.find(b"\n", max(0, split.stop - 1 - at))
            if found >= 0:
                yield block[: found + 1]
                return
        yield block
        at += len(block)


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes, cut behind line feeds; the last line may lack one."""
    begun: list[bytes] = []
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join((*begun, block[:end]))
            begun = []
        begun.append(block[end:])
    if rest := b"".join(begun):
        yield rest


def _as_utf_8(block: bytes, encoding: str) -> bytes:
    if codecs.lookup(encoding).name in _UTF_8:
        return block
    return _decoded(block, encoding).encode()


def _decoded(text: bytes, encoding: str) -> str:
    decoded = text.decode(encoding, "replace")
    return decoded if codecs.lookup(encoding).name in _UTF_8 else _as_text(decoded)


def _as_text(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text)


def _lines_of(block: bytes) -> pa.StringArray:
    r"""Return the lines of UTF-8 text.

    >>> _lines_of(b"a\r\n\nb\rc\r").to_pylist()
    ['a', '', 'b\rc']
    """
    if not block.endswith(b"\n"):
        block += b"\n"
    text = np.frombuffer(block, np.uint8)
    feeds = np.flatnonzero(text == _LINE_FEED)
    is_content = text != _LINE_FEED
    removed = np.arange(1, len(feeds) + 1)  # up to each line's end
    returns = feeds[(feeds > 0) & (text[feeds - 1] == _CARRIAGE_RETURN)] - 1
    if len(returns):
        is_content[returns] = False
        removed += np.searchsorted(returns, feeds)
    offsets = np.zeros(len(feeds) + 1, np.int32)
    offsets[1:] = feeds + 1 - removed
    return pa.StringArray.from_buffers(len(feeds), pa.py_buffer(offsets), pa.py_buffer(text[is_content]))


def _batches(key: str, texts: pa.StringArray) -> Iterator[pa.RecordBatch]:
    for place in range(0, len(texts), _LINES_A_BATCH):
        yield _batch(key, texts.slice(place, _LINES_A_BATCH))


def _batch(key: str, texts: pa.StringArray) -> pa.RecordBatch:
    keys = pa.repeat(pa.scalar(key, pa.string()), len(texts))
    return pa.RecordBatch.from_arrays([keys, texts], [KEY, TEXT])
