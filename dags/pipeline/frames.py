"""Frames: written where nobody looks yet, read back by the schema that was promised, or held meanwhile."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from checkpoints.lake.crew import THREADS, in_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from checkpoints.lake.layout import Place


_SPARK_SCHEMA = b"org.apache.spark.sql.parquet.row.metadata"


def write_frame(
    frame: DataFrame, uri: str, partitioned_by: Sequence[str] = (), varied: Sequence[str] = ()
) -> None:
    """Write a frame as Parquet, in place of what a killed run may have left there.

    Args:
        frame: the rows.
        uri: of the folder, in Spark's words.
        partitioned_by: columns whose values become folders.
        varied: columns in which hardly a value repeats. They get no dictionary: it would be built, outgrown
            and thrown away, an eighth of the cost of a table of narrow rows.
    """
    options = {f"parquet.enable.dictionary#{name}": "false" for name in varied}
    frame.write.mode("overwrite").options(**options).partitionBy(*partitioned_by).parquet(uri)


def read_frame(spark: SparkSession, place: Place, schema: StructType) -> DataFrame:
    """Read the Parquet of a place by a schema; a place without data files has no rows.

    Columns that are partitions come last, as Spark puts them; ``schema`` must list them there.
    """
    if _first_file(place) is None:
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(place.spark_uri)


@contextmanager
def held(frame: DataFrame) -> Iterator[DataFrame]:
    """Keep a frame's rows, once computed, in memory and on disk, for all that reads them meanwhile."""
    frame.persist()
    try:
        yield frame
    finally:
        frame.unpersist()


def written_schema(place: Place) -> StructType | None:
    """Return the schema that Spark wrote into the footer of a place's first file; None without a file.

    It is what Spark itself would read back, and costs no job.
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
    """Return how many rows a place's Parquet files hold by their footers."""
    import pyarrow.parquet as pq

    def rows(file: str) -> int:
        with place.storage.open(file) as stream:
            return int(pq.read_metadata(stream).num_rows)

    files = [info.path for info in place.list() if info.path.endswith(".parquet")]
    return sum(in_threads(rows, files, THREADS, lambda: None))


def _first_file(place: Place) -> str | None:
    return next((info.path for info in place.list() if info.path.endswith(".parquet")), None)
