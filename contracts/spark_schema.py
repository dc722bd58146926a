"""A contract's columns as a Spark StructType, so that no schema is ever inferred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.model import Column, Contract, DataType, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import types


def struct_type(contract: Contract, *, with_derived: bool = True) -> types.StructType:
    """Return a contract's columns in its order, as they are stored.

    Args:
        contract: of any zone.
        with_derived: also ``_extra``, ``_source_file`` and ``event_date`` of silver, behind the record's
            columns. Spark reads a partition column (``event_date``) back as the last one, which it is here.

    Every field is nullable, for Parquet written by Spark reads back so; that required columns hold no null is
    the gate's to judge.
    """
    return struct_of(contract.silver_columns if with_derived else contract.columns)


def struct_of(columns: Iterable[Column]) -> types.StructType:
    """Return some columns as a StructType, all nullable."""
    from pyspark.sql import types

    return types.StructType([types.StructField(column.name, data_type(column.type)) for column in columns])


def data_type(promised: DataType) -> types.DataType:
    """Return the Spark type of a promised type."""
    from pyspark.sql import types

    match promised.kind:
        case Kind.STRING:
            return types.StringType()
        case Kind.INTEGER:
            return types.IntegerType()
        case Kind.BIGINT:
            return types.LongType()
        case Kind.DECIMAL:
            return types.DecimalType(promised.precision, promised.scale)
        case Kind.DOUBLE:
            return types.DoubleType()
        case Kind.TIMESTAMP:
            return types.TimestampType()
        case Kind.DATE:
            return types.DateType()
        case Kind.BOOLEAN:
            return types.BooleanType()
