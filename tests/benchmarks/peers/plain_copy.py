"""The measure of all contestants: Spark reads the table and writes it again."""

from __future__ import annotations

from tests.benchmarks.peers.job import Result, arguments, start_spark, timed


def main() -> None:
    """Copy the table."""
    rows, out = arguments()
    spark = start_spark()
    with timed(Result(out, out / "none", {})):
        spark.read.parquet(rows).write.parquet(str(out))


if __name__ == "__main__":
    main()
