"""Build the gold tables, each in the columns and types of its contract (spec 5).

A table is given as SQL in its contract, or by the function of its name here, whose parameters are named
as the tables that it reads.
"""

from __future__ import annotations

from inspect import signature
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.derivation import DERIVED_FROM, QUERY
from contracts.errors import ConfigurationError, YamlLocation
from contracts.spark import struct_type
from transforms.silver_to_gold.dims import dim_country, dim_date, dim_status, dim_users
from transforms.silver_to_gold.facts import fact_events, fact_transactions, fact_user_activity
from transforms.silver_to_gold.marts import daily_active_users, daily_revenue, user_ltv
from transforms.silver_to_gold.sql_table import check_query, sql_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pyspark.sql import DataFrame, SparkSession

    from contracts.model import Contract

BUILDERS: Mapping[str, Callable[..., DataFrame]] = MappingProxyType(
    {
        build.__name__: build
        for build in (
            *(dim_users, dim_country, dim_status, dim_date),
            *(fact_events, fact_transactions, fact_user_activity),
            *(daily_revenue, daily_active_users, user_ltv),
        )
    }
)


def gold_table(contract: Contract, inputs: Mapping[str, DataFrame]) -> DataFrame:
    """Plan one table, in the columns and types of its contract.

    Args:
        contract: of the table.
        inputs: the tables that it is derived from, by name, ``event_date`` of silver a date; others are not
            read.

    Raises:
        ConfigurationError: a table that it is derived from is missing, nothing builds the table, or contract
            and function have different columns.
    """
    if missing := [name for name in contract.derived_from if name not in inputs]:
        raise ConfigurationError(
            f"{contract.name} reads tables that are not built yet",
            where="silver_to_gold",
            expected=", ".join(contract.derived_from),
            found=f"no {', '.join(missing)}",
            next_step="pass all tables of silver, and build the tables in the order of their contracts",
        )
    read = {name: inputs[name] for name in contract.derived_from}
    if contract.query is not None:
        return _conformed(sql_table(contract, contract.query, read), contract)
    return _conformed(_builder(contract)(**read), contract)


def check_gold(spark: SparkSession, gold: Iterable[Contract], silver: Iterable[Contract]) -> None:
    """Check that every table can be built: the SQL of each, or the function of its name. No job runs.

    Raises:
        ContractError: names file and YAML path.
    """
    tables = tuple(gold)
    schemas = {contract.name: struct_type(contract) for contract in (*silver, *tables)}
    for contract in tables:
        if contract.query is None:
            _builder(contract)
        else:
            frames = {name: spark.createDataFrame([], schemas[name]) for name in contract.derived_from}
            check_query(contract, contract.query, frames)


def _builder(contract: Contract) -> Callable[..., DataFrame]:
    """Return the function that builds a table without SQL. Raises ContractError."""
    build = BUILDERS.get(contract.name)
    if build is None:
        raise YamlLocation(contract.path, "schema[0].customProperties").error(
            f"nothing builds {contract.name}", next_step=f"give its SELECT as {QUERY}"
        )
    parameters = tuple(signature(build).parameters)
    if sorted(parameters) != sorted(contract.derived_from):
        raise YamlLocation(contract.path, f"customProperties.{DERIVED_FROM}").error(
            f"built from {', '.join(parameters)}, found {', '.join(contract.derived_from)}",
            next_step="name these tables",
        )
    return build


def _conformed(table: DataFrame, contract: Contract) -> DataFrame:
    """Return a table with its columns in the contract's order and types."""
    if sorted(table.columns) != sorted(contract.column_names):
        raise ConfigurationError(
            "the contract and the transform have different columns",
            where=f"gold table {contract.name}",
            expected=", ".join(contract.column_names),
            found=", ".join(table.columns),
            next_step="change the contract or the function in transforms/silver_to_gold",
        )
    return table.select(
        *(sf.col(field.name).cast(field.dataType).alias(field.name) for field in struct_type(contract))
    )
