"""How many partitions a shuffle has: as the input asks, since 200 of them cost a small run dear."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

PARTITIONS = "spark.sql.shuffle.partitions"
_BYTES_A_PARTITION = 32 * 1024 * 1024  # of input; what is shuffled of it is less
_MOST_PARTITIONS = 8_000


@contextmanager
def shuffles_sized_for(spark: SparkSession, input_bytes: int) -> Iterator[None]:
    """Set the number of shuffle partitions for an input of this size, unless somebody has set it already."""
    if spark.conf.get(PARTITIONS, None) is not None:
        yield
        return
    spark.conf.set(PARTITIONS, str(partitions_for(input_bytes, spark.sparkContext.defaultParallelism)))
    try:
        yield
    finally:
        spark.conf.unset(PARTITIONS)


def partitions_for(input_bytes: int, cores: int) -> int:
    """Return how many partitions suit an input: one a core at least.

    >>> [partitions_for(size, 2) for size in (0, 500_000_000, 10**13)]
    [2, 15, 8000]
    """
    return max(cores, min(_MOST_PARTITIONS, -(-input_bytes // _BYTES_A_PARTITION)))
