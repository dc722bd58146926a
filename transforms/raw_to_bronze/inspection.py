"""Inspect one file of RAW: one read from its first byte to its last, and all that is to be known of it."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from contracts.inventory import FileFacts, Reason
from transforms.raw_to_bronze.gunzip import ExpansionLimits
from transforms.raw_to_bronze.naming import read_name
from transforms.raw_to_bronze.readings import Reading, begin_reading, claimed_format, rejected
from transforms.raw_to_bronze.sources import match_source

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
    """Tell a file's facts, with the first reason that speaks against it, if any (spec 3).

    The stream need not be seekable. Memory does not grow with the file: chunks of 1 MiB, and what one record
    takes (a JSON value, a delimited file's first record); Parquet beyond 32 MiB goes to a temporary file.
    Safe to call from several threads at once.

    An ``OSError`` of the stream, or a stream that ends elsewhere than ``size_bytes`` says, is a file that
    cannot be read: retries are the stream's matter. The checksum of such a file is empty.
    """
    naming = read_name(key)
    source = match_source(key, contract)
    facts = FileFacts(
        key,
        size_bytes,
        checksum="",
        format=claimed_format(naming),
        compression="gzip" if naming and naming.is_gzip else "none",
        source=source.name if source else None,
    )
    with contextlib.closing(begin_reading(naming, size_bytes, contract, source, limits)) as reading:
        try:
            facts = replace(facts, checksum=_read(open_stream, size_bytes, reading))
        except _UnreadableError as error:
            return rejected(facts, Reason.UNREADABLE, str(error)) if naming else reading.finish(facts)
        return reading.finish(facts)


class _UnreadableError(Exception):
    """The stream failed. Not an OSError: what fails on our side (a full disk) is no fault of the file."""


def _read(open_stream: Callable[[], BinaryIO], size_bytes: int, reading: Reading) -> str:
    """Hand the whole stream to a reading, and return its SHA-256."""
    digest = hashlib.sha256()
    read_bytes = 0
    for chunk in _chunks(open_stream):
        digest.update(chunk)
        read_bytes += len(chunk)
        reading.feed(chunk)
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
