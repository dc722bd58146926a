"""Row conditions that cannot fail: checked before a run, and guarded where a value could make them fail."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from contracts.spark import null_on_error
from contracts.system_columns import MALFORMED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pyspark.sql import Column, DataFrame

    from contracts.errors import ContractError
    from contracts.spark import JavaObject

    RuleError = Callable[[str, str], ContractError]  # from a problem and a next step


# Spark expressions that never throw, whatever their inputs.
_SAFE = frozenset(
    {
        "Alias", "And", "AttributeReference", "CaseWhen", "Coalesce", "CommonExpressionDef",
        "CommonExpressionRef", "Contains", "EndsWith", "EqualNullSafe", "EqualTo", "GreaterThan",
        "GreaterThanOrEqual", "If", "In", "InSet", "IsNaN", "IsNotNull", "IsNull", "Length", "LessThan",
        "LessThanOrEqual", "Literal", "Lower", "Not", "Or", "PythonUDF", "StartsWith", "StringTrim", "Upper",
        "With",
    }
)  # fmt: skip
_INTEGERS = {"tinyint": 3, "smallint": 5, "int": 10, "integer": 10, "bigint": 19, "long": 19}  # digits
# Expressions whose second child is a regular expression.
_REGEXES = frozenset(
    {"RLike", "RegExpReplace", "RegExpExtract", "RegExpExtractAll", "RegExpInStr", "StringSplit"}
)
# Expressions that depend on the time or the session.
_CLOCKS = frozenset(
    {
        "CurrentDate", "CurrentTime", "CurrentTimestamp", "LocalTimestamp", "Now", "UnixTimestampNow",
        "CurrentUser", "CurrentDatabase", "CurrentCatalog",
    }
)  # fmt: skip


def safe_condition(frame: DataFrame, condition: Column, error_of_rule: RuleError) -> Column:
    """Return a condition that fails for no row of a frame with this schema.

    A condition that could fail (a cast, arithmetic) is guarded: a row for which it fails breaks the rule; a
    malformed record, which has no values, does not. Any other is returned unchanged, at no cost.

    Args:
        frame: has the schema of the rows, and ``_malformed``; no row of it is computed.
        condition: true for a row that breaks the rule, and never null.
        error_of_rule: returns the error that names the rule.

    Raises:
        ContractError: the condition does not resolve, depends on other rows, on chance or on the clock, or
            holds a constant or a pattern that fails for every row.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        plan = _java(frame.where(condition)).queryExecution().analyzed()
        root = _parsed(plan.condition())
        if not _is_safe(root):
            _check_scope(plan, root, error_of_rule)
            optimizer = _jvm().org.apache.spark.sql.catalyst.optimizer
            plan = optimizer.ReplaceExpressions.apply(plan)
            _evaluate_constants(plan.condition())
            plan = optimizer.ConstantFolding.apply(plan)
            root = _parsed(plan.condition())
        _check_patterns(plan.condition(), root, error_of_rule)
    except (PySparkException, Py4JJavaError) as error:
        raise error_of_rule(
            f"its condition cannot be judged: {first_line(error)}", "correct the rule's arguments"
        ) from error
    return condition if _is_safe(root) else _true_on_error(condition)


def first_line(error: Exception | str) -> str:
    """Return the first line of an error's message; further lines of Spark's hold SQL, plan and stack."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def matches_schema(text: Column, schema: Mapping[str, object]) -> Column:
    """Return whether the text is JSON that matches the schema; false for invalid JSON and for null.

    A Python UDF: the schema is compiled once a worker.
    """
    from pyspark.sql import functions as sf

    return sf.udf(partial(_matches, json.dumps(schema)), "boolean", useArrow=False)(text)


def _matches(schema: str, text: str | None) -> bool:
    try:
        return text is not None and bool(_validator(schema).is_valid(json.loads(text)))
    except Exception:  # noqa: BLE001 - invalid JSON, nested too deep, …: the text does not match
        return False


@cache
def _validator(schema: str) -> Any:  # noqa: ANN401  (jsonschema is untyped)
    from jsonschema.validators import validator_for
    from referencing import Registry

    loaded = json.loads(schema)
    return validator_for(loaded)(loaded, registry=Registry())  # a registry that fetches nothing


@dataclass(frozen=True, slots=True)
class _Node:
    """One expression of a resolved condition. ``type``: Spark's name of its type; None for a nested one."""

    name: str
    type: str | None
    value: object  # of a literal
    children: tuple[_Node, ...]

    def all(self) -> Iterator[_Node]:
        """Yield this expression and all within it."""
        yield self
        for child in self.children:
            yield from child.all()


def _parsed(tree: JavaObject) -> _Node:
    """Return a Spark expression as nodes, with a single call to the JVM."""
    fields = iter(json.loads(tree.toJSON()))

    def node() -> _Node:
        found = next(fields)
        type_ = found.get("dataType")
        children = tuple(node() for _ in range(found["num-children"]))
        return _Node(
            name=found["class"].rpartition(".")[2],
            type=type_ if isinstance(type_, str) else None,
            value=found.get("value"),
            children=children,
        )

    return node()


def _is_safe(node: _Node) -> bool:
    """Return whether an expression throws for no value."""
    if not all(map(_is_safe, node.children)):
        return False
    match node.name:
        case "RLike" | "Like":
            return node.children[1].name == "Literal"
        case "Cast":
            return _is_safe_cast(node.children[0].type, node.type)
    return node.name in _SAFE


def _is_safe_cast(source: str | None, target: str | None) -> bool:
    """Return whether every value of one type can be cast to another. Spark casts numbers to compare them."""
    if source is None or target is None:
        return False
    if source == target or target == "string":
        return True
    if target == "timestamp":
        return source == "date"
    is_integer, is_decimal = source in _INTEGERS, source.startswith("decimal")
    if target in ("double", "float"):
        return is_integer or is_decimal or source in ("double", "float")
    if is_integer and target in _INTEGERS:
        return _INTEGERS[source] <= _INTEGERS[target]
    return target.startswith("decimal") and (is_integer or is_decimal) and _is_wider(target, source)


def _is_wider(target: str, source: str) -> bool:
    """Return whether a decimal type holds every value of an integer or decimal type."""
    digits, scale = _decimal(target)
    source_digits, source_scale = (_INTEGERS[source], 0) if source in _INTEGERS else _decimal(source)
    return scale >= source_scale and digits - scale >= source_digits - source_scale


def _decimal(type_: str) -> tuple[int, int]:
    digits, scale = type_.removeprefix("decimal(").removesuffix(")").split(",")
    return int(digits), int(scale)


def _check_scope(plan: JavaObject, root: _Node, error_of_rule: RuleError) -> None:
    """Raise for a condition that depends on more than its row."""
    if _jvm().org.apache.spark.sql.catalyst.expressions.SubqueryExpression.hasSubquery(plan.condition()):
        raise error_of_rule(
            "its condition holds a query, which depends on other rows", "judge each row by itself"
        )
    clock = next((node.name for node in root.all() if node.name in _CLOCKS), None)
    if clock is not None or not plan.condition().deterministic():
        raise error_of_rule(
            f"its condition depends on {clock or 'chance'}: two runs would judge the same row differently",
            "compare with a column, a constant, or the parameter as_of_limit",
        )


def _evaluate_constants(node: JavaObject) -> None:
    """Evaluate everything that does not depend on the row; raises what Spark would raise for every row."""
    if node.foldable():
        node.eval(None)
        return
    for child in _children(node):
        _evaluate_constants(child)


def _check_patterns(tree: JavaObject, root: _Node, error_of_rule: RuleError) -> None:
    """Compile every literal pattern: an invalid one would otherwise fail within a task."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    java = _jvm()
    pattern: object = None
    try:
        for node in root.all():
            if node.name in _REGEXES and node.children[1].name == "Literal":
                pattern = node.children[1].value
                java.java.util.regex.Pattern.compile(pattern)
        if any(node.name == "Like" for node in root.all()):
            for like in _named(tree, "Like"):
                pattern = like.right().toString()
                strings = java.org.apache.spark.sql.catalyst.util.StringUtils
                strings.escapeLikeRegex(pattern, like.escapeChar())
    except (PySparkException, Py4JJavaError) as error:
        found = getattr(error, "java_exception", None)
        reason = first_line(error) if found is None else first_line(ValueError(found.getMessage()))
        raise error_of_rule(
            f"Java cannot compile the pattern {pattern!r}: {reason}", "correct the pattern"
        ) from error


def _named(node: JavaObject, name: str) -> Iterator[JavaObject]:
    """Yield the expressions of one class within another."""
    if node.getClass().getSimpleName() == name:
        yield node
    for child in _children(node):
        yield from _named(child, name)


def _children(node: JavaObject) -> Iterator[JavaObject]:
    children = node.children()
    for number in range(children.size()):
        yield children.apply(number)


def _true_on_error(condition: Column) -> Column:
    """Return a condition that is true where the given one fails, and false for a malformed record."""
    from pyspark.sql import functions as sf

    guarded = null_on_error(sf.struct(condition.alias("value")))
    is_whole = sf.col(MALFORMED).isNull()
    return is_whole & sf.coalesce(sf.when(is_whole, guarded).getField("value"), sf.lit(True))


def _java(frame: DataFrame) -> JavaObject:
    classic: JavaObject = frame
    return classic._jdf


def _jvm() -> JavaObject:
    from pyspark import SparkContext

    context: JavaObject = SparkContext._active_spark_context
    return context._jvm
