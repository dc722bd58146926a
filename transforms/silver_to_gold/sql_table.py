"""Gold tables given as SQL: one SELECT over silver and gold, planned and checked by Spark (spec 5)."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException, ParseException

from contracts.derivation import DERIVED_FROM
from contracts.errors import YamlLocation
from contracts.spark import struct_type
from transforms.spark_trees import children, class_name, reads_clock, sequence, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import DataFrame

    from contracts.errors import ContractError
    from contracts.model import Contract, Query
    from contracts.spark import JavaObject

# Temporary views belong to the session, which concurrent tables share.
_VIEWS = Lock()
_UNSTABLE = "a second run could differ"
# Aggregates whose result does not depend on the order of the rows. Sums of floating-point numbers do.
_EXACT = frozenset(
    {
        *("Count", "CountIf", "RegrCount", "Min", "Max", "Sum", "Average", "BoolAnd", "BoolOr"),
        *("BitAndAgg", "BitOrAgg", "BitXorAgg", "Median", "Percentile", "PercentileCont", "PercentileDisc"),
        "HyperLogLogPlusPlus",
    }
)
_SUMMING = frozenset({"Sum", "Average"})
_FLOATING = frozenset({"double", "float"})
# Which rows they return is not determined by the rows that they read.
_SOME_ROWS = {"GlobalLimit": "LIMIT", "LocalLimit": "LIMIT", "Offset": "OFFSET", "Sample": "TABLESAMPLE"}
_OWN_ROWS = frozenset({"OneRowRelation", "LocalRelation", "Range", "CTERelationRef"})
# Words that the parser replaces by a date or a time of the clock.
_CLOCK_WORDS = ("now", "today", "tomorrow", "yesterday")


def sql_table(contract: Contract, query: Query, inputs: Mapping[str, DataFrame]) -> DataFrame:
    """Plan the table that a contract's SELECT gives. No job runs.

    Grain, columns and types are those of the SELECT, which ``check_query`` compares with the contract.

    Args:
        contract: of the table.
        query: its SELECT; it reads each input as the table of its name.
        inputs: the tables that the contract is derived from, at least one.

    Raises:
        ContractError: not one SELECT, or a table, column or function is unknown.
    """
    session: JavaObject = next(iter(inputs.values())).sparkSession
    with _VIEWS:
        try:
            session._jsparkSession.sessionState().sqlParser().parseQuery(query.sql)
            for name, frame in inputs.items():
                frame.createOrReplaceTempView(name)
            table: DataFrame = session.sql(query.sql)
        except ParseException as error:
            raise _error(contract, query, f"is not one SELECT: {_sentence(error)}") from error
        except AnalysisException as error:
            raise _error(
                contract,
                query,
                f"cannot be resolved: {_sentence(error)}",
                f"it can read the tables that {DERIVED_FROM} names: {', '.join(inputs)}",
            ) from error
        finally:
            for name in inputs:
                session.catalog.dropTempView(name)
    return table


def check_query(contract: Contract, query: Query, inputs: Mapping[str, DataFrame]) -> None:
    """Check that a SELECT gives the contract's columns from its inputs alone, and the same in every run.

    Args:
        contract: of the table.
        query: its SELECT.
        inputs: frames with the schemas of the tables that the contract is derived from; no rows are needed.

    Raises:
        ContractError: names file and YAML path of the SELECT, or of ``derivedFrom``.
    """
    table: JavaObject = sql_table(contract, query, inputs)
    read = set()
    for plan in _plans(table._jdf.queryExecution().analyzed()):
        name = class_name(plan)
        if name == "View" and plan.isTempView():
            read.add(plan.desc().identifier().table())
            continue
        if name == "View" or (not children(plan) and name not in _OWN_ROWS):
            raise _error(contract, query, f"reads data that {DERIVED_FROM} does not name ({name})")
        if name in _SOME_ROWS:
            raise _error(
                contract,
                query,
                f"uses {_SOME_ROWS[name]}: {_UNSTABLE}",
                "select rows by a condition, such as on row_number() over an order without ties",
            )
        for expression in sequence(plan.expressions()):
            _check_stable(contract, query, expression)
    if unread := [name for name in inputs if name not in read]:
        raise YamlLocation(contract.path, f"customProperties.{DERIVED_FROM}").error(
            f"the SQL does not read {', '.join(unread)}", next_step="remove what it does not read"
        )
    _check_columns(contract, query, table)


def _plans(plan: JavaObject) -> Iterator[JavaObject]:
    """Yield a plan's nodes, those of subqueries too, but not those below a view."""
    yield plan
    if class_name(plan) != "View":
        for child in (*children(plan), *sequence(plan.subqueries())):
            yield from _plans(child)


def _check_stable(contract: Contract, query: Query, expression: JavaObject) -> None:
    """Raise ContractError for a function that can give another result for the same rows.

    Aggregates over a window see their rows in its order.
    """
    windowed = []
    for node in walk(expression):
        name = class_name(node)
        if name == "WindowExpression":
            windowed.append(node.windowFunction())
        if name == "AggregateExpression" and not any(node.fastEquals(other) for other in windowed):
            _check_aggregate(contract, query, node.aggregateFunction())
        if reads_clock(node) or (name == "Literal" and _is_clock_word(node)):
            raise _error(
                contract,
                query,
                f"reads the clock or the session: {node.sql()}; {_UNSTABLE}",
                "use a column",
            )
        if not node.deterministic() and all(child.deterministic() for child in children(node)):
            raise _error(contract, query, f"uses {node.sql()}, which is not deterministic: {_UNSTABLE}")


def _check_aggregate(contract: Contract, query: Query, function: JavaObject) -> None:
    name = class_name(function)
    if name not in _EXACT:
        raise _error(
            contract,
            query,
            f"uses {function.sql()}, which depends on the order of the rows: {_UNSTABLE}",
            "use min or max, or row_number() over an order without ties",
        )
    if name in _SUMMING and children(function)[0].dataType().typeName() in _FLOATING:
        raise _error(
            contract,
            query,
            f"uses {function.sql()}, whose rounding depends on the order of the rows: {_UNSTABLE}",
            "cast the summand to a decimal",
        )


def _is_clock_word(literal: JavaObject) -> bool:
    """Whether a literal was written as ``DATE 'today'``."""
    origin = literal.origin()
    if literal.dataType().typeName() not in ("date", "timestamp") or not origin.startIndex().isDefined():
        return False
    text = origin.sqlText().get()[origin.startIndex().get() : origin.stopIndex().get() + 1].lower()
    return any(word in text for word in _CLOCK_WORDS)


def _check_columns(contract: Contract, query: Query, table: DataFrame) -> None:
    """Raise ContractError unless the columns of the SELECT are the contract's, in any order."""
    expected = {field.name: field.dataType for field in struct_type(contract)}
    if sorted(table.columns) != sorted(expected):
        raise _error(
            contract,
            query,
            f"gives the columns {', '.join(table.columns)}, the contract has {', '.join(expected)}",
            "correct one of them",
        )
    for field in table.schema:
        wanted = expected[field.name]
        if field.dataType != wanted:
            raise _error(
                contract,
                query,
                f"gives {field.name} as {field.dataType.simpleString()}, the contract declares "
                f"{wanted.simpleString()}",
                f"write CAST(… AS {wanted.simpleString()}) AS {field.name}, or correct the contract",
            )


def _sentence(error: ParseException | AnalysisException) -> str:
    """Return the first line of Spark's message, without its codes and its general advice."""
    first = error.getMessage().splitlines()[0].partition("] ")[2]
    for end in (" SQLSTATE", " Verify the spelling"):
        first = first.partition(end)[0]
    return first.rstrip(". ")


def _error(contract: Contract, query: Query, problem: str, next_step: str = "") -> ContractError:
    return YamlLocation(contract.path, query.path).error(f"the SQL {problem}", next_step=next_step)
