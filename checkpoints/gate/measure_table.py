"""Measures a candidate table: rows, keys, nulls, dates, and its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.gate.measures import RuleCount, TableMeasured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import StructType

    from contracts.model import Contract

EVENT_DATE, SOURCE_FILE = "event_date", "_source_file"
NO_DATE = "1900-01-01"  # the event date of a row without one; not counted in the span


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


def measure_table(frame: DataFrame, contract: Contract, observed: Mapping[str, int]) -> TableMeasured:
    """Count a written candidate's rows, all and by file, and those that share their key, in one Spark job.

    Only the key and ``_source_file`` are read. Equal keys have equal hashes: it takes a second job, which
    looks at the keys themselves, only when a hash is repeated.

    Args:
        frame: the candidate as written.
        contract: its primary key.
        observed: what came of ``observed_table`` when the rows were written.
    """
    from pyspark.sql import functions as sf

    key = [name for name in contract.key if name in frame.columns]
    rows = sf.count(sf.lit(1)).alias("rows")
    keys = frame.groupBy(sf.xxhash64(*key) if key else sf.lit(0)).agg(rows)  # no key: one group of all rows
    is_repeated = sf.lit(bool(key)) & (sf.col("rows") > 1)
    counted = keys.agg(
        sf.lit(None).cast("string").alias("file"),
        sf.coalesce(sf.sum("rows"), sf.lit(0)).alias("rows"),
        sf.count(sf.when(is_repeated, 1)).alias("repeated"),
    )
    if SOURCE_FILE in frame.columns:
        files = frame.groupBy(sf.col(SOURCE_FILE).alias("file")).agg(rows, sf.lit(0).alias("repeated"))
        counted = counted.union(files)
    found = {row["file"]: row for row in counted.collect()}
    total = found.pop(None)
    duplicates = _duplicates(frame, key) if total["repeated"] else RuleCount(0)
    return TableMeasured(
        rows=total["rows"],
        duplicate_rows=duplicates.unexpected,
        duplicate_samples=duplicates.samples,
        required_nulls=observed["nulls"],
        date_span_days=observed.get("span", 0),
        undated_rows=observed.get("undated", 0),
        rows_by_file={file: row["rows"] for file, row in found.items()},
    )


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
