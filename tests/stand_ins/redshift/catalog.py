"""Redshift's catalog: VARCHAR lengths, precisions and comments, which DuckDB does not keep.

A user sees only those tables in SVV_TABLES and SVV_COLUMNS that it owns or has a privilege on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.stand_ins.redshift.dialect import ColumnSpec
from tests.stand_ins.redshift.errors import RedshiftServerError

if TYPE_CHECKING:
    import duckdb

CATALOG = """
CREATE SCHEMA _redshift;
CREATE SCHEMA public;
CREATE TABLE _redshift.tables (
  table_schema VARCHAR, table_name VARCHAR, table_type VARCHAR, table_owner VARCHAR
);
CREATE TABLE _redshift.columns (
  table_schema VARCHAR, table_name VARCHAR, column_name VARCHAR, ordinal_position INTEGER, data_type VARCHAR,
  character_maximum_length INTEGER, numeric_precision INTEGER, numeric_scale INTEGER, is_nullable VARCHAR,
  remarks VARCHAR
);
CREATE MACRO redshift_divide(a, b) AS CASE WHEN b = 0 THEN error('Divide by zero') ELSE a // b END;
"""
VIEWS = """
CREATE VIEW _redshift.svv_tables AS SELECT * FROM _redshift.tables
  WHERE table_owner = getvariable('session_user')
  OR getvariable('session_user') IN (SELECT usename FROM _redshift.pg_user WHERE usesuper)
  OR (table_schema, table_name) IN (
    SELECT (namespace_name, relation_name) FROM _redshift.grants
    JOIN _redshift.identities ON (identity_name, identity_type) = (name, type)
  );
CREATE VIEW _redshift.svv_columns AS SELECT * FROM _redshift.columns
  WHERE (table_schema, table_name) IN (SELECT (table_schema, table_name) FROM _redshift.svv_tables);
"""
_OF_TABLE = "WHERE (table_schema, table_name) = (?, ?)"
_OF_GRANT = "WHERE (namespace_name, relation_name) = (?, ?)"


class Catalog:
    """The catalog in one session; changes are part of the session's transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, temp_schema: str, search_path: str) -> None:
        self._cursor, self.temp_schema, self.search_path = cursor, temp_schema, search_path

    def schema_of(self, table: str) -> str:
        """Return the schema of an unqualified table name; temporary tables come first."""
        for schema in (self.temp_schema, self.search_path):
            if self.kind(schema, table):
                return schema
        raise RedshiftServerError(f'relation "{table}" does not exist', "42P01")

    def kind(self, schema: str, table: str) -> str | None:
        """Return BASE TABLE or VIEW, or None if it does not exist."""
        sql = f"SELECT table_type FROM _redshift.tables {_OF_TABLE}"
        found = self._cursor.execute(sql, [schema, table]).fetchone()
        return found[0] if found else None

    def owner(self, schema: str, table: str) -> str | None:
        """Return a table's owner, or None if it does not exist."""
        sql = f"SELECT table_owner FROM _redshift.tables {_OF_TABLE}"
        found = self._cursor.execute(sql, [schema, table]).fetchall()
        return found[0][0] if found else None

    def columns(self, schema: str, table: str) -> tuple[ColumnSpec, ...]:
        """Return a table's columns in order."""
        if self.kind(schema, table) is None:
            raise RedshiftServerError(f'relation "{schema}.{table}" does not exist', "42P01")
        sql = (
            "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,"
            f" is_nullable = 'NO' FROM _redshift.columns {_OF_TABLE} ORDER BY ordinal_position"
        )
        return tuple(ColumnSpec(*row) for row in self._cursor.execute(sql, [schema, table]).fetchall())

    def note_table(self, schema: str, table: str, kind: str, columns: tuple[ColumnSpec, ...]) -> None:
        """Add a table or view."""
        self._cursor.execute("INSERT INTO _redshift.tables VALUES (?, ?, ?, NULL)", [schema, table, kind])
        self.note_columns(schema, table, columns)

    def note_columns(self, schema: str, table: str, columns: tuple[ColumnSpec, ...]) -> None:
        """Replace a table's columns."""
        sql = f"SELECT column_name, remarks FROM _redshift.columns {_OF_TABLE}"
        remarks = dict(self._cursor.execute(sql, [schema, table]).fetchall())
        self._cursor.execute(f"DELETE FROM _redshift.columns {_OF_TABLE}", [schema, table])
        for position, c in enumerate(columns, 1):
            sizes = (c.length, c.precision, c.scale, "NO" if c.is_required else "YES")
            self._cursor.execute(
                "INSERT INTO _redshift.columns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [schema, table, c.name, position, c.type, *sizes, remarks.get(c.name)],
            )

    def remark(self, schema: str, table: str, column: str, text: str) -> None:
        """Set a column's comment."""
        sql = f"UPDATE _redshift.columns SET remarks = ? {_OF_TABLE} AND column_name = ?"
        touched = self._cursor.execute(sql, [text, schema, table, column]).fetchone()
        if not touched or touched[0] != 1:
            raise RedshiftServerError(f'column "{column}" does not exist', "42703")

    def rename(self, schema: str, table: str, name: str) -> None:
        """Rename a table."""
        for catalog in ("tables", "columns"):
            sql = f"UPDATE _redshift.{catalog} SET table_name = ? {_OF_TABLE}"
            self._cursor.execute(sql, [name, schema, table])
        self._cursor.execute(
            f"UPDATE _redshift.grants SET relation_name = ? {_OF_GRANT}", [name, schema, table]
        )

    def forget(self, schema: str, table: str) -> None:
        """Remove a table or view."""
        for catalog in ("tables", "columns"):
            self._cursor.execute(f"DELETE FROM _redshift.{catalog} {_OF_TABLE}", [schema, table])
        self._cursor.execute(f"DELETE FROM _redshift.grants {_OF_GRANT}", [schema, table])

    def forget_temporary(self) -> None:
        """Remove the session's temporary tables."""
        for catalog in ("tables", "columns"):
            sql = f"DELETE FROM _redshift.{catalog} WHERE table_schema = ?"
            self._cursor.execute(sql, [self.temp_schema])
