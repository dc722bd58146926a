"""A source's expressions: contract columns computed from an upstream's own columns (spec 4.0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark import SparkContext
from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf
from pyspark.sql import types as st
from pyspark.sql.classic.column import Column as ClassicColumn

from contracts.errors import ContractError
from transforms.bronze_to_silver.records import FLAW, KEY, Cell
from transforms.bronze_to_silver.typed import typed_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from pyspark.sql import SparkSession

    from contracts.model import Contract


@dataclass(frozen=True, slots=True)
class Path:
    """A source column, or a member at some depth of its JSON: ``geoip.city_name``, ``products[0].price``."""

    column: str
    steps: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Expression:
    """One spec of a source, parsed. ``sql`` reads each of ``inputs`` as the column of its name."""

    target: str  # the contract column
    spec: str
    sql: str
    inputs: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class SpecPlace:
    """Where a spec stands, for errors."""

    contract: Contract
    source: str
    column: str

    def error(self, spec: str, reason: str) -> ContractError:
        """Return the error that names contract, source and column."""
        return ContractError(
            f"contract {self.contract.name}, source {self.source}, column {self.column}: {spec!r} {reason}",
            file=self.contract.path,
            path=f"sources.{self.source}.columns.{self.column}",
            next_step="write a source column's name, a nested path or a Spark SQL expression of one row",
        )


def check_expressions(spark: SparkSession, contract: Contract, names: Collection[str] = ()) -> None:
    """Check, before any file is read, that every spec of a contract's sources can run.

    Args:
        spark: the session whose parser and functions are asked.
        contract: the contract with the sources.
        names: known names of source columns; a spec that is one of them is no expression.

    Raises:
        ContractError: a spec that does not parse or resolve; it names contract, source and column.
    """
    for source in contract.sources:
        for column, spec in source.columns.items():
            if spec not in names:
                place = SpecPlace(contract, source.name, column)
                expression = parse_expression(spark, spec, place)
                nothing = spark.range(0).select(
                    sf.lit("").alias(KEY), sf.lit(None).cast("string").alias(FLAW)
                )
                compute(nothing, [expression], lambda _: sf.lit(None), {column: place})


def parse_expression(spark: SparkSession, spec: str, place: SpecPlace) -> Expression:
    """Parse one spec by Spark's own parser. Raises ContractError."""
    session: Any = spark  # its Java side has no types
    try:
        tree = session._jsparkSession.sessionState().sqlParser().parseExpression(spec)
    except ParseException as error:
        raise place.error(spec, f"does not parse ({error.getCondition()})") from error
    sql, inputs = spec, {}
    found = sorted(_paths(tree, spec, place), key=lambda item: item[0])
    for number, (start, stop, path) in reversed(list(enumerate(found))):
        name = KEY if path == Path(KEY) else f"lakegate input {place.column} {number}"
        sql = f"{sql[:start]}`{name}`{sql[stop + 1 :]}"
        if name != KEY:
            inputs[name] = path
    inputs = dict(reversed(inputs.items()))
    return Expression(place.column, spec, sql, inputs)


def compute(
    frame: DataFrame,
    expressions: Collection[Expression],
    read: Callable[[Path], Column | None],
    places: Mapping[str, SpecPlace],
) -> tuple[DataFrame, Mapping[str, Cell]]:
    """Compute expressions over the records of one source.

    Args:
        frame: the records; KEY and FLAW are read.
        expressions: what to compute; where one fails for a row, its cell holds the inputs as ``failure``.
        read: the text at a path in the source's record; None for a column that the source lacks.
        places: where each contract column's spec stands, for errors.

    Returns:
        The frame with further columns, and a cell for each contract column computed.
    """
    nothing = sf.lit(None).cast("string")
    inputs = {name: read(path) for expression in expressions for name, path in expression.inputs.items()}
    with_inputs = frame.select(
        "*",
        *((nothing if text is None else text.cast("string")).alias(name) for name, text in inputs.items()),
    )
    cells: dict[str, Cell] = {}
    results = []
    for expression in expressions:
        result = _caught(sf.struct(sf.expr(expression.sql).alias("value")))
        # Within a branch that is not always taken, Spark does not hoist a part that can throw out of the try.
        guarded = sf.when(sf.col(FLAW).isNull(), result).alias(_result(expression))
        try:
            type = _type_of(with_inputs.select(FLAW, guarded))  # noqa: A001
        except AnalysisException as error:
            raise places[expression.target].error(
                expression.spec, f"cannot be computed ({error.getCondition()})"
            ) from error
        results.append(guarded)
        cells[expression.target] = _cell(expression, type)
    return with_inputs.select("*", *results), cells


def _cell(expression: Expression, type: st.DataType) -> Cell:  # noqa: A002
    result = sf.col(_result(expression))
    computed = typed_cell(result.getField("value"), type)
    texts = [
        sf.col(name).alias(".".join(map(str, (path.column, *path.steps))))
        for name, path in expression.inputs.items()
    ]
    offending = sf.to_json(sf.struct(*texts)) if texts else sf.lit(expression.spec)
    failure = sf.when(sf.col(FLAW).isNull() & result.isNull(), offending)
    return Cell(computed.text, computed.is_typed, computed.moment, failure)


def _result(expression: Expression) -> str:
    return f"lakegate result {expression.target}"


def _type_of(frame: DataFrame) -> st.DataType:
    result = frame.schema.fields[-1].dataType
    assert isinstance(result, st.StructType)  # noqa: S101
    return result.fields[0].dataType


def _caught(column: Column) -> Column:
    """Return a column that is null for a row for which it throws, whatever it throws."""
    classic: Any = column  # its Java side has no types
    context: Any = SparkContext._active_spark_context
    spark = context._jvm.org.apache.spark.sql
    tried = spark.catalyst.expressions.TryEval(spark.classic.ExpressionUtils.expression(classic._jc))
    return ClassicColumn(spark.classic.ExpressionUtils.column(tried))


def _paths(node: Any, spec: str, place: SpecPlace) -> Iterator[tuple[int, int, Path]]:  # noqa: ANN401  (a Java tree)
    """Yield the source columns that a parsed expression reads, each with its first and last character."""
    name = node.getClass().getSimpleName()
    if name in ("WindowExpression", "UnresolvedWindowExpression"):
        raise place.error(spec, "looks at more than one row")
    path = _path(node, name)
    if path is not None:
        origin = node.origin()
        yield origin.startIndex().get(), origin.stopIndex().get(), path
        return
    children = node.children()
    for number in range(children.size()):
        yield from _paths(children.apply(number), spec, place)


def _path(node: Any, name: str) -> Path | None:  # noqa: ANN401  (a Java tree)
    if name == "UnresolvedAttribute":
        parts = node.nameParts()
        column, *steps = (parts.apply(number) for number in range(parts.size()))
        return Path(column, tuple(steps))
    if name != "UnresolvedExtractValue":
        return None
    child, key = node.child(), node.extraction()
    inner = _path(child, child.getClass().getSimpleName())
    if inner is None or key.getClass().getSimpleName() != "Literal":
        return None
    value = key.value()
    return Path(inner.column, (*inner.steps, value if isinstance(value, int) else value.toString()))
