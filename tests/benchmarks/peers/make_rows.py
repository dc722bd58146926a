"""Makes the table of the peers' job: the same rows for the same number and seed, a few of them broken.

A script of its own: ``python -m tests.benchmarks.peers.make_rows ROWS SEED OUT``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.benchmarks.peers.job import STATUSES, start_spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_FILES = 8


def main() -> None:
    """Write the table as Parquet."""
    rows, seed, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    orders(start_spark(), rows, seed).write.mode("overwrite").parquet(out)


def orders(spark: SparkSession, rows: int, seed: int) -> DataFrame:
    """Return orders of which about one in eighteen breaks a rule; what a rule looks at may be null.

    Every value follows from seed and row number by a hash, so that nothing depends on partitions. An order
    number is null in 3 rows of 1,000; in one of 100 it is that of the row before.
    """
    made = {
        "order_id": "if({1000} < 3, NULL, format_string('order-%010d', if({100} = 0, row_id - 1, row_id)))",
        "user_id": "if({250} = 0, NULL, concat('user-', {200000}))",
        "amount": "if({50} = 0, NULL, cast(({100000} - if({200} = 0, 100000, 0)) / 100 AS decimal(18,4)))",
        "quantity": "if({100} = 0, NULL, cast(if({300} = 0, 5000, 1 + {20}) AS int))",
        "status": f"if({{100}} < 3, NULL, if({{150}} = 0, 'lost', array{STATUSES}[{{8}}]))",
        "email": "if({20} = 0, NULL, concat('person', {100000}, if({120} = 0, '#', '@'), 'example.org'))",
        "created_at": "timestamp_seconds(1577836800 + {150000000})",
        "delivered_at": "if({4} = 0, NULL, timestampadd(DAY, int({10} - if({200} = 0, 20, 0)), created_at))",
        "age": "cast(if({10} = 0, NULL, if({250} = 0, 200, 16 + {80})) AS int)",
        "country": "array('DE', 'FR', 'US', 'NA', 'JP', 'BR')[{6}]",
        "message": "md5(cast(row_id AS string))",
        "_source_file": "concat('part-', cast({12} AS int), '.csv')",
    }
    frame = spark.range(rows, numPartitions=_FILES).withColumnRenamed("id", "row_id")
    for column, expression in made.items():
        frame = frame.selectExpr("*", f"{_filled(column, expression, seed)} AS {column}")
    return frame


def _filled(column: str, expression: str, seed: int) -> str:
    """Put a number below N, of its own for each place, where the expression says ``{N}``."""
    parts = expression.split("{")
    filled = parts[0]
    for place, part in enumerate(parts[1:]):
        below, rest = part.split("}", 1)
        filled += f"pmod(xxhash64({seed}, row_id, '{column}', {place}), {below}){rest}"
    return filled


if __name__ == "__main__":
    main()
