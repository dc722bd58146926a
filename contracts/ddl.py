"""DDL of a contract's warehouse table, for Redshift and DuckDB."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from contracts.model import Kind

if TYPE_CHECKING:
    from contracts.model import Column, Contract, DataType

_MAX_VARCHAR_BYTES = 65_535
_PII_COMMENT = "'pii: masked in docs, metrics and logs'"


class Dialect(StrEnum):
    """SQL dialect of a warehouse."""

    REDSHIFT = "redshift"
    DUCKDB = "duckdb"


# Timestamps are UTC in a type without zone: the same wall clock in every session time zone.
_COMMON_TYPES = {
    Kind.INTEGER: "INTEGER",
    Kind.BIGINT: "BIGINT",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.DATE: "DATE",
    Kind.BOOLEAN: "BOOLEAN",
}
_TYPES = {
    Dialect.REDSHIFT: {**_COMMON_TYPES, Kind.DOUBLE: "DOUBLE PRECISION"},
    Dialect.DUCKDB: {**_COMMON_TYPES, Kind.DOUBLE: "DOUBLE", Kind.STRING: "VARCHAR"},
}


def create_table(
    contract: Contract, dialect: Dialect, schema: str, *, table: str | None = None
) -> tuple[str, ...]:
    """Return the statements that create a contract's table if missing: CREATE TABLE, then column comments.

    Args:
        contract: defines the columns and their order (COPY of Parquet goes by position).
        dialect: of the statements.
        schema: an existing schema of the warehouse.
        table: the table's name; by default the contract's.

    Only Redshift gets the primary key: it uses it for planning without enforcing it. DuckDB would build an
    index to enforce a key that the gate has already checked. PII columns carry a comment.
    """
    name = f"{quote(schema)}.{quote(table or contract.name)}"
    lines = [_column_line(column, dialect) for column in contract.columns]
    if dialect is Dialect.REDSHIFT:
        lines.append(f"  PRIMARY KEY ({_listed(contract.key)})")
    create = f"CREATE TABLE IF NOT EXISTS {name} (\n" + ",\n".join(lines) + "\n)"
    if dialect is Dialect.REDSHIFT:
        create += _distribution(contract)
    comments = (
        f"COMMENT ON COLUMN {name}.{quote(column)} IS {_PII_COMMENT}" for column in contract.pii_columns
    )
    return (create, *comments)


def sql_type(declared: DataType, dialect: Dialect) -> str:
    """Return the SQL spelling of a type.

    Redshift counts a VARCHAR's length in bytes; a string without a length limit gets the maximum.
    """
    if declared.kind is Kind.DECIMAL:
        return f"DECIMAL({declared.precision},{declared.scale})"
    if declared.kind is Kind.STRING and dialect is Dialect.REDSHIFT:
        return f"VARCHAR({declared.max_bytes or _MAX_VARCHAR_BYTES})"
    return _TYPES[dialect][declared.kind]


def quote(identifier: str) -> str:
    """Return an identifier in double quotes, which both dialects accept unchanged."""
    if not identifier or "\x00" in identifier:
        raise ValueError(f"invalid identifier {identifier!r}")
    return '"' + identifier.replace('"', '""') + '"'


def _column_line(column: Column, dialect: Dialect) -> str:
    null = " NOT NULL" if column.required else ""
    return f"  {quote(column.name)} {sql_type(column.type, dialect)}{null}"


def _distribution(contract: Contract) -> str:
    """Return Redshift's distribution and sort keys."""
    clauses = f"\nDISTKEY ({quote(contract.dist_key)})" if contract.dist_key else "\nDISTSTYLE AUTO"
    if contract.sort_key:
        clauses += f"\nSORTKEY ({_listed(contract.sort_key)})"
    return clauses


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(quote(name) for name in names)
