"""Set-up of a Redshift schema: tables, their owner and their readers, as a plan first."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checkpoints.warehouse.redshift_access import (
    Access,
    is_for_superuser,
    live_grants,
    live_owners,
    live_roles,
    live_users,
    missing_grants,
    missing_principals,
    not_owned,
    read_live_access,
)
from checkpoints.warehouse.redshift_schema import additions, drift, read_live
from checkpoints.warehouse.redshift_sql import (
    RELEASE_TABLE,
    create_release_table,
    create_schema,
    live_columns,
    live_tables,
)
from checkpoints.warehouse.warehouse import PreflightError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.warehouse.redshift_access import LiveAccess
    from checkpoints.warehouse.redshift_schema import LiveTable
    from checkpoints.warehouse.redshift_sql import Statement
    from checkpoints.warehouse.redshift_transport import Transport
    from checkpoints.warehouse.redshift_uri import RedshiftAddress
    from contracts.model import Contract

_BATCH_SIZE = 40  # statements
_NAMED = 3  # tables in a sentence


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """The statements that are missing. An obstacle must be removed before they can be run."""

    statements: tuple[str, ...]
    is_new: bool  # whether there is no schema yet
    obstacle: WarehouseError | None


@dataclass(frozen=True, slots=True)
class RedshiftSetup:
    """Reads and creates what a load needs in a schema of a Redshift database."""

    address: RedshiftAddress
    transport: Transport

    def plan(self, contracts: Sequence[Contract], access: Access) -> SetupPlan:
        """Return what ``carry_out`` would do. Writes nothing.

        Raises:
            PreflightError: a live table must be altered manually first.
        """
        statements, live = self._missing(contracts, access)
        sql = tuple(statement.sql for statement in statements)
        return SetupPlan(sql, live.schema_owner is None, self._obstacle(statements, access, live))

    def carry_out(self, contracts: Sequence[Contract], access: Access) -> tuple[str, ...]:
        """Create users, roles, schema, tables and columns that are missing, and grant what is not granted.

        Returns the SQL that was run. A load creates schema, tables and columns as well.

        Raises:
            PreflightError: a live table must be altered manually first.
            WarehouseError: a superuser is needed.
        """
        statements, live = self._missing(contracts, access)
        if obstacle := self._obstacle(statements, access, live):
            raise obstacle
        self.run(statements)
        return tuple(statement.sql for statement in statements)

    def ownership_problem(self, contracts: Sequence[Contract]) -> str | None:
        """Return a sentence if the login cannot load because others own schema or tables; else None."""
        live = self._live_access(Access())
        found = not_owned(self.address.schema, _names(contracts), live)
        if not found:
            return None
        rest = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        error = WarehouseError(
            f"{live.login} loads the warehouse, but does not own {', '.join(found[:_NAMED])}{rest}",
            where=self.address.uri,
            next_step=f"run `lakegate deploy --loader {live.login}` as a superuser of the database",
        )
        return str(error)

    def live_tables(self) -> dict[str, LiveTable]:
        """Return the tables and views of the schema that the login can see."""
        columns = self.transport.query(live_columns(self.address.schema))
        return read_live(columns, self.transport.query(live_tables(self.address.schema)))

    def missing_tables(
        self,
        contracts: Sequence[Contract],
        live: Mapping[str, LiveTable],
        access: LiveAccess | None = None,
    ) -> tuple[Statement, ...]:
        """Return the DDL that schema and tables lack.

        Args:
            contracts: of the tables.
            live: the tables that the login can see.
            access: owners of all tables, if known; those that the login cannot see are taken as they are.
        """
        schema = self.address.schema
        hidden = access.table_owners.keys() - live.keys() if access else frozenset[str]()
        missing = [
            statement
            for one in contracts
            if one.name not in hidden
            for statement in additions(schema, one, live.get(one.name))
        ]
        if RELEASE_TABLE not in live and RELEASE_TABLE not in hidden:
            missing.insert(0, create_release_table(schema))
        if not missing or live:
            return tuple(missing)
        # The owner of an empty schema may not be allowed to create another one.
        is_new = access.schema_owner is None if access else not self.transport.query(live_owners(schema))
        return (create_schema(schema), *missing) if is_new else tuple(missing)

    def run(self, statements: Sequence[Statement]) -> None:
        """Run DDL in transactions of limited size; each statement can be repeated."""
        for start in range(0, len(statements), _BATCH_SIZE):
            batch = statements[start : start + _BATCH_SIZE]
            self.transport.transact(
                batch, name=transaction_name("ddl", [statement.sql for statement in batch])
            )

    def _missing(
        self, contracts: Sequence[Contract], access: Access
    ) -> tuple[tuple[Statement, ...], LiveAccess]:
        tables = self.live_tables()
        schema = self.address.schema
        if findings := tuple(f for one in contracts for f in drift(schema, one, tables.get(one.name))):
            raise PreflightError(findings, where=self.address.uri)
        live = self._live_access(access)
        statements = (
            *missing_principals(access, live),
            *self.missing_tables(contracts, tables, live),
            *missing_grants(schema, _names(contracts), access, live),
        )
        return statements, live

    def _live_access(self, access: Access) -> LiveAccess:
        """Return users and owners, and roles and grants if there are to be readers."""
        query, schema = self.transport.query, self.address.schema
        users, owners = query(live_users()), query(live_owners(schema))
        if not access.readers:
            return read_live_access(users, owners)
        usage, select, defaults = live_grants(schema)
        grants = (query(usage), query(select), query(defaults))
        return read_live_access(users, owners, query(live_roles()), grants)

    def _obstacle(
        self, statements: Sequence[Statement], access: Access, live: LiveAccess
    ) -> WarehouseError | None:
        if not is_for_superuser(access, live, statements):
            return None
        return WarehouseError(
            f"{live.login} is no superuser of the database, which owner and readers of the tables need",
            where=self.address.uri,
            next_step="deploy as a superuser; or let one run the SQL that --dry-run prints, and then deploy "
            "without --readers, whose grants only a superuser can see",
        )


def transaction_name(*parts: Any) -> str:
    """Return a transaction's idempotency key: a hash of all that it does."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _names(contracts: Sequence[Contract]) -> list[str]:
    return [RELEASE_TABLE, *(contract.name for contract in contracts)]
