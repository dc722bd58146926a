"""Counts rows where they are read: of each file, before anything is decided about any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc
from pyspark.accumulators import AccumulatorParam

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark import Accumulator
    from pyspark.sql import SparkSession

    RowsRead = Accumulator[dict[str, int]]


class _Added(AccumulatorParam[dict[str, int]]):
    """Adds the rows of one task to those of others, file by file."""

    def zero(self, value: dict[str, int]) -> dict[str, int]:
        """Return what nothing was added to."""
        return dict.fromkeys(value, 0)

    def addInPlace(  # noqa: N802  (PySpark declares this method, and calls it by this name)
        self, value1: dict[str, int], value2: dict[str, int]
    ) -> dict[str, int]:
        """Return the first, with the second added to it."""
        for file, rows in value2.items():
            value1[file] = value1.get(file, 0) + rows
        return value1


def rows_read(spark: SparkSession) -> RowsRead:
    """Return a count of rows by file, of none yet; ``value`` tells it once the rows are written.

    Spark counts a task's rows once, however often it was tried, where the step that reads them also writes
    them: no shuffle stands between.
    """
    return spark.sparkContext.accumulator({}, _Added())


def count_rows(read: RowsRead, files: pa.StringArray) -> None:
    """Count rows, told by the file that each comes from."""
    read.add({counted["values"]: counted["counts"] for counted in pc.value_counts(files).to_pylist()})
