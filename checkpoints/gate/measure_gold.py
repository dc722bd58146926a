"""Gold measurement: sums to reconcile the load with, and references compared across the gold tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame

_TEXT = "string"  # exact, whatever the scale
# Tables whose revenue is compared with each other's -> the column that holds it.
_REVENUE = {"fact_transactions": "amount", "daily_revenue": "total_revenue", "user_ltv": "total_revenue"}
# Fact table -> the columns of its date, and of the value that a dimension lists.
_FACTS = {"fact_events": ("event_date", "country"), "fact_transactions": ("tx_date", "status")}


@dataclass(frozen=True, slots=True)
class GoldMeasured:
    """Agreement of the gold tables: exact sums (0 without rows), and counts of distinct values.

    Where a compared table does not exist, nothing is uncovered or unknown.
    """

    sums: Mapping[str, Mapping[str, Decimal]]  # by table and column
    uncovered_dates: int = 0
    uncovered_statuses: int = 0
    uncovered_countries: int = 0
    unknown_user_rows: Mapping[str, int] = field(default_factory=dict)  # by fact table

    def revenue_difference(self, table: str) -> Decimal:
        """Return the revenue of a table, less that of fact_transactions."""
        return self._revenue(table) - self._revenue("fact_transactions")

    def _revenue(self, table: str) -> Decimal:
        return self.sums[table][_REVENUE[table]]


def measure_gold(tables: Mapping[str, DataFrame], sums: Mapping[str, Sequence[str]]) -> GoldMeasured:
    """Measure sums, and compare facts with dimensions, in one Spark job; none if there is nothing to measure.

    Args:
        tables: the written gold tables by name.
        sums: the decimal columns to sum up, by table. Those of revenue are summed up in any case.
    """
    columns = {name: tuple(found) for name, found in sums.items()}
    for name, column in _REVENUE.items():
        if name in tables:
            columns[name] = tuple(dict.fromkeys((*columns.get(name, ()), column)))
    parts = [
        *(_summed(f"sum {name} ", tables[name], summed) for name, summed in columns.items() if summed),
        *_uncovered_parts(tables),
        *_unknown_parts(tables),
    ]
    rows = reduce(lambda left, right: left.union(right), parts).collect() if parts else []
    value = {row["name"]: Decimal(row["value"] or 0) for row in rows}

    def count(name: str) -> int:
        return int(value.get(name, 0))

    return GoldMeasured(
        sums={
            name: {column: value[f"sum {name} {column}"] for column in summed}
            for name, summed in columns.items()
            if summed
        },
        uncovered_dates=count("dim_date"),
        uncovered_statuses=count("dim_status"),
        uncovered_countries=count("dim_country"),
        unknown_user_rows={name: count(f"unknown {name}") for name in _FACTS if f"unknown {name}" in value},
    )


def _summed(prefix: str, frame: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Return the sums of columns by name; the frame is computed once for all of them."""
    from pyspark.sql import functions as sf

    named = [
        sf.struct(sf.lit(f"{prefix}{column}").alias("name"), sf.sum(column).cast(_TEXT).alias("value"))
        for column in columns
    ]
    return frame.agg(sf.array(*named).alias("sums")).select(sf.inline("sums"))


def _uncovered_parts(tables: Mapping[str, DataFrame]) -> Iterator[DataFrame]:
    """Yield, for each dimension, the number of distinct values of the facts that it lacks."""
    from pyspark.sql import functions as sf

    # Each is used twice in the job; Spark computes it once and reuses the exchange.
    values = {
        name: tables[name].select(*columns).distinct() for name, columns in _FACTS.items() if name in tables
    }
    found: dict[str, list[DataFrame]] = {}
    for name, frame in values.items():
        date, value = _FACTS[name]
        found.setdefault("date", []).append(frame.select(sf.col(date).alias("date")))
        found[value] = [frame.select(value)]
    for column, frames in found.items():
        dimension = f"dim_{column}"
        if dimension in tables:
            of_facts = reduce(lambda one, other: one.union(other), frames).dropna().distinct()
            missing = of_facts.join(tables[dimension].select(column), column, "left_anti")
            rows = sf.count(sf.lit(1)).cast(_TEXT)
            yield missing.agg(sf.lit(dimension).alias("name"), rows.alias("value"))


def _unknown_parts(tables: Mapping[str, DataFrame]) -> Iterator[DataFrame]:
    """Yield the number of rows of each fact table whose user is not in dim_users."""
    from pyspark.sql import functions as sf

    if "dim_users" not in tables:
        return
    users = tables["dim_users"].select("user_id")
    if "user_ltv" in tables:  # it counts each user's facts already, in far fewer rows
        facts = tables["user_ltv"].select(
            "user_id",
            sf.col("event_count").alias("fact_events"),
            sf.col("transaction_count").alias("fact_transactions"),
        )
        yield _summed("unknown ", facts.join(users, "user_id", "left_anti"), tuple(_FACTS))
        return
    for name in _FACTS:
        if name in tables:
            unknown = tables[name].join(users, "user_id", "left_anti")
            yield _summed("unknown ", unknown.select(sf.lit(1).alias(name)), (name,))
