"""Users, roles, owners and grants as in Redshift: what a session may do, and the statements that change it.

Names of users and roles are compared in lower case. Only the statements that lakegate sends are translated.
Not covered: groups, grants on databases and columns, REVOKE, and Redshift's exact messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from tests.stand_ins.redshift.errors import RedshiftServerError, UnsupportedSqlError

if TYPE_CHECKING:
    import duckdb

    from tests.stand_ins.redshift.catalog import Catalog

PRIVILEGES = """
CREATE SEQUENCE _redshift.user_ids START 100;
CREATE TABLE _redshift.pg_user (
  usename VARCHAR, usesysid BIGINT DEFAULT nextval('_redshift.user_ids'), usesuper BOOLEAN
);
CREATE TABLE _redshift.svv_roles (role_name VARCHAR);
CREATE TABLE _redshift.members (role_name VARCHAR, member VARCHAR);
CREATE TABLE _redshift.schemas (nspname VARCHAR, owner VARCHAR);
CREATE TABLE _redshift.grants (
  namespace_name VARCHAR, relation_name VARCHAR, privilege_type VARCHAR,
  identity_name VARCHAR, identity_type VARCHAR
);
CREATE TABLE _redshift.defaults (
  owner_name VARCHAR, schema_name VARCHAR, privilege_type VARCHAR, grantee_name VARCHAR, grantee_type VARCHAR
);
CREATE VIEW _redshift.pg_namespace AS
  SELECT nspname, usesysid AS nspowner FROM _redshift.schemas JOIN _redshift.pg_user ON owner = usename;
CREATE VIEW _redshift.pg_tables AS
  SELECT table_schema AS schemaname, table_name AS tablename, table_owner AS tableowner
  FROM _redshift.tables WHERE table_type = 'BASE TABLE';
CREATE VIEW _redshift.svv_schema_privileges AS
  SELECT * FROM _redshift.grants WHERE relation_name IS NULL;
CREATE VIEW _redshift.svv_relation_privileges AS
  SELECT * FROM _redshift.grants WHERE relation_name IS NOT NULL;
CREATE VIEW _redshift.svv_default_privileges AS SELECT *, 'RELATION' AS object_type FROM _redshift.defaults;
CREATE VIEW _redshift.identities AS
  SELECT getvariable('session_user') AS name, 'user' AS type UNION ALL
  SELECT role_name, 'role' FROM _redshift.members WHERE member = getvariable('session_user');
"""
_NAME = r'"?([^"\s,]+)"?'
_TABLE = r'"?(\w+)"?\."?(\w+)"?'
_GRANTEE = rf"(ROLE )?{_NAME}"
_FORMS = {
    "create_user": rf"CREATE USER {_NAME} PASSWORD DISABLE",
    "create_role": rf"CREATE ROLE {_NAME}",
    "grant_role": rf"GRANT ROLE {_NAME} TO {_NAME}",
    "own_schema": rf"ALTER SCHEMA {_NAME} OWNER TO {_NAME}",
    "own_table": rf"ALTER TABLE {_TABLE} OWNER TO {_NAME}",
    "grant_on_schema": rf"GRANT (USAGE|CREATE) ON SCHEMA {_NAME} TO {_GRANTEE}",
    "grant_on_tables": rf"GRANT (SELECT|INSERT|DELETE) ON TABLE (.+) TO {_GRANTEE}",
    "grant_later": rf"ALTER DEFAULT PRIVILEGES FOR USER {_NAME} IN SCHEMA {_NAME}"
    rf" GRANT (SELECT|INSERT|DELETE) ON TABLES TO {_GRANTEE}",
}
_OF_CHANGE = {exp.Insert: "INSERT", exp.Update: "UPDATE", exp.Delete: "DELETE"}


def is_about_privileges(sql: str) -> bool:
    """Whether a statement changes users, roles, owners or grants."""
    return re.match(r"CREATE (USER|ROLE)|GRANT|ALTER (SCHEMA|DEFAULT)|ALTER TABLE \S+ OWNER", sql) is not None


@dataclass(frozen=True)
class Privileges:
    """What one session's user may do."""

    _cursor: duckdb.DuckDBPyConnection
    _catalog: Catalog
    user: str

    def log_in(self, *, is_superuser: bool) -> None:
        """Create the user at its first login, as Redshift does for an IAM identity."""
        self._cursor.execute(f"SET VARIABLE session_user = '{self.user}'")
        if not self._exists("pg_user WHERE usename = ?", self.user):
            self._cursor.execute(
                "INSERT INTO _redshift.pg_user (usename, usesuper) VALUES (?, ?)", [self.user, is_superuser]
            )

    def check(self, tree: exp.Expression) -> None:
        """Raise unless the user may run a statement."""
        if self._is_superuser():
            return
        if isinstance(tree, exp.Create):
            self._check_create(tree)
        elif isinstance(tree, exp.Comment):
            self._require_owner(tree.this.args["db"].name, tree.this.table)
        elif isinstance(tree, exp.Alter | exp.Drop | exp.TruncateTable):
            table = next(tree.find_all(exp.Table))
            self._require_owner(self._schema_of(table), table.name)
        else:
            changed = tree.this.find(exp.Table) if type(tree) in _OF_CHANGE else None
            for table in tree.find_all(exp.Table):
                privilege = _OF_CHANGE[type(tree)] if table is changed else "SELECT"
                if not table.name.startswith(("svv_", "pg_")):
                    self.require(self._schema_of(table), table.name, privilege)

    def require(self, schema: str, table: str, privilege: str) -> None:
        """Raise unless the user may use the schema, and owns the table or has this privilege on it."""
        if schema == self._catalog.temp_schema or self._is_superuser():
            return
        self._require_on_schema(schema, "USAGE")
        owner = self._catalog.owner(schema, table)
        if owner not in (None, self.user) and not self._has(schema, table, privilege):
            raise RedshiftServerError(f"permission denied for relation {table}", "42501")

    def created(self, schema: str, table: str | None = None) -> None:
        """Note the owner of a new schema or table, and grant what is granted by default."""
        if table is None:
            self._cursor.execute("INSERT INTO _redshift.schemas VALUES (?, ?)", [schema, self.user])
            return
        self._cursor.execute(
            "UPDATE _redshift.tables SET table_owner = ? WHERE (table_schema, table_name) = (?, ?)",
            [self.user, schema, table],
        )
        self._cursor.execute(
            "INSERT INTO _redshift.grants SELECT schema_name, ?, privilege_type, grantee_name, grantee_type"
            " FROM _redshift.defaults WHERE (owner_name, schema_name) = (?, ?)",
            [table, self.user, schema],
        )

    def change(self, sql: str) -> str:
        """Run a statement about privileges; return its command tag."""
        for name, form in _FORMS.items():
            if found := re.fullmatch(form, sql.strip()):
                getattr(self, f"_{name}")(*(part and part.strip().lower() for part in found.groups()))
                return " ".join(sql.split()[:2]) if not sql.startswith("GRANT") else "GRANT"
        raise UnsupportedSqlError(sql)

    def _create_user(self, name: str) -> None:
        self._require_superuser("must be superuser to create users")
        if self._exists("pg_user WHERE usename = ?", name):
            raise RedshiftServerError(f'user "{name}" already exists', "42710")
        self._cursor.execute("INSERT INTO _redshift.pg_user (usename, usesuper) VALUES (?, false)", [name])

    def _create_role(self, name: str) -> None:
        self._require_superuser("permission denied to create role")
        if self._exists("svv_roles WHERE role_name = ?", name):
            raise RedshiftServerError(f'role "{name}" already exists', "42710")
        self._cursor.execute("INSERT INTO _redshift.svv_roles VALUES (?)", [name])

    def _grant_role(self, role: str, member: str) -> None:
        self._require_superuser("permission denied to grant role")
        self._cursor.execute("INSERT INTO _redshift.members VALUES (?, ?)", [role, member])

    def _own_schema(self, schema: str, owner: str) -> None:
        self._require_superuser(f"must be superuser to change owner of schema {schema}")
        self._require_grantee(owner, "user")
        self._cursor.execute("UPDATE _redshift.schemas SET owner = ? WHERE nspname = ?", [owner, schema])

    def _own_table(self, schema: str, table: str, owner: str) -> None:
        self._require_superuser(f"must be superuser to change owner of relation {table}")
        self._require_grantee(owner, "user")
        self._catalog.columns(schema, table)  # raises for a missing table
        self._cursor.execute(
            "UPDATE _redshift.tables SET table_owner = ? WHERE (table_schema, table_name) = (?, ?)",
            [owner, schema, table],
        )

    def _grant_on_schema(self, privilege: str, schema: str, role: str | None, name: str) -> None:
        if not self._is_superuser() and self._schema_owner(schema) != self.user:
            raise RedshiftServerError(f"permission denied for schema {schema}", "42501")
        self._grant(schema, None, privilege, role, name)

    def _grant_on_tables(self, privilege: str, tables: str, role: str | None, name: str) -> None:
        for text in tables.split(", "):
            found = re.fullmatch(_TABLE, text)
            if found is None:
                raise UnsupportedSqlError(text)
            schema, table = found.groups()
            self._catalog.columns(schema, table)
            if not self._is_superuser():
                self._require_owner(schema, table)
            self._grant(schema, table, privilege, role, name)

    def _grant_later(self, owner: str, schema: str, privilege: str, role: str | None, name: str) -> None:
        if owner != self.user:
            self._require_superuser("must be superuser to change default privileges of another user")
        kind = self._require_grantee(name, "role" if role else "user")
        self._require_grantee(owner, "user")
        self._cursor.execute(
            "INSERT INTO _redshift.defaults VALUES (?, ?, ?, ?, ?)",
            [owner, schema, privilege.upper(), name, kind],
        )

    def _grant(self, schema: str, table: str | None, privilege: str, role: str | None, name: str) -> None:
        kind = self._require_grantee(name, "role" if role else "user")
        self._cursor.execute(
            "INSERT INTO _redshift.grants VALUES (?, ?, ?, ?, ?)",
            [schema, table, privilege.upper(), name, kind],
        )

    def _check_create(self, tree: exp.Create) -> None:
        if tree.kind == "SCHEMA":
            raise RedshiftServerError("permission denied for database", "42501")
        if tree.find(exp.TemporaryProperty):
            for like in tree.find_all(exp.LikeProperty):
                self.require(self._schema_of(like.this), like.this.name, "SELECT")
            return
        table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        self._require_on_schema(table.db or self._catalog.search_path, "CREATE")

    def _require_owner(self, schema: str, table: str) -> None:
        if schema == self._catalog.temp_schema:
            return
        self._require_on_schema(schema, "USAGE")
        if self._catalog.owner(schema, table) not in (None, self.user):
            raise RedshiftServerError(f"must be owner of relation {table}", "42501")

    def _require_on_schema(self, schema: str, privilege: str) -> None:
        is_owned = schema == "public" or self._schema_owner(schema) in (None, self.user)
        if not (is_owned or self._has(schema, None, privilege)):
            raise RedshiftServerError(f"permission denied for schema {schema}", "42501")

    def _require_superuser(self, message: str) -> None:
        if not self._is_superuser():
            raise RedshiftServerError(message, "42501")

    def _require_grantee(self, name: str, kind: str) -> str:
        table = "pg_user WHERE usename = ?" if kind == "user" else "svv_roles WHERE role_name = ?"
        if not self._exists(table, name):
            raise RedshiftServerError(f'{kind} "{name}" does not exist', "42704")
        return kind

    def _is_superuser(self) -> bool:
        return self._exists("pg_user WHERE usename = ? AND usesuper", self.user)

    def _schema_owner(self, schema: str) -> str | None:
        sql = "SELECT owner FROM _redshift.schemas WHERE nspname = ?"
        found = self._cursor.execute(sql, [schema]).fetchall()
        return found[0][0] if found else None

    def _has(self, schema: str, table: str | None, privilege: str) -> bool:
        return self._exists(
            "grants JOIN _redshift.identities ON (identity_name, identity_type) = (name, type)"
            " WHERE namespace_name = ? AND relation_name IS NOT DISTINCT FROM ? AND privilege_type = ?",
            *(schema, table, privilege),
        )

    def _exists(self, what: str, *values: object) -> bool:
        return bool(self._cursor.execute(f"SELECT 1 FROM _redshift.{what}", list(values)).fetchall())

    def _schema_of(self, table: exp.Table) -> str:
        return table.db or self._catalog.schema_of(table.name)
