"""Parsed records, one at a time or column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa


class ParsedRecord(NamedTuple):
    """A record's source columns and values in file order, or the flaw that prevents parsing it."""

    keys: tuple[str, ...] = ()
    values: tuple[object, ...] = ()
    flaw: str | None = None


class PlainRecords(NamedTuple):
    """The records of a batch that were parsed as whole columns: same source columns, text values only.

    ``is_among``: mask of these records in the batch. ``columns``: their texts, in the order of ``keys``.
    """

    is_among: pa.BooleanArray
    keys: tuple[str, ...]
    columns: tuple[pa.StringArray, ...]
