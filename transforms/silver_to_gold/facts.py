"""Fact tables: events and transactions with their user's current attributes, and daily activity (spec 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from transforms.silver_to_gold.averages import average

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def fact_events(events: DataFrame, dim_users: DataFrame) -> DataFrame:
    """Return the events with their user's current attributes, null for an unknown user.

    Grain and key: event_id, exactly the rows of silver, since user_id is unique in ``dim_users``.
    """
    return _with_user(events, dim_users).select(
        "event_id", "user_id", "ts", "event_date", "country", "user_city", "user_age", "user_email"
    )


def fact_transactions(transactions: DataFrame, dim_users: DataFrame) -> DataFrame:
    """Return the transactions with their user's current attributes, null for an unknown user.

    Grain and key: tx_id, exactly the rows of silver. tx_date is the UTC date of created_at.
    """
    return _with_user(transactions, dim_users).select(
        "tx_id",
        "user_id",
        "amount",
        "status",
        "created_at",
        "delivered_at",
        sf.col("event_date").alias("tx_date"),
        "user_city",
        "user_age",
        "user_email",
    )


def fact_user_activity(fact_events: DataFrame, fact_transactions: DataFrame) -> DataFrame:
    """Count what each user did on each day.

    Grain and key: user_id × date with an event or a transaction. Counts are bigint, 0 where there was
    nothing; total_revenue is gross, avg_transaction_amount half up to four decimals; both 0 without a
    transaction.
    """
    events = fact_events.select(
        "user_id",
        sf.col("event_date").alias("date"),
        sf.lit(1).alias("event"),
        sf.lit(0).alias("transaction"),
        sf.lit(0).cast("decimal(18,4)").alias("amount"),
    )
    transactions = fact_transactions.select(
        "user_id",
        sf.col("tx_date").alias("date"),
        sf.lit(0).alias("event"),
        sf.lit(1).alias("transaction"),
        "amount",
    )
    return (
        events.unionByName(transactions)
        .groupBy("user_id", "date")
        .agg(
            sf.sum("event").alias("events_count"),
            sf.sum("transaction").alias("transactions_count"),
            sf.sum("amount").alias("total_revenue"),
        )
        .withColumn("avg_transaction_amount", average(sf.col("total_revenue"), sf.col("transactions_count")))
    )


def _with_user(rows: DataFrame, dim_users: DataFrame) -> DataFrame:
    """Add user_city, user_age and user_email by a left join; rows of unknown users stay, with nulls."""
    users = dim_users.select(
        "user_id",
        sf.col("city").alias("user_city"),
        sf.col("age").alias("user_age"),
        sf.col("email").alias("user_email"),
    )
    # Attributes of the row itself (an event's email, its age) are not the user's current ones.
    kept = [name for name in rows.columns if name not in ("user_city", "user_age", "user_email")]
    return rows.select(*kept).join(users, "user_id", "left")
