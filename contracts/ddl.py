"""A contract's table in the warehouse's own words: Redshift's, and DuckDB's, which stands in for it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from contracts.model import Kind

if TYPE_CHECKING:
    from contracts.model import Column, Contract, DataType

_MAX_VARCHAR_BYTES = 65_535
_PII_COMMENT = "'pii: masked in docs, metrics and logs'"


class Dialect(StrEnum):
    """Whose SQL."""

    REDSHIFT = "redshift"
    DUCKDB = "duckdb"


# Timestamps are UTC in a type without zone, so that both warehouses show the same wall clock to everybody.
_TYPES = {
    Dialect.REDSHIFT: {
        Kind.INTEGER: "INTEGER",
        Kind.BIGINT: "BIGINT",
        Kind.DOUBLE: "DOUBLE PRECISION",
        Kind.TIMESTAMP: "TIMESTAMP",
        Kind.DATE: "DATE",
        Kind.BOOLEAN: "BOOLEAN",
    },
    Dialect.DUCKDB: {
        Kind.STRING: "VARCHAR",
        Kind.INTEGER: "INTEGER",
        Kind.BIGINT: "BIGINT",
        Kind.DOUBLE: "DOUBLE",
        Kind.TIMESTAMP: "TIMESTAMP",
        Kind.DATE: "DATE",
        Kind.BOOLEAN: "BOOLEAN",
    },
}


def create_table(
    contract: Contract, dialect: Dialect, schema: str, *, table: str | None = None
) -> tuple[str, ...]:
    """Return the statements that create a contract's table if it is missing: CREATE TABLE, then the comments.

    Args:
        contract: whose columns, in their order (COPY of Parquet goes by position).
        dialect: whose SQL.
        schema: the warehouse's schema; it must be there.
        table: another name than the contract's.

    Redshift plans by the primary key and does not enforce it: the gate has judged it. DuckDB would build
    an index over every row to enforce what is judged already, so it gets none. PII columns carry a comment.
    """
    name = f"{quote(schema)}.{quote(table or contract.name)}"
    lines = [_column_line(column, dialect) for column in contract.columns]
    if dialect is Dialect.REDSHIFT:
        lines.append(f"  PRIMARY KEY ({_listed(contract.key)})")
    create = f"CREATE TABLE IF NOT EXISTS {name} (\n" + ",\n".join(lines) + "\n)"
    if dialect is Dialect.REDSHIFT:
        create += _placement(contract)
    comments = (
        f"COMMENT ON COLUMN {name}.{quote(column)} IS {_PII_COMMENT}" for column in contract.pii_columns
    )
    return (create, *comments)


def sql_type(promised: DataType, dialect: Dialect) -> str:
    """Return a promised type in a dialect's spelling.

    Redshift counts a VARCHAR's length in bytes; a string without a promised length takes the longest.
    """
    if promised.kind is Kind.DECIMAL:
        return f"DECIMAL({promised.precision},{promised.scale})"
    if promised.kind is Kind.STRING and dialect is Dialect.REDSHIFT:
        return f"VARCHAR({promised.max_bytes or _MAX_VARCHAR_BYTES})"
    return _TYPES[dialect][promised.kind]


def quote(identifier: str) -> str:
    """Return an identifier in double quotes, which both dialects read as it stands."""
    if not identifier or "\x00" in identifier:
        raise ValueError(f"{identifier!r} is no identifier")
    return '"' + identifier.replace('"', '""') + '"'


def _column_line(column: Column, dialect: Dialect) -> str:
    null = " NOT NULL" if column.required else ""
    return f"  {quote(column.name)} {sql_type(column.type, dialect)}{null}"


def _placement(contract: Contract) -> str:
    """Return where Redshift puts the rows: beside what they are joined with, in the order of filters."""
    words = f"\nDISTKEY ({quote(contract.dist_key)})" if contract.dist_key else "\nDISTSTYLE AUTO"
    if contract.sort_key:
        words += f"\nSORTKEY ({_listed(contract.sort_key)})"
    return words


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(quote(name) for name in names)
