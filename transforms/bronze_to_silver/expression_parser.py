"""Parse a source's SQL expressions with Spark's parser, and rewrite them over working columns (spec 4.0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.errors import ParseException

from contracts.errors import ContractError
from contracts.system_columns import POSITION, SOURCE_FILE
from transforms.bronze_to_silver.expression_functions import FUNCTIONS
from transforms.spark_trees import children, class_name, sequence, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pyspark.sql import SparkSession

    from contracts.model import Contract
    from contracts.spark import JavaObject

_ADDED_COLUMNS = (SOURCE_FILE, POSITION)  # expressions may read these of any record
# Spark reads these words as functions where no column has their name.
_CLOCK_WORDS = frozenset({"current_date", "current_time", "current_timestamp", "localtimestamp"})


@dataclass(frozen=True, slots=True)
class SourcePath:
    """A source column, or a member at some depth of its JSON: ``geoip.city_name``, ``products[0].price``."""

    column: str
    steps: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call of ``number`` or ``moment`` within an expression.

    ``name``: the column of its result. ``argument``: SQL over the expression's inputs and the calls before.
    """

    name: str
    function: str
    argument: str
    pattern: str | None


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed spec of a source.

    ``sql`` reads each of ``inputs`` and ``calls`` as the column of its name. ``target``: the contract column;
    empty for a condition.
    """

    target: str
    spec: str
    location: SpecLocation
    sql: str
    inputs: Mapping[str, SourcePath]
    calls: Sequence[Call] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Its SQL, and that of its calls' arguments."""
        return (self.sql, *(call.argument for call in self.calls))

    @property
    def result(self) -> str:
        """The column of its result: struct<value>, null where it failed."""
        return f"lakegate result {self.target}"

    def error(self, reason: str) -> ContractError:
        """Return the error that names contract, source and column."""
        return self.location.error(self.spec, reason)


@dataclass(frozen=True, slots=True)
class SpecLocation:
    """Where a spec is in a contract, for errors. ``key``: ``columns.amount``, ``where``."""

    contract: Contract
    source: str
    key: str

    def error(self, spec: str, reason: str) -> ContractError:
        """Return the error that names contract, source and column."""
        what = self.key.replace("columns.", "column ")
        return ContractError(
            f"contract {self.contract.name}, source {self.source}, {what}: {spec!r} {reason}",
            file=self.contract.path,
            path=f"sources.{self.source}.{self.key}",
            next_step="write a source column's name, a nested path or a Spark SQL expression of one row",
        )


def column_name(spark: SparkSession, spec: str, names: Collection[str]) -> str | None:
    """Return the source column that a spec names; None for an expression.

    A spec is a name if it is one of ``names``, if it is not valid SQL, or if it is a single name in SQL.

    Args:
        spark: the session whose parser is used.
        spec: as in the contract.
        names: the stripped columns of the source's files.
    """
    if spec.strip() in names:
        return spec.strip()
    tree = _parse(spark, spec)
    if tree is None:
        return spec.strip()
    path = _path(tree, class_name(tree))
    if path is None or path.steps or path.column in _ADDED_COLUMNS or path.column.lower() in _CLOCK_WORDS:
        return None
    return path.column


def parse_expression(
    spark: SparkSession, spec: str, location: SpecLocation, names: Collection[str], target: str = ""
) -> Expression:
    """Parse one spec.

    Raises:
        ContractError: not valid SQL, or it reads the clock, other rows or other data.
    """
    tree = _parse(spark, spec)
    if tree is None:
        raise location.error(spec, "does not parse as SQL")
    rewriter = _Rewriter(spec, location, names, target)
    sql = rewriter.sql_of(tree, 0, len(spec))
    return Expression(target, spec, location, sql, rewriter.inputs, tuple(rewriter.calls))


class _Rewriter:
    """Rewrites a parsed spec into SQL over working columns, and collects their inputs and calls."""

    def __init__(self, spec: str, location: SpecLocation, names: Collection[str], target: str) -> None:
        self.inputs: dict[str, SourcePath] = {}
        self.calls: list[Call] = []
        self._spec, self._location, self._names, self._target = spec, location, names, target

    def sql_of(self, node: JavaObject, start: int, stop: int) -> str:
        """Return the spec from ``start`` to ``stop``, which is the text of ``node``, rewritten."""
        pieces, end = [], start
        for first, last, sql in sorted(self._replacements(node)):
            pieces += [self._spec[end:first], sql]
            end = last + 1
        return "".join((*pieces, self._spec[end:stop]))

    def _replacements(self, node: JavaObject) -> Iterator[tuple[int, int, str]]:
        """Yield first and last character of source columns and calls, and the SQL that replaces them."""
        name = class_name(node)
        if name in ("WindowExpression", "UnresolvedWindowExpression"):
            raise self._error("reads more than one row")
        if name.endswith("Subquery") or name == "Exists":
            raise self._error("reads other data than the record")
        path = _path(node, name)
        if path is not None:
            yield *_span(node), self._input(path)
        elif name == "UnresolvedFunction" and _function(node) in FUNCTIONS:
            yield *_span(node), self._call(node)
        else:
            for child in children(node):
                yield from self._replacements(child)

    def _input(self, path: SourcePath) -> str:
        if not path.steps and path.column in _ADDED_COLUMNS:
            return f"`{path.column}`"
        if not path.steps and path.column.lower() in _CLOCK_WORDS and path.column not in self._names:
            raise self._error("reads the clock: a second run could differ")
        name = f"lakegate input {self._target} {len(self.inputs)}"
        self.inputs[name] = path
        return f"`{name}`"

    def _call(self, node: JavaObject) -> str:
        function, arguments = _function(node), children(node)
        pattern = None
        if not 1 <= len(arguments) <= FUNCTIONS[function]:
            raise self._error(f"gives {function} {len(arguments)} arguments")
        first, last = _span(node)
        start, stop = self._spec.index("(", first) + 1, last
        if len(arguments) > 1:
            if class_name(arguments[1]) != "Literal":
                raise self._error(f"gives {function} a pattern that is not a literal")
            pattern = arguments[1].value().toString()
            stop = self._spec.rindex(",", start, _span(arguments[1])[0])
        if any("LambdaVariable" in class_name(inner) for inner in walk(node)):
            raise self._error(f"calls {function} within a lambda function")
        argument = self.sql_of(arguments[0], start, stop)
        name = f"lakegate call {self._target} {len(self.calls)}"
        self.calls.append(Call(name, function, argument, pattern))
        return f"if(`{name}`.failed, raise_error('{function}'), `{name}`.value)"

    def _error(self, reason: str) -> ContractError:
        return self._location.error(self._spec, reason)


def _parse(spark: SparkSession, spec: str) -> JavaObject:
    """Return the tree of a spec; None if it is not a SQL expression, or an alias (a name with blanks)."""
    session: JavaObject = spark
    try:
        tree = session._jsparkSession.sessionState().sqlParser().parseExpression(spec)
    except ParseException:
        return None
    return None if class_name(tree) in ("Alias", "MultiAlias") else tree


def _path(node: JavaObject, name: str) -> SourcePath | None:
    if name == "UnresolvedAttribute":
        column, *steps = _parts(node)
        return SourcePath(column, tuple(steps))
    if name != "UnresolvedExtractValue":
        return None
    child, key = node.child(), node.extraction()
    inner = _path(child, class_name(child))
    if inner is None or class_name(key) != "Literal":
        return None
    value = key.value()
    return SourcePath(inner.column, (*inner.steps, value if isinstance(value, int) else value.toString()))


def _function(node: JavaObject) -> str:
    return ".".join(_parts(node)).lower()


def _parts(node: JavaObject) -> list[str]:
    return sequence(node.nameParts())


def _span(node: JavaObject) -> tuple[int, int]:
    origin = node.origin()
    return origin.startIndex().get(), origin.stopIndex().get()
