"""Measures candidate tables: rows, keys, nulls, dates, and their shape."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import TYPE_CHECKING

from checkpoints.gate.counting import collect_together, counted_nulls, counted_rows
from checkpoints.gate.measures import DistinctKeys, RuleCount, TableMeasured
from contracts.key_hash import key_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyspark.sql import DataFrame, Row
    from pyspark.sql.types import StructType

    from checkpoints.gate.measures import RowsWritten
    from contracts.model import Contract

EVENT_DATE, SOURCE_FILE = "event_date", "_source_file"
NO_DATE = "1900-01-01"  # the event date of a row without one; not counted in the span
_TOTAL, _REPEATED = "total", "repeated"
_COUNTED = {
    "table": "int",
    "file": "string",
    "rows": "bigint",
    "xor": "bigint",
    "nulls": "bigint",
    "undated": "bigint",
    "first": "int",
    "last": "int",
}


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A candidate as written: its rows as read back, what it promises, and what is known of its rows.

    ``keys`` tells the keys that it should hold, if any: counted from what the table was made of, not from the
    table, and each once. ``counted``: what was counted as it was written, and is all that is to be known.
    Both are None when nobody knows.
    """

    frame: DataFrame
    contract: Contract
    keys: Callable[[], DistinctKeys] | None = None
    counted: RowsWritten | None = None


def measure_tables(tables: Sequence[WrittenTable]) -> list[TableMeasured]:
    """Count rows, keys that repeat, nulls where none may be, and dates of written tables, in one Spark job.

    A table that was counted as it was written is not read. Of any other, only required columns (the key among
    them), ``event_date`` and ``_source_file`` are read, and no row is moved of a table that holds each of its
    known keys once. If nobody knows its keys, their hashes are counted: equal keys have equal ones. A further
    job looks at the keys themselves, only of a table in which a hash is repeated, or whose keys are not those
    that it should hold. Returns one result a table, in turn.
    """
    unread = [number for number, table in enumerate(tables) if table.counted is None]
    unproved = [n for n in unread if _key(tables[n]) and tables[n].keys is None]
    parts = [(_TOTAL, _totals(number, tables[number])) for number in unread]
    if unproved:
        parts.append((_REPEATED, _repeated([_hashes(number, tables[number]) for number in unproved])))
    totals: dict[int, list[Row]] = defaultdict(list)
    repeated = set()
    for row in collect_together(parts, _COUNTED) if parts else ():
        if row["kind"] == _TOTAL:
            totals[row["table"]].append(row)
        else:
            repeated.add(row["table"])
    return [
        _measured(table, totals[number], has_repeated=number in repeated)
        if table.counted is None
        else _as_written(table.counted)
        for number, table in enumerate(tables)
    ]


def _as_written(counted: RowsWritten) -> TableMeasured:
    """Put together what was counted of a table as it was written."""
    return TableMeasured(
        rows=counted.keys.distinct,
        duplicate_rows=0,
        duplicate_samples=(),
        required_nulls=counted.required_nulls,
        date_span_days=0,
        undated_rows=0,
        rows_by_file={},
        keys=counted.keys,
    )


def _measured(table: WrittenTable, totals: Sequence[Row], *, has_repeated: bool) -> TableMeasured:
    """Put together what was counted of a table, file by file where it names files."""
    key = _key(table)
    rows = sum(row["rows"] for row in totals)
    keys = DistinctKeys(rows, reduce(xor, (row["xor"] or 0 for row in totals), 0)) if key else None
    is_doubtful = has_repeated or (rows > 0 and table.keys is not None and table.keys() != keys)
    duplicates = _duplicates(table.frame, key) if is_doubtful else RuleCount(0)
    days = [row[end] for row in totals for end in ("first", "last") if row[end] is not None]
    return TableMeasured(
        rows=rows,
        duplicate_rows=duplicates.unexpected,
        duplicate_samples=duplicates.samples,
        required_nulls=sum(row["nulls"] or 0 for row in totals),
        date_span_days=max(days) - min(days) if days else 0,
        undated_rows=sum(row["undated"] or 0 for row in totals),
        rows_by_file={row["file"]: row["rows"] for row in totals}
        if SOURCE_FILE in table.frame.columns
        else {},
        keys=None if duplicates.unexpected else keys,
    )


def _totals(number: int, table: WrittenTable) -> DataFrame:
    """Count a table without moving its rows: by file, where it names files, else as a whole."""
    from pyspark.sql import functions as sf

    columns, key = table.frame.columns, _key(table)
    counts = [counted_rows(), counted_nulls(table.contract, columns)]
    if key:
        counts.append(sf.bit_xor(key_hash(key)).alias("xor"))
    if EVENT_DATE in columns:
        date = sf.col(EVENT_DATE)
        dated = sf.when(date != sf.lit(NO_DATE).cast("date"), sf.unix_date(date))
        counts += [
            sf.count(sf.when(dated.isNull(), 1)).alias("undated"),
            sf.min(dated).alias("first"),
            sf.max(dated).alias("last"),
        ]
    by_file = [sf.col(SOURCE_FILE).alias("file")] if SOURCE_FILE in columns else []
    return table.frame.groupBy(*by_file).agg(*counts).withColumn("table", sf.lit(number))


def _hashes(number: int, table: WrittenTable) -> DataFrame:
    from pyspark.sql import functions as sf

    return table.frame.select(sf.lit(number).alias("table"), key_hash(_key(table)).alias("hash"))


def _repeated(hashes: Sequence[DataFrame]) -> DataFrame:
    """Return the tables in which a hash is repeated."""
    rows = reduce(lambda one, other: one.union(other), hashes)
    return rows.groupBy("table", "hash").agg(counted_rows()).where("rows > 1").select("table").distinct()


def _key(table: WrittenTable) -> list[str]:
    return [name for name in table.contract.key if name in table.frame.columns]


def _duplicates(frame: DataFrame, key: Sequence[str]) -> RuleCount:
    from pyspark.sql import functions as sf

    text = sf.concat_ws(" / ", *[sf.col(name).cast("string") for name in key])
    shared = frame.groupBy(*key).agg(counted_rows()).where("rows > 1")
    found = shared.agg(sf.sum("rows").alias("rows"), sf.min(text).alias("low"), sf.max(text).alias("high"))
    rows, low, high = found.collect()[0]
    return RuleCount(rows or 0, tuple(dict.fromkeys(one for one in (low, high) if one is not None)))


def type_mismatches(found: StructType, promised: StructType) -> int:
    """Return how many columns are missing, not promised, out of place or of another type (nulls aside)."""
    pairs = [(field.name, field.dataType) for field in found.fields]
    expected = [(field.name, field.dataType) for field in promised.fields]
    shared = sum(1 for one, other in zip(pairs, expected, strict=False) if one != other)
    return shared + abs(len(pairs) - len(expected))
