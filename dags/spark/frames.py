"""Parquet frames: write, read by schema, inspect footers; and cache within a block."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checkpoints.storage.thread_pool import THREADS, map_in_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa
    import pyarrow.parquet as pq
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


@dataclass(frozen=True, slots=True)
class WrittenFiles:
    """What the footers of Parquet files say.

    ``schema``: as Spark wrote it; None without a file. ``nulls``: by column; one without statistics in any of
    the files is left out.
    """

    rows: int = 0
    schema: StructType | None = None
    nulls: Mapping[str, int] = field(default_factory=dict)


def read_footers(place: Place) -> WrittenFiles:
    """Return what the footers of a place's Parquet files say; no row is read."""
    import pyarrow.parquet as pq
    from pyspark.sql.types import StructType

    def read(file: str) -> pq.FileMetaData:
        with place.storage.open(file) as stream:
            return pq.read_metadata(stream)

    files = [info.path for info in place.list() if info.path.endswith(".parquet")]
    footers = map_in_threads(read, files, THREADS)
    if not footers:
        return WrittenFiles()
    written = (footers[0].metadata or {}).get(_SPARK_SCHEMA)
    totals: Counter[str] = Counter()
    unknown = set()
    for footer in footers:
        for name, nulls in _nulls(footer):
            totals[name] += nulls or 0
            if nulls is None:
                unknown.add(name)
    return WrittenFiles(
        sum(footer.num_rows for footer in footers),
        StructType.fromJson(json.loads(written)) if written else None,
        {name: nulls for name, nulls in totals.items() if name not in unknown},
    )


def _nulls(footer: pq.FileMetaData) -> Iterator[tuple[str, int | None]]:
    """Yield each column of each row group with its number of nulls; None where the statistics lack it."""
    for group in range(footer.num_row_groups):
        for number in range(footer.num_columns):
            column = footer.row_group(group).column(number)
            yield column.path_in_schema, column.statistics.null_count if column.statistics else None


def _first_file(place: Place) -> str | None:
    return next((info.path for info in place.list() if info.path.endswith(".parquet")), None)
