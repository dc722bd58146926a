"""Measures how the ten gold tables agree with each other and with silver."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame


@dataclass(frozen=True, slots=True)
class GoldMeasured:
    """How the gold tables agree. Revenues are exact sums (0 for no rows); counts are of distinct values."""

    revenue: Decimal  # sum(fact_transactions.amount)
    revenue_by_day: Decimal  # sum(daily_revenue.total_revenue)
    revenue_by_user: Decimal  # sum(user_ltv.total_revenue)
    uncovered_dates: int
    uncovered_statuses: int
    uncovered_countries: int
    unknown_user_rows: Mapping[str, int]  # by fact table, as user_ltv counts them


def measure_gold(tables: Mapping[str, DataFrame]) -> GoldMeasured:
    """Compare the written gold tables in one Spark job.

    Args:
        tables: fact_events, fact_transactions, daily_revenue, user_ltv, dim_date, dim_status, dim_country and
            dim_users, by name.
    """
    from functools import reduce

    from pyspark.sql import functions as sf

    events, transactions = tables["fact_events"], tables["fact_transactions"]

    def summed(frame: DataFrame, **columns: str) -> DataFrame:
        """Sum up columns, each under a name; the frame is computed once for all of them."""
        sums = {name: sf.sum(column).cast("decimal(38,4)") for name, column in columns.items()}
        named = [sf.struct(sf.lit(name).alias("name"), of.alias("value")) for name, of in sums.items()]
        return frame.agg(sf.array(*named).alias("sums")).select(sf.inline("sums"))

    def uncovered(name: str, found: DataFrame, promised: DataFrame) -> DataFrame:
        missing = found.dropna().distinct().join(promised, found.columns, "left_anti")
        rows = sf.count(sf.lit(1)).cast("decimal(38,4)")
        return missing.agg(sf.lit(name).alias("name"), rows.alias("value"))

    # Two parts of the job look at each of these; Spark computes it once, and reuses the exchange.
    of_events = events.select("event_date", "country").distinct()
    of_transactions = transactions.select("tx_date", "status").distinct()
    dates = of_events.select(sf.col("event_date").alias("date"))
    dates = dates.union(of_transactions.select(sf.col("tx_date").alias("date")))
    # Each user's facts are counted already: far fewer rows than there are facts.
    users = tables["dim_users"].select("user_id")
    unknown = tables["user_ltv"].join(users, "user_id", "left_anti")

    parts = [
        summed(transactions, facts="amount"),
        summed(tables["daily_revenue"], days="total_revenue"),
        summed(tables["user_ltv"], users="total_revenue"),
        uncovered("dates", dates, tables["dim_date"].select("date")),
        uncovered("statuses", of_transactions.select("status"), tables["dim_status"].select("status")),
        uncovered("countries", of_events.select("country"), tables["dim_country"].select("country")),
        summed(unknown, fact_events="event_count", fact_transactions="transaction_count"),
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
