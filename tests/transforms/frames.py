"""Tiny literal rows into Spark frames, and back into plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from contracts.model import Contract

Row = Mapping[str, object]
PROVENANCE = "_extra string, _source_file string, event_date date"


def schema(contract: Contract, more: str = PROVENANCE) -> str:
    """Return the DDL of a contract's columns, followed by ``more``."""
    columns = [f"`{column.name}` {column.type}" for column in contract.columns]
    return ", ".join([*columns, *([more] if more else [])])


def frame(spark: SparkSession, ddl: str, rows: Iterable[Row]) -> DataFrame:
    """Make a frame of ``rows``; a column that a row does not name is null."""
    names = [part.strip().split(" ")[0].strip("`") for part in _split(ddl)]
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], ddl)


def values(rows: DataFrame) -> list[dict[str, object]]:
    """Return a frame's rows as plain values, timestamps in UTC, in an order that depends on them alone."""
    collected = [{k: _plain(v) for k, v in row.asDict().items()} for row in rows.collect()]
    return sorted(collected, key=repr)


def at(text: str) -> datetime:
    """Return the instant of an ISO text in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> date:
    """Return the date of an ISO text."""
    return date.fromisoformat(text)


def _plain(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.astimezone(UTC)  # Spark hands timestamps over in the machine's own timezone
    return value


def _split(ddl: str) -> list[str]:
    """Split a DDL at its top-level commas: ``decimal(18,4)`` stays whole."""
    parts, depth = [""], 0
    for character in ddl:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
