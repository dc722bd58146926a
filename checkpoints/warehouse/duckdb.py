"""The embedded warehouse: one DuckDB file, the default, and what Redshift is held against."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb

from checkpoints.lake.manifest import ColumnSum
from checkpoints.warehouse.duckdb_errors import speaking
from checkpoints.warehouse.footers import footer_findings
from checkpoints.warehouse.warehouse import (
    Finding,
    LoadedRelease,
    LoadedTable,
    LoadOutcome,
    LoadStatus,
    PreflightFailed,
    WarehouseError,
)
from contracts.ddl import Dialect, create_table, quote, sql_type
from contracts.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checkpoints.warehouse.request import LoadRequest, TableLoad
    from checkpoints.warehouse.warehouse import Reconcile
    from contracts.model import Column

_SCHEMA = "main"
_RELEASE = f'"{_SCHEMA}"."_lakegate_release"'
_CREATE_RELEASE = f"""CREATE TABLE IF NOT EXISTS {_RELEASE} (
  version VARCHAR NOT NULL, run_id VARCHAR NOT NULL, checksum VARCHAR NOT NULL, loaded_at TIMESTAMP NOT NULL
)"""


class DuckDBWarehouse:
    """A DuckDB file. It is opened for each call and closed after it, so that BI can have it in between.

    Args:
        path: the file; it and its folder are created by the first load.
        memory_limit: what DuckDB may use before it spills to disk, in its own spelling. It shares the machine
            with Spark, so its own default (most of the memory) would be too much.
    """

    def __init__(self, path: Path, *, memory_limit: str = "2GB") -> None:
        self._path = path.absolute()
        self._memory_limit = memory_limit

    @property
    def uri(self) -> str:
        """``duckdb://`` and the file's path."""
        return f"duckdb://{self._path}"

    def preflight(self, request: LoadRequest) -> tuple[Finding, ...]:
        """Compare footers, contracts and live tables; see ``Warehouse``."""
        findings = footer_findings(request)
        if not self._path.exists():
            return findings
        with self._open(read_only=True) as connection:
            return (*findings, *(f for table in request.tables for f in _drift(connection, table)))

    def load(self, request: LoadRequest, reconcile: Reconcile, *, now: datetime) -> LoadOutcome:
        """Replace all tables by the release's in one transaction; see ``Warehouse``."""
        if findings := self.preflight(request):
            raise PreflightFailed(findings, where=self.uri)
        with self._open(read_only=False) as connection:
            if _holds(connection, request):
                tables = _measure(connection, request)
                if all(table.is_as_released for table in tables):
                    is_accepted = reconcile(tables)
                    return LoadOutcome(LoadStatus.UNCHANGED if is_accepted else LoadStatus.REFUSED, tables)
            # Whatever is raised before the commit closes the connection, and that rolls back.
            connection.begin()
            for table in request.tables:
                _replace(connection, table)
            _write_down(connection, request, now)
            tables = _measure(connection, request)
            if not reconcile(tables):
                connection.rollback()
                return LoadOutcome(LoadStatus.REFUSED, tables)
            connection.commit()
            return LoadOutcome(LoadStatus.LOADED, tables)

    def measure(self, request: LoadRequest) -> tuple[LoadedTable, ...]:
        """Count what the file holds of the release's tables; see ``Warehouse``."""
        if not self._path.exists():
            return tuple(_nothing_of(table) for table in request.tables)
        with self._open(read_only=True) as connection:
            return _measure(connection, request)

    def loaded_release(self) -> LoadedRelease | None:
        """Return the release that the file shows; None when there is no file, or no release in it."""
        if not self._path.exists():
            return None
        with self._open(read_only=True) as connection:
            return _loaded_release(connection)

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        if not read_only:
            _make_folder(self._path)
        with speaking(self._path):
            connection = duckdb.connect(
                str(self._path),
                read_only=read_only,
                # Without insertion order a load streams; nobody may lean on an order anyway.
                config={"memory_limit": self._memory_limit, "preserve_insertion_order": "false"},
            )
            try:
                connection.execute(
                    "SET TimeZone = 'UTC'"
                )  # the tables' timestamps have no zone: they are UTC
                yield connection
            finally:
                connection.close()


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(
            f"the warehouse's folder cannot be made: {error.strerror}",
            where=str(path),
            next_step="name a file that can be written by --warehouse duckdb:///path",
        ) from error


def _replace(connection: duckdb.DuckDBPyConnection, table: TableLoad) -> None:
    """Make a table anew from the files of its manifest.

    DuckDB's DDL is transactional: readers see the old table until the commit. A new table costs less than
    deleting every row of the old one, and takes on what a newer contract adds.
    """
    name = _named(table)
    connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in create_table(table.contract, Dialect.DUCKDB, _SCHEMA):
        connection.execute(statement)
    if not table.files:
        return
    columns = table.contract.columns
    listed = ", ".join(quote(column.name) for column in columns)
    cast = ", ".join(_as_promised(column) for column in columns)
    connection.execute(
        f"INSERT INTO {name} ({listed}) SELECT {cast} FROM read_parquet(?, hive_partitioning = false)",  # noqa: S608 - quoted names, bound values
        [[_globless(table.place(file).uri) for file in table.files]],
    )


def _as_promised(column: Column) -> str:
    """Return what is selected for a column: its value in the table's type.

    A file's timestamps are moments, the table's are without a zone, in UTC: that is the same number, which a
    cast would find out by the calendar, row by row.
    """
    if column.type.kind is Kind.TIMESTAMP:
        return f"make_timestamp(epoch_us({quote(column.name)}))"
    return f"CAST({quote(column.name)} AS {sql_type(column.type, Dialect.DUCKDB)})"


def _globless(uri: str) -> str:
    """Return a local path that DuckDB does not take for a pattern."""
    if "://" in uri:
        raise WarehouseError(
            "the DuckDB warehouse loads from a local lake only",
            where=uri,
            next_step="name a Redshift warehouse by --warehouse, or use a local lake",
        )
    return "".join(f"[{character}]" if character in "*?[" else character for character in uri)


def _write_down(connection: duckdb.DuckDBPyConnection, request: LoadRequest, now: datetime) -> None:
    connection.execute(_CREATE_RELEASE)
    connection.execute(f"DELETE FROM {_RELEASE}")  # noqa: S608 - a constant
    connection.execute(
        f"INSERT INTO {_RELEASE} VALUES (?, ?, ?, ?)",  # noqa: S608 - a constant
        [
            request.release.version,
            request.release.run_id,
            request.checksum,
            now.astimezone(UTC).replace(tzinfo=None),
        ],
    )


def _holds(connection: duckdb.DuckDBPyConnection, request: LoadRequest) -> bool:
    """Return whether the file shows this very release, in tables that are as the contracts say."""
    release = _loaded_release(connection)
    if release is None or (release.version, release.checksum) != (request.release.version, request.checksum):
        return False
    return all(
        _live_columns(connection, table.name)
        == {c.name: sql_type(c.type, Dialect.DUCKDB) for c in table.contract.columns}
        for table in request.tables
    )


def _loaded_release(connection: duckdb.DuckDBPyConnection) -> LoadedRelease | None:
    if not _live_columns(connection, "_lakegate_release"):
        return None
    row = connection.execute(f"SELECT version, run_id, checksum, loaded_at FROM {_RELEASE}").fetchone()  # noqa: S608 - a constant
    return None if row is None else LoadedRelease(row[0], row[1], row[2], row[3].replace(tzinfo=UTC))


def _measure(connection: duckdb.DuckDBPyConnection, request: LoadRequest) -> tuple[LoadedTable, ...]:
    return tuple(_measure_table(connection, table) for table in request.tables)


def _measure_table(connection: duckdb.DuckDBPyConnection, table: TableLoad) -> LoadedTable:
    expected = table.manifest.sums
    live = _live_columns(connection, table.name)
    if not live or any(one.column not in live for one in expected):
        return _nothing_of(table)
    sums = "".join(f", coalesce(sum({quote(one.column)}), 0)" for one in expected)
    row = connection.execute(f"SELECT count(*){sums} FROM {_named(table)}").fetchone()  # noqa: S608 - quoted names
    assert row is not None  # noqa: S101 - an aggregate always has a row
    found = tuple(ColumnSum(one.column, Decimal(total)) for one, total in zip(expected, row[1:], strict=True))
    return LoadedTable(table.name, row[0], table.rows, found, expected)


def _nothing_of(table: TableLoad) -> LoadedTable:
    expected = table.manifest.sums
    return LoadedTable(
        table.name, 0, table.rows, tuple(ColumnSum(one.column, Decimal(0)) for one in expected), expected
    )


def _drift(connection: duckdb.DuckDBPyConnection, table: TableLoad) -> Iterator[Finding]:
    """Yield what a live table has that the contract would take from BI: a column, a type."""
    live = _live_columns(connection, table.name)
    promised = {column.name: sql_type(column.type, Dialect.DUCKDB) for column in table.contract.columns}
    if live and _is_view(connection, table.name):
        yield Finding(table.name, None, f"a view is there; run DROP VIEW {_named(table)}")
        return
    for name, found in live.items():
        column = f"ALTER TABLE {_named(table)} %s COLUMN {quote(name)}"
        if name not in promised:
            problem = f"the live table has it, the contract does not; run {column % 'DROP'} if it may go"
            yield Finding(table.name, name, problem)
        elif found != promised[name]:
            change = f"{column % 'ALTER'} TYPE {promised[name]}"
            problem = (
                f"expected {promised[name]}, found {found} in the live table; run {change} if that is right"
            )
            yield Finding(table.name, name, problem)


def _live_columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Return a live table's columns and types, in order; none when there is no such table."""
    rows = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = current_database() AND schema_name = ? AND table_name = ?"
        " ORDER BY column_index",
        [_SCHEMA, table],
    ).fetchall()
    return dict(rows)


def _is_view(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM duckdb_views() WHERE database_name = current_database()"
        " AND schema_name = ? AND view_name = ?",
        [_SCHEMA, table],
    ).fetchone()
    return found is not None


def _named(table: TableLoad) -> str:
    return f"{quote(_SCHEMA)}.{quote(table.name)}"
