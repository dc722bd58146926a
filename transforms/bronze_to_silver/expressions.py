"""Compute a source's SQL expressions over its records (spec 4.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf
from pyspark.sql import types as st

from contracts.spark import null_on_error
from transforms.bronze_to_silver.expression_functions import reading_function
from transforms.bronze_to_silver.parquet_text import typed_cell
from transforms.bronze_to_silver.record_columns import FLAW
from transforms.bronze_to_silver.records import Cell
from transforms.spark_trees import reads_clock, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from transforms.bronze_to_silver.conventions import Conventions
    from transforms.bronze_to_silver.expression_parser import Expression, SourcePath


def compute(
    frame: DataFrame,
    expressions: Collection[Expression],
    text_at: Callable[[SourcePath], Column | None],
    conventions: Conventions,
) -> tuple[DataFrame, Mapping[str, st.DataType]]:
    """Compute expressions over the records of one source.

    Args:
        frame: the records, with SOURCE_FILE, FLAW and, where an expression reads it, POSITION.
        expressions: what to compute.
        text_at: the text at a path in the source's record; None for a column that the source lacks.
        conventions: those by which ``number`` and ``moment`` read text.

    Returns:
        The frame with the result of each expression, and the types of their values by target.

    Raises:
        ContractError: an expression cannot be computed, or is not deterministic.
    """
    nothing = sf.lit(None).cast("string")
    inputs = {name: text_at(path) for expression in expressions for name, path in expression.inputs.items()}
    frame = frame.select(
        "*",
        *((nothing if text is None else text.cast("string")).alias(name) for name, text in inputs.items()),
    )
    types: dict[str, st.DataType] = {}
    results = []
    for expression in expressions:
        try:
            frame = _with_calls(frame, expression, conventions)
            # Within a branch not always taken, Spark does not hoist a part that can throw out of the try.
            tried = sf.when(
                sf.col(FLAW).isNull(), null_on_error(sf.struct(sf.expr(expression.sql).alias("value")))
            )
            result = frame.select(FLAW, tried.alias(expression.result))
        except AnalysisException as error:
            raise expression.error(f"cannot be computed ({error.getCondition()})") from error
        _check_deterministic(result, expression)
        types[expression.target] = _type_of(result)
        results.append(tried.alias(expression.result))
    return frame.select("*", *results), types


def computed_cell(expression: Expression, type: st.DataType) -> Cell:  # noqa: A002
    """Return the cell of a computed column; ``failure`` has the inputs of a failed expression, as JSON."""
    result = sf.col(expression.result)
    computed = typed_cell(result.getField("value"), type)
    texts = [
        sf.col(name).alias(".".join(map(str, (path.column, *path.steps))))
        for name, path in expression.inputs.items()
    ]
    inputs = sf.to_json(sf.struct(*texts)) if texts else sf.lit(expression.spec)
    failure = sf.when(sf.col(FLAW).isNull() & result.isNull(), inputs)
    return Cell(computed.text, computed.is_typed, computed.moment, failure)


def is_excluded(where: Expression, type: st.DataType) -> Column:  # noqa: A002
    """Return whether a record is excluded: its condition is not true, or fails. Flawed records are kept.

    Raises:
        ContractError: the expression is not boolean.
    """
    if not isinstance(type, st.BooleanType):
        raise where.error(f"is not a condition but a value of type {type.simpleString()}")
    is_true = sf.coalesce(sf.col(where.result).getField("value"), sf.lit(False))
    return sf.col(FLAW).isNull() & ~is_true


def _with_calls(frame: DataFrame, expression: Expression, conventions: Conventions) -> DataFrame:
    """Return the frame with the results of an expression's calls, inner calls first."""
    for call in expression.calls:
        try:
            function = reading_function(call.function, conventions, call.pattern)
        except ValueError as error:
            raise expression.error(f"cannot be computed: {error}") from error
        tried = sf.when(
            sf.col(FLAW).isNull(),
            null_on_error(sf.struct(sf.expr(call.argument).cast("string").alias("value"))),
        )
        read = function(tried.getField("value"), tried.isNull())
        frame = frame.select("*", read.alias(call.name))
    return frame


def _check_deterministic(result: DataFrame, expression: Expression) -> None:
    """Raise ContractError for an expression whose result could differ between runs."""
    frame: Any = result  # its Java side has no types
    column = frame._jdf.queryExecution().analyzed().projectList().last()
    if not column.deterministic():
        raise expression.error("is not deterministic: a second run could differ")
    if any(reads_clock(node) for node in walk(column)):
        raise expression.error("reads the clock or the session: a second run could differ")


def _type_of(frame: DataFrame) -> st.DataType:
    result = frame.schema.fields[-1].dataType
    assert isinstance(result, st.StructType)
    return result.fields[0].dataType
