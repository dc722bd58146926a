"""Syntax check of Spark SQL expressions, by sqlglot: Spark's own parser needs a JVM.

A run parses and resolves every expression in Spark; this finds what is plainly wrong in milliseconds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any  # Any: sqlglot's trees

from contracts.system_columns import POSITION, SOURCE_FILE
from transforms.bronze_to_silver.java_patterns import PatternError, java_pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

# Functions whose result differs between two runs (sqlglot's names).
_NOT_DETERMINISTIC = frozenset(
    {
        "CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "LOCALTIME",
        "LOCALTIMESTAMP", "MONOTONICALLY_INCREASING_ID", "NOW", "RAND", "RANDN", "RANDSTR", "SHUFFLE",
        "SPARK_PARTITION_ID", "UNIFORM", "UUID",
    }
)  # fmt: skip
_MOST_ARGUMENTS = {"number": 1, "moment": 2}
_CALL = re.compile(r"[A-Za-z_]\w*\(")
_SHOWN = 80


def condition_problems(sql: str, columns: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with a condition over the columns of a rule.

    Args:
        sql: a row condition.
        columns: those available; compared without case, as in Spark.
    """
    tree = _parse(sql)
    if isinstance(tree, str):
        yield f"{_shortened(sql)} is no SQL expression: {tree}"
        return
    yield from _tree_problems(tree, sql)
    known = {name.lower() for name in columns}
    for name in sorted(set(_column_names(tree))):
        if name.lower() not in known:
            yield f"{_shortened(sql)} names the unknown column {name!r}"


def source_problems(sql: str, *, is_condition: bool) -> Iterator[str]:
    """Yield what is wrong with an expression over a source's columns, whose names are not known.

    A spec that is no SQL is a column's name (spec 4.0), unless a condition is asked for.
    """
    tree = _parse(sql)
    if isinstance(tree, str):
        if is_condition:
            yield f"{_shortened(sql)} is no SQL expression: {tree}"
        return
    yield from _tree_problems(tree, sql)
    yield from _call_problems(tree, sql)


def query_problems(sql: str, tables: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with a SELECT.

    Args:
        sql: of a gold table, or of an expectation over unexpected rows.
        tables: those that it may read; compared without case, as in Spark.
    """
    from sqlglot import expressions as exp

    tree = _parse(sql)
    if isinstance(tree, str):
        yield f"{_shortened(sql)} is no SQL query: {tree}"
        return
    if not isinstance(tree, exp.Query):
        yield f"{_shortened(sql)} is not a SELECT"
        return
    known = {name.lower() for name in tables}
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    read = [table.sql("databricks") for table in tree.find_all(exp.Table) if table.name.lower() not in own]
    for name in dict.fromkeys(read):
        if name.split(" ")[0].strip("`").lower() not in known:
            yield f"{_shortened(sql)} reads {name}, and may read {', '.join(sorted(tables))}"
    for node in tree.walk():
        if _function_name(node) in _NOT_DETERMINISTIC:
            name = _function_name(node).lower()
            yield f"{_shortened(sql)} is not deterministic ({name}): a second run could differ"


def looks_like_a_failed_expression(sql: str) -> bool:
    """Whether a spec is read as a column's name although it has the form of a call.

    >>> looks_like_a_failed_expression("number(price"), looks_like_a_failed_expression("Price (EUR)")
    (True, False)
    """
    return isinstance(_parse(sql), str) and _CALL.search(sql) is not None


def _parse(sql: str) -> Any:  # noqa: ANN401  sqlglot's tree
    """Return sqlglot's tree, or the reason why there is none."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        return sqlglot.parse_one(sql, read="databricks")  # Spark 4's, with x:a.b
    except SqlglotError as error:
        details: list[dict[str, Any]] = getattr(error, "errors", [])
        is_cut_off = any(words in str(error).lower() for words in ("required keyword", "sentinel"))
        if details and not is_cut_off:
            return f"{details[0]['description'].rstrip('.').lower()} at character {details[0]['col']}"
        return f"incomplete at character {details[0]['col']}" if details else str(error)


def _tree_problems(tree: Any, sql: str) -> Iterator[str]:  # noqa: ANN401  sqlglot's tree
    from sqlglot import expressions as exp

    if not isinstance(tree, exp.Condition | exp.Alias):
        yield f"{_shortened(sql)} is a statement, not an expression"
        return
    for node in tree.walk():
        if isinstance(node, exp.Window):
            yield f"{_shortened(sql)} reads more than one row"
        elif isinstance(node, exp.AggFunc):
            yield f"{_shortened(sql)} aggregates over rows ({node.sql_name().lower()})"
        elif isinstance(node, exp.Query):
            yield f"{_shortened(sql)} reads other data than the row"
        elif _function_name(node) in _NOT_DETERMINISTIC:
            name = _function_name(node).lower()
            yield f"{_shortened(sql)} is not deterministic ({name}): a second run could differ"


def _call_problems(tree: Any, sql: str) -> Iterator[str]:  # noqa: ANN401  sqlglot's tree
    """Yield what is wrong with calls of ``number`` and ``moment``."""
    from sqlglot import expressions as exp

    for call in tree.find_all(exp.Anonymous):
        name, arguments = str(call.name).lower(), call.expressions
        most = _MOST_ARGUMENTS.get(name)
        if most is None:
            continue
        if not 1 <= len(arguments) <= most:
            yield f"{_shortened(sql)} gives {name} {len(arguments)} arguments, and it takes at most {most}"
        elif len(arguments) > 1:
            pattern = arguments[1]
            if not isinstance(pattern, exp.Literal):
                yield f"{_shortened(sql)} gives {name} a pattern that is not a literal"
                continue
            try:
                java_pattern(str(pattern.this))
            except PatternError as error:
                yield f"{_shortened(sql)}: {error}"


def _function_name(node: Any) -> str:  # noqa: ANN401  sqlglot's tree
    from sqlglot import expressions as exp

    if isinstance(node, exp.Anonymous):
        return str(node.name).upper()
    return node.sql_name().upper() if isinstance(node, exp.Func) else ""


def _column_names(tree: Any) -> Iterator[str]:  # noqa: ANN401  sqlglot's tree
    """Yield the columns of a tree; of a nested path, its first part."""
    from sqlglot import expressions as exp

    for column in tree.find_all(exp.Column):
        if not isinstance(column.this, exp.Star):
            name = column.parts[0].name
            if name not in (SOURCE_FILE, POSITION):
                yield name


def _shortened(sql: str) -> str:
    text = " ".join(sql.split())
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")
