"""Redshift Serverless as the warehouse: DELETE and COPY of all tables in one batch that checks itself."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from checkpoints.lake.manifest import ColumnSum
from checkpoints.warehouse.copy_manifest import s3_uri, write_copy_manifests
from checkpoints.warehouse.footers import footer_findings
from checkpoints.warehouse.redshift_errors import StatementFailed
from checkpoints.warehouse.redshift_live import additions, drift, read_live
from checkpoints.warehouse.redshift_sql import (
    PROBE_PREFIX,
    RELEASE_TABLE,
    Statement,
    copy_parquet,
    create_probe,
    create_release_table,
    create_schema,
    delete_rows,
    identifier,
    insist,
    live_columns,
    live_tables,
    measure,
    qualified,
    read_release_note,
    write_release_note,
)
from checkpoints.warehouse.warehouse import (
    Finding,
    LoadedRelease,
    LoadedTable,
    LoadOutcome,
    LoadStatus,
    PreflightFailed,
    WarehouseError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checkpoints.lake.layout import Place
    from checkpoints.warehouse.redshift_address import RedshiftAddress
    from checkpoints.warehouse.redshift_live import LiveTable
    from checkpoints.warehouse.redshift_transport import Rows, Transport
    from checkpoints.warehouse.request import LoadRequest, TableLoad
    from checkpoints.warehouse.warehouse import Reconcile
    from contracts.model import Contract

_DDL_AT_ONCE = 40  # statements of one batch
_MOST_LOADS = 3  # of one release, when the rules accept a difference


class RedshiftWarehouse:
    """A schema of a Redshift database. It holds no connection between two calls.

    A batch cannot wait for anybody's judgement, so the judgement comes first: ``reconcile`` is asked about
    the figures that the manifests promise, and the batch ends with a statement that undoes it unless Redshift
    holds exactly those. If it does not, ``reconcile`` is asked about what Redshift held; what it accepts is
    what the next batch insists on. So nothing is ever committed but figures that ``reconcile`` has accepted.
    """

    def __init__(self, address: RedshiftAddress, transport: Transport) -> None:
        self._address = address
        self._transport = transport

    @property
    def uri(self) -> str:
        """The database and its schema, without role and secret."""
        return self._address.uri

    def preflight(self, request: LoadRequest) -> tuple[Finding, ...]:
        """Compare footers, contracts and live tables; see ``Warehouse``."""
        return _findings(self._schema, request, self._live())

    def load(self, request: LoadRequest, reconcile: Reconcile, *, now: datetime) -> LoadOutcome:
        """Replace all tables by the release's in one transaction; see ``Warehouse``."""
        live = self._live()
        if findings := _findings(self._schema, request, live):
            raise PreflightFailed(findings, where=self.uri)
        note = self._note(live)
        if note is not None and self._is_of(note, request, live):
            tables = self._measure(request, live)
            if all(table.is_as_released for table in tables):
                is_accepted = reconcile(tables)
                return LoadOutcome(LoadStatus.UNCHANGED if is_accepted else LoadStatus.REFUSED, tables)
        accepted = tuple(_promised(table) for table in request.tables)
        if not reconcile(accepted):
            return LoadOutcome(LoadStatus.REFUSED, accepted)
        manifests = write_copy_manifests(request)
        self._run_ddl(self._missing_ddl([table.contract for table in request.tables], live))
        for _ in range(_MOST_LOADS):
            seen = self._replace(request, manifests, accepted, note, now)
            if seen == accepted:
                return LoadOutcome(LoadStatus.LOADED, seen)
            if not reconcile(seen):
                return LoadOutcome(LoadStatus.REFUSED, seen)
            accepted = seen
        raise WarehouseError(
            "Redshift holds other figures after every load of the same files",
            where=self.uri,
            next_step="nothing was changed; find out who else writes into these tables",
        )

    def measure(self, request: LoadRequest) -> tuple[LoadedTable, ...]:
        """Count what the schema holds of the release's tables; see ``Warehouse``."""
        return self._measure(request, self._live())

    def loaded_release(self) -> LoadedRelease | None:
        """Return the release that the schema shows; None when it never held one."""
        return self._note(self._live())

    def plan_tables(self, contracts: Sequence[Contract]) -> tuple[str, ...]:
        """Return the DDL that ``create_tables`` would run; none when everything is there.

        Raises:
            PreflightFailed: a live table has to be changed by a person first.
        """
        return tuple(statement.sql for statement in self._plan(contracts))

    def create_tables(self, contracts: Sequence[Contract]) -> tuple[str, ...]:
        """Make the schema, missing tables and missing columns; return the DDL that was run.

        A load does so by itself; this is for who sets up a warehouse before its first load.

        Raises:
            PreflightFailed: a live table has to be changed by a person first.
        """
        statements = self._plan(contracts)
        self._run_ddl(statements)
        return tuple(statement.sql for statement in statements)

    @property
    def _schema(self) -> str:
        return self._address.schema

    def _live(self) -> dict[str, LiveTable]:
        columns = self._transport.query(live_columns(self._schema))
        return read_live(columns, self._transport.query(live_tables(self._schema)))

    def _note(self, live: Mapping[str, LiveTable]) -> LoadedRelease | None:
        if RELEASE_TABLE not in live:
            return None
        for version, run_id, checksum, loaded_at in self._transport.query(read_release_note(self._schema)):
            time = datetime.fromisoformat(str(loaded_at)).replace(tzinfo=UTC)
            return LoadedRelease(str(version), str(run_id), str(checksum), time)
        return None

    def _is_of(self, note: LoadedRelease, request: LoadRequest, live: Mapping[str, LiveTable]) -> bool:
        """Whether the note names this very release, and the tables are as the contracts say."""
        if (note.version, note.checksum) != (request.release.version, request.checksum):
            return False
        return not self._missing_ddl([table.contract for table in request.tables], live)

    def _plan(self, contracts: Sequence[Contract]) -> tuple[Statement, ...]:
        live = self._live()
        findings = tuple(f for one in contracts for f in drift(self._schema, one, live.get(one.name)))
        if findings:
            raise PreflightFailed(findings, where=self.uri)
        return self._missing_ddl(contracts, live)

    def _missing_ddl(
        self, contracts: Sequence[Contract], live: Mapping[str, LiveTable]
    ) -> tuple[Statement, ...]:
        missing = [
            statement for one in contracts for statement in additions(self._schema, one, live.get(one.name))
        ]
        if RELEASE_TABLE not in live:
            missing.insert(0, create_release_table(self._schema))
        return (create_schema(self._schema), *missing) if missing and not live else tuple(missing)

    def _run_ddl(self, statements: Sequence[Statement]) -> None:
        for start in range(0, len(statements), _DDL_AT_ONCE):
            batch = statements[start : start + _DDL_AT_ONCE]
            self._transport.transact(batch, name=_name("ddl", [statement.sql for statement in batch]))

    def _replace(
        self,
        request: LoadRequest,
        manifests: Mapping[str, Place],
        accepted: tuple[LoadedTable, ...],
        note: LoadedRelease | None,
        now: datetime,
    ) -> tuple[LoadedTable, ...]:
        """Replace all tables, unless they then hold other figures than the accepted; return the figures."""
        named = [(qualified(self._schema, table.name), table) for table in request.tables]
        statements: list[Statement] = []
        for name, table in named:
            statements.append(delete_rows(self._schema, table.name))
            if table.name in manifests:
                statements.append(self._copy(name, table, manifests[table.name]))
        statements += write_release_note(self._schema, request, now)
        measured_at = len(statements)
        statements.append(measure(named))
        statements.append(
            insist([(name, table, one) for (name, table), one in zip(named, accepted, strict=True)])
        )
        # With the note in the name, a release that is loaded once more is another transaction.
        purpose = _name(
            request.checksum,
            [[one.name, one.rows, [str(s.total) for s in one.sums]] for one in accepted],
            [note.checksum, note.loaded_at.isoformat()] if note else None,
        )
        try:
            results = self._transport.transact(statements, name=purpose, read=(measured_at,))
        except StatementFailed as failure:
            if failure.position != len(statements) - 1:
                raise
            seen = failure.results.get(measured_at)
            figures = seen if seen is not None else self._probe(request, manifests, purpose)
        else:
            figures = results[measured_at]
        return tuple(_read_figures(request.tables, figures))

    def _copy(self, target: str, table: TableLoad, manifest: Place) -> Statement:
        return copy_parquet(target, table.name, s3_uri(manifest), self._address.iam_role)

    def _probe(self, request: LoadRequest, manifests: Mapping[str, Place], purpose: str) -> Rows:
        """Load the files once more, into temporary tables, to see what Redshift makes of them.

        For a batch that was undone because of its figures, where the service does not tell them any more.
        """
        named = [(identifier(PROBE_PREFIX + table.name), table) for table in request.tables]
        statements: list[Statement] = []
        for name, table in named:
            statements.append(create_probe(self._schema, table.name))
            if table.name in manifests:
                statements.append(self._copy(name, table, manifests[table.name]))
        statements.append(measure(named))
        last = len(statements) - 1
        return self._transport.transact(statements, name=_name("probe", purpose), read=(last,))[last]

    def _measure(self, request: LoadRequest, live: Mapping[str, LiveTable]) -> tuple[LoadedTable, ...]:
        readable = [table for table in request.tables if _is_readable(table, live.get(table.name))]
        figures: Rows = ()
        if readable:
            figures = self._transport.query(
                measure([(qualified(self._schema, table.name), table) for table in readable])
            )
        return tuple(_read_figures(request.tables, figures))


def _findings(schema: str, request: LoadRequest, live: Mapping[str, LiveTable]) -> tuple[Finding, ...]:
    for table in request.tables:
        for file in table.files:
            s3_uri(table.place(file))  # raises for a lake that Redshift cannot read
    return (
        *footer_findings(request),
        *(f for table in request.tables for f in drift(schema, table.contract, live.get(table.name))),
    )


def _promised(table: TableLoad) -> LoadedTable:
    sums = table.manifest.sums
    return LoadedTable(table.name, table.rows, table.rows, sums, sums)


def _is_readable(table: TableLoad, live: LiveTable | None) -> bool:
    return live is not None and all(live.has(one.column) for one in table.manifest.sums)


def _read_figures(tables: Sequence[TableLoad], rows: Rows) -> Iterator[LoadedTable]:
    """Yield what was measured of each table; of one that was not, there is nothing."""
    figures = {(str(table), str(column)): str(figure) for table, column, figure in rows}
    for table in tables:
        sums = tuple(
            ColumnSum(one.column, Decimal(figures.get((table.name, one.column), "0")))
            for one in table.manifest.sums
        )
        found = int(figures.get((table.name, ""), "0"))
        yield LoadedTable(table.name, found, table.rows, sums, table.manifest.sums)


def _name(*what: Any) -> str:  # noqa: ANN401 - whatever JSON takes
    """Return a name for a transaction that stands for all that it does."""
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
