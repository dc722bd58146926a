"""Redshift by its own wire protocol, with the redshift-connector driver (extra ``redshift``)."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ssl import SSLError
from typing import TYPE_CHECKING, Any

from checkpoints.warehouse.redshift_errors import TookTooLong, spoken, statement_error
from checkpoints.warehouse.redshift_login import fetch_login, unheard
from checkpoints.warehouse.warehouse import WarehouseBusy, WarehouseError
from contracts.faults import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from checkpoints.warehouse.redshift_address import RedshiftAddress
    from checkpoints.warehouse.redshift_login import Login
    from checkpoints.warehouse.redshift_sql import Statement
    from checkpoints.warehouse.redshift_transport import Patience, Rows
    from contracts.faults import LakegateError

# SQLSTATE classes of a connection that broke or a server that is not ready.
_PASSING_CLASSES = ("08", "40", "53", "57P")
_WRONG_LOGIN_CLASS = "28"


@dataclass(frozen=True)
class Connector:
    """A Redshift behind a host and a port; see ``Transport``. A connection is opened for each call."""

    address: RedshiftAddress
    patience: Patience

    def query(self, statement: Statement) -> Rows:
        """Run one query and return its rows; see ``Transport``."""
        return self.patience.retrying(WarehouseBusy)(self._run, (statement,), (0,))[0]

    def transact(
        self, statements: Sequence[Statement], *, name: str, read: Collection[int] = ()
    ) -> Mapping[int, Rows]:
        """Run statements between BEGIN and COMMIT; see ``Transport``.

        A connection that breaks takes its transaction with it, so nothing has to be found again by name.
        """
        del name
        return self.patience.retrying(WarehouseBusy)(self._run, statements, read)

    def _run(self, statements: Sequence[Statement], read: Collection[int]) -> Mapping[int, Rows]:
        from redshift_connector.error import Error

        login = fetch_login(self.address)
        failure: LakegateError
        with unheard("redshift_connector"), self._connected(login) as connection:
            cursor = connection.cursor()
            cursor.paramstyle = "named"
            results: dict[int, Rows] = {}
            position = 0
            try:
                for position, statement in enumerate(statements):
                    cursor.execute(statement.sql, dict(statement.parameters) or None)
                    if position in read:
                        results[position] = tuple(tuple(map(_text, row)) for row in cursor.fetchall())
                connection.commit()
                return results
            except (Error, OSError) as error:
                failure = self._failure(error, login, statements[position], position, results)
        # Raised out here, without the driver's own error behind it: that one may quote what it was given.
        raise failure

    @contextmanager
    def _connected(self, login: Login) -> Iterator[Any]:
        try:
            import redshift_connector
            from redshift_connector.error import Error
        except ImportError as error:
            raise ConfigurationError(
                "the driver for redshift:// is not installed",
                where=self.address.uri,
                next_step="install lakegate[redshift], or use redshift-data://",
            ) from error
        failure: LakegateError | None = None
        connection = None
        try:
            connection = redshift_connector.connect(
                host=self.address.host,
                port=self.address.port,
                database=self.address.database,
                user=login.user,
                password=login.password,
                ssl=self.address.is_encrypted,
                sslmode="verify-full",
                timeout=self.address.timeout_seconds,
                application_name="lakegate",
            )
        except (Error, OSError) as error:
            failure = self._no_connection(error, login)
        if failure is not None:
            raise failure
        assert connection is not None  # noqa: S101 - connect returns or raises
        try:
            yield connection
        finally:
            # Closing without COMMIT rolls back; a connection that is broken already has been rolled back.
            with suppress(Error, OSError):
                connection.close()

    def _no_connection(self, error: Exception, login: Login) -> LakegateError:
        message, state = _told(error)
        said = spoken(message, login.password)
        if state.startswith(_WRONG_LOGIN_CLASS):
            return WarehouseError(
                "Redshift refused the login",
                where=self.address.uri,
                found=said,
                next_step="correct the secret, or give this role access",
            )
        if isinstance(error, SSLError) or (state and not state.startswith(_PASSING_CLASSES)):
            return WarehouseError("Redshift refused the connection", where=self.address.uri, found=said)
        return WarehouseBusy(
            "Redshift cannot be reached",
            where=self.address.uri,
            found=said,
            next_step="run again in a moment",
        )

    def _failure(
        self,
        error: Exception,
        login: Login,
        statement: Statement,
        position: int,
        results: Mapping[int, Rows],
    ) -> LakegateError:
        message, state = _told(error)
        said = spoken(message, login.password)
        if isinstance(error, TimeoutError):
            return TookTooLong(
                f"Redshift gave no answer for {self.address.timeout_seconds} s",
                where=self.address.uri,
                next_step="raise timeout_seconds in the warehouse's URI, or run again",
            )
        if not state or state.startswith(_PASSING_CLASSES):
            # If the connection broke in COMMIT, nobody knows how it ended; the next load sees it.
            return WarehouseBusy(
                "the connection broke" if not state else "Redshift is busy",
                where=self.address.uri,
                found=said,
                next_step="run again in a moment",
            )
        return statement_error(
            said, where=self.address.uri, statement=statement, position=position, results=results
        )


def _told(error: Exception) -> tuple[str, str]:
    """Return a driver error's message and SQLSTATE; the latter is empty when the server said nothing."""
    first = error.args[0] if error.args else ""
    if isinstance(first, dict):
        return str(first.get("M", "")), str(first.get("C", ""))
    return " ".join(str(part) for part in error.args) or type(error).__name__, ""


def _text(value: object) -> str | None:
    return None if value is None else str(value)
