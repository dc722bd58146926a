"""Dimension tables: users, countries, statuses, dates (spec 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

# Spelled out, to be independent of the locale.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def dim_users(users: DataFrame) -> DataFrame:
    """Return the current users. Grain and key: user_id, as in silver."""
    return users.select("user_id", "name", "email", "city", "phone", "age", "updated_at")


def dim_country(events: DataFrame) -> DataFrame:
    """Return the distinct countries of the events, without null. Grain and key: country."""
    return events.select("country").where("country IS NOT NULL").distinct()


def dim_status(transactions: DataFrame) -> DataFrame:
    """Return the distinct statuses of the transactions, without null. Grain and key: status."""
    return transactions.select("status").where("status IS NOT NULL").distinct()


def dim_date(events: DataFrame, transactions: DataFrame) -> DataFrame:
    """Return every day from the first to the last event_date of both datasets.

    Grain and key: date. Weeks are ISO 8601's: they begin on Monday, and week 1 contains the year's first
    Thursday. Empty without events and transactions.
    """
    dates = events.select("event_date").unionByName(transactions.select("event_date"))
    span = dates.agg(sf.min("event_date").alias("first"), sf.max("event_date").alias("last"))
    days = span.where("first IS NOT NULL").select(sf.explode(sf.sequence("first", "last")).alias("date"))
    date = sf.col("date")
    return days.select(
        date,
        sf.year(date).alias("year"),
        sf.month(date).alias("month"),
        sf.dayofmonth(date).alias("day"),
        _named(_DAYS, sf.weekday(date) + 1).alias("day_of_week"),
        sf.weekofyear(date).alias("week_of_year"),
        _named(_MONTHS, sf.month(date)).alias("month_name"),
    )


def _named(names: tuple[str, ...], position: Column) -> Column:
    """Return the name at a position, counted from 1."""
    return sf.element_at(sf.array(*(sf.lit(name) for name in names)), position)
