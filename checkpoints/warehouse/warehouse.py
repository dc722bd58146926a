"""The interface to the warehouse that BI reads, and the values that cross it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

from contracts.faults import LakegateError, TransientError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checkpoints.lake.manifest import ColumnSum
    from checkpoints.warehouse.request import LoadRequest


@dataclass(frozen=True, slots=True)
class Finding:
    """What keeps a release out of the warehouse before anything is written."""

    table: str
    column: str | None  # None: it concerns the table or a file as a whole
    problem: str

    def __str__(self) -> str:
        """Return one clause: where, then what."""
        return (
            f"{self.table}.{self.column}: {self.problem}" if self.column else f"{self.table}: {self.problem}"
        )


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """What the warehouse holds of one table, beside what the release's manifest promises."""

    name: str
    rows: int
    expected_rows: int
    sums: tuple[ColumnSum, ...] = ()
    expected_sums: tuple[ColumnSum, ...] = ()

    @property
    def rows_difference(self) -> int:
        """Rows in the warehouse beyond the manifest's; negative when some are missing."""
        return self.rows - self.expected_rows

    @property
    def revenue_difference(self) -> Decimal | None:
        """By how much the sums differ, as absolute values added up; None when the manifest has no sum."""
        if not self.expected_sums:
            return None
        found = {one.column: one.total for one in self.sums}
        return sum((abs(found[one.column] - one.total) for one in self.expected_sums), Decimal(0))

    @property
    def is_as_released(self) -> bool:
        """Whether rows and sums are the manifest's."""
        return self.rows_difference == 0 and not self.revenue_difference


@dataclass(frozen=True, slots=True)
class LoadedRelease:
    """The release that the warehouse shows, as it was written down in the transaction that loaded it."""

    version: str
    run_id: str
    checksum: str  # of the release's document
    loaded_at: datetime


class LoadStatus(StrEnum):
    """How a load ended."""

    LOADED = "loaded"
    UNCHANGED = "unchanged"  # the warehouse held this release already, whole
    REFUSED = "refused"  # the reconciliation said no: the warehouse still shows what it showed before


@dataclass(frozen=True, slots=True)
class LoadOutcome:
    """How a load ended, and what was compared, in the request's order."""

    status: LoadStatus
    tables: tuple[LoadedTable, ...]


Reconcile: TypeAlias = Callable[[tuple[LoadedTable, ...]], bool]
"""Judges what was loaded, before anybody can see it; True lets it stay."""


class WarehouseError(LakegateError):
    """The warehouse cannot be read or written as it is. Terminal: somebody must do something first."""


class WarehouseBusy(TransientError):  # noqa: N818 - it says what happened
    """Somebody else has the warehouse; it may be free in a moment."""


class PreflightFailed(WarehouseError):  # noqa: N818 - it says what happened
    """A release does not fit the warehouse; nothing was written. ``findings`` says where."""

    def __init__(self, findings: Sequence[Finding], *, where: str) -> None:
        self.findings = tuple(findings)
        super().__init__(
            "; ".join(str(finding) for finding in self.findings),
            where=where,
            next_step="nothing was loaded",
        )


class Warehouse(Protocol):
    """A database that shows one release of all gold tables at a time.

    DuckDB and Redshift differ in how, not in what: COPY by manifest in one batch with a client token that is
    derived from ``LoadRequest.checksum``, or an INSERT from the files. Methods raise ``WarehouseError``
    and, when a retry may help, ``WarehouseBusy`` or another ``TransientError``.
    """

    @property
    def uri(self) -> str:
        """Where the warehouse is, without secrets."""
        ...

    def preflight(self, request: LoadRequest) -> tuple[Finding, ...]:
        """Compare files, contracts and live tables. Writes nothing; no finding means that a load may start.

        What only adds to a live table, such as a new column, is no finding: the load applies it.
        """
        ...

    def load(self, request: LoadRequest, reconcile: Reconcile, *, now: datetime) -> LoadOutcome:
        """Replace all tables by the release's, in one transaction, with the note of which release it is.

        The transaction is committed only if ``reconcile`` says so; where a transaction cannot wait for it (a
        batch), the comparison is a statement of the transaction that fails on a difference, and
        ``reconcile`` is told what it saw. A release that is there already, whole, is left alone; it is
        reconciled all the same. A release whose rows were changed behind our back is loaded again.

        Raises:
            PreflightFailed: ``preflight`` has findings.
        """
        ...

    def measure(self, request: LoadRequest) -> tuple[LoadedTable, ...]:
        """Count what the warehouse holds now of the release's tables; a missing table has no rows."""
        ...

    def loaded_release(self) -> LoadedRelease | None:
        """Return the release that the warehouse shows; None when it never held one."""
        ...
