"""Redshift and Data API errors, translated to one sentence with a next step and without secrets."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from checkpoints import aws
from checkpoints.aws import AwsErrorKind
from checkpoints.warehouse.warehouse import WarehouseBusyError, WarehouseError
from contracts.errors import ConfigurationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from checkpoints.aws import AwsFailure
    from checkpoints.warehouse.redshift_sql import Statement
    from checkpoints.warehouse.redshift_transport import Rows
    from contracts.errors import LakegateError

_MAX_MESSAGE_LENGTH = 300
# Messages of transient errors; the Data API has no code for them.
_TRANSIENT_MESSAGES = (
    "serializable isolation violation",
    "could not serialize access",
    "conflict with concurrent transaction",
    "concurrent transaction",
    "deadlock detected",
    "not in an available state",
    "workgroup is not available",
    "is being resumed",
    "is resuming",
    "connection refused",
    "connection reset",
    "connection to the database was lost",
    "too many connections",
    "server closed the connection",
    "system is starting up",
)
_ERROR_CLASSES: Mapping[AwsErrorKind, type[LakegateError]] = {
    AwsErrorKind.UNREACHABLE: TransientError,
    AwsErrorKind.NO_ANSWER: WarehouseBusyError,
    AwsErrorKind.TRANSIENT: WarehouseBusyError,
}


class StatementConflictError(WarehouseBusyError):
    """Conflict with another transaction, or a warehouse that is starting; the transaction was rolled back."""


class StatementFailedError(WarehouseError):
    """A statement failed and its transaction was rolled back."""

    def __init__(self, what: str, *, where: str, position: int, results: Mapping[int, Rows]) -> None:
        self.position, self.results = position, dict(results)
        super().__init__(what, where=where, next_step="nothing was changed: the old release is still there")


class StatementTimeoutError(TransientError):
    """Redshift did not finish within the timeout; the transaction was rolled back."""


def statement_error(
    message: str,
    *,
    where: str,
    statement: Statement,
    position: int,
    results: Mapping[int, Rows] | None = None,
) -> StatementConflictError | StatementFailedError:
    """Return the error for a statement that failed on Redshift."""
    found = safe_message(message)
    if any(text in message.lower() for text in _TRANSIENT_MESSAGES):
        return StatementConflictError(
            "Redshift is busy", where=where, found=found, next_step="run again in a moment"
        )
    what = f"the load of {statement.table}" if statement.table else "a statement"
    return StatementFailedError(
        f"{what} failed in Redshift: {found}", where=where, position=position, results=results or {}
    )


def translate_errors(what: str, where: str) -> AbstractContextManager[None]:
    """Raise boto3's errors as ``WarehouseError``, ``ConfigurationError`` or ``TransientError``."""

    def warehouse_error(failure: AwsFailure) -> LakegateError:
        if any(words in failure.message.lower() for words in _TRANSIENT_MESSAGES):
            failure = replace(failure, kind=AwsErrorKind.TRANSIENT)
        if failure.kind is AwsErrorKind.NO_REGION:
            next_step = "add region=… to the URI or set AWS_DEFAULT_REGION"
            return ConfigurationError(what, where=where, found=failure.found, next_step=next_step)
        error_class = _ERROR_CLASSES.get(failure.kind, WarehouseError)
        found = replace(failure, message=safe_message(failure.message)).found
        return error_class(what, where=where, found=found, next_step=failure.next_step)

    return aws.translate_errors(warehouse_error)


def safe_message(message: str, *secrets: str) -> str:
    r"""Return the first line of a message with secrets and possible e-mail addresses masked.

    >>> safe_message("Value ann@example.com too long\n  where: …")
    'Value *** too long'
    >>> safe_message("user me, password hunter2", "hunter2")
    'user me, password ***'
    """
    text = next((line.strip() for line in message.splitlines() if line.strip()), "no reason given")
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    text = re.sub(r"[^\s'\"<>=(),]+@[^\s'\"<>=(),]+", "***", text)
    return text[:_MAX_MESSAGE_LENGTH].rstrip(".")
