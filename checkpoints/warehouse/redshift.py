"""Redshift Serverless warehouse: DELETE and COPY of all tables in one self-checking transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from checkpoints.lake.manifest import ColumnSum
from checkpoints.warehouse.copy_manifest import s3_uri, write_copy_manifests
from checkpoints.warehouse.parquet_schema_check import footer_findings
from checkpoints.warehouse.redshift_errors import StatementFailedError
from checkpoints.warehouse.redshift_schema import drift
from checkpoints.warehouse.redshift_setup import RedshiftSetup, transaction_name
from checkpoints.warehouse.redshift_sql import (
    PROBE_PREFIX,
    RELEASE_TABLE,
    Statement,
    copy_parquet,
    create_probe,
    delete_rows,
    identifier,
    measure,
    qualified,
    read_release_note,
    require_figures,
    write_release_note,
)
from checkpoints.warehouse.warehouse import (
    LoadedRelease,
    LoadedTable,
    LoadOutcome,
    LoadStatus,
    PreflightError,
    SchemaMismatch,
    WarehouseError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checkpoints.storage.place import Place
    from checkpoints.warehouse.load_request import LoadRequest, TableLoad
    from checkpoints.warehouse.redshift_schema import LiveTable
    from checkpoints.warehouse.redshift_transport import Rows, Transport
    from checkpoints.warehouse.redshift_uri import RedshiftAddress
    from checkpoints.warehouse.warehouse import Reconcile

_MAX_LOADS = 3  # of one release, when the rules accept a difference


class RedshiftWarehouse:
    """A schema of a Redshift database. No connection stays open between calls.

    A batch cannot wait for ``reconcile``, so ``reconcile`` first judges the figures in the manifests, and the
    batch ends with a statement that fails unless Redshift has exactly these. If it fails, ``reconcile``
    judges the figures that Redshift had; if it accepts them, the next batch requires those. So only figures
    that ``reconcile`` accepted are ever committed.
    """

    def __init__(self, address: RedshiftAddress, transport: Transport) -> None:
        self._address = address
        self._transport = transport
        self.setup = RedshiftSetup(address, transport)

    @property
    def uri(self) -> str:
        """The URI of database and schema, without role and secret."""
        return self._address.uri

    def load(self, request: LoadRequest, reconcile: Reconcile, *, now: datetime) -> LoadOutcome:
        """Replace all tables with the release's in one transaction; see ``Warehouse``."""
        live = self.setup.live_tables()
        if findings := _findings(self._schema, request, live):
            raise PreflightError(findings, where=self.uri)
        note = self._note(live)
        if note is not None and self._is_loaded(note, request, live):
            figures = self._transport.query(measure(self._targets(request)))
            tables = tuple(_read_figures(request.tables, figures))
            if all(table.matches_manifest for table in tables):
                is_accepted = reconcile(tables)
                return LoadOutcome(LoadStatus.UNCHANGED if is_accepted else LoadStatus.REFUSED, tables)
        accepted = tuple(_expected(table) for table in request.tables)
        if not reconcile(accepted):
            return LoadOutcome(LoadStatus.REFUSED, accepted)
        manifests = write_copy_manifests(request)
        self.setup.run(self.setup.missing_tables([table.contract for table in request.tables], live))
        for _ in range(_MAX_LOADS):
            found = self._replace(request, manifests, accepted, note, now)
            if found == accepted:
                return LoadOutcome(LoadStatus.LOADED, found)
            if not reconcile(found):
                return LoadOutcome(LoadStatus.REFUSED, found)
            accepted = found
        raise WarehouseError(
            f"{_MAX_LOADS} loads of the same files gave different figures",
            where=self.uri,
            next_step="nothing was changed; look for another process that writes to these tables",
        )

    def loaded_release(self) -> LoadedRelease | None:
        """Return the loaded release, or None before the first load."""
        return self._note(self.setup.live_tables())

    @property
    def _schema(self) -> str:
        return self._address.schema

    def _note(self, live: Mapping[str, LiveTable]) -> LoadedRelease | None:
        if RELEASE_TABLE not in live:
            return None
        for version, run_id, checksum, loaded_at in self._transport.query(read_release_note(self._schema)):
            time = datetime.fromisoformat(str(loaded_at)).replace(tzinfo=UTC)
            return LoadedRelease(str(version), str(run_id), str(checksum), time)
        return None

    def _is_loaded(self, note: LoadedRelease, request: LoadRequest, live: Mapping[str, LiveTable]) -> bool:
        """Whether the note names this release and no table or column is missing."""
        if (note.version, note.checksum) != (request.release.version, request.checksum):
            return False
        return not self.setup.missing_tables([table.contract for table in request.tables], live)

    def _replace(
        self,
        request: LoadRequest,
        manifests: Mapping[str, Place],
        accepted: tuple[LoadedTable, ...],
        note: LoadedRelease | None,
        now: datetime,
    ) -> tuple[LoadedTable, ...]:
        """Replace all tables if they then have the accepted figures; return the figures found."""
        named = self._targets(request)
        statements: list[Statement] = []
        for name, table in named:
            statements.append(delete_rows(self._schema, table.name))
            if table.name in manifests:
                statements.append(self._copy(name, table, manifests[table.name]))
        statements += write_release_note(self._schema, request, now)
        measured_at = len(statements)
        statements.append(measure(named))
        statements.append(
            require_figures([(name, table, one) for (name, table), one in zip(named, accepted, strict=True)])
        )
        # The note is part of the name so that loading a release again is a new transaction.
        transaction = transaction_name(
            request.checksum,
            [[one.name, one.rows, [str(s.total) for s in one.sums]] for one in accepted],
            [note.checksum, note.loaded_at.isoformat()] if note else None,
        )
        try:
            results = self._transport.transact(statements, name=transaction, read=(measured_at,))
        except StatementFailedError as failure:
            if failure.position != len(statements) - 1:
                raise
            kept = failure.results.get(measured_at)
            figures = kept if kept is not None else self._probe(request, manifests, transaction)
        else:
            figures = results[measured_at]
        return tuple(_read_figures(request.tables, figures))

    def _targets(self, request: LoadRequest) -> list[tuple[str, TableLoad]]:
        return [(qualified(self._schema, table.name), table) for table in request.tables]

    def _copy(self, target: str, table: TableLoad, manifest: Place) -> Statement:
        return copy_parquet(target, table.name, s3_uri(manifest), self._address.iam_role)

    def _probe(self, request: LoadRequest, manifests: Mapping[str, Place], transaction: str) -> Rows:
        """Load the files into temporary tables and return their figures.

        For a batch that was rolled back because of its figures when the service no longer returns them.
        """
        named = [(identifier(PROBE_PREFIX + table.name), table) for table in request.tables]
        statements: list[Statement] = []
        for name, table in named:
            statements.append(create_probe(self._schema, table.name))
            if table.name in manifests:
                statements.append(self._copy(name, table, manifests[table.name]))
        statements.append(measure(named))
        last = len(statements) - 1
        return self._transport.transact(
            statements, name=transaction_name("probe", transaction), read=(last,)
        )[last]


def _findings(schema: str, request: LoadRequest, live: Mapping[str, LiveTable]) -> tuple[SchemaMismatch, ...]:
    for table in request.tables:
        for file in table.files:
            s3_uri(table.place(file))  # raises for a lake that Redshift cannot read
    return (
        *footer_findings(request),
        *(f for table in request.tables for f in drift(schema, table.contract, live.get(table.name))),
    )


def _expected(table: TableLoad) -> LoadedTable:
    sums = table.manifest.sums
    return LoadedTable(table.name, table.rows, table.rows, sums, sums)


def _read_figures(tables: Sequence[TableLoad], rows: Rows) -> Iterator[LoadedTable]:
    """Yield the measured figures of each table; 0 for a table that was not measured."""
    figures = {(str(table), str(column)): str(figure) for table, column, figure in rows}
    for table in tables:
        sums = tuple(
            ColumnSum(one.column, Decimal(figures.get((table.name, one.column), "0")))
            for one in table.manifest.sums
        )
        found = int(figures.get((table.name, ""), "0"))
        yield LoadedTable(table.name, found, table.rows, sums, table.manifest.sums)
