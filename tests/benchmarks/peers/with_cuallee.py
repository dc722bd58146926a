"""cuallee: it counts, and routes nothing; the split is written by hand.

Its uniqueness counts the rows beyond the distinct keys, so a pair that shares a key counts once; a null
breaks every check.
"""

from __future__ import annotations

from cuallee import Check, CheckLevel

from tests.benchmarks.peers.job import (
    EMAIL,
    IS_GOOD,
    KEY,
    STATUSES,
    arguments,
    result_below,
    routed,
    start_spark,
    timed,
    with_copies,
)

RULES = (
    "order_id_required",
    "order_id_unique",
    "user_id_required",
    "amount_negative",
    "quantity_range",
    "age_range",
    "status_known",
    "email_format",
    "delivery_before_creation",
)


def main() -> None:
    """Count, then split and write."""
    source, out = arguments()
    spark = start_spark()
    counts: dict[str, int] = {}
    with timed(result_below(out, counts)):
        rows = spark.read.parquet(source)
        found = orders_check().validate(rows).orderBy("id").collect()
        counts.update({name: row["violations"] for name, row in zip(RULES, found, strict=True)})
        routed(with_copies(rows)).write.partitionBy(IS_GOOD).parquet(str(out))


def orders_check() -> Check:
    """Return the nine rules, in the order of ``RULES``."""
    return (
        Check(CheckLevel.WARNING, "orders")
        .is_complete(KEY)
        .is_unique(KEY)
        .is_complete("user_id")
        .is_greater_or_equal_than("amount", 0)
        .is_between("quantity", (1, 1000))
        .is_between("age", (0, 120))
        .is_contained_in("status", STATUSES)
        .has_pattern("email", EMAIL)
        .satisfies("delivered_at", "delivered_at IS NULL OR delivered_at >= created_at")
    )


if __name__ == "__main__":
    main()
