"""Holds Redshift's live tables against the contracts: what may be added, and what a person has to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.warehouse.redshift_sql import Statement, qualified
from checkpoints.warehouse.warehouse import Finding
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
    """A column as Redshift's catalog shows it; ``type`` in the DDL's spelling."""

    name: str
    type: str
    max_bytes: int | None  # of a VARCHAR
    is_required: bool


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A table or a view as Redshift's catalog shows it, its columns in order."""

    columns: tuple[LiveColumn, ...]
    is_view: bool = False

    def has(self, column: str) -> bool:
        """Whether the table has a column of that name."""
        return any(one.name == column for one in self.columns)


def read_live(
    columns: Iterable[Sequence[str | None]], tables: Iterable[Sequence[str | None]]
) -> dict[str, LiveTable]:
    """Return the schema's tables and views by name, from the rows of ``live_columns`` and ``live_tables``."""
    found: dict[str, list[LiveColumn]] = {}
    for table, name, data_type, length, precision, scale, nullable in columns:
        max_bytes = int(length) if length and data_type == "character varying" else None
        spelled = _spelled(data_type or "", length, precision, scale)
        column = LiveColumn(name or "", spelled, max_bytes, is_required=nullable == "NO")
        found.setdefault(table or "", []).append(column)
    return {
        name or "": LiveTable(tuple(found.get(name or "", ())), is_view="VIEW" in (kind or ""))
        for name, kind in tables
    }


def drift(schema: str, contract: Contract, live: LiveTable | None) -> Iterator[Finding]:
    """Yield what keeps a contract's rows out of a live table; what only adds to the table does not."""
    if live is None:
        return
    if live.is_view:
        problem = f"a view is there; run DROP VIEW {qualified(schema, contract.name)}"
        yield Finding(contract.name, None, problem)
        return
    findings = [
        *_columns_too_many(schema, contract, live),
        *_columns_of_another_kind(schema, contract, live),
    ]
    yield from findings or _columns_in_another_order(schema, contract, live)


def additions(schema: str, contract: Contract, live: LiveTable | None) -> Iterator[Statement]:
    """Yield the statements that make a missing table, or add what a newer contract has at its end.

    An added column takes nulls even when the contract requires it: Redshift adds no other to a table that has
    rows, and it is the gate that judges completeness.
    """
    create, *comments = create_table(contract, Dialect.REDSHIFT, schema)
    if live is None:
        yield Statement(create, table=contract.name)
        missing = set(contract.column_names)
    else:
        missing = {name for name in contract.column_names if not live.has(name)}
        for column in contract.columns:
            if column.name in missing:
                words = f"ADD COLUMN {quote(column.name)} {sql_type(column.type, Dialect.REDSHIFT)}"
                yield Statement(f"ALTER TABLE {_named(schema, contract)} {words}", table=contract.name)
    for column_name, comment in zip(contract.pii_columns, comments, strict=True):
        if column_name in missing:
            yield Statement(comment, table=contract.name)


def _columns_too_many(schema: str, contract: Contract, live: LiveTable) -> Iterator[Finding]:
    for column in live.columns:
        if column.name not in contract.column_names:
            drop = f"ALTER TABLE {_named(schema, contract)} DROP COLUMN {quote(column.name)}"
            problem = f"the live table has it, the contract does not; run {drop} if it may go"
            yield Finding(contract.name, column.name, problem)


def _columns_of_another_kind(schema: str, contract: Contract, live: LiveTable) -> Iterator[Finding]:
    found = {column.name: column for column in live.columns}
    for column in contract.columns:
        if column.name not in found:
            continue
        one, promised = found[column.name], sql_type(column.type, Dialect.REDSHIFT)
        if not _fits(column, one):
            problem = f"expected {promised}, found {one.type} in the live table; run "
            yield Finding(contract.name, column.name, problem + _cure(schema, contract, column, live))
        elif one.is_required and not column.required:
            problem = f"the live table takes no null; run {_set_aside(schema, contract)}"
            yield Finding(contract.name, column.name, problem)


def _columns_in_another_order(schema: str, contract: Contract, live: LiveTable) -> Iterator[Finding]:
    """Yield the first column that COPY, which goes by position, would put elsewhere."""
    for number, (promised, found) in enumerate(zip(contract.column_names, live.columns, strict=False), 1):
        if promised != found.name:
            problem = (
                f"expected at position {number}, where the live table has {found.name} (COPY goes by"
                f" position); run {_set_aside(schema, contract)}"
            )
            yield Finding(contract.name, promised, problem)
            return


def _fits(promised: Column, live: LiveColumn) -> bool:
    """Whether a live column takes every value of a promised type. Redshift counts a VARCHAR in bytes."""
    spelled = sql_type(promised.type, Dialect.REDSHIFT)
    if promised.type.kind is Kind.STRING and live.max_bytes is not None:
        return live.max_bytes >= int(spelled.removeprefix("VARCHAR(").removesuffix(")"))
    return live.type == spelled


def _cure(schema: str, contract: Contract, column: Column, live: LiveTable) -> str:
    """Return the statement that makes room for a column of another type."""
    found = next(one for one in live.columns if one.name == column.name)
    if column.type.kind is Kind.STRING and found.max_bytes is not None:
        words = f"ALTER COLUMN {quote(column.name)} TYPE {sql_type(column.type, Dialect.REDSHIFT)}"
        return f"ALTER TABLE {_named(schema, contract)} {words} outside a transaction"
    if live.columns[-1] == found and contract.columns[-1] == column:
        drop = f"ALTER TABLE {_named(schema, contract)} DROP COLUMN {quote(column.name)}"
        return f"{drop}: the next load adds it anew"
    return _set_aside(schema, contract)


def _set_aside(schema: str, contract: Contract) -> str:
    old = quote(f"{contract.name}_before_{contract.version.replace('.', '_')}")
    return f"ALTER TABLE {_named(schema, contract)} RENAME TO {old}: the next load makes the table anew"


def _named(schema: str, contract: Contract) -> str:
    return qualified(schema, contract.name)


def _spelled(data_type: str, length: str | None, precision: str | None, scale: str | None) -> str:
    if data_type == "character varying":
        return f"VARCHAR({length})"
    if data_type == "numeric":
        return f"DECIMAL({precision},{scale})"
    return _TYPES.get(data_type, data_type.upper())
