"""A contract's columns in Spark: schema, types and key hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from contracts.model import Column, Contract, DataType, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import types

JavaObject: TypeAlias = Any
"""An object of the JVM behind Spark: py4j resolves its members by name, without types."""


def struct_type(contract: Contract, *, with_derived: bool = True) -> types.StructType:
    """Return the schema of a contract's table, in column order.

    Args:
        contract: of any zone.
        with_derived: append the derived columns of silver. The partition column ``event_date`` is last, where
            Spark puts it when it reads the table.

    All fields are nullable, as in any Parquet that Spark reads; the gate checks required columns.
    """
    return struct_of(contract.silver_columns if with_derived else contract.columns)


def struct_of(columns: Iterable[Column]) -> types.StructType:
    """Return the schema of the given columns, all nullable."""
    from pyspark.sql import types

    return types.StructType([types.StructField(column.name, data_type(column.type)) for column in columns])


def data_type(declared: DataType) -> types.DataType:
    """Return the Spark type of a contract type."""
    from pyspark.sql import types

    match declared.kind:
        case Kind.STRING:
            return types.StringType()
        case Kind.INTEGER:
            return types.IntegerType()
        case Kind.BIGINT:
            return types.LongType()
        case Kind.DECIMAL:
            return types.DecimalType(declared.precision, declared.scale)
        case Kind.DOUBLE:
            return types.DoubleType()
        case Kind.TIMESTAMP:
            return types.TimestampType()
        case Kind.DATE:
            return types.DateType()
        case Kind.BOOLEAN:
            return types.BooleanType()


def key_hash(key: Sequence[str]) -> SparkColumn:
    """Return the 64-bit hash of a key (bigint, never null)."""
    from pyspark.sql import functions as sf

    return sf.xxhash64(*key)


def count_and_xor(hashes: SparkColumn) -> tuple[SparkColumn, SparkColumn]:
    """Return the aggregates ``distinct`` and ``xor``, a fingerprint of a set of keys given each hash once."""
    from pyspark.sql import functions as sf

    return sf.count(sf.lit(1)).alias("distinct"), sf.bit_xor(hashes).alias("xor")


def null_on_error(column: SparkColumn) -> SparkColumn:
    """Return a column that is null for a row for which the given one fails, whatever the error.

    Spark hoists common subexpressions out of the guard, and they fail there, unless the column is within a
    branch that is not always taken (``when``).
    """
    from pyspark import SparkContext
    from pyspark.sql.classic.column import Column as ClassicColumn

    classic: Any = column  # its Java side has no types
    context: Any = SparkContext._active_spark_context
    sql = context._jvm.org.apache.spark.sql
    guarded = sql.catalyst.expressions.TryEval(sql.classic.ExpressionUtils.expression(classic._jc))
    return ClassicColumn(sql.classic.ExpressionUtils.column(guarded))
