"""Translation of lakegate's Redshift SQL to DuckDB; any other SQL raises.

Not covered: Redshift's parser, as sqlglot's is more lenient, and casts to VARCHAR(n), which do not truncate
here. Arithmetic other than integer division is not translated.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from tests.stand_ins.redshift.errors import RedshiftServerError, UnsupportedSqlError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MAX_IDENTIFIER_BYTES = 127
_FUNCTIONS = (
    exp.CurrentUser,
    exp.Count,
    exp.Sum,
    exp.Min,
    exp.Max,
    exp.Coalesce,
    exp.Cast,
    exp.Case,
    exp.If,
    exp.And,
    exp.Or,
)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Pow)
_CATALOG = (
    *("svv_columns", "svv_tables", "svv_roles", "pg_user", "pg_namespace", "pg_tables"),
    *("svv_schema_privileges", "svv_relation_privileges", "svv_default_privileges"),
)
_TYPES = {
    exp.DType.VARCHAR: "character varying",
    exp.DType.INT: "integer",
    exp.DType.BIGINT: "bigint",
    exp.DType.DECIMAL: "numeric",
    exp.DType.DOUBLE: "double precision",
    exp.DType.TIMESTAMP: "timestamp without time zone",
    exp.DType.DATE: "date",
    exp.DType.BOOLEAN: "boolean",
}
DUCKDB_TYPES = {
    "character varying": "VARCHAR",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "double precision": "DOUBLE",
    "timestamp without time zone": "TIMESTAMP",
    "date": "DATE",
    "boolean": "BOOLEAN",
}


@dataclass(frozen=True)
class ColumnSpec:
    """A column in Redshift's catalog; ``length`` in bytes."""

    name: str
    type: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    is_required: bool = False

    @property
    def duckdb_type(self) -> str:
        """The DuckDB type, which has no length."""
        if self.type == "numeric":
            return f"DECIMAL({self.precision},{self.scale})"
        return DUCKDB_TYPES[self.type]

    @property
    def display_type(self) -> str:
        """The type as in Redshift's messages."""
        if self.type == "numeric":
            return f"numeric({self.precision},{self.scale})"
        return f"{self.type}({self.length})" if self.length else self.type


def parse(sql: str) -> exp.Expression:
    """Return one statement's tree, with all names, also quoted ones, folded to lower case as in Redshift."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        found = sqlglot.parse(sql, read="redshift")
    except sqlglot.errors.SqlglotError as error:
        raise RedshiftServerError(f"syntax error: {str(error).splitlines()[0]}", "42601") from error
    if len(found) != 1 or found[0] is None:
        raise RedshiftServerError("cannot insert multiple commands into a prepared statement", "42601")
    tree = found[0]
    for name in tree.find_all(exp.Identifier):
        name.set("this", name.this.lower())
        if len(name.this.encode()) > _MAX_IDENTIFIER_BYTES:
            raise RedshiftServerError(
                f'identifier "{name.this}" is longer than {_MAX_IDENTIFIER_BYTES} bytes', "42622"
            )
    return tree


def parameters(tree: exp.Expression) -> tuple[str, ...]:
    """Return the names of a statement's parameters: ``name`` of ``:name``, ``1`` of ``$1``."""
    return tuple(dict.fromkeys(_name(node) for node in tree.find_all(exp.Placeholder, exp.Parameter)))


def bind(tree: exp.Expression, values: Mapping[str, str | None]) -> exp.Expression:
    """Return the statement with parameters replaced by text literals, which Redshift casts as needed."""

    def fill(node: exp.Expression) -> exp.Expression:
        if not isinstance(node, exp.Placeholder | exp.Parameter):
            return node
        if _name(node) not in values:
            raise RedshiftServerError(f"there is no parameter {_name(node)}", "42P02")
        value = values[_name(node)]
        return exp.Null() if value is None else exp.Literal.string(value)

    return tree.transform(fill)


def to_duckdb(tree: exp.Expression, resolve: Callable[[str], str]) -> str:
    """Return a query or DML statement in DuckDB's SQL.

    Args:
        tree: the statement with bound parameters.
        resolve: returns the schema of an unqualified table name.
    """
    for function in tree.find_all(exp.Func):
        if not isinstance(function, _FUNCTIONS):
            raise UnsupportedSqlError(f"the function {function.sql_name()}")
    for operation in tree.find_all(*_ARITHMETIC):
        raise UnsupportedSqlError(f"the operator of {operation.sql()}")

    def rewrite(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Div):
            if not (isinstance(node.this, exp.Literal) and not node.this.is_string):
                raise UnsupportedSqlError(f"the division {node.sql()}")
            return exp.func("redshift_divide", node.this, node.expression.transform(rewrite))
        if isinstance(node, exp.CurrentUser):
            return exp.func("getvariable", exp.Literal.string("session_user"))
        if isinstance(node, exp.Table) and not node.db:
            node = node.copy()
            schema = "_redshift" if node.name in _CATALOG else resolve(node.name)
            node.set("db", exp.to_identifier(schema, quoted=True))
        return node

    return tree.transform(rewrite).sql(dialect="duckdb")


def column_spec(definition: exp.ColumnDef) -> ColumnSpec:
    """Parse a column definition of CREATE TABLE or ALTER TABLE."""
    kind = definition.args["kind"]
    sizes = [int(size.this.this) for size in kind.expressions]
    if kind.this not in _TYPES:
        raise UnsupportedSqlError(f"the type {kind.sql()}")
    name, type_ = definition.name, _TYPES[kind.this]
    is_required = False
    for constraint in definition.args.get("constraints") or ():
        if not isinstance(constraint.kind, exp.NotNullColumnConstraint):
            raise UnsupportedSqlError(f"the constraint {constraint.sql()}")
        is_required = not constraint.kind.args.get("allow_null")
    if type_ == "character varying":
        length = sizes[0] if sizes else 256
        if length > 65_535:
            raise RedshiftServerError("length for type varchar cannot exceed 65535", "22023")
        return ColumnSpec(name, type_, length=length, is_required=is_required)
    if type_ == "numeric":
        precision, scale = (*sizes, 0)[:2] if sizes else (18, 0)
        if precision > 38:
            raise RedshiftServerError("NUMERIC precision must be between 1 and 38", "22023")
        return ColumnSpec(name, type_, precision=precision, scale=scale, is_required=is_required)
    return ColumnSpec(name, type_, is_required=is_required)


def _name(node: exp.Expression) -> str:
    return str(node.this.this if isinstance(node, exp.Parameter) else node.this)
