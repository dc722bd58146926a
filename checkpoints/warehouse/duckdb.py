"""DuckDB warehouse: one file; the default, and the reference for Redshift's behaviour."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb

from checkpoints.lake.manifest import ColumnSum
from checkpoints.warehouse.parquet_schema_check import footer_findings
from checkpoints.warehouse.warehouse import (
    LoadedRelease,
    LoadedTable,
    LoadOutcome,
    LoadStatus,
    PreflightError,
    SchemaMismatch,
    WarehouseBusyError,
    WarehouseError,
)
from contracts.ddl import Dialect, create_table, quote, sql_type
from contracts.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checkpoints.warehouse.load_request import LoadRequest, TableLoad
    from checkpoints.warehouse.warehouse import Reconcile
    from contracts.model import Column


_SCHEMA = "main"
_RELEASE = f'"{_SCHEMA}"."_lakegate_release"'
_CREATE_RELEASE = f"""CREATE TABLE IF NOT EXISTS {_RELEASE} (
  version VARCHAR NOT NULL, run_id VARCHAR NOT NULL, checksum VARCHAR NOT NULL, loaded_at TIMESTAMP NOT NULL
)"""
# Messages about a file that is not a DuckDB database, or a damaged one; DuckDB has no error type for it.
_CORRUPT_FILE_MESSAGES = (
    "not a valid DuckDB database",
    "Could not read enough bytes",
    "Corrupt database file",
    "Failed to load metadata",
    "Failure while replaying WAL",
)


class DuckDBWarehouse:
    """A DuckDB file, opened for each call and closed after it so that BI can use it in between.

    Args:
        path: the file; the first load creates it and its folder.
        memory_limit: memory that DuckDB may use before it spills to disk, such as ``2GB``. DuckDB's default
            (most of the machine) is too much beside Spark.
    """

    def __init__(self, path: Path, *, memory_limit: str = "2GB") -> None:
        self._path = path.absolute()
        self._memory_limit = memory_limit

    @property
    def uri(self) -> str:
        """``duckdb://`` and the absolute path."""
        return f"duckdb://{self._path}"

    def load(self, request: LoadRequest, reconcile: Reconcile, *, now: datetime) -> LoadOutcome:
        """Replace all tables by the release's in one transaction; see ``Warehouse``."""
        if findings := self._findings(request):
            raise PreflightError(findings, where=self.uri)
        with self._open(read_only=False) as connection:
            if _is_loaded(connection, request):
                tables = tuple(_measure(connection, table) for table in request.tables)
                if all(table.matches_manifest for table in tables):
                    is_accepted = reconcile(tables)
                    return LoadOutcome(LoadStatus.UNCHANGED if is_accepted else LoadStatus.REFUSED, tables)
            # An exception before the commit closes the connection, which rolls back.
            connection.begin()
            for table in request.tables:
                _replace(connection, table)
            _record_release(connection, request, now)
            tables = tuple(_measure(connection, table) for table in request.tables)
            if not reconcile(tables):
                connection.rollback()
                return LoadOutcome(LoadStatus.REFUSED, tables)
            connection.commit()
            return LoadOutcome(LoadStatus.LOADED, tables)

    def loaded_release(self) -> LoadedRelease | None:
        """Return the loaded release; None when there is no file or no release in it."""
        if not self._path.exists():
            return None
        with self._open(read_only=True) as connection:
            return _loaded_release(connection)

    def _findings(self, request: LoadRequest) -> tuple[SchemaMismatch, ...]:
        findings = footer_findings(request)
        if not self._path.exists():
            return findings
        with self._open(read_only=True) as connection:
            return (*findings, *(f for table in request.tables for f in _drift(connection, table)))

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        if not read_only:
            _make_folder(self._path)
        with translate_errors(self._path):
            connection = duckdb.connect(
                str(self._path),
                read_only=read_only,
                # Without insertion order a load can stream; no reader may rely on row order.
                config={"memory_limit": self._memory_limit, "preserve_insertion_order": "false"},
            )
            try:
                connection.execute("SET TimeZone = 'UTC'")  # timestamps in the tables have no zone: UTC
                yield connection
            finally:
                connection.close()


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(
            f"cannot create the warehouse's folder: {error.strerror}",
            where=str(path),
            next_step="choose a writable file with --warehouse duckdb:///path",
        ) from error


def _replace(connection: duckdb.DuckDBPyConnection, table: TableLoad) -> None:
    """Drop a table, create it again and fill it from the files of its manifest.

    DuckDB's DDL is transactional: readers see the old table until the commit. A new table costs less than
    deleting every row, and has the columns that a newer contract adds.
    """
    name = _qualified_name(table)
    connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in create_table(table.contract, Dialect.DUCKDB, _SCHEMA):
        connection.execute(statement)
    if not table.files:
        return
    columns = table.contract.columns
    listed = ", ".join(quote(column.name) for column in columns)
    cast = ", ".join(_selected(column) for column in columns)
    connection.execute(
        f"INSERT INTO {name} ({listed}) SELECT {cast} FROM read_parquet(?, hive_partitioning = false)",  # noqa: S608 - quoted names, bound values
        [[_globless(table.place(file).uri) for file in table.files]],
    )


def _selected(column: Column) -> str:
    """Return the SELECT expression of a column: its value in the table's type.

    Timestamps in files are instants, in the table UTC without a zone: the same number of microseconds. A cast
    would convert them through the calendar, row by row.
    """
    if column.type.kind is Kind.TIMESTAMP:
        return f"make_timestamp(epoch_us({quote(column.name)}))"
    return f"CAST({quote(column.name)} AS {sql_type(column.type, Dialect.DUCKDB)})"


def _globless(uri: str) -> str:
    """Return a local path with glob characters escaped."""
    if "://" in uri:
        raise WarehouseError(
            "DuckDB loads only from a local lake",
            where=uri,
            next_step="choose a Redshift warehouse with --warehouse, or use a local lake",
        )
    return "".join(f"[{character}]" if character in "*?[" else character for character in uri)


def _record_release(connection: duckdb.DuckDBPyConnection, request: LoadRequest, now: datetime) -> None:
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


def _is_loaded(connection: duckdb.DuckDBPyConnection, request: LoadRequest) -> bool:
    """Whether the file holds this release in tables that match the contracts."""
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


def _measure(connection: duckdb.DuckDBPyConnection, table: TableLoad) -> LoadedTable:
    expected = table.manifest.sums
    sums = "".join(f", coalesce(sum({quote(one.column)}), 0)" for one in expected)
    row = connection.execute(f"SELECT count(*){sums} FROM {_qualified_name(table)}").fetchone()  # noqa: S608 - quoted names
    assert row is not None  # an aggregate always has a row
    found = tuple(ColumnSum(one.column, Decimal(total)) for one, total in zip(expected, row[1:], strict=True))
    return LoadedTable(table.name, row[0], table.rows, found, expected)


def _drift(connection: duckdb.DuckDBPyConnection, table: TableLoad) -> Iterator[SchemaMismatch]:
    """Yield columns of a live table that the contract would drop or retype."""
    live = _live_columns(connection, table.name)
    expected = {column.name: sql_type(column.type, Dialect.DUCKDB) for column in table.contract.columns}
    if live and _is_view(connection, table.name):
        yield SchemaMismatch(
            table.name, None, f"a view has this name; run DROP VIEW {_qualified_name(table)}"
        )
        return
    for name, found in live.items():
        column = f"ALTER TABLE {_qualified_name(table)} %s COLUMN {quote(name)}"
        if name not in expected:
            problem = f"in the live table, but not in the contract; run {column % 'DROP'} if it can go"
            yield SchemaMismatch(table.name, name, problem)
        elif found != expected[name]:
            change = f"{column % 'ALTER'} TYPE {expected[name]}"
            problem = (
                f"expected {expected[name]}, found {found} in the live table; run {change} if that is right"
            )
            yield SchemaMismatch(table.name, name, problem)


def _live_columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Return types by column name, in column order; empty when the table does not exist."""
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


def _qualified_name(table: TableLoad) -> str:
    return f"{quote(_SCHEMA)}.{quote(table.name)}"


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Translate DuckDB errors to ``WarehouseError`` or ``WarehouseBusyError``."""
    try:
        yield
    except duckdb.Error as error:
        raise _warehouse_error(error, path) from error


def _warehouse_error(error: duckdb.Error, path: Path) -> WarehouseError | WarehouseBusyError:
    where, message = str(path), str(error)
    first_line = message.splitlines()[0] if message else type(error).__name__
    if "Could not set lock" in message:
        return WarehouseBusyError(
            "another process has the warehouse open",
            where=where,
            found=first_line.partition("held in ")[2].partition(". See")[0],
            next_step="close it there and run again",
        )
    if any(text in message for text in _CORRUPT_FILE_MESSAGES) or isinstance(
        error, duckdb.SerializationException
    ):
        return WarehouseError(
            "not a DuckDB database, or a damaged one",
            where=where,
            found=first_line,
            next_step="restore it, or move it away so that the next load creates a new one",
        )
    if "No space left" in message:
        return WarehouseError(
            "the disk is full",
            where=where,
            next_step="free some space and run again: the old release is unchanged",
        )
    if isinstance(error, duckdb.IOException):
        return WarehouseError(
            "cannot open the warehouse",
            where=where,
            found=first_line,
            next_step="choose a writable file with --warehouse duckdb:///path",
        )
    return WarehouseError(
        "the load into DuckDB failed",
        where=where,
        found=first_line,
        next_step="nothing was changed: the old release is still there",
    )
