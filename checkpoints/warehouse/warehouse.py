"""Interface of the warehouse that BI queries, with its value and error types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

from contracts.errors import LakegateError, TransientError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checkpoints.lake.manifest import ColumnSum
    from checkpoints.warehouse.load_request import LoadRequest


@dataclass(frozen=True, slots=True)
class SchemaMismatch:
    """A mismatch found before loading that keeps a release out of the warehouse."""

    table: str
    column: str | None  # None: the whole table or one of its files
    problem: str

    def __str__(self) -> str:
        """Return ``table.column: problem``."""
        return (
            f"{self.table}.{self.column}: {self.problem}" if self.column else f"{self.table}: {self.problem}"
        )


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """Row count and sums of one table in the warehouse, beside those of the release's manifest."""

    name: str
    rows: int
    expected_rows: int
    sums: tuple[ColumnSum, ...] = ()
    expected_sums: tuple[ColumnSum, ...] = ()

    @property
    def rows_difference(self) -> int:
        """Rows in the warehouse minus rows in the manifest."""
        return self.rows - self.expected_rows

    @property
    def revenue_difference(self) -> Decimal | None:
        """Sum of the absolute differences of all sums; None when the manifest has no sum."""
        if not self.expected_sums:
            return None
        found = {one.column: one.total for one in self.sums}
        return sum((abs(found[one.column] - one.total) for one in self.expected_sums), Decimal(0))

    @property
    def matches_manifest(self) -> bool:
        """Whether rows and sums equal the manifest's."""
        return self.rows_difference == 0 and not self.revenue_difference


@dataclass(frozen=True, slots=True)
class LoadedRelease:
    """The release in the warehouse, as recorded by the transaction that loaded it."""

    version: str
    run_id: str
    checksum: str  # sha256 of the release document
    loaded_at: datetime


class LoadStatus(StrEnum):
    """Result of a load."""

    LOADED = "loaded"
    UNCHANGED = "unchanged"  # the warehouse already held this release, unmodified
    REFUSED = "refused"  # reconciliation failed and was rolled back


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """Status of a load and the compared tables, in the request's order."""

    status: LoadStatus
    tables: tuple[LoadedTable, ...]


Reconcile: TypeAlias = Callable[[tuple[LoadedTable, ...]], bool]
"""Judges the loaded tables before the commit; True commits, False rolls back."""


class WarehouseError(LakegateError):
    """The warehouse cannot be read or written. Terminal: a retry does not help."""


class WarehouseBusyError(TransientError):
    """The warehouse is locked, busy or unreachable; a retry may help."""


class PreflightError(WarehouseError):
    """A release does not fit the warehouse; nothing was written. ``findings`` lists the mismatches."""

    def __init__(self, findings: Sequence[SchemaMismatch], *, where: str) -> None:
        self.findings = tuple(findings)
        super().__init__(
            "; ".join(str(finding) for finding in self.findings),
            where=where,
            next_step="nothing was loaded",
        )


class Warehouse(Protocol):
    """A database that shows one release of all gold tables at a time.

    Methods raise ``WarehouseError`` and, when a retry may help, ``WarehouseBusyError`` or another
    ``TransientError``.
    """

    @property
    def uri(self) -> str:
        """The warehouse's URI, without secrets."""
        ...

    def load(self, request: LoadRequest, reconcile: Reconcile, *, now: datetime) -> LoadOutcome:
        """Replace all tables with the release's and record the release, in one transaction.

        The transaction is committed only if ``reconcile`` returns True. Where the commit cannot wait for it
        (a Data API batch), the transaction ends with a comparison that fails on a difference, and
        ``reconcile`` gets the compared figures. A release that is already loaded and unmodified is reconciled
        but not reloaded; one whose rows were changed in the warehouse is loaded again.

        Raises:
            PreflightError: files, contracts and live tables do not match; nothing was written. A live table
                that only lacks something, such as a new column, is extended instead.
        """
        ...

    def loaded_release(self) -> LoadedRelease | None:
        """Return the loaded release, or None before the first load."""
        ...
