"""Redshift's and the Data API's errors as one sentence that a person can act on, with no secret in it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from checkpoints import aws_trouble
from checkpoints.aws_trouble import WHAT_TO_CHECK, Trouble, code_of, message_of, trouble_of
from checkpoints.warehouse.warehouse import WarehouseBusy, WarehouseError
from contracts.faults import ConfigurationError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from checkpoints.aws_trouble import AwsError
    from checkpoints.warehouse.redshift_sql import Statement
    from checkpoints.warehouse.redshift_transport import Rows
    from contracts.faults import LakegateError

_LONGEST_MESSAGE = 300
# What Redshift says when it may go well a moment later. It has no code for that in the Data API.
_PASSING = (
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


class StatementConflict(WarehouseBusy):
    """Another transaction, or a warehouse that is waking up, was in the way; everything was undone."""


class StatementFailed(WarehouseError):  # noqa: N818 - it says what happened
    """A statement of a transaction failed, and everything was undone."""

    def __init__(self, what: str, *, where: str, position: int, results: Mapping[int, Rows]) -> None:
        self.position, self.results = position, dict(results)
        super().__init__(what, where=where, next_step="nothing was changed: the old release is still there")


class TookTooLong(TransientError):  # noqa: N818 - it says what happened
    """Redshift did not finish in the time that it was given; what it had done was undone."""


def statement_error(
    message: str,
    *,
    where: str,
    statement: Statement,
    position: int,
    results: Mapping[int, Rows] | None = None,
) -> StatementConflict | StatementFailed:
    """Return the error for a statement that Redshift refused."""
    said = spoken(message)
    if any(words in message.lower() for words in _PASSING):
        return StatementConflict(
            "Redshift is busy", where=where, found=said, next_step="run again in a moment"
        )
    about = f"the load of {statement.table}" if statement.table else "a statement"
    return StatementFailed(
        f"Redshift refused {about}: {said}", where=where, position=position, results=results or {}
    )


def explained(what: str, where: str) -> AbstractContextManager[None]:
    """Turn what boto3 raises within into one sentence of the right kind."""
    return aws_trouble.explained(partial(_explanation, what, where))


def _explanation(what: str, where: str, error: AwsError) -> LakegateError:
    code, message = code_of(error), message_of(error)
    trouble = trouble_of(error)
    if any(words in message.lower() for words in _PASSING):
        trouble = Trouble.PASSING
    match trouble:
        case Trouble.NO_LOGIN:
            return WarehouseError(
                what,
                where=where,
                found="no AWS credentials",
                next_step="log in or set AWS_PROFILE, then run again",
            )
        case Trouble.NO_REGION:
            return ConfigurationError(
                what,
                where=where,
                found="no AWS region",
                next_step="add region=… to the URI or set AWS_DEFAULT_REGION",
            )
        case Trouble.UNREACHABLE:
            return TransientError(
                f"{what}, as AWS cannot be reached", where=where, found=message, next_step=WHAT_TO_CHECK
            )
        case Trouble.NO_ANSWER:
            return WarehouseBusy(
                what, where=where, found="no answer from AWS", next_step="check the network and run again"
            )
        case Trouble.PASSING:
            return WarehouseBusy(what, where=where, found=code, next_step="run again in a moment")
        case Trouble.DENIED | Trouble.REFUSED_LOGIN:
            return WarehouseError(
                what,
                where=where,
                found=f"access denied ({code})",
                next_step="give this role access to it, then run again",
            )
        case _:
            told = spoken(message)
            return WarehouseError(what, where=where, found=f"{code}: {told}" if code else told)


def spoken(message: str, *secrets: str) -> str:
    r"""Return a foreign message's first line without secrets, and without what may be a person's address.

    >>> spoken("Value ann@example.com too long\n  where: …")
    'Value *** too long'
    >>> spoken("user me, password hunter2", "hunter2")
    'user me, password ***'
    """
    said = next((line.strip() for line in message.splitlines() if line.strip()), "no reason given")
    for secret in secrets:
        if secret:
            said = said.replace(secret, "***")
    said = re.sub(r"[^\s'\"<>=(),]+@[^\s'\"<>=(),]+", "***", said)
    return said[:_LONGEST_MESSAGE].rstrip(".")
