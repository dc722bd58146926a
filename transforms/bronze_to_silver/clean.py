"""The way of every BRONZE record, whatever it was written in, to a cleaned row of the contract."""

from __future__ import annotations

from collections import defaultdict
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from contracts.model import Kind
from transforms.bronze_to_silver import transactions
from transforms.bronze_to_silver.files import BronzeFile
from transforms.bronze_to_silver.gather import Layout, gather, layout
from transforms.bronze_to_silver.peculiarities import peculiar_columns
from transforms.bronze_to_silver.precedence import EVENT_DATE
from transforms.bronze_to_silver.values import RecordReader, conventions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, SparkSession

    from contracts.model import Contract
    from transforms.bronze_to_silver.rows_read import RowsRead

__all__ = ["BronzeFile", "cleaned_rows"]

_UNDATED = "1900-01-01"  # the event_date of a row that need not have a time and has none


def cleaned_rows(
    spark: SparkSession,
    contract: Contract,
    files: Sequence[BronzeFile],
    read_rows: RowsRead | None = None,
) -> DataFrame:
    """Return every record of a dataset's BRONZE files as one cleaned row; with no file, an empty frame.

    Columns: those of ``RecordReader.schema``; for transactions the two comparable times; ``event_date``. Rows
    are in no order. Nothing is read but file listings and Parquet footers. ``read_rows`` hears of each row
    when it is read: hand it over for one reading alone.

    Raises:
        ContractError: an expression of a source cannot be computed.
        ValueError: a file whose facts do not say how to read it.
    """
    by_layout: dict[Layout, list[BronzeFile]] = defaultdict(list)
    for file in files:
        by_layout[layout(file)].append(file)
    frames = gather(spark, contract, by_layout, read_rows)
    if not frames:
        frames = [spark.createDataFrame([], RecordReader(contract, conventions(contract, None)).schema)]
    rows = reduce(DataFrame.unionByName, frames).withColumns(peculiar_columns(contract))
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
