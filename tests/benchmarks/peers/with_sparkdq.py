"""sparkdq: it marks each row, and hands out those that passed and those that failed.

It has no uniqueness of rows, so that it is given the copies as a column. A null under a range or a list is
neither passed nor failed: such a row is in neither output.
"""

from __future__ import annotations

from pyspark.sql import functions as sf
from sparkdq.checks import (
    ColumnLessThanCheckConfig,
    IsContainedInCheckConfig,
    NullCheckConfig,
    NumericBetweenCheckConfig,
    NumericMaxCheckConfig,
    NumericMinCheckConfig,
    RegexMatchCheckConfig,
)
from sparkdq.engine import BatchDQEngine
from sparkdq.management import CheckSet

from tests.benchmarks.peers.job import (
    COPIES,
    EMAIL,
    KEY,
    STATUSES,
    Result,
    arguments,
    start_spark,
    timed,
    with_copies,
)


def main() -> None:
    """Mark, write what passed and what failed, and count what was written."""
    source, out = arguments()
    spark = start_spark()
    counts: dict[str, int] = {}
    result = Result(out / "good", out / "bad", counts)
    with timed(result):
        validated = BatchDQEngine(orders_checks()).run_batch(with_copies(spark.read.parquet(source)))
        validated.pass_df().write.parquet(str(result.good))
        validated.fail_df().write.parquet(str(result.bad))
        errors = spark.read.parquet(str(result.bad)).select(sf.explode("_dq_errors").alias("error"))
        counts.update({row[0]: row[1] for row in errors.groupBy("error.check-id").count().collect()})


def orders_checks() -> CheckSet:
    """Return the nine rules; the limit of the last lets an order pass that was not delivered."""
    whole = (True, True)
    return (
        CheckSet()
        .add_check(NullCheckConfig(check_id="order_id_required", columns=[KEY]))
        .add_check(
            NumericMaxCheckConfig(check_id="order_id_unique", columns=[COPIES], max_value=1, inclusive=True)
        )
        .add_check(NullCheckConfig(check_id="user_id_required", columns=["user_id"]))
        .add_check(
            NumericMinCheckConfig(check_id="amount_negative", columns=["amount"], min_value=0, inclusive=True)
        )
        .add_check(
            NumericBetweenCheckConfig(
                check_id="quantity_range", columns=["quantity"], min_value=1, max_value=1000, inclusive=whole
            )
        )
        .add_check(
            NumericBetweenCheckConfig(
                check_id="age_range", columns=["age"], min_value=0, max_value=120, inclusive=whole
            )
        )
        .add_check(
            IsContainedInCheckConfig(check_id="status_known", allowed_values={"status": list(STATUSES)})
        )
        .add_check(RegexMatchCheckConfig(check_id="email_format", column="email", pattern=EMAIL))
        .add_check(
            ColumnLessThanCheckConfig(
                check_id="delivery_before_creation",
                column="created_at",
                limit="coalesce(delivered_at, created_at)",
                inclusive=True,
            )
        )
    )


if __name__ == "__main__":
    main()
