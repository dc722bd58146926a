"""Owner and readers of a Redshift schema: what is to be granted, and what a login may not do.

Redshift maps an IAM role to the database user ``IAMR:<role>``, an IAM user to ``IAM:<user>``. A table belongs
to the user that created it; only its owner and superusers may alter, comment or drop it. Default privileges
apply to tables that one user creates later; only a superuser may set those of another user. Sources: ALTER
DEFAULT PRIVILEGES, CREATE USER and SVV_DEFAULT_PRIVILEGES in the Redshift Database Developer Guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.warehouse.redshift_sql import Statement, identifier, qualified
from contracts.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from checkpoints.warehouse.redshift_transport import Rows

# The characters of IAM names, after the prefix of an identity provider.
_PRINCIPAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:+=,.@-]{0,126}")


@dataclass(frozen=True, slots=True)
class Access:
    """Who is to load the tables of a schema, and who is to read them.

    Raises:
        ConfigurationError: a name has a character that no user or role has.
    """

    loader: str | None = None  # database user, the owner; None: the user of the login
    readers: tuple[str, ...] = ()  # database roles

    def __post_init__(self) -> None:
        """Validate the names, which are inserted into SQL."""
        named = [("--loader", self.loader)] if self.loader is not None else []
        for option, name in [*named, *(("--readers", reader) for reader in self.readers)]:
            if not _PRINCIPAL.fullmatch(name or ""):
                raise ConfigurationError(
                    "invalid name",
                    where=option,
                    expected="letters, digits and _ : + = , . @ -, as in IAMR:my-role",
                    found=repr(name),
                )


@dataclass(frozen=True, slots=True)
class LiveAccess:
    """Users, owners and grants in Redshift, as far as the login can see them. Names are in lower case."""

    login: str  # as Redshift writes it
    is_superuser: bool
    users: frozenset[str]
    schema_owner: str | None  # None: there is no schema
    table_owners: Mapping[str, str]  # by table
    roles: frozenset[str] = frozenset()
    usage: frozenset[str] = frozenset()  # roles with USAGE on the schema
    select: frozenset[tuple[str, str]] = frozenset()  # table and role
    defaults: frozenset[tuple[str, str]] = frozenset()  # owner, and role with SELECT on its later tables


def live_users() -> Statement:
    """Return the query for all users: name, whether a superuser, whether the login."""
    return Statement(
        "SELECT CAST(usename AS VARCHAR(128)), CASE WHEN usesuper THEN 'yes' ELSE 'no' END,"
        " CASE WHEN usename = current_user THEN 'yes' ELSE 'no' END FROM pg_user"
    )


def live_owners(schema: str) -> Statement:
    """Return the query for the owners of a schema ("") and of its tables: table, owner."""
    return Statement(
        "SELECT CAST('' AS VARCHAR(128)), CAST(u.usename AS VARCHAR(128))"
        " FROM pg_namespace AS n JOIN pg_user AS u ON n.nspowner = u.usesysid"
        " WHERE n.nspname = CAST(:schema AS VARCHAR(127))"
        "\nUNION ALL\n"
        "SELECT CAST(tablename AS VARCHAR(128)), CAST(tableowner AS VARCHAR(128))"
        " FROM pg_tables WHERE schemaname = CAST(:schema AS VARCHAR(127))",
        {"schema": schema},
    )


def live_roles() -> Statement:
    """Return the query for all database roles."""
    return Statement("SELECT CAST(role_name AS VARCHAR(128)) FROM svv_roles")


def live_grants(schema: str) -> tuple[Statement, Statement, Statement]:
    """Return the queries for roles with USAGE on a schema, SELECT on its tables, and SELECT by default."""
    named = {"schema": schema}
    return (
        Statement(
            "SELECT CAST(identity_name AS VARCHAR(128)) FROM svv_schema_privileges"
            " WHERE namespace_name = CAST(:schema AS VARCHAR(127))"
            " AND privilege_type = 'USAGE' AND identity_type = 'role'",
            named,
        ),
        Statement(
            "SELECT CAST(relation_name AS VARCHAR(128)), CAST(identity_name AS VARCHAR(128))"
            " FROM svv_relation_privileges WHERE namespace_name = CAST(:schema AS VARCHAR(127))"
            " AND privilege_type = 'SELECT' AND identity_type = 'role'",
            named,
        ),
        Statement(
            "SELECT CAST(owner_name AS VARCHAR(128)), CAST(grantee_name AS VARCHAR(128))"
            " FROM svv_default_privileges WHERE schema_name = CAST(:schema AS VARCHAR(127))"
            " AND object_type = 'RELATION' AND privilege_type = 'SELECT' AND grantee_type = 'role'",
            named,
        ),
    )


def read_live_access(
    users: Rows, owners: Rows, roles: Rows = (), grants: tuple[Rows, Rows, Rows] = ((), (), ())
) -> LiveAccess:
    """Return what the rows of the queries say."""
    by_table = {table or "": _fold(owner) for table, owner in owners}
    usage, select, defaults = grants
    return LiveAccess(
        login=next(str(name) for name, _, is_login in users if is_login == "yes"),
        is_superuser=any((is_super, is_login) == ("yes", "yes") for _, is_super, is_login in users),
        users=frozenset(_fold(name) for name, *_ in users),
        schema_owner=by_table.pop("", None),
        table_owners=by_table,
        roles=frozenset(_fold(name) for (name,) in roles),
        usage=frozenset(_fold(role) for (role,) in usage),
        select=frozenset((_fold(table), _fold(role)) for table, role in select),
        defaults=frozenset((_fold(owner), _fold(role)) for owner, role in defaults),
    )


def missing_principals(access: Access, live: LiveAccess) -> Iterator[Statement]:
    """Yield the statements that create the loader's user, without a password, and the readers' roles."""
    if access.loader is not None and _fold(access.loader) not in live.users:
        yield Statement(f"CREATE USER {_principal(access.loader)} PASSWORD DISABLE")
    for reader in access.readers:
        if _fold(reader) not in live.roles:
            yield Statement(f"CREATE ROLE {_principal(reader)}")


def missing_grants(
    schema: str, tables: Sequence[str], access: Access, live: LiveAccess
) -> Iterator[Statement]:
    """Yield the statements that give schema and tables to the loader and let the readers read.

    Args:
        schema: its name.
        tables: all tables of lakegate; those that are missing will have been created by the login.
        access: who is to load and to read.
        live: what there is.
    """
    login = _fold(live.login)
    loader = access.loader or live.login
    if (live.schema_owner or login) != _fold(loader):
        yield Statement(f"ALTER SCHEMA {identifier(schema)} OWNER TO {_principal(loader)}")
    for table in tables:
        if live.table_owners.get(table, login) != _fold(loader):
            name = qualified(schema, table)
            yield Statement(f"ALTER TABLE {name} OWNER TO {_principal(loader)}", table=table)
    for reader in access.readers:
        role = f"ROLE {_principal(reader)}"
        if _fold(reader) not in live.usage:
            yield Statement(f"GRANT USAGE ON SCHEMA {identifier(schema)} TO {role}")
        unread = [table for table in tables if (table, _fold(reader)) not in live.select]
        if unread:
            names = ", ".join(qualified(schema, table) for table in unread)
            yield Statement(f"GRANT SELECT ON TABLE {names} TO {role}")
        if (_fold(loader), _fold(reader)) not in live.defaults:
            yield Statement(
                f"ALTER DEFAULT PRIVILEGES FOR USER {_principal(loader)} IN SCHEMA {identifier(schema)}"
                f" GRANT SELECT ON TABLES TO {role}"
            )


def is_for_superuser(access: Access, live: LiveAccess, statements: Iterable[Statement]) -> bool:
    """Whether a statement needs a superuser, and the login is none.

    A loader that owns the schema may set up its own tables and grants; it cannot create users and roles.
    """
    if live.is_superuser:
        return False
    is_loader = access.loader is None or _fold(access.loader) == _fold(live.login)
    if not is_loader:
        return any(statements)
    others = ("CREATE USER", "CREATE ROLE")
    return any(one.sql.startswith(others) or " OWNER TO " in one.sql for one in statements)


def not_owned(schema: str, tables: Iterable[str], live: LiveAccess) -> list[str]:
    """Return what the login, as the loader, would have to own and does not, each with its owner.

    Missing tables are left out: the schema's owner can create them.
    """
    login = _fold(live.login)
    if live.is_superuser:
        return []
    found = [] if live.schema_owner == login else [(f"schema {schema}", live.schema_owner)]
    owned = [(table, live.table_owners.get(table, login)) for table in tables]
    found += [(table, owner) for table, owner in owned if owner != login]
    return [f"{what} (of {owner})" if owner else f"{what} (missing)" for what, owner in found]


def _principal(name: str) -> str:
    """Return the quoted name of a user or role; ``Access`` has validated those that are given."""
    if not _PRINCIPAL.fullmatch(name):
        raise ConfigurationError("invalid user or role of Redshift", where=repr(name))
    return f'"{name}"'


def _fold(name: str | None) -> str:
    """Return a name as Redshift compares it: it folds the case of quoted names, too."""
    return (name or "").lower()
