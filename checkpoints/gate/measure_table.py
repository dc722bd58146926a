"""Measures candidate tables: rows, keys, nulls, dates, and their shape."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from checkpoints.gate.counting import collect_together, counted_rows
from checkpoints.gate.measures import RuleCount, TableMeasured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, Row
    from pyspark.sql.types import StructType

    from contracts.model import Contract

EVENT_DATE, SOURCE_FILE = "event_date", "_source_file"
NO_DATE = "1900-01-01"  # the event date of a row without one; not counted in the span
_ROWS, _FILE, _DATES = "rows", "file", "dates"
_COUNTED = {
    "table": "int",
    "rows": "bigint",
    "repeated": "bigint",
    "nulls": "bigint",
    "file": "string",
    "span": "int",
    "undated": "bigint",
}


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A candidate as written: its rows as read back, and what it promises."""

    frame: DataFrame
    contract: Contract


def measure_tables(tables: Sequence[WrittenTable]) -> list[TableMeasured]:
    """Count rows, keys that repeat, nulls where none may be, and dates of written tables, in one Spark job.

    Only required columns (the key among them), ``event_date`` and ``_source_file`` are read. Equal keys have
    equal hashes: it takes a further job, which looks at the keys themselves, only for a table in which a hash
    is repeated. Returns one result a table, in turn.
    """
    parts = [(_ROWS, _of_rows([_digests(number, table) for number, table in enumerate(tables)]))]
    for number, table in enumerate(tables):
        columns = table.frame.columns
        parts += [(_FILE, _of_files(number, table))] if SOURCE_FILE in columns else []
        parts += [(_DATES, _of_dates(number, table))] if EVENT_DATE in columns else []
    found: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in collect_together(parts, _COUNTED):
        found[row["table"], row["kind"]].append(row)
    return [
        _measured(table, *(found[number, kind] for kind in (_ROWS, _FILE, _DATES)))
        for number, table in enumerate(tables)
    ]


def _measured(
    table: WrittenTable, rows: Sequence[Row], files: Sequence[Row], dates: Sequence[Row]
) -> TableMeasured:
    """Put together what was counted; of a table without rows, that is nothing."""
    key = _key(table)
    is_repeated = bool(key) and any(row["repeated"] for row in rows)
    duplicates = _duplicates(table.frame, key) if is_repeated else RuleCount(0)
    return TableMeasured(
        rows=sum(row["rows"] for row in rows),
        duplicate_rows=duplicates.unexpected,
        duplicate_samples=duplicates.samples,
        required_nulls=sum(row["nulls"] for row in rows),
        date_span_days=sum(row["span"] or 0 for row in dates),
        undated_rows=sum(row["undated"] for row in dates),
        rows_by_file={row["file"]: row["rows"] for row in files},
    )


def _digests(number: int, table: WrittenTable) -> DataFrame:
    """Return of each row the table's number, the hash of its key, and how many required columns are null."""
    from pyspark.sql import functions as sf

    required = [c.name for c in table.contract.columns if c.required and c.name in table.frame.columns]
    nulls = sum((sf.col(name).isNull().cast("bigint") for name in required), sf.lit(0).cast("bigint"))
    key = _key(table)
    digest = sf.xxhash64(*key) if key else sf.lit(0).cast("bigint")
    return table.frame.select(sf.lit(number).alias("table"), digest.alias("digest"), nulls.alias("nulls"))


def _of_rows(digests: Sequence[DataFrame]) -> DataFrame:
    from pyspark.sql import functions as sf

    rows = reduce(lambda one, other: one.union(other), digests)
    keys = rows.groupBy("table", "digest").agg(counted_rows(), sf.sum("nulls").alias("nulls"))
    return keys.groupBy("table").agg(
        sf.sum("rows").alias("rows"),
        sf.count(sf.when(sf.col("rows") > 1, 1)).alias("repeated"),
        sf.sum("nulls").alias("nulls"),
    )


def _of_files(number: int, table: WrittenTable) -> DataFrame:
    from pyspark.sql import functions as sf

    counted = table.frame.groupBy(sf.col(SOURCE_FILE).alias("file")).agg(counted_rows())
    return counted.withColumn("table", sf.lit(number))


def _of_dates(number: int, table: WrittenTable) -> DataFrame:
    from pyspark.sql import functions as sf

    date = sf.col(EVENT_DATE)
    dated = sf.when(date != sf.lit(NO_DATE).cast("date"), sf.unix_date(date))
    counted = table.frame.agg(
        (sf.max(dated) - sf.min(dated)).alias("span"), sf.count(sf.when(dated.isNull(), 1)).alias("undated")
    )
    return counted.withColumn("table", sf.lit(number))


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
