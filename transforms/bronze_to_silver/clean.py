"""The way of every BRONZE record, whatever it was written in, to a cleaned row of the contract."""

from __future__ import annotations

from collections import defaultdict
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame

from transforms.bronze_to_silver.files import BronzeFile
from transforms.bronze_to_silver.gather import Layout, gather, layout
from transforms.bronze_to_silver.gathered import Gathered, schema_of_nothing, unite
from transforms.bronze_to_silver.values import Conventions, conventions, typed_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import SparkSession

    from contracts.model import Contract
    from transforms.bronze_to_silver.records import Records

__all__ = ["BronzeFile", "cleaned_rows"]


def cleaned_rows(spark: SparkSession, contract: Contract, files: Sequence[BronzeFile]) -> DataFrame:
    """Return every record of a dataset's BRONZE files as one cleaned row; with no file, an empty frame.

    Columns, grain and the meaning of null: ``values.typed_rows``. Nothing is read but file listings and
    Parquet footers.

    Raises:
        ContractError: an expression of a source cannot be computed.
        ValueError: a file whose facts do not say how to read it.
    """
    by_layout: dict[Layout, list[BronzeFile]] = defaultdict(list)
    for file in files:
        by_layout[layout(file)].append(file)
    sources = {source.name: source for source in contract.sources}
    by_conventions: dict[Conventions, list[Records]] = defaultdict(list)
    for of, alike in by_layout.items():
        by = conventions(contract, sources.get(of.source or ""))
        by_conventions[by] += gather(spark, contract, of, alike)
    if not by_conventions:
        nothing = spark.createDataFrame([], schema_of_nothing(contract))
        return typed_rows(Gathered(nothing), contract, conventions(contract, None))
    rows = [typed_rows(unite(groups, contract), contract, by) for by, groups in by_conventions.items()]
    return reduce(DataFrame.unionByName, rows)
