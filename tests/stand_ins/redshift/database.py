"""A Redshift database implemented with DuckDB.

Like Redshift, and unlike DuckDB, it does not enforce primary keys, limits VARCHAR lengths in bytes, folds
names to lower case, divides integers as integers, fails on a division by zero, and rolls back a failed
transaction as a whole. TRUNCATE and ALTER TABLE … APPEND, which end a transaction, fail inside one.

Users, owners and grants: ``privileges``. Not covered: Redshift's grammar, speed, locks and isolation
(conflicts are detected as in DuckDB), DISTKEY and SORTKEY, and the exact content of the catalog views.
"""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
from sqlglot import exp

from tests.stand_ins.redshift.catalog import CATALOG, VIEWS, Catalog
from tests.stand_ins.redshift.copying import read_copy, read_files
from tests.stand_ins.redshift.definitions import Definitions
from tests.stand_ins.redshift.dialect import bind, parameters, parse, to_duckdb
from tests.stand_ins.redshift.errors import RedshiftServerError, UnsupportedSqlError
from tests.stand_ins.redshift.privileges import PRIVILEGES, Privileges, is_about_privileges

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Result:
    """Result of a statement: rows of a query, else the number of affected rows."""

    tag: str
    columns: tuple[tuple[str, str], ...] | None = None  # name and DuckDB type; None: no result set
    rows: tuple[tuple[object, ...], ...] = ()
    touched: int = 0


@dataclass
class InjectedError:
    """An error to raise once, instead of running the next statement that contains ``words``."""

    words: str
    message: str
    sqlstate: str = "XX000"


@dataclass
class RedshiftDatabase:
    """One database.

    ``s3`` is a boto3 client; ``roles`` are those that COPY may assume; ``superusers`` are users, in lower
    case, that log in as such.
    """

    s3: Any
    roles: tuple[str, ...] = ("default",)
    name: str = "lakehouse"
    users: dict[str, str] = field(default_factory=dict)  # passwords by user
    superusers: tuple[str, ...] = ("admin", "iamr:admin")
    injected_errors: list[InjectedError] = field(default_factory=list)
    copies_allowed: threading.Event = field(default_factory=threading.Event)  # clear it to block every COPY
    log: list[str] = field(default_factory=list)  # every statement received
    _connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    _numbers: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._connection.execute(CATALOG + PRIVILEGES + VIEWS)
        self.copies_allowed.set()

    def session(self, *, search_path: str = "public", user: str = "admin") -> Session:
        """Return a new session of a user."""
        temp_schema = f"pg_temp_{next(self._numbers)}"
        return Session(self, self._connection.cursor(), search_path, temp_schema, user.lower())

    def query(
        self, sql: str, *, search_path: str = "public", user: str = "admin"
    ) -> list[tuple[object, ...]]:
        """Run one statement in a new session of a user and return its rows."""
        session = self.session(search_path=search_path, user=user)
        try:
            return list(session.execute(sql).rows)
        finally:
            session.close()

    def raise_injected_error(self, sql: str) -> None:
        """Raise the injected error for a matching statement, once."""
        for trouble in self.injected_errors:
            if trouble.words in sql:
                self.injected_errors.remove(trouble)
                raise RedshiftServerError(trouble.message, trouble.sqlstate)


class Session:
    """A connection's state: its transaction and its temporary tables."""

    def __init__(
        self,
        database: RedshiftDatabase,
        cursor: duckdb.DuckDBPyConnection,
        search_path: str,
        temp_schema: str,
        user: str,
    ) -> None:
        self._database, self._cursor = database, cursor
        self._catalog = Catalog(cursor, temp_schema, search_path)
        self.is_in_transaction = False
        self.has_failed = False
        self.is_cancelled = threading.Event()
        cursor.execute("SET TimeZone = 'UTC'")
        self._privileges = Privileges(cursor, self._catalog, user)
        self._privileges.log_in(is_superuser=user in database.superusers)

    def describe(self, sql: str) -> tuple[tuple[str, str], ...] | None:
        """Return the columns of a statement's result set, or None if it has none."""
        if is_about_privileges(sql):
            return None
        tree = parse(sql)
        if not isinstance(tree, exp.Query):
            return None
        tree = bind(tree, dict.fromkeys(parameters(tree)))
        try:
            rows = self._cursor.execute(f"DESCRIBE {to_duckdb(tree, self._catalog.schema_of)}").fetchall()
        except duckdb.Error as error:
            self.has_failed = self.is_in_transaction
            raise _server_error(error) from error
        return tuple((row[0], row[1]) for row in rows)

    def execute(self, sql: str, values: Mapping[str, str | None] | None = None) -> Result:
        """Run one statement, as its own transaction outside BEGIN … COMMIT."""
        self._database.log.append(sql)
        if sql.lstrip()[:4].upper() == "COPY":
            tree: exp.Expression = exp.Command(this="COPY")
        elif is_about_privileges(sql):
            tree = exp.Command(this="PRIVILEGES")
        else:
            tree = parse(sql)
        if isinstance(tree, exp.Commit | exp.Rollback):
            return self._end(is_commit=isinstance(tree, exp.Commit) and not self.has_failed)
        if self.has_failed:
            raise RedshiftServerError(
                "current transaction is aborted, commands ignored until end of transaction block", "25P02"
            )
        if isinstance(tree, exp.Transaction):
            self._cursor.begin()
            self.is_in_transaction = True
            return Result("BEGIN")
        was_in_transaction = self.is_in_transaction
        if not was_in_transaction:
            self._cursor.begin()
        try:
            self._database.raise_injected_error(sql)
            result = self._carry_out(tree, sql, values or {})
            if not was_in_transaction:
                self._cursor.commit()
        except (RedshiftServerError, duckdb.Error) as error:
            if was_in_transaction:
                self.has_failed = True
            else:
                _roll_back(self._cursor)
            raise (error if isinstance(error, RedshiftServerError) else _server_error(error)) from error
        return result

    def begin(self) -> None:
        """Begin a transaction."""
        self.execute("BEGIN")

    def commit(self) -> None:
        """Commit the transaction, or roll it back if it has failed."""
        self._end(is_commit=not self.has_failed)

    def rollback(self) -> None:
        """Roll back the transaction."""
        self._end(is_commit=False)

    def close(self) -> None:
        """End the session: roll back and drop temporary tables."""
        if self.is_in_transaction:
            self.rollback()
        self._cursor.execute(f'DROP SCHEMA IF EXISTS "{self._catalog.temp_schema}" CASCADE')
        self._catalog.forget_temporary()
        self._cursor.close()

    def _end(self, *, is_commit: bool) -> Result:
        if self.is_in_transaction:
            if is_commit:
                try:
                    self._cursor.commit()
                except duckdb.Error as error:
                    raise _server_error(error) from error
                finally:
                    self.is_in_transaction = self.has_failed = False
            else:
                _roll_back(self._cursor)
        self.is_in_transaction = self.has_failed = False
        return Result("COMMIT" if is_commit else "ROLLBACK")

    def _carry_out(self, tree: exp.Expression, sql: str, values: Mapping[str, str | None]) -> Result:
        if isinstance(tree, exp.Command):
            if tree.this == "COPY":
                return self._copy(sql)
            if tree.this == "PRIVILEGES":
                return Result(self._privileges.change(sql))
            if "APPEND" in sql.upper():
                raise RedshiftServerError("ALTER TABLE APPEND cannot run inside a transaction block", "25001")
            raise UnsupportedSqlError(sql)
        self._privileges.check(tree)
        definitions = Definitions(
            self._cursor, self._catalog, self._check_lengths, self._privileges.created, self.is_in_transaction
        )
        handlers: dict[type[exp.Expression], Callable[[Any], str]] = {
            exp.Create: definitions.create,
            exp.Comment: definitions.comment,
            exp.Alter: definitions.alter,
            exp.Drop: definitions.drop,
        }
        for kind, handler in handlers.items():
            if isinstance(tree, kind):
                return Result(handler(tree))
        if isinstance(tree, exp.TruncateTable):
            return self._truncate(tree)
        tree = bind(tree, values)
        if isinstance(tree, exp.Query):
            return self._select(tree)
        if isinstance(tree, exp.Insert | exp.Update | exp.Delete):
            return self._change(tree)
        raise UnsupportedSqlError(sql)

    def _select(self, tree: exp.Expression) -> Result:
        cursor = self._cursor.execute(to_duckdb(tree, self._catalog.schema_of))
        columns = tuple((one[0], str(one[1])) for one in cursor.description or ())
        rows = tuple(cursor.fetchall())
        return Result("SELECT", columns, rows, len(rows))

    def _change(self, tree: exp.Expression) -> Result:
        found = self._cursor.execute(to_duckdb(tree, self._catalog.schema_of)).fetchone()
        touched = int(found[0]) if found else 0
        table = next(tree.find_all(exp.Table))
        if not isinstance(tree, exp.Delete):
            self._check_lengths(table.db or self._catalog.schema_of(table.name), table.name)
        return Result(type(tree).__name__.upper(), touched=touched)

    def _copy(self, sql: str) -> Result:
        command = read_copy(sql)
        if command.role not in self._database.roles:
            raise RedshiftServerError(f"User is not authorized to assume IAM Role {command.role}", "42501")
        while not self._database.copies_allowed.wait(0.01):
            if self.is_cancelled.is_set():
                raise RedshiftServerError("Query cancelled on user's request", "57014")
        schema = command.schema or self._catalog.schema_of(command.table)
        columns = self._catalog.columns(schema, command.table)
        self._privileges.require(schema, command.table, "INSERT")
        loaded = 0
        for arrow in read_files(self._database.s3, command, columns):
            self._cursor.register("copied", arrow)
            self._cursor.execute(f'INSERT INTO "{schema}"."{command.table}" SELECT * FROM copied')
            self._cursor.unregister("copied")
            loaded += arrow.num_rows
        self._check_lengths(schema, command.table)
        return Result("COPY", touched=loaded)

    def _check_lengths(self, schema: str, table: str) -> None:
        for column in self._catalog.columns(schema, table):
            if column.length is not None:
                found = self._cursor.execute(
                    f'SELECT max(strlen("{column.name}")) FROM "{schema}"."{table}"'
                ).fetchone()
                if found and (found[0] or 0) > column.length:
                    raise RedshiftServerError(
                        f"Value too long for type {column.display_type}: column {column.name}"
                        f" of {table} got {found[0]} bytes",
                        "22001",
                    )

    def _truncate(self, tree: exp.TruncateTable) -> Result:
        if self.is_in_transaction:
            raise RedshiftServerError("TRUNCATE would commit the transaction: not allowed here", "25001")
        table = tree.expressions[0]
        self._cursor.execute(
            f'DELETE FROM "{table.db or self._catalog.schema_of(table.name)}"."{table.name}"'
        )
        return Result("TRUNCATE")


def _roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.TransactionException):  # DuckDB may have rolled back already
        cursor.rollback()


def _server_error(error: duckdb.Error) -> RedshiftServerError:
    message = str(error).splitlines()[0]
    if "onflict" in message:
        return RedshiftServerError(f"1023 DETAIL: Serializable isolation violation on table ({message})")
    if isinstance(error, duckdb.ConstraintException):
        return RedshiftServerError(f"Cannot insert a NULL value into column ({message})", "23502")
    if "Divide by zero" in message:
        return RedshiftServerError("Divide by zero", "22012")
    if isinstance(error, duckdb.CatalogException):
        return RedshiftServerError(message, "42P01")
    return RedshiftServerError(message)
