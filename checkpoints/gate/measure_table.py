"""Measures candidate tables: rows, keys, nulls, dates, and their shape."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from checkpoints.gate.counting import collect_together, counted_rows
from checkpoints.gate.measures import RuleCount, TableMeasured

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, Row
    from pyspark.sql.types import StructType

    from contracts.model import Contract

EVENT_DATE, SOURCE_FILE = "event_date", "_source_file"
NO_DATE = "1900-01-01"  # the event date of a row without one; not counted in the span
_ROWS, _FILE, _KEYS = "rows", "file", "keys"
_COUNTED = {
    "table": "int",
    "rows": "bigint",
    "repeated": "bigint",
    "nulls": "bigint",
    "span": "int",
    "undated": "bigint",
    "file": "string",
}
_FEWEST_SORTED = 1_000_000  # hashes: fewer are not worth a sort


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A candidate as written: its rows as read back, and what it promises."""

    frame: DataFrame
    contract: Contract


def measure_tables(tables: Sequence[WrittenTable]) -> list[TableMeasured]:
    """Count rows, keys that repeat, nulls where none may be, and dates of written tables, in one Spark job.

    Only required columns (the key among them), ``event_date`` and ``_source_file`` are read. Equal keys have
    equal hashes: it takes further jobs, which look at the keys themselves, only when a hash is repeated.
    Returns one result a table, in turn.
    """
    parts = [(_ROWS, _of_rows(number, table)) for number, table in enumerate(tables)]
    parts += [
        (_FILE, _of_files(number, table))
        for number, table in enumerate(tables)
        if SOURCE_FILE in table.frame.columns
    ]
    digests = [_digests(number, table) for number, table in enumerate(tables) if _key(table)]
    if digests:
        parts.append((_KEYS, _repeated(digests)))
    found: dict[tuple[str, int | None], list[Row]] = defaultdict(list)
    for row in collect_together(parts, _COUNTED):
        found[row["kind"], row["table"]].append(row)
    is_repeated = any(row["repeated"] for row in found[_KEYS, None])
    return [
        _measured(table, found[_ROWS, number][0], found[_FILE, number], is_repeated=is_repeated)
        for number, table in enumerate(tables)
    ]


def _measured(table: WrittenTable, counted: Row, files: Sequence[Row], *, is_repeated: bool) -> TableMeasured:
    key = _key(table)
    duplicates = _duplicates(table.frame, key) if key and is_repeated else RuleCount(0)
    return TableMeasured(
        rows=counted["rows"],
        duplicate_rows=duplicates.unexpected,
        duplicate_samples=duplicates.samples,
        required_nulls=counted["nulls"] or 0,
        date_span_days=counted["span"] or 0,
        undated_rows=counted["undated"] or 0,
        rows_by_file={row["file"]: row["rows"] for row in files},
    )


def _of_rows(number: int, table: WrittenTable) -> DataFrame:
    """Count rows, nulls in required columns, and dates."""
    from pyspark.sql import functions as sf

    columns = table.frame.columns
    required = [c.name for c in table.contract.columns if c.required and c.name in columns]
    nulls = sum((sf.col(name).isNull().cast("bigint") for name in required), sf.lit(0).cast("bigint"))
    counted = [sf.lit(number).alias("table"), counted_rows(), sf.sum(nulls).alias("nulls")]
    if EVENT_DATE in columns:
        date = sf.col(EVENT_DATE)
        dated = sf.when(date != sf.lit(NO_DATE).cast("date"), sf.unix_date(date))
        counted += [
            (sf.max(dated) - sf.min(dated)).alias("span"),
            sf.count(sf.when(dated.isNull(), 1)).alias("undated"),
        ]
    return table.frame.agg(*counted)


def _of_files(number: int, table: WrittenTable) -> DataFrame:
    from pyspark.sql import functions as sf

    counted = table.frame.groupBy(sf.col(SOURCE_FILE).alias("file")).agg(counted_rows())
    return counted.withColumn("table", sf.lit(number))


def _digests(number: int, table: WrittenTable) -> DataFrame:
    """Return the hash of each row's key; the same key has another in another table."""
    from pyspark.sql import functions as sf

    return table.frame.select(sf.xxhash64(sf.lit(number), *_key(table)).alias("digest"))


def _repeated(digests: Sequence[DataFrame]) -> DataFrame:
    """Count the rows whose hash another row had before, of all tables together: as a rule there is none.

    Nearly all hashes are alone, so that Spark's aggregation would keep each of them in a map, twice. Brought
    together by their value and sorted as plain numbers, they cost less than half of that.
    """
    from pyspark.sql import functions as sf

    hashes = reduce(lambda one, other: one.union(other), digests)
    return (
        hashes.repartition("digest")
        .mapInArrow(_count_repeated, "rows bigint")
        .agg(sf.sum("rows").alias("repeated"))
    )


def _count_repeated(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Count the rows of a partition whose hash was there before. Holds each hash once: 8 bytes."""
    import numpy as np
    import pyarrow as pa

    seen = np.empty(0, np.int64)
    waiting: list[np.ndarray] = []
    rows = rows_sorted = 0
    for batch in batches:
        waiting.append(batch.column(0).to_numpy())
        rows += batch.num_rows
        if rows - rows_sorted > max(_FEWEST_SORTED, len(seen)):
            seen, waiting, rows_sorted = np.unique(np.concatenate([seen, *waiting])), [], rows
    repeated = rows - len(np.unique(np.concatenate([seen, *waiting])))
    yield pa.RecordBatch.from_pydict({"rows": pa.array([repeated], pa.int64())})


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
