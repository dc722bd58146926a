"""Builds the ten tables in order, each exactly as its contract promises (spec 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.faults import ConfigurationError
from contracts.spark_schema import struct_type
from transforms.silver_to_gold.dims import dim_country, dim_date, dim_status, dim_users
from transforms.silver_to_gold.facts import fact_events, fact_transactions, fact_user_activity
from transforms.silver_to_gold.marts import daily_active_users, daily_revenue, user_ltv

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import DataFrame

    from contracts.model import Contract


@dataclass(frozen=True, slots=True)
class GoldStep:
    """How one table comes about: ``build`` is handed the frames named in ``reads``, in that order.

    ``reads`` names datasets of silver, and tables whose steps come before.
    """

    name: str
    build: Callable[..., DataFrame]
    reads: tuple[str, ...]


GOLD_STEPS = (
    GoldStep("dim_users", dim_users, ("users",)),
    GoldStep("dim_country", dim_country, ("events",)),
    GoldStep("dim_status", dim_status, ("transactions",)),
    GoldStep("dim_date", dim_date, ("events", "transactions")),
    GoldStep("fact_events", fact_events, ("events", "dim_users")),
    GoldStep("fact_transactions", fact_transactions, ("transactions", "dim_users")),
    GoldStep("fact_user_activity", fact_user_activity, ("fact_events", "fact_transactions")),
    GoldStep("daily_revenue", daily_revenue, ("fact_transactions",)),
    GoldStep("daily_active_users", daily_active_users, ("fact_user_activity",)),
    GoldStep("user_ltv", user_ltv, ("fact_events", "fact_transactions")),
)
_STEPS = {step.name: step for step in GOLD_STEPS}


def gold_tables(silver: Mapping[str, DataFrame], contracts: Sequence[Contract]) -> dict[str, DataFrame]:
    """Plan all tables, in the contracts' order, which must have a table after those that it reads.

    Nothing is computed here, and what several tables read is planned anew in each of them. To compute it
    once, loop over ``gold_table`` instead, and put each table into ``built`` as read back from where it was
    written.

    Args:
        silver: the datasets' frames by name, ``event_date`` a date.
        contracts: the gold contracts.
    """
    built: dict[str, DataFrame] = {}
    for contract in contracts:
        built[contract.name] = gold_table(contract, silver, built)
    return built


def gold_table(
    contract: Contract, silver: Mapping[str, DataFrame], built: Mapping[str, DataFrame]
) -> DataFrame:
    """Plan one table, its columns and types exactly the contract's.

    Args:
        contract: of the table.
        silver: the datasets' frames by name, ``event_date`` a date.
        built: the tables that it reads, as planned or as read back.

    Raises:
        ConfigurationError: nothing builds a table of that name, a table that it reads is not built yet, or
            the contract and the step name different columns.
    """
    step = _step(contract)
    inputs = {**silver, **built}
    if missing := [name for name in step.reads if name not in inputs]:
        raise ConfigurationError(
            f"{contract.name} is to be built before what it reads",
            where="silver_to_gold",
            expected=", ".join(step.reads),
            found=f"no {', '.join(missing)}",
            next_step="hand over all datasets of silver, and the contracts in the specification's order",
        )
    return _as_promised(step.build(*(inputs[name] for name in step.reads)), contract)


def reads(contract: Contract) -> tuple[str, ...]:
    """Return the datasets of silver, and the tables, that a table is built from.

    Raises:
        ConfigurationError: nothing builds a table of that name.
    """
    return _step(contract).reads


def _step(contract: Contract) -> GoldStep:
    step = _STEPS.get(contract.name)
    if step is None:
        raise ConfigurationError(
            "no step builds this table",
            where=f"gold contract {contract.name}",
            next_step="add a GoldStep to transforms/silver_to_gold/build.py",
        )
    return step


def _as_promised(table: DataFrame, contract: Contract) -> DataFrame:
    """Put a table's columns into the contract's order and types."""
    if sorted(table.columns) != sorted(contract.column_names):
        raise ConfigurationError(
            "the contract and the transform name different columns",
            where=f"gold table {contract.name}",
            expected=", ".join(contract.column_names),
            found=", ".join(table.columns),
            next_step="change the contract or the step in transforms/silver_to_gold",
        )
    return table.select(
        *(sf.col(field.name).cast(field.dataType).alias(field.name) for field in struct_type(contract))
    )
