"""A small contract and streams for the tests of raw_to_bronze."""

from __future__ import annotations

import gzip
import hashlib
import io
from typing import TYPE_CHECKING, BinaryIO

from contracts.inventory import FileFacts
from contracts.model import Column, Contract, DataType, Kind, Source, Zone
from transforms.formats.gzip import ExpansionLimits
from transforms.raw_to_bronze.inspect_file import inspect_file

if TYPE_CHECKING:
    from collections.abc import Callable


def column(name: str, *aliases: str, required: bool = False) -> Column:
    """One column of strings."""
    return Column(name, DataType(Kind.STRING), required=required, aliases=aliases)


def contract(*sources: Source) -> Contract:
    """Four columns, two of them required."""
    return Contract(
        name="orders",
        zone=Zone.SILVER,
        version="1.0.0",
        description="",
        owner="",
        team="",
        columns=(
            column("tx_id", "txid", "order_id", "id", required=True),
            column("user_id", "userid", "uid", "customer_id", required=True),
            column("amount", "total"),
            column("status"),
        ),
        rules=(),
        sources=sources,
    )


def inspect(
    key: str,
    data: bytes,
    *sources: Source,
    limits: ExpansionLimits | None = None,
    chunk_bytes: int | None = None,
) -> FileFacts:
    """Inspect bytes as if they lay in RAW under that key."""
    return inspect_file(
        key, len(data), stream_of(data, chunk_bytes), contract(*sources), limits or ExpansionLimits()
    )


def stream_of(data: bytes, chunk_bytes: int | None = None) -> Callable[[], BinaryIO]:
    """A function that opens bytes; a read returns at most ``chunk_bytes``."""
    return lambda: _Stream(data, chunk_bytes or len(data) or 1)


def facts(key: str, data: bytes, **expected: object) -> FileFacts:
    """The expected facts of these bytes, with their size and checksum."""
    return FileFacts(key, len(data), hashlib.sha256(data).hexdigest(), **expected)  # type: ignore[arg-type]


def gz(data: bytes) -> bytes:
    """One gzip member, always the same bytes."""
    return gzip.compress(data, mtime=0)


class _Stream(io.RawIOBase):
    """Not seekable, like an object store's body; returns at most a chunk at a time."""

    def __init__(self, data: bytes, chunk_bytes: int) -> None:
        self._data = io.BytesIO(data)
        self._chunk_bytes = chunk_bytes

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._chunk_bytes if size < 0 else min(size, self._chunk_bytes))
