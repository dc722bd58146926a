"""Measures a candidate table: rows, keys, nulls, dates, and its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.gate.measures import TableMeasured

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from contracts.model import Contract

NO_DATE = "1900-01-01"  # the event date of a row without one; not counted in the span


def measure_table(frame: DataFrame, contract: Contract) -> TableMeasured:
    """Count what the table rules of a contract need, in one Spark job over the written candidate."""
    from pyspark.sql import functions as sf

    required = [
        column.name for column in contract.columns if column.required and column.name in frame.columns
    ]
    nulls = sum((sf.col(name).isNull().cast("bigint") for name in required), sf.lit(0).cast("bigint"))
    dated = sf.when(sf.col("event_date") != sf.lit(NO_DATE).cast("date"), sf.col("event_date"))
    has_date = "event_date" in frame.columns
    aggregates = [sf.count(sf.lit(1)).alias("rows"), sf.sum(nulls).alias("nulls")]
    if has_date:
        aggregates += [sf.min(dated).alias("first"), sf.max(dated).alias("last")]
        aggregates.append(sf.count(sf.when(dated.isNull(), 1)).alias("undated"))
    grouped = [name for name in contract.key if name in frame.columns]
    groups = frame.groupBy(*grouped).agg(*aggregates)  # no key: one group, which shares its key with none
    text = sf.concat_ws(" / ", *[sf.col(name).cast("string") for name in grouped]) if grouped else sf.lit("")
    shares = (sf.col("rows") > 1) if grouped else sf.lit(False)
    totals = [
        sf.coalesce(sf.sum("rows"), sf.lit(0)).alias("rows"),
        sf.coalesce(sf.sum("nulls"), sf.lit(0)).alias("nulls"),
        sf.coalesce(sf.sum(sf.when(shares, sf.col("rows"))), sf.lit(0)).alias("duplicates"),
        sf.min(sf.when(shares, text)).alias("low"),
        sf.max(sf.when(shares, text)).alias("high"),
    ]
    if has_date:
        totals += [
            sf.coalesce(sf.datediff(sf.max("last"), sf.min("first")), sf.lit(0)).alias("span"),
            sf.coalesce(sf.sum("undated"), sf.lit(0)).alias("undated"),
        ]
    counted = groups.agg(*totals)
    if "_source_file" in frame.columns:
        files = frame.groupBy("_source_file").agg(sf.count(sf.lit(1)).alias("file_rows"))
        counted = counted.unionByName(files, allowMissingColumns=True)
    rows = counted.collect()
    total = next(row for row in rows if row["rows"] is not None)
    samples = [total[name] for name in ("low", "high") if total[name] is not None]
    return TableMeasured(
        rows=total["rows"],
        duplicate_rows=total["duplicates"],
        duplicate_samples=tuple(dict.fromkeys(samples)),
        required_nulls=total["nulls"],
        date_span_days=total["span"] if has_date else 0,
        undated_rows=total["undated"] if has_date else 0,
        rows_by_file={row["_source_file"]: row["file_rows"] for row in rows if row["rows"] is None},
    )


def type_mismatches(found: StructType, promised: StructType) -> int:
    """Return how many columns are missing, not promised, out of place or of another type (nulls aside)."""
    pairs = [(field.name, field.dataType) for field in found.fields]
    expected = [(field.name, field.dataType) for field in promised.fields]
    shared = sum(1 for one, other in zip(pairs, expected, strict=False) if one != other)
    return shared + abs(len(pairs) - len(expected))
