"""DuckDB's errors as one sentence that a person can act on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from checkpoints.warehouse.warehouse import WarehouseBusy, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What DuckDB says of a file that was never, or is no longer, one of its own. It has no type for that.
_DAMAGE = (
    "not a valid DuckDB database",
    "Could not read enough bytes",
    "Corrupt database file",
    "Failed to load metadata",
    "Failure while replaying WAL",
)


@contextmanager
def speaking(path: Path) -> Iterator[None]:
    """Turn what DuckDB raises within into ``WarehouseError`` or ``WarehouseBusy``."""
    try:
        yield
    except duckdb.Error as error:
        raise _explained(error, path) from error


def _explained(error: duckdb.Error, path: Path) -> WarehouseError | WarehouseBusy:
    where, message = str(path), str(error)
    first_line = message.splitlines()[0] if message else type(error).__name__
    if "Could not set lock" in message:
        return WarehouseBusy(
            "another process has the warehouse open",
            where=where,
            found=first_line.partition("held in ")[2].partition(". See")[0],
            next_step="close it there and run again",
        )
    if any(words in message for words in _DAMAGE) or isinstance(error, duckdb.SerializationException):
        return WarehouseError(
            "this is no whole DuckDB database",
            where=where,
            found=first_line,
            next_step="restore it, or move it away: the next load then makes a new one",
        )
    if "No space left" in message:
        return WarehouseError(
            "the disk is full",
            where=where,
            next_step="make room and run again: the old release is still there",
        )
    if isinstance(error, duckdb.IOException):
        return WarehouseError(
            "the warehouse cannot be opened",
            where=where,
            found=first_line,
            next_step="name a file that can be written by --warehouse duckdb:///path",
        )
    return WarehouseError(
        "DuckDB refused the load",
        where=where,
        found=first_line,
        next_step="nothing was changed: the old release is still there",
    )
