"""Read text files of BRONZE as Arrow batches of SOURCE_FILE and TEXT, by line or as a whole.

Runs on the worker that parses the text.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from contracts.system_columns import SOURCE_FILE
from transforms.bronze_to_silver.record_columns import TEXT
from transforms.formats.gzip import gunzipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from transforms.bronze_to_silver.files import BronzeFile

_UTF_8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_STATEFUL = ("hz", "iso2022", "utf-7")  # the meaning of a byte depends on the bytes before it
_BLOCK_BYTES = 4 * 1024 * 1024
_LINES_A_BATCH = 20_000
_LINE_FEED, _CARRIAGE_RETURN = b"\n\r"
_BOM = "\ufeff"
_BOMS = re.compile(rb"(?m)^(?:\xef\xbb\xbf)+")  # also within a file, where files were concatenated
_SURROGATES = re.compile("[\ud800-\udfff]")  # from some codecs, and from file names that are not valid text


class Edges(NamedTuple):
    """How many physical lines at the beginning and at the end of a file belong to no record."""

    first_lines: int = 0
    last_lines: int = 0


NO_EDGES = Edges()


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a text file that one task reads: the lines that begin from byte ``start`` to before ``stop``.

    ``stop`` None: to the end of the file. ``open`` opens the file's bytes, seekable, in any process.
    """

    key: str
    open: Callable[[], BinaryIO]
    encoding: str
    is_compressed: bool
    start: int = 0
    stop: int | None = None
    edges: Edges = NO_EDGES

    @classmethod
    def whole(cls, file: BronzeFile, edges: Edges = NO_EDGES) -> Split:
        """Return all of a file. In its key, U+FFFD replaces bytes that are not valid text."""
        facts = file.facts
        return cls(as_text(facts.key), file.open, facts.encoding, facts.compression != "none", edges=edges)

    def lines(self) -> Iterator[pa.RecordBatch]:
        """Yield the lines that begin in the split, without their ends (LF or CRLF). A lone CR is content.

        Byte-order marks at the beginning of lines, and the lines of ``edges``, are dropped.
        """
        if is_line_by_line(self.encoding):
            for block in self._inner(_whole_lines(self._bytes())):
                yield from _batches(self.key, _lines_of(_as_utf_8(block, self.encoding)))
        else:
            for block in self._inner([self._text().encode()]):
                yield from _batches(self.key, _lines_of(block))

    def texts(self, line_end: str = "\n") -> Iterator[pa.RecordBatch]:
        """Yield the whole file as one text, without a byte-order mark and the lines of ``edges``.

        ``line_end``: a line feed, or a carriage return where that alone ends lines.
        """
        text = self._text()
        if self.edges != NO_EDGES:
            end = line_end.encode()
            text = b"".join(self._inner([text.encode()], end)).decode()
        yield _batch(self.key, pa.array([text], pa.string()))

    def _inner(self, blocks: Iterable[bytes], line_end: bytes = b"\n") -> Iterator[bytes]:
        """Yield blocks of whole lines without those of the file's edges that are in the split.

        Raises:
            ValueError: the first lines reach into the next split.
        """
        edges = self.edges if self.start == 0 else self.edges._replace(first_lines=0)
        if edges == NO_EDGES:
            yield from blocks
            return
        is_empty = True
        for block in _without_edges(blocks, edges, line_end):
            is_empty = False
            yield block
        if is_empty and self.stop is not None:
            raise ValueError(
                f"file {self.key}: its source skips {edges.first_lines} lines, but the first {self.stop} "
                "bytes have no more than that; correct skipLines"
            )

    def _text(self) -> str:
        return _decoded(b"".join(self._bytes()), self.encoding).removeprefix(_BOM)

    def _bytes(self) -> Iterator[bytes]:
        """Yield the split's bytes, decompressed."""
        with self.open() as stream:
            blocks = _blocks(stream) if self.start == 0 and self.stop is None else _between(stream, self)
            yield from gunzipped(blocks, self.key) if self.is_compressed else blocks


def is_line_by_line(encoding: str) -> bool:
    """Whether byte 0x0A is always a line feed, so that lines can be split before decoding.

    >>> [is_line_by_line(encoding) for encoding in ("utf-8", "cp1252", "shift_jis", "utf-16", "cp500")]
    [True, True, True, False, False]
    """
    codec = codecs.lookup(encoding).name
    return codec in _UTF_8 or (not codec.startswith(_STATEFUL) and "\n".encode(codec) == b"\n")


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK_BYTES):
        yield block


def _between(stream: BinaryIO, split: Split) -> Iterator[bytes]:
    """Yield the lines that begin within a split: those after the first line feed from ``start`` - 1 on.

    They end with the first line feed from ``stop`` - 1 on, where the next split's lines begin.
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
    """Yield the same bytes in blocks that end with a line feed; the last block may lack one."""
    partial: list[bytes] = []
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join((*partial, block[:end]))
            partial = []
        partial.append(block[end:])
    if rest := b"".join(partial):
        yield rest


def _without_edges(blocks: Iterable[bytes], edges: Edges, line_end: bytes) -> Iterator[bytes]:
    r"""Yield blocks of whole lines without the lines of ``edges``; the last line may lack its end.

    >>> list(_without_edges([b"1\n2\n", b"3\n4\n5"], Edges(1, 2), b"\n"))
    [b'2\n', b'3\n']
    """
    to_skip = edges.first_lines
    pending: deque[tuple[bytes, int]] = deque()  # blocks that may contain last lines, with their line counts
    lines = 0
    for block in blocks:
        skipped = min(to_skip, block.count(line_end))
        content = block[_end_of_lines(block, skipped, line_end) :]
        to_skip -= skipped
        if to_skip and content:  # the last line, without an end
            content, to_skip = b"", to_skip - 1
        if not content:
            continue
        count = content.count(line_end) + (not content.endswith(line_end))
        pending.append((content, count))
        lines += count
        while lines - pending[0][1] >= edges.last_lines:
            content, count = pending.popleft()
            lines -= count
            yield content
            if not pending:
                break
    rest = b"".join(content for content, _ in pending)
    if kept := rest[: _end_of_lines(rest, max(0, lines - edges.last_lines), line_end)]:
        yield kept


def _end_of_lines(block: bytes, count: int, line_end: bytes) -> int:
    """Return the position after the first ``count`` lines."""
    end = 0
    for _ in range(count):
        end = block.index(line_end, end) + 1
    return end


def _as_utf_8(block: bytes, encoding: str) -> bytes:
    if codecs.lookup(encoding).name in _UTF_8:
        return block
    return _decoded(block, encoding).encode()


def _decoded(text: bytes, encoding: str) -> str:
    decoded = text.decode(encoding, "replace")
    return decoded if codecs.lookup(encoding).name in _UTF_8 else as_text(decoded)


def as_text(text: str) -> str:
    """Return a text with U+FFFD for what is not valid text, as in ``_source_file``."""
    return _SURROGATES.sub("\ufffd", text)


def _lines_of(block: bytes) -> pa.StringArray:
    r"""Return the lines of UTF-8 text, without byte-order marks at their beginning.

    >>> _lines_of(b"a\r\n\nb\rc\r").to_pylist()
    ['a', '', 'b\rc']
    """
    block = block.removeprefix(codecs.BOM_UTF8)
    # Searching for one byte is ten times as fast.
    if codecs.BOM_UTF8[:1] in block and codecs.BOM_UTF8 in block:
        block = _BOMS.sub(b"", block)
    if not block.endswith(b"\n"):
        block += b"\n"
    text = np.frombuffer(block, np.uint8)
    feeds = np.flatnonzero(text == _LINE_FEED)
    is_content = text != _LINE_FEED
    removed = np.arange(1, len(feeds) + 1)  # bytes removed up to each line's end
    returns = feeds[(feeds > 0) & (text[feeds - 1] == _CARRIAGE_RETURN)] - 1
    if len(returns):
        is_content[returns] = False
        removed += np.searchsorted(returns, feeds)
    offsets = np.zeros(len(feeds) + 1, np.int32)
    offsets[1:] = feeds + 1 - removed
    return pa.StringArray.from_buffers(len(feeds), pa.py_buffer(offsets), pa.py_buffer(text[is_content]))


def _batches(key: str, texts: pa.StringArray) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(texts), _LINES_A_BATCH):
        yield _batch(key, texts.slice(start, _LINES_A_BATCH))


def _batch(key: str, texts: pa.StringArray) -> pa.RecordBatch:
    keys = pa.repeat(pa.scalar(key, pa.string()), len(texts))
    return pa.RecordBatch.from_arrays([keys, texts], [SOURCE_FILE, TEXT])
