"""Interface of the two Redshift transports, and their retry policy."""

from __future__ import annotations

from dataclasses import dataclass
from time import sleep
from typing import TYPE_CHECKING, Protocol, TypeAlias

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from checkpoints.warehouse.redshift_sql import Statement
    from checkpoints.warehouse.warehouse import WarehouseBusyError

Rows: TypeAlias = "tuple[tuple[str | None, ...], ...]"
"""A result set with every value as text, the only representation that both transports share."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff for polling and for retries of transient errors; ``attempts`` limits retries."""

    first_pause_seconds: float = 0.25
    longest_pause_seconds: float = 10.0
    attempts: int = 4
    sleep: Callable[[float], None] = sleep

    def retrying(self, on: type[WarehouseBusyError]) -> Retrying:
        """Return a tenacity loop that retries on this error with random exponential backoff."""
        return Retrying(
            retry=retry_if_exception_type(on),
            wait=wait_random_exponential(self.first_pause_seconds, self.longest_pause_seconds),
            stop=stop_after_attempt(self.attempts),
            sleep=self.sleep,
            reraise=True,
        )


class Transport(Protocol):
    """Runs statements.

    Methods raise ``WarehouseError``, ``StatementFailedError`` and ``TransientError``, without secrets.
    """

    def query(self, statement: Statement) -> Rows:
        """Run one query and return its rows."""
        ...

    def transact(
        self, statements: Sequence[Statement], *, name: str, read: Collection[int] = ()
    ) -> Mapping[int, Rows]:
        """Run statements as one transaction; return the rows of the queries at the ``read`` positions.

        Args:
            statements: all or nothing; a parameter name has the same value in all of them.
            name: idempotency key: identifies the change and the state it starts from. Where the transport
                supports it, a second caller with the same name waits for the first one's transaction.
            read: positions of queries.

        Raises:
            StatementFailedError: a statement failed and the transaction was rolled back; has its position and
                the rows read before it.
        """
        ...
