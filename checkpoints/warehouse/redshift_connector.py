"""Redshift transport over the wire protocol, with the redshift-connector driver (extra ``redshift``)."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ssl import SSLError
from typing import TYPE_CHECKING, Any

from checkpoints.aws import aws_client
from checkpoints.aws_secrets import debug_logs_off, read_secret
from checkpoints.warehouse.redshift_errors import (
    StatementTimeoutError,
    safe_message,
    statement_error,
    translate_errors,
)
from checkpoints.warehouse.warehouse import WarehouseBusyError, WarehouseError
from contracts.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from checkpoints.warehouse.redshift_sql import Statement
    from checkpoints.warehouse.redshift_transport import RetryPolicy, Rows
    from checkpoints.warehouse.redshift_uri import RedshiftAddress
    from contracts.errors import LakegateError


# SQLSTATE classes of broken connections, conflicts and servers that are not ready.
_TRANSIENT_CLASSES = ("08", "40", "53", "57P")
_WRONG_LOGIN_CLASS = "28"
_LOGIN_SECONDS = 900  # validity of temporary IAM credentials


@dataclass(frozen=True)
class Connector:
    """A Redshift at a host and port, with one connection per call; see ``Transport``."""

    address: RedshiftAddress
    retry_policy: RetryPolicy

    def query(self, statement: Statement) -> Rows:
        """Run one query and return its rows; see ``Transport``."""
        return self.retry_policy.retrying(WarehouseBusyError)(self._run, (statement,), (0,))[0]

    def transact(
        self, statements: Sequence[Statement], *, name: str, read: Collection[int] = ()
    ) -> Mapping[int, Rows]:
        """Run statements between BEGIN and COMMIT; see ``Transport``.

        A broken connection rolls back, so the name is not needed to find the transaction again.
        """
        del name
        return self.retry_policy.retrying(WarehouseBusyError)(self._run, statements, read)

    def _run(self, statements: Sequence[Statement], read: Collection[int]) -> Mapping[int, Rows]:
        from redshift_connector.error import Error

        login = fetch_login(self.address)
        failure: LakegateError
        with debug_logs_off("redshift_connector"), self._connected(login) as connection:
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
        # Raised outside the except block: the driver's error, as context, could quote the password.
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
        assert connection is not None  # connect returns or raises
        try:
            yield connection
        finally:
            # Closing without COMMIT rolls back, as does a broken connection.
            with suppress(Error, OSError):
                connection.close()

    def _no_connection(self, error: Exception, login: Login) -> LakegateError:
        message, state = _message_and_state(error)
        found = safe_message(message, login.password)
        if state.startswith(_WRONG_LOGIN_CLASS):
            return WarehouseError(
                "Redshift refused the login",
                where=self.address.uri,
                found=found,
                next_step="correct the secret, or grant this role access",
            )
        if isinstance(error, SSLError) or (state and not state.startswith(_TRANSIENT_CLASSES)):
            return WarehouseError("Redshift refused the connection", where=self.address.uri, found=found)
        return WarehouseBusyError(
            "Redshift cannot be reached",
            where=self.address.uri,
            found=found,
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
        message, state = _message_and_state(error)
        found = safe_message(message, login.password)
        if isinstance(error, TimeoutError):
            return StatementTimeoutError(
                f"Redshift did not answer within {self.address.timeout_seconds} s",
                where=self.address.uri,
                next_step="raise timeout_seconds in the URI, or run again",
            )
        if not state or state.startswith(_TRANSIENT_CLASSES):
            # If the connection broke during COMMIT, the outcome is unknown; the next load detects it.
            return WarehouseBusyError(
                "the connection broke" if not state else "Redshift is busy",
                where=self.address.uri,
                found=found,
                next_step="run again in a moment",
            )
        return statement_error(
            found, where=self.address.uri, statement=statement, position=position, results=results
        )


def _message_and_state(error: Exception) -> tuple[str, str]:
    """Return a driver error's message and SQLSTATE, which is empty for an error not sent by the server."""
    first = error.args[0] if error.args else ""
    if isinstance(first, dict):
        return str(first.get("M", "")), str(first.get("C", ""))
    return " ".join(str(part) for part in error.args) or type(error).__name__, ""


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password; the repr omits the password."""

    user: str
    password: str = field(repr=False)


def fetch_login(address: RedshiftAddress) -> Login:
    """Return the login from the secret, or temporary credentials from IAM.

    Raises:
        WarehouseError: the login is missing, malformed or not readable.
        TransientError: AWS does not answer.
    """
    return _secret_login(address) if address.secret else _iam_login(address)


def _secret_login(address: RedshiftAddress) -> Login:
    secret = str(address.secret)
    with translate_errors("cannot read the secret", secret):
        values = _parse_object(read_secret(secret, region=address.region))
    user, password = values.get("username"), values.get("password")
    if not (isinstance(user, str) and user and isinstance(password, str) and password):
        raise WarehouseError(  # without the content: it is secret
            "the secret does not contain a login",
            where=secret,
            expected='a JSON object with "username" and "password"',
            next_step="correct the secret",
        )
    return Login(user, password)


def _iam_login(address: RedshiftAddress) -> Login:
    problem = translate_errors("cannot get credentials from IAM", address.uri)
    with problem, debug_logs_off("botocore", "urllib3"):
        answer = aws_client("redshift-serverless", region=address.region).get_credentials(
            workgroupName=address.workgroup, dbName=address.database, durationSeconds=_LOGIN_SECONDS
        )
    return Login(answer["dbUser"], answer["dbPassword"])


def _parse_object(text: str) -> dict[str, object]:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    return values if isinstance(values, dict) else {}
