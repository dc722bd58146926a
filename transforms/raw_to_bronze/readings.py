"""What is done with a file's bytes, by what its name claims; and the order in which reasons apply."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from contracts.inventory import FileFacts, FileFormat, Reason
from transforms.raw_to_bronze.forms import form_of
from transforms.raw_to_bronze.gunzip import ExpansionLimits, Gunzip
from transforms.raw_to_bronze.naming import Claim, Naming
from transforms.raw_to_bronze.parquet import read_parquet
from transforms.raw_to_bronze.source_names import SourceNames
from transforms.raw_to_bronze.text import TextBytes

if TYPE_CHECKING:
    from contracts.model import Contract, Source
    from transforms.raw_to_bronze.told import Told

_PARQUET_BYTES_IN_MEMORY = 32 * 1024 * 1024
_CLAIMED_FORMATS = {
    Claim.DELIMITED: FileFormat.DELIMITED,
    Claim.JSON_LINES: FileFormat.JSON_LINES,
    Claim.PARQUET: FileFormat.PARQUET,
}


class Reading(Protocol):
    """Takes a file's bytes in chunks and completes its facts."""

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""

    def finish(self, facts: FileFacts) -> FileFacts:
        """Return the facts with what the whole file tells."""

    def close(self) -> None:
        """Let go of what the reading holds."""


def begin_reading(
    naming: Naming | None, size_bytes: int, contract: Contract, source: Source | None, limits: ExpansionLimits
) -> Reading:
    """Return the reading for a file's name."""
    if naming is None:
        return _UnsupportedReading()
    if naming.claim is Claim.PARQUET:
        return _ParquetReading(SourceNames(contract, source), limits)
    text = TextBytes(form_of(naming.claim, contract, source), source.encoding if source else None)
    return _TextReading(text, Gunzip(size_bytes, limits) if naming.is_gzip else None)


def claimed_format(naming: Naming | None) -> FileFormat | None:
    """Return the format of a file of which no more than the name is known."""
    return _CLAIMED_FORMATS.get(naming.claim) if naming else None


def rejected(facts: FileFacts, reason: Reason, detail: str) -> FileFacts:
    """Return the facts with the reason that speaks against the file."""
    return replace(facts, reason=reason, detail=detail)


class _UnsupportedReading:
    """Nothing is wanted of the bytes."""

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""

    def finish(self, facts: FileFacts) -> FileFacts:
        """Return the facts of a file whose name says enough."""
        return rejected(facts, Reason.UNSUPPORTED_FORMAT, f"no reader for {facts.key.rpartition('/')[2]!r}")

    def close(self) -> None:
        """Let go of nothing."""


class _TextReading:
    """A text, compressed or not."""

    def __init__(self, text: TextBytes, gunzip: Gunzip | None) -> None:
        self._text = text
        self._gunzip = gunzip
        self._is_blank = True  # the file itself, as it lies there

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""
        self._is_blank = self._is_blank and not data.strip()
        for piece in self._gunzip.feed(data) if self._gunzip else (data,):
            self._text.feed(piece)

    def finish(self, facts: FileFacts) -> FileFacts:
        """Return the facts, with the first reason that applies."""
        text, told = self._text, self._text.finish()
        is_complete = True
        if self._gunzip is not None:
            self._gunzip.finish()
            is_complete = not (self._gunzip.corruption or self._gunzip.oversize)
        if self._is_blank or (is_complete and text.is_blank):
            return _empty(facts)
        if text.magic:
            return rejected(facts, Reason.CONTENT_MISMATCH, f"{text.magic} under the name of a text")
        if self._gunzip is not None and self._gunzip.corruption:
            return rejected(facts, Reason.CORRUPT_GZIP, self._gunzip.corruption)
        if self._gunzip is not None and self._gunzip.oversize:
            return rejected(facts, Reason.OVERSIZED_EXPANSION, self._gunzip.oversize)
        facts = replace(facts, encoding=text.encoding)
        if text.undecodable:
            return rejected(facts, Reason.UNDECODABLE, text.undecodable)
        return _with_text(facts, told, has_nul=text.has_nul)

    def close(self) -> None:
        """Let go of nothing."""


class _ParquetReading:
    """A Parquet file: it is read from its end, so its bytes are kept until they are all there."""

    def __init__(self, names: SourceNames, limits: ExpansionLimits) -> None:
        self._names = names
        self._limits = limits
        self._is_blank = True
        self._file = tempfile.SpooledTemporaryFile(max_size=_PARQUET_BYTES_IN_MEMORY)  # noqa: SIM115 - see close

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""
        self._is_blank = self._is_blank and not data.strip()
        self._file.write(data)

    def finish(self, facts: FileFacts) -> FileFacts:
        """Return the facts, with the first reason that applies."""
        if self._is_blank:
            return _empty(facts)
        self._file.seek(0)
        told = read_parquet(cast("BinaryIO", self._file), facts.size_bytes, self._limits)
        if told.oversize:
            return rejected(facts, Reason.OVERSIZED_EXPANSION, told.oversize)
        if told.corruption:
            return rejected(facts, Reason.CORRUPT_PARQUET, told.corruption)
        if lacking := self._names.lacking(told.names):
            return rejected(
                facts, Reason.CONTENT_MISMATCH, f"the schema has no source for {', '.join(lacking)}"
            )
        return replace(facts, names=told.names, schema=told.schema, rows=told.rows)

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()


def _empty(facts: FileFacts) -> FileFacts:
    return rejected(facts, Reason.EMPTY, "nothing but blanks" if facts.size_bytes else "no bytes")


def _with_text(facts: FileFacts, told: Told, *, has_nul: bool) -> FileFacts:
    facts = replace(facts, format=told.format)
    if has_nul or told.mismatch:
        return rejected(facts, Reason.CONTENT_MISMATCH, "a text with NUL bytes" if has_nul else told.mismatch)
    if told.corruption:
        return rejected(facts, Reason.CORRUPT_JSON, told.corruption)
    return replace(
        facts,
        delimiter=told.delimiter,
        quote=told.quote,
        header=told.header,
        multiline=told.multiline,
        names=told.names,
        rows=told.rows,
    )
