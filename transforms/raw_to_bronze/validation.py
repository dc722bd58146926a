"""Validators of file content, by the format that the name claims; and the order of rejection reasons."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.column_names import strip_name
from contracts.inventory import FileFacts, FileFormat, Reason
from transforms.formats.gzip import ExpansionLimits, GzipDecompressor
from transforms.raw_to_bronze.column_coverage import ColumnCoverage
from transforms.raw_to_bronze.file_names import Claim, FileName
from transforms.raw_to_bronze.text_decoder import TextDecoder
from transforms.raw_to_bronze.text_sniffer import sniffer_for
from transforms.suggest_source.hint import suggest_hint

if TYPE_CHECKING:
    from contracts.model import Contract, Source
    from transforms.raw_to_bronze.text_decoder import TextLayout

_PARQUET_BYTES_IN_MEMORY = 32 * 1024 * 1024
_BATCH_ROWS = 8 * 1024
_BUFFER_BYTES = 256 * 1024
_CLAIMED_FORMATS = {
    Claim.DELIMITED: FileFormat.DELIMITED,
    Claim.JSON_LINES: FileFormat.JSON_LINES,
    Claim.PARQUET: FileFormat.PARQUET,
}


class Validator(Protocol):
    """Takes a file's bytes in chunks and completes its facts."""

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""

    def finish(self, facts: FileFacts) -> FileFacts:
        """Return the facts completed, with the first rejection reason that applies."""

    def close(self) -> None:
        """Release resources."""


def validator_for(
    name: FileName | None, size_bytes: int, contract: Contract, source: Source | None, limits: ExpansionLimits
) -> Validator:
    """Return the validator for a file's name."""
    if name is None:
        return _UnsupportedValidator()
    if name.claim is Claim.PARQUET:
        return _ParquetValidator(ColumnCoverage(contract, source), limits)
    decoder = TextDecoder(sniffer_for(name.claim, contract, source), source.encoding if source else None)
    gunzip = GzipDecompressor(size_bytes, limits) if name.is_gzip else None
    return _TextValidator(decoder, gunzip, contract, source)


def claimed_format(name: FileName | None) -> FileFormat | None:
    """Return the format that a file's name alone determines, if any."""
    return _CLAIMED_FORMATS.get(name.claim) if name else None


def rejected(facts: FileFacts, reason: Reason, detail: str) -> FileFacts:
    """Return the facts of a file rejected for a reason."""
    return replace(facts, reason=reason, detail=detail)


class _UnsupportedValidator:
    """A file whose name claims no supported format: its content is ignored."""

    def feed(self, data: bytes) -> None:
        """Ignore the chunk."""

    def finish(self, facts: FileFacts) -> FileFacts:
        """Return the facts with the reason."""
        return rejected(facts, Reason.UNSUPPORTED_FORMAT, f"no reader for {facts.key.rpartition('/')[2]!r}")

    def close(self) -> None:
        """Do nothing."""


class _TextValidator:
    """A text, compressed or not."""

    def __init__(
        self,
        decoder: TextDecoder,
        gunzip: GzipDecompressor | None,
        contract: Contract,
        source: Source | None,
    ) -> None:
        self._decoder = decoder
        self._gunzip = gunzip
        self._contract = contract
        self._source = source
        self._has_only_blanks = True  # the stored bytes, before decompression

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""
        self._has_only_blanks = self._has_only_blanks and not data.strip()
        for piece in self._gunzip.feed(data) if self._gunzip else (data,):
            self._decoder.feed(piece)

    def finish(self, facts: FileFacts) -> FileFacts:
        """Return the facts completed, with the first rejection reason that applies."""
        decoder, layout = self._decoder, self._decoder.finish()
        corruption = oversize = ""
        if self._gunzip is not None:
            self._gunzip.finish()
            corruption, oversize = self._gunzip.corruption, self._gunzip.oversize
        is_complete = not (corruption or oversize)
        if self._has_only_blanks or (is_complete and decoder.has_only_blanks):
            return _empty(facts)
        if decoder.magic:
            return rejected(facts, Reason.CONTENT_MISMATCH, f"{decoder.magic} under the name of a text")
        if corruption:
            return rejected(facts, Reason.CORRUPT_GZIP, corruption)
        if oversize:
            return rejected(facts, Reason.OVERSIZED_EXPANSION, oversize)
        facts = replace(facts, encoding=decoder.encoding)
        if decoder.undecodable:
            facts = rejected(facts, Reason.UNDECODABLE, decoder.undecodable)
        else:
            facts = _with_layout(facts, layout, has_nul=decoder.has_nul)
        return replace(facts, hint=suggest_hint(facts, decoder, layout, self._contract, self._source))

    def close(self) -> None:
        """Do nothing."""


def _with_layout(facts: FileFacts, layout: TextLayout, *, has_nul: bool) -> FileFacts:
    facts = replace(facts, format=layout.format)
    if has_nul or layout.mismatch:
        detail = "a text with NUL bytes" if has_nul else layout.mismatch
        return rejected(facts, Reason.CONTENT_MISMATCH, detail)
    if layout.corruption:
        return rejected(facts, Reason.CORRUPT_JSON, layout.corruption)
    if (dialect := layout.dialect) is not None:
        facts = replace(
            facts,
            delimiter=dialect.delimiter,
            quote=dialect.quote,
            escape=dialect.escape,
            line_end=dialect.line_end,
        )
    return replace(
        facts,
        header=layout.header,
        multiline=layout.multiline,
        names=layout.names,
        replaced_names=layout.replaced_names,
        rows=layout.rows,
    )


class _ParquetValidator:
    """A Parquet file: it is read from its end, so its bytes are kept until it is complete."""

    def __init__(self, coverage: ColumnCoverage, limits: ExpansionLimits) -> None:
        self._coverage = coverage
        self._limits = limits
        self._has_only_blanks = True
        self._file = tempfile.SpooledTemporaryFile(max_size=_PARQUET_BYTES_IN_MEMORY)  # noqa: SIM115 - see close

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""
        self._has_only_blanks = self._has_only_blanks and not data.strip()
        self._file.write(data)

    def finish(self, facts: FileFacts) -> FileFacts:
        """Return the facts completed, with the first rejection reason that applies."""
        if self._has_only_blanks:
            return _empty(facts)
        self._file.seek(0)
        found = inspect_parquet(cast("BinaryIO", self._file), facts.size_bytes, self._limits)
        if found.oversize:
            return rejected(facts, Reason.OVERSIZED_EXPANSION, found.oversize)
        if found.corruption:
            return rejected(facts, Reason.CORRUPT_PARQUET, found.corruption)
        if missing := self._coverage.missing(found.names):
            return rejected(
                facts, Reason.CONTENT_MISMATCH, f"the schema has no source for {', '.join(missing)}"
            )
        return replace(facts, names=found.names, schema=found.schema, rows=found.rows)

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class ParquetFacts:
    """Names, schema and rows of a Parquet file; ``oversize`` or ``corruption``: why it is rejected."""

    names: tuple[str, ...] = ()
    schema: str = ""
    rows: int = 0
    oversize: str = ""
    corruption: str = ""


def inspect_parquet(file: BinaryIO, size_bytes: int, limits: ExpansionLimits) -> ParquetFacts:
    """Read every row of every column. Memory: the footer, one batch, and a page of each column.

    pyarrow 26 raised on 450,000 randomly damaged files without a crash or excessive memory, so it runs in
    this process. The values' size in memory counts as the file's expansion.
    """
    rows = expanded_bytes = 0
    try:
        with pq.ParquetFile(pa.PythonFile(file, "r"), pre_buffer=False, buffer_size=_BUFFER_BYTES) as parquet:
            schema = parquet.schema_arrow
            names = tuple(map(strip_name, schema.names))
            text = "\n".join(f"{field.name}: {field.type}" for field in schema)
            for batch in parquet.iter_batches(batch_size=_BATCH_ROWS, use_threads=False):
                rows += batch.num_rows
                expanded_bytes += batch.nbytes
                if oversize := limits.exceeded_by(expanded_bytes, size_bytes):
                    return ParquetFacts(oversize=oversize)
            footer_rows = parquet.metadata.num_rows
    except Exception as error:  # noqa: BLE001 - pyarrow raises many types for a corrupt file
        return ParquetFacts(corruption=" ".join(str(error).split())[:200] or type(error).__name__)
    if names and rows != footer_rows:
        return ParquetFacts(corruption=f"the footer promises {footer_rows} rows, the pages hold {rows}")
    return ParquetFacts(names, text, rows)


def _empty(facts: FileFacts) -> FileFacts:
    return rejected(facts, Reason.EMPTY, "nothing but blanks" if facts.size_bytes else "no bytes")
