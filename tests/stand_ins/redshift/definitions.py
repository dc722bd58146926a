"""CREATE, COMMENT, ALTER and DROP with Redshift's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from tests.stand_ins.redshift.dialect import ColumnSpec, column_spec, to_duckdb
from tests.stand_ins.redshift.errors import RedshiftServerError, UnsupportedSqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from tests.stand_ins.redshift.catalog import Catalog


@dataclass(frozen=True)
class Definitions:
    """DDL of one session; each method returns the command tag."""

    _cursor: duckdb.DuckDBPyConnection
    _catalog: Catalog
    _check_lengths: Callable[[str, str], None]
    _created: Callable[..., None]  # schema, and table unless the schema itself is new
    _is_in_transaction: bool

    def create(self, tree: exp.Create) -> str:
        """Create a schema, table or view."""
        kind, is_optional = tree.kind, bool(tree.args.get("exists"))
        if kind == "SCHEMA":
            name = tree.this.db or tree.this.name
            known = "SELECT 1 FROM _redshift.schemas WHERE nspname = ?"
            if not (is_optional and self._cursor.execute(known, [name]).fetchone()):
                self._cursor.execute(f'CREATE SCHEMA "{name}"')
                self._created(name)
            return "CREATE SCHEMA"
        table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        is_temporary = bool(tree.find(exp.TemporaryProperty))
        schema = self._catalog.temp_schema if is_temporary else table.db or self._catalog.search_path
        if is_temporary:
            self._cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        if self._catalog.kind(schema, table.name):
            if is_optional:
                return "CREATE TABLE"
            raise RedshiftServerError(f'Relation "{table.name}" already exists', "42P07")
        if kind == "VIEW":
            query = to_duckdb(tree.expression, self._catalog.schema_of)
            self._cursor.execute(f'CREATE VIEW "{schema}"."{table.name}" AS {query}')
            self._catalog.note_table(schema, table.name, "VIEW", ())
            self._created(schema, table.name)
            return "CREATE VIEW"
        if kind != "TABLE" or not isinstance(tree.this, exp.Schema) or tree.expression:
            raise UnsupportedSqlError(tree.sql())
        columns: tuple[ColumnSpec, ...] = ()
        for part in tree.this.expressions:
            if isinstance(part, exp.ColumnDef):
                columns += (column_spec(part),)
            elif isinstance(part, exp.LikeProperty):
                columns += self._catalog.columns(
                    part.this.db or self._catalog.schema_of(part.this.name), part.this.name
                )
            elif not isinstance(part, exp.PrimaryKey):  # accepted and not enforced
                raise UnsupportedSqlError(part.sql())
        lines = ", ".join(
            f'"{c.name}" {c.duckdb_type}{" NOT NULL" if c.is_required else ""}' for c in columns
        )
        self._cursor.execute(f'CREATE TABLE "{schema}"."{table.name}" ({lines})')
        self._catalog.note_table(schema, table.name, "BASE TABLE", columns)
        self._created(schema, table.name)
        return "CREATE TABLE"

    def comment(self, tree: exp.Comment) -> str:
        """Comment on a column."""
        if tree.args["kind"] != "COLUMN":
            raise UnsupportedSqlError(tree.sql())
        column = tree.this
        self._catalog.remark(column.db, column.table, column.name, tree.expression.this)
        return "COMMENT"

    def alter(self, tree: exp.Alter) -> str:
        """Change a table."""
        name, schema = tree.this.name, tree.this.db or self._catalog.schema_of(tree.this.name)
        if len(tree.args["actions"]) != 1:
            raise RedshiftServerError("ALTER TABLE takes one change at a time", "0A000")
        action = tree.args["actions"][0]
        columns = {column.name: column for column in self._catalog.columns(schema, name)}
        target = f'"{schema}"."{name}"'
        if isinstance(action, exp.ColumnDef):
            new = column_spec(action)
            if new.is_required:
                raise RedshiftServerError("ALTER TABLE ADD COLUMN defined as NOT NULL must have a default")
            if new.name in columns:
                raise RedshiftServerError(f'column "{new.name}" already exists', "42701")
            self._cursor.execute(f'ALTER TABLE {target} ADD COLUMN "{new.name}" {new.duckdb_type}')
            self._catalog.note_columns(schema, name, (*columns.values(), new))
        elif isinstance(action, exp.Drop):
            self._cursor.execute(f'ALTER TABLE {target} DROP COLUMN "{action.this.name}"')
            self._catalog.note_columns(
                schema, name, tuple(c for c in columns.values() if c.name != action.this.name)
            )
        elif isinstance(action, exp.AlterRename):
            self._cursor.execute(f'ALTER TABLE {target} RENAME TO "{action.this.name}"')
            self._catalog.rename(schema, name, action.this.name)
        elif isinstance(action, exp.AlterColumn) and action.args.get("dtype"):
            if self._is_in_transaction:
                raise RedshiftServerError("ALTER COLUMN cannot run inside a transaction block", "25001")
            new = column_spec(exp.ColumnDef(this=action.this, kind=action.args["dtype"]))
            old = columns[new.name]
            if (new.type, old.type) != ("character varying", "character varying"):
                raise RedshiftServerError("ALTER COLUMN TYPE is for VARCHAR only", "0A000")
            self._catalog.note_columns(
                schema, name, tuple(new if c.name == new.name else c for c in columns.values())
            )
            self._check_lengths(schema, name)
        else:
            raise UnsupportedSqlError(tree.sql())
        return "ALTER TABLE"

    def drop(self, tree: exp.Drop) -> str:
        """Remove a table or a view."""
        kind, tables = tree.args["kind"], list(tree.find_all(exp.Table))
        if kind not in ("TABLE", "VIEW") or len(tables) != 1:
            raise UnsupportedSqlError(tree.sql())
        name = tables[0].name
        schema = tables[0].db or self._catalog.schema_of(name)
        self._cursor.execute(f'DROP {kind} "{schema}"."{name}"')
        self._catalog.forget(schema, name)
        return f"DROP {kind}"
