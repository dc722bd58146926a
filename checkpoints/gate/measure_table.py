"""Measures candidate tables: rows, keys, nulls, dates, and their shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from checkpoints.gate.measures import RuleCount, TableMeasured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame, Row
    from pyspark.sql.types import StructType

    from contracts.model import Contract

EVENT_DATE, SOURCE_FILE = "event_date", "_source_file"
NO_DATE = "1900-01-01"  # the event date of a row without one; not counted in the span


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A candidate as written. ``observed``: what came of ``observed_table`` while that was done."""

    frame: DataFrame
    contract: Contract
    observed: Mapping[str, int]


def observed_table(columns: Sequence[str], contract: Contract) -> list[Column]:
    """Return what is to be counted of a candidate's rows while they are written.

    Args:
        columns: of the candidate.
        contract: which columns it requires.
    """
    from pyspark.sql import functions as sf

    required = [column.name for column in contract.columns if column.required and column.name in columns]
    nulls = sum((sf.col(name).isNull().cast("bigint") for name in required), sf.lit(0).cast("bigint"))
    counted = [sf.coalesce(sf.sum(nulls), sf.lit(0)).alias("nulls")]
    if EVENT_DATE in columns:
        day = sf.unix_date(sf.col(EVENT_DATE))
        dated = sf.when(sf.col(EVENT_DATE) != sf.lit(NO_DATE).cast("date"), day)
        counted += [
            sf.coalesce(sf.max(dated) - sf.min(dated), sf.lit(0)).alias("span"),
            sf.count(sf.when(dated.isNull(), 1)).alias("undated"),
        ]
    return counted


def measure_tables(tables: Sequence[WrittenTable]) -> list[TableMeasured]:
    """Count the rows of written tables, all and by file, and those that share their key, in one Spark job.

    Only keys and ``_source_file`` are read. Equal keys have equal hashes: it takes a further job, which looks
    at the keys themselves, only for a table in which a hash is repeated. Returns one result a table, in turn.
    """
    from pyspark.sql import functions as sf

    keys = [_key(table) for table in tables]
    digests = [
        table.frame.select(
            sf.lit(number).alias("table"),
            (sf.xxhash64(*key) if key else sf.lit(0).cast("bigint")).alias("digest"),
        )
        for number, (table, key) in enumerate(zip(tables, keys, strict=True))
    ]
    rows = sf.count(sf.lit(1)).alias("rows")
    counted = (
        reduce(lambda one, other: one.union(other), digests)
        .groupBy("table", "digest")
        .agg(rows)
        .groupBy("table")
        .agg(
            sf.lit(None).cast("string").alias("file"),
            sf.sum("rows").alias("rows"),
            sf.count(sf.when(sf.col("rows") > 1, 1)).alias("repeated"),
        )
    )
    files = [
        table.frame.select(sf.lit(number).alias("table"), sf.col(SOURCE_FILE).alias("file"))
        for number, table in enumerate(tables)
        if SOURCE_FILE in table.frame.columns
    ]
    if files:
        of_files = (
            reduce(lambda one, other: one.union(other), files)
            .groupBy("table", "file")
            .agg(rows, sf.lit(0).alias("repeated"))
        )
        counted = counted.union(of_files)
    found: list[dict[str | None, Row]] = [{} for _ in tables]
    for row in counted.collect():
        found[row["table"]][row["file"]] = row
    return [_measured(table, key, of) for table, key, of in zip(tables, keys, found, strict=True)]


def _measured(table: WrittenTable, key: Sequence[str], found: dict[str | None, Row]) -> TableMeasured:
    total = found.pop(None, None)  # there is none of a table without rows
    is_repeated = bool(key and total and total["repeated"])
    duplicates = _duplicates(table.frame, key) if is_repeated else RuleCount(0)
    return TableMeasured(
        rows=total["rows"] if total else 0,
        duplicate_rows=duplicates.unexpected,
        duplicate_samples=duplicates.samples,
        required_nulls=table.observed["nulls"],
        date_span_days=table.observed.get("span", 0),
        undated_rows=table.observed.get("undated", 0),
        rows_by_file={str(file): row["rows"] for file, row in found.items()},
    )


def _key(table: WrittenTable) -> list[str]:
    return [name for name in table.contract.key if name in table.frame.columns]


def _duplicates(frame: DataFrame, key: Sequence[str]) -> RuleCount:
    from pyspark.sql import functions as sf

    text = sf.concat_ws(" / ", *[sf.col(name).cast("string") for name in key])
    shared = frame.groupBy(*key).agg(sf.count(sf.lit(1)).alias("rows")).where("rows > 1")
    found = shared.agg(sf.sum("rows").alias("rows"), sf.min(text).alias("low"), sf.max(text).alias("high"))
    rows, low, high = found.collect()[0]
    return RuleCount(rows or 0, tuple(dict.fromkeys(one for one in (low, high) if one is not None)))


def type_mismatches(found: StructType, promised: StructType) -> int:
    """Return how many columns are missing, not promised, out of place or of another type (nulls aside)."""
    pairs = [(field.name, field.dataType) for field in found.fields]
    expected = [(field.name, field.dataType) for field in promised.fields]
    shared = sum(1 for one, other in zip(pairs, expected, strict=False) if one != other)
    return shared + abs(len(pairs) - len(expected))
