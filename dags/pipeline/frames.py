"""Frames in the lake: written where nobody looks yet, and read back by the schema that was promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from checkpoints.lake.layout import Place


def write_frame(frame: DataFrame, place: Place, partitioned_by: Sequence[str] = ()) -> None:
    """Write a frame as Parquet into a place, in place of what a killed run may have left there."""
    frame.write.mode("overwrite").partitionBy(*partitioned_by).parquet(place.spark_uri)


def read_frame(spark: SparkSession, place: Place, schema: StructType) -> DataFrame:
    """Read the Parquet of a place by a schema; a place without data files has no rows.

    Columns that are partitions come last, as Spark puts them; ``schema`` must list them there.
    """
    if not has_data(place):
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(place.spark_uri)


def has_data(place: Place) -> bool:
    """Whether any Parquet file lies in a place."""
    return any(info.path.endswith(".parquet") for info in place.list())
