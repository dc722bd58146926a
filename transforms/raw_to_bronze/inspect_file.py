"""Inspection of one RAW file: format, layout, checksum and rejection reason in a single streaming read.

The path of a CSV file: ``validation`` (gunzip, order of reasons), ``text_decoder``, ``text_sniffer`` (choice
of the format), ``csv_sniffer`` (delimiter, header, columns), ``csv_record`` and ``csv_quotes``.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from contracts.inventory import FileFacts, Reason
from transforms.formats.gzip import ExpansionLimits
from transforms.raw_to_bronze.file_names import match_source, parse_file_name
from transforms.raw_to_bronze.validation import Validator, claimed_format, rejected, validator_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from contracts.model import Contract

_CHUNK_BYTES = 1024 * 1024
_SHIPPED_LIMITS = ExpansionLimits()


def inspect_file(
    key: str,
    size_bytes: int,
    open_stream: Callable[[], BinaryIO],
    contract: Contract,
    limits: ExpansionLimits = _SHIPPED_LIMITS,
) -> FileFacts:
    """Return a file's facts, with the first rejection reason that applies, if any (spec 3).

    The stream need not be seekable. Memory does not grow with the file: chunks of 1 MiB, and one record (a
    JSON value, a delimited file's first record); Parquet beyond 32 MiB goes to a temporary file. Safe to call
    from several threads at once.

    A file whose stream raises ``OSError``, or does not hold ``size_bytes``, is unreadable and has no
    checksum; retrying is left to the stream.
    """
    name = parse_file_name(key)
    source = match_source(key, contract)
    facts = FileFacts(
        key,
        size_bytes,
        checksum="",
        format=claimed_format(name),
        compression="gzip" if name and name.is_gzip else "none",
    )
    if source is not None:
        facts = replace(
            facts,
            source=source.name,
            has_given_names=bool(source.column_names),
            skip_lines=source.skip_lines,
            footer_lines=source.footer_lines,
            record_path=source.record_path,
        )
    with contextlib.closing(validator_for(name, size_bytes, contract, source, limits)) as validator:
        try:
            facts = replace(facts, checksum=_read(open_stream, size_bytes, validator))
        except _UnreadableError as error:
            return rejected(facts, Reason.UNREADABLE, str(error)) if name else validator.finish(facts)
        return validator.finish(facts)


class _UnreadableError(Exception):
    """The stream failed. Not an OSError: those of our own side (a full disk) must not reject the file."""


def _read(open_stream: Callable[[], BinaryIO], size_bytes: int, validator: Validator) -> str:
    """Feed the whole stream to a validator, and return its SHA-256."""
    digest = hashlib.sha256()
    read_bytes = 0
    for chunk in _chunks(open_stream):
        digest.update(chunk)
        read_bytes += len(chunk)
        validator.feed(chunk)
    if read_bytes != size_bytes:
        raise _UnreadableError(f"listed with {size_bytes} bytes, read {read_bytes}")
    return digest.hexdigest()


def _chunks(open_stream: Callable[[], BinaryIO]) -> Iterator[bytes]:
    try:
        stream = open_stream()
    except OSError as error:
        raise _UnreadableError(_describe(error)) from error
    with contextlib.closing(stream):
        while True:
            try:
                chunk = stream.read(_CHUNK_BYTES)
            except OSError as error:
                raise _UnreadableError(_describe(error)) from error
            if not chunk:
                return
            yield chunk


def _describe(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
