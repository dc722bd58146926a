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
_RENAMING_THREADS = 32  # of which each waits for S3
_FOLDER = "_folder_"  # prefix of the copy of a partition column from which Spark makes folders


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


def write_partitions(frame: DataFrame, place: Place, column: str, varied: Sequence[str] = ()) -> None:
    """Write a frame as Parquet below ``column=value`` folders, with the column in the files as well.

    Spark leaves a partition column out of the files. It therefore partitions by a copy, whose folders are
    renamed afterwards; on S3, their files are copied there by S3 itself. ``varied``: see ``write_frame``.
    """
    from pyspark.sql import functions as sf

    copy = f"{_FOLDER}{column}"
    write_frame(frame.withColumn(copy, sf.col(column)), place.spark_uri, [copy], varied)
    folders = [name for name in place.storage.list_folders(place.path) if name.startswith(copy)]

    def rename(folder: str) -> None:
        place.storage.rename_folder(place.child(folder).path, place.child(folder.removeprefix(_FOLDER)).path)

    map_in_threads(rename, folders, _RENAMING_THREADS)


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


def _first_file(place: Place) -> str | None:
    return next((info.path for info in place.list() if info.path.endswith(".parquet")), None)
