"""Measures how the ten gold tables agree with each other and with silver."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame


_USER_COLUMNS = ("user_city", "user_age", "user_email")  # what a fact shows of its user


@dataclass(frozen=True, slots=True)
class GoldMeasured:
    """How the gold tables agree. Revenues are exact sums (0 for no rows); counts are of distinct values."""

    revenue: Decimal  # sum(fact_transactions.amount)
    revenue_by_day: Decimal  # sum(daily_revenue.total_revenue)
    revenue_by_user: Decimal  # sum(user_ltv.total_revenue)
    uncovered_dates: int
    uncovered_statuses: int
    uncovered_countries: int
    unknown_user_rows: Mapping[str, int]  # by fact table


def measure_gold(tables: Mapping[str, DataFrame]) -> GoldMeasured:
    """Compare the written gold tables in one Spark job.

    Args:
        tables: fact_events, fact_transactions, daily_revenue, user_ltv, dim_date, dim_status, dim_country and
            dim_users, by name.
    """
    from functools import reduce

    from pyspark.sql import functions as sf

    events, transactions = tables["fact_events"], tables["fact_transactions"]

    def summed(name: str, frame: DataFrame, column: str) -> DataFrame:
        return frame.agg(sf.lit(name).alias("name"), sf.sum(column).cast("decimal(38,4)").alias("value"))

    def counted(name: str, frame: DataFrame) -> DataFrame:
        return frame.agg(sf.lit(name).alias("name"), sf.count(sf.lit(1)).cast("decimal(38,4)").alias("value"))

    def uncovered(name: str, found: DataFrame, promised: DataFrame) -> DataFrame:
        return counted(name, found.dropna().distinct().join(promised, found.columns, "left_anti"))

    dates = events.select(sf.col("event_date").alias("date")).distinct()
    dates = dates.union(transactions.select(sf.col("tx_date").alias("date")).distinct())
    users = tables["dim_users"].select("user_id")

    def unknown(name: str, facts: DataFrame) -> DataFrame:
        # A fact that shows any attribute of its user has found that user.
        bare = facts.where(sf.coalesce(*(sf.col(one).cast("string") for one in _USER_COLUMNS)).isNull())
        return counted(name, bare.select("user_id").join(users, "user_id", "left_anti"))

    parts = [
        summed("facts", transactions, "amount"),
        summed("days", tables["daily_revenue"], "total_revenue"),
        summed("users", tables["user_ltv"], "total_revenue"),
        uncovered("dates", dates, tables["dim_date"].select("date")),
        uncovered("statuses", transactions.select("status"), tables["dim_status"].select("status")),
        uncovered("countries", events.select("country"), tables["dim_country"].select("country")),
        unknown("fact_events", events),
        unknown("fact_transactions", transactions),
    ]
    rows = reduce(lambda left, right: left.union(right), parts).collect()
    value = {row["name"]: row["value"] if row["value"] is not None else Decimal(0) for row in rows}
    return GoldMeasured(
        revenue=value["facts"],
        revenue_by_day=value["days"],
        revenue_by_user=value["users"],
        uncovered_dates=int(value["dates"]),
        uncovered_statuses=int(value["statuses"]),
        uncovered_countries=int(value["countries"]),
        unknown_user_rows={name: int(value[name]) for name in ("fact_events", "fact_transactions")},
    )
