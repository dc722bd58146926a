"""Schema comparison of live Redshift tables with contracts: DDL to run, and drift to fix manually."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.warehouse.redshift_sql import Statement, qualified
from checkpoints.warehouse.warehouse import SchemaMismatch
from contracts.ddl import Dialect, create_table, quote, sql_type
from contracts.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from contracts.model import Column, Contract

_TYPES = {
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "double precision": "DOUBLE PRECISION",
    "timestamp without time zone": "TIMESTAMP",
    "date": "DATE",
    "boolean": "BOOLEAN",
}


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column in Redshift's catalog; ``type`` as written in DDL."""

    name: str
    type: str
    max_bytes: int | None  # of a VARCHAR
    is_required: bool


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A table or view in Redshift's catalog, with its columns in order."""

    columns: tuple[LiveColumn, ...]
    is_view: bool = False

    def has(self, column: str) -> bool:
        """Whether the table has a column of that name."""
        return any(one.name == column for one in self.columns)


def read_live(
    columns: Iterable[Sequence[str | None]], tables: Iterable[Sequence[str | None]]
) -> dict[str, LiveTable]:
    """Return tables and views by name, from the rows of the queries ``live_columns`` and ``live_tables``."""
    found: dict[str, list[LiveColumn]] = {}
    for table, name, data_type, length, precision, scale, nullable in columns:
        max_bytes = int(length) if length and data_type == "character varying" else None
        ddl_type = _ddl_type(data_type or "", length, precision, scale)
        column = LiveColumn(name or "", ddl_type, max_bytes, is_required=nullable == "NO")
        found.setdefault(table or "", []).append(column)
    return {
        name or "": LiveTable(tuple(found.get(name or "", ())), is_view="VIEW" in (kind or ""))
        for name, kind in tables
    }


def drift(schema: str, contract: Contract, live: LiveTable | None) -> Iterator[SchemaMismatch]:
    """Yield mismatches that make a live table unable to take the contract's rows; additions are not."""
    if live is None:
        return
    if live.is_view:
        problem = f"a view has this name; run DROP VIEW {qualified(schema, contract.name)}"
        yield SchemaMismatch(contract.name, None, problem)
        return
    findings = [
        *_unexpected_columns(schema, contract, live),
        *_mismatched_columns(schema, contract, live),
    ]
    yield from findings or _misordered_columns(schema, contract, live)


def additions(schema: str, contract: Contract, live: LiveTable | None) -> Iterator[Statement]:
    """Yield the statements that create a missing table, or add the new columns at a contract's end.

    Added columns are nullable even when the contract requires them: Redshift cannot add NOT NULL columns to
    a table with rows, and the gate checks completeness.
    """
    create, *comments = create_table(contract, Dialect.REDSHIFT, schema)
    if live is None:
        yield Statement(create, table=contract.name)
        missing = set(contract.column_names)
    else:
        missing = {name for name in contract.column_names if not live.has(name)}
        for column in contract.columns:
            if column.name in missing:
                definition = f"{quote(column.name)} {sql_type(column.type, Dialect.REDSHIFT)}"
                yield Statement(f"{_alter(schema, contract)} ADD COLUMN {definition}", table=contract.name)
    for column_name, comment in zip(contract.pii_columns, comments, strict=True):
        if column_name in missing:
            yield Statement(comment, table=contract.name)


def _unexpected_columns(schema: str, contract: Contract, live: LiveTable) -> Iterator[SchemaMismatch]:
    for column in live.columns:
        if column.name not in contract.column_names:
            drop = f"{_alter(schema, contract)} DROP COLUMN {quote(column.name)}"
            problem = f"in the live table, but not in the contract; run {drop} if it can go"
            yield SchemaMismatch(contract.name, column.name, problem)


def _mismatched_columns(schema: str, contract: Contract, live: LiveTable) -> Iterator[SchemaMismatch]:
    found = {column.name: column for column in live.columns}
    for column in contract.columns:
        if column.name not in found:
            continue
        one, expected = found[column.name], sql_type(column.type, Dialect.REDSHIFT)
        if not _fits(column, one):
            problem = f"expected {expected}, found {one.type} in the live table; run "
            yield SchemaMismatch(contract.name, column.name, problem + _fix(schema, contract, column, live))
        elif one.is_required and not column.required:
            problem = f"NOT NULL in the live table, nullable in the contract; run {_rename(schema, contract)}"
            yield SchemaMismatch(contract.name, column.name, problem)


def _misordered_columns(schema: str, contract: Contract, live: LiveTable) -> Iterator[SchemaMismatch]:
    """Yield the first column out of order: COPY matches columns by position."""
    for number, (expected, found) in enumerate(zip(contract.column_names, live.columns, strict=False), 1):
        if expected != found.name:
            problem = (
                f"expected at position {number}, where the live table has {found.name} (COPY goes by"
                f" position); run {_rename(schema, contract)}"
            )
            yield SchemaMismatch(contract.name, expected, problem)
            return


def _fits(column: Column, live: LiveColumn) -> bool:
    """Whether a live column takes every value of a contract column. VARCHAR lengths are in bytes."""
    ddl_type = sql_type(column.type, Dialect.REDSHIFT)
    if column.type.kind is Kind.STRING and live.max_bytes is not None:
        return live.max_bytes >= int(ddl_type.removeprefix("VARCHAR(").removesuffix(")"))
    return live.type == ddl_type


def _fix(schema: str, contract: Contract, column: Column, live: LiveTable) -> str:
    """Return the statement that resolves a column's type mismatch, with instructions."""
    found = next(one for one in live.columns if one.name == column.name)
    is_widened = column.type.kind is Kind.STRING and found.max_bytes is not None
    if is_widened and column.primary_key_position is None:  # Redshift cannot alter a primary key column
        change = f"{quote(column.name)} TYPE {sql_type(column.type, Dialect.REDSHIFT)}"
        return f"{_alter(schema, contract)} ALTER COLUMN {change} outside a transaction"
    if live.columns[-1] == found and contract.columns[-1] == column:
        drop = f"{_alter(schema, contract)} DROP COLUMN {quote(column.name)}"
        return f"{drop}: the next load adds it again"
    return _rename(schema, contract)


def _rename(schema: str, contract: Contract) -> str:
    old = quote(f"{contract.name}_before_{contract.version.replace('.', '_')}")
    return f"{_alter(schema, contract)} RENAME TO {old}: the next load creates the table again"


def _alter(schema: str, contract: Contract) -> str:
    return f"ALTER TABLE {qualified(schema, contract.name)}"


def _ddl_type(data_type: str, length: str | None, precision: str | None, scale: str | None) -> str:
    if data_type == "character varying":
        return f"VARCHAR({length})"
    if data_type == "numeric":
        return f"DECIMAL({precision},{scale})"
    return _TYPES.get(data_type, data_type.upper())
