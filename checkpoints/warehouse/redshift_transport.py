"""How statements get to Redshift: one small interface, whatever carries them."""

from __future__ import annotations

from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Protocol, TypeAlias

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from checkpoints.warehouse.redshift_sql import Statement
    from checkpoints.warehouse.warehouse import WarehouseBusy

Rows: TypeAlias = "tuple[tuple[str | None, ...], ...]"
"""A result, every value as text: the two transports have no other spelling in common."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait between two looks and between two tries, and how often to try what may cure itself."""

    first_pause_seconds: float = 0.25
    longest_pause_seconds: float = 10.0
    attempts: int = 4
    sleep: Callable[[float], None] = sleep

    def retrying(self, on: type[WarehouseBusy]) -> Retrying:
        """Return a loop that tries again while somebody else is in the way."""
        return Retrying(
            retry=retry_if_exception_type(on),
            wait=wait_random_exponential(self.first_pause_seconds, self.longest_pause_seconds),
            stop=stop_after_attempt(self.attempts),
            sleep=self.sleep,
            reraise=True,
        )


class Transport(Protocol):
    """Runs statements. Raises ``WarehouseError``, ``StatementFailed`` and ``TransientError``; no secrets."""

    def query(self, statement: Statement) -> Rows:
        """Run one query and return its rows."""
        ...

    def transact(
        self, statements: Sequence[Statement], *, name: str, read: Collection[int] = ()
    ) -> Mapping[int, Rows]:
        """Run statements as one transaction and return the rows of those that ``read`` names by position.

        Args:
            statements: all or nothing; a parameter's name means the same in all of them.
            name: stands for what is done, in which state of the warehouse. Two callers with the same name
                want the same thing: where the transport can, the second waits for the first's transaction.
            read: positions of queries.

        Raises:
            StatementFailed: one failed and all were undone; it tells which, and what was read before it.
        """
        ...
