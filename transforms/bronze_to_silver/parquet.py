"""Parquet files to records: every column in its text form, grouped by schema (spec 4.1)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast

from pyspark.errors import PySparkException
from pyspark.sql import functions as sf
from pyspark.sql import types as st

from transforms.bronze_to_silver.files import read_parquet, read_schema
from transforms.bronze_to_silver.records import FLAW, KEY, RAW, Cell
from transforms.bronze_to_silver.typed import row_text, typed_cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from transforms.bronze_to_silver.files import BronzeFile

ROW = "lakegate row"


def parquet_records(spark: SparkSession, files: Sequence[BronzeFile]) -> tuple[DataFrame, Mapping[str, Cell]]:
    """Return the rows of Parquet files of one schema (KEY, RAW, FLAW, ROW), and each column's cell.

    RAW is the row as a JSON object without its nulls. No row has a flaw.
    """
    rows = read_parquet(spark, files, ROW)
    type = cast("st.StructType", rows.schema[ROW].dataType)  # noqa: A001
    row = sf.col(ROW)
    frame = rows.select(
        KEY,
        row_text(row, type).alias(RAW),
        sf.lit(None).cast("string").alias(FLAW),
        ROW,
    )
    arrow_schema = files[0].facts.schema or ""
    return frame, {field.name: _cell(row.getField(field.name), field, arrow_schema) for field in type.fields}


def alike_in_parquet(spark: SparkSession, files: Sequence[BronzeFile]) -> list[Sequence[BronzeFile]]:
    """Split files of one Arrow schema where Parquet has two types for one of Arrow's.

    That is so for nanoseconds: the old INT96 is a timestamp to Spark, TIMESTAMP(NANOS) a number.
    """
    if "timestamp[ns" not in (files[0].facts.schema or "") or len(files) == 1:
        return [files]
    try:
        read_schema(spark, files)
    except PySparkException as error:
        if "MERGE" not in (error.getCondition() or ""):
            raise
    else:
        return [files]
    by_schema: dict[str, list[BronzeFile]] = defaultdict(list)
    for file in files:
        by_schema[read_schema(spark, [file]).json()].append(file)
    return list(by_schema.values())


def _cell(value: Column, field: st.StructField, arrow_schema: str) -> Cell:
    if isinstance(field.dataType, st.LongType) and _is_nanoseconds(field.name, arrow_schema):
        # Spark has no nanoseconds: they come as a number of them, to be cut to micros, downwards.
        micros = value - sf.pmod(value, sf.lit(1000))
        time = sf.timestamp_micros(sf.call_function("div", micros, sf.lit(1000)))
        return typed_cell(time, st.TimestampType())
    return typed_cell(value, field.dataType)


def _is_nanoseconds(name: str, arrow_schema: str) -> bool:
    return any(line.startswith(f"{name}: timestamp[ns") for line in arrow_schema.splitlines())
