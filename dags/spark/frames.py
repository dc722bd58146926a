"""Parquet frames: write, read by schema, inspect footers; and cache within a block."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from checkpoints.storage.thread_pool import THREADS, map_in_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from checkpoints.storage.place import Place

_SPARK_SCHEMA = b"org.apache.spark.sql.parquet.row.metadata"


def write_frame(
    frame: DataFrame, uri: str, partitioned_by: Sequence[str] = (), varied: Sequence[str] = ()
) -> None:
    """Write a frame as Parquet, replacing leftovers of a killed run.

    Args:
        frame: the rows.
        uri: of the folder, as Spark opens it.
        partitioned_by: columns whose values become folders.
        varied: columns with mostly distinct values. They get no dictionary: it would outgrow its limit and
            be discarded, an eighth of the cost of a table of narrow rows.
    """
    options = {f"parquet.enable.dictionary#{name}": "false" for name in varied}
    frame.write.mode("overwrite").options(**options).partitionBy(*partitioned_by).parquet(uri)


def local_frame(spark: SparkSession, rows: pa.Table) -> DataFrame:
    """Return a frame of rows in memory, of which Spark computes what needs no shuffle without a job.

    The chunks are combined: Spark reads them only up to the first empty one.
    """
    return spark.createDataFrame(rows.combine_chunks())


def read_frame(spark: SparkSession, place: Place, schema: StructType) -> DataFrame:
    """Read a place's Parquet by a schema; a place without data files has no rows.

    ``schema`` must list partition columns last, where Spark puts them.
    """
    if _first_file(place) is None:
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(place.spark_uri)


@contextmanager
def cached(frame: DataFrame) -> Iterator[DataFrame]:
    """Persist a frame, once computed, in memory and on disk until the block ends."""
    frame.persist()
    try:
        yield frame
    finally:
        frame.unpersist()


def written_schema(place: Place) -> StructType | None:
    """Return the Spark schema in the footer of a place's first file; None without a file.

    Spark would read back the same, but needs a job for it.
    """
    import pyarrow.parquet as pq
    from pyspark.sql.types import StructType

    file = _first_file(place)
    if file is None:
        return None
    with place.storage.open(file) as stream:
        written = pq.read_schema(stream).metadata[_SPARK_SCHEMA]
    return StructType.fromJson(json.loads(written))


def rows_in_files(place: Place) -> int:
    """Return the number of rows of a place's Parquet files, by their footers."""
    import pyarrow.parquet as pq

    def rows(file: str) -> int:
        with place.storage.open(file) as stream:
            return int(pq.read_metadata(stream).num_rows)

    files = [info.path for info in place.list() if info.path.endswith(".parquet")]
    return sum(map_in_threads(rows, files, THREADS, lambda: None))


def nulls_in_files(place: Place) -> dict[str, int]:
    """Return the number of nulls in each column of a place's Parquet files, by their footers.

    A column without statistics in one of the files is left out.
    """
    import pyarrow.parquet as pq

    def nulls(file: str) -> dict[str, int | None]:
        with place.storage.open(file) as stream:
            footer = pq.read_metadata(stream)
        found: dict[str, int | None] = {}
        for number in range(footer.num_columns):
            chunks = [footer.row_group(group).column(number) for group in range(footer.num_row_groups)]
            counts = [chunk.statistics.null_count if chunk.statistics else None for chunk in chunks]
            name = footer.schema.column(number).path
            found[name] = None if None in counts else sum(count for count in counts if count is not None)
        return found

    files = [info.path for info in place.list() if info.path.endswith(".parquet")]
    totals: dict[str, int | None] = {}
    for of_file in map_in_threads(nulls, files, THREADS):
        for name, count in of_file.items():
            before = totals.get(name, 0)
            totals[name] = None if count is None or before is None else before + count
    return {name: count for name, count in totals.items() if count is not None}


def _first_file(place: Place) -> str | None:
    return next((info.path for info in place.list() if info.path.endswith(".parquet")), None)
