"""The way of every BRONZE record, whatever it was written in, to a cleaned row of the contract."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.model import Kind
from transforms.bronze_to_silver import transactions
from transforms.bronze_to_silver.gather import Layout, gather, layout
from transforms.bronze_to_silver.peculiarities import peculiar_columns
from transforms.bronze_to_silver.precedence import EVENT_DATE
from transforms.bronze_to_silver.values import RecordReader, conventions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from contracts.model import Contract
    from transforms.bronze_to_silver.files import BronzeFile
    from transforms.bronze_to_silver.records import Reading

_UNDATED = "1900-01-01"  # the event_date of a row that need not have a time and has none


def readings(spark: SparkSession, contract: Contract, files: Sequence[BronzeFile]) -> list[Reading]:
    """Say how every record of a dataset's BRONZE files is read, each as a row of ``values_schema``.

    Rows are in no order. Nothing is read but file listings and Parquet footers.

    Raises:
        ContractError: an expression of a source cannot be computed.
        ValueError: a file whose facts do not say how to read it.
    """
    by_layout: dict[Layout, list[BronzeFile]] = defaultdict(list)
    for file in files:
        by_layout[layout(file)].append(file)
    return gather(spark, contract, by_layout)


def values_schema(contract: Contract) -> str:
    """Return the columns of values as they are read, as Spark's DDL: see ``RecordReader.schema``."""
    return RecordReader(contract, conventions(contract, None)).schema


def cleaned_rows(values: DataFrame, contract: Contract) -> DataFrame:
    """Return values as cleaned rows of the contract.

    Grain, key and order stay. Columns: those of ``values_schema``; for transactions the two comparable times;
    ``event_date``.
    """
    rows = values.withColumns(peculiar_columns(contract))
    comparable = transactions.comparable_times() if contract.name == transactions.DATASET else []
    return rows.select("*", *comparable, _event_date(contract).alias(EVENT_DATE))


def _event_date(contract: Contract) -> Column:
    """Return the UTC date of the dataset's first timestamp, which is the one that dates a row (spec 4.4)."""
    dating = next((column for column in contract.columns if column.type.kind is Kind.TIMESTAMP), None)
    undated = sf.lit(_UNDATED).cast("date")
    if dating is None:
        return undated
    date = sf.to_date(dating.name)
    return date if dating.required else sf.coalesce(date, undated)
