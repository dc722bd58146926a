"""Data marts: daily revenue, daily active users, user lifetime value (spec 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from transforms.silver_to_gold.averages import average

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def daily_revenue(fact_transactions: DataFrame) -> DataFrame:
    """Aggregate each day's transactions.

    Grain and key: date with a transaction. total_revenue is gross (every status); avg_amount is half up to
    four decimals; delivered_count counts that day's transactions whose status is ``delivered``.
    """
    delivered = sf.coalesce((sf.col("status") == "delivered").cast("int"), sf.lit(0))
    return (
        fact_transactions.groupBy(sf.col("tx_date").alias("date"))
        .agg(
            sf.count(sf.lit(1)).alias("transaction_count"),
            sf.sum("amount").alias("total_revenue"),
            sf.sum(delivered).alias("delivered_count"),
        )
        .withColumn("avg_amount", average(sf.col("total_revenue"), sf.col("transaction_count")))
    )


def daily_active_users(fact_user_activity: DataFrame) -> DataFrame:
    """Count each day's distinct users.

    Grain and key: date with an event or a transaction. The activity has one row per user and day.
    """
    had_events = (sf.col("events_count") > 0).cast("bigint")
    had_transactions = (sf.col("transactions_count") > 0).cast("bigint")
    return fact_user_activity.groupBy("date").agg(
        sf.sum(had_events).alias("event_active_users"),
        sf.sum(had_transactions).alias("tx_active_users"),
        sf.count(sf.lit(1)).alias("total_active_users"),
    )


def user_ltv(fact_events: DataFrame, fact_transactions: DataFrame) -> DataFrame:
    """Aggregate each user's events and transactions.

    Grain and key: user_id with an event or a transaction. first_event and last_event are null without an
    event; counts and revenue are 0 where there was nothing; ltv is total_revenue.
    """
    events = fact_events.select(
        "user_id",
        "ts",
        sf.lit(1).alias("event"),
        sf.lit(0).alias("transaction"),
        sf.lit(0).cast("decimal(18,4)").alias("amount"),
    )
    transactions = fact_transactions.select(
        "user_id",
        sf.lit(None).cast("timestamp").alias("ts"),
        sf.lit(0).alias("event"),
        sf.lit(1).alias("transaction"),
        "amount",
    )
    return (
        events.unionByName(transactions)
        .groupBy("user_id")
        .agg(
            sf.sum("event").alias("event_count"),
            sf.min("ts").alias("first_event"),
            sf.max("ts").alias("last_event"),
            sf.sum("transaction").alias("transaction_count"),
            sf.sum("amount").alias("total_revenue"),
        )
        .withColumn("ltv", sf.col("total_revenue"))
    )
