"""The floor: what somebody who knows Spark writes by hand for this one table, with nothing but Spark.

One pass over the keys for what repeats, one over the rows: all conditions in one stage, one write, and the
counts taken while it runs.
"""

from __future__ import annotations

from pyspark.sql import Observation
from pyspark.sql import functions as sf

from tests.benchmarks.peers.job import (
    IS_GOOD,
    arguments,
    broken_conditions,
    result_below,
    routed,
    start_spark,
    timed,
    with_copies,
)


def main() -> None:
    """Split, write and count."""
    source, out = arguments()
    spark = start_spark()
    counts: dict[str, int] = {}
    with timed(result_below(out, counts)):
        counted = Observation("broken rules")
        each = [sf.count_if(condition).alias(name) for name, condition in broken_conditions().items()]
        rows = routed(with_copies(spark.read.parquet(source)))
        rows.observe(counted, *each).write.partitionBy(IS_GOOD).parquet(str(out))
        counts.update(counted.get)


if __name__ == "__main__":
    main()
