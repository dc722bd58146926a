"""Redshift transport over the Data API: needs no driver and no network path to the database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from checkpoints.aws import aws_client
from checkpoints.warehouse.redshift_errors import (
    StatementConflictError,
    StatementTimeoutError,
    statement_error,
    translate_errors,
)
from checkpoints.warehouse.warehouse import WarehouseBusyError, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from checkpoints.aws import AwsClient
    from checkpoints.warehouse.redshift_sql import Statement
    from checkpoints.warehouse.redshift_transport import RetryPolicy, Rows
    from checkpoints.warehouse.redshift_uri import RedshiftAddress

Description: TypeAlias = "Mapping[str, Any]"  # response of DescribeStatement

_MAX_STATEMENTS = 40
_MAX_BYTES = 100_000  # of SQL text: 100 KB in the documentation
_ENDED = ("FINISHED", "FAILED", "ABORTED")
# Raised for results that have expired, or that a failed batch does not keep.
_NO_RESULT_CODES = ("ResourceNotFoundException", "ValidationException")


@dataclass(frozen=True)
class DataApi:
    """A Redshift Serverless workgroup behind the Data API; see ``Transport``.

    Batches with the same client token run once (within 8 hours). The token is the transaction's name plus the
    number of ended batches of that name: a retry joins a load that is still running after a lost response or
    a killed process, and starts a new batch after one that failed or has to be repeated.
    """

    client: AwsClient
    address: RedshiftAddress
    retry_policy: RetryPolicy

    @classmethod
    def connect(cls, address: RedshiftAddress, retry_policy: RetryPolicy) -> Self:
        """Return a transport with a new client, without sending a request."""
        with translate_errors("cannot reach the Data API", address.uri):
            client = aws_client("redshift-data", region=address.region)
        return cls(client, address, retry_policy)

    def query(self, statement: Statement) -> Rows:
        """Run one query and return its rows; see ``Transport``."""
        return self.retry_policy.retrying(StatementConflictError)(self._query, statement)

    def transact(
        self, statements: Sequence[Statement], *, name: str, read: Collection[int] = ()
    ) -> Mapping[int, Rows]:
        """Run a batch, which is one transaction; see ``Transport``."""
        _check_limits(statements, self.address.uri)
        return self.retry_policy.retrying(StatementConflictError)(self._transact, statements, name, read)

    def _query(self, statement: Statement) -> Rows:
        response = self._send(
            "execute_statement", Sql=statement.sql, **_parameters([statement]), **self._target()
        )
        description = self._wait(response["Id"])
        if description["Status"] != "FINISHED":
            message = str(description.get("Error") or description["Status"])
            raise statement_error(message, where=self.address.uri, statement=statement, position=0)
        return self._result(response["Id"])

    def _transact(
        self, statements: Sequence[Statement], name: str, read: Collection[int]
    ) -> Mapping[int, Rows]:
        label = f"lakegate-{hashlib.sha256(f'{self.address.uri} {name}'.encode()).hexdigest()[:40]}"
        response = self._send(
            "batch_execute_statement",
            Sqls=[statement.sql for statement in statements],
            StatementName=label,
            ClientToken=f"{label}-{self._count_ended(label)}",
            **_parameters(statements),
            **self._target(),
        )
        description = self._wait(response["Id"])
        parts = description.get("SubStatements", ())
        if description["Status"] == "FINISHED":
            return {position: self._result(parts[position]["Id"]) for position in read}
        failed = next((n for n, part in enumerate(parts) if part["Status"] == "FAILED"), len(statements) - 1)
        message = parts[failed].get("Error") if parts else ""
        raise statement_error(
            str(message or description.get("Error") or description["Status"]),
            where=self.address.uri,
            statement=statements[failed],
            position=failed,
            results={n: rows for n in read if n < failed and (rows := self._result_if_kept(parts[n]["Id"]))},
        )

    def _count_ended(self, label: str) -> int:
        """Return how many batches of that name have finished, failed or been aborted."""
        return sum(
            one["Status"] in _ENDED and one.get("StatementName") == label
            for page in self._pages("list_statements", StatementName=label, Status="ALL", MaxResults=100)
            for one in page["Statements"]
        )

    def _wait(self, statement_id: str) -> Description:
        """Poll until the statement has ended; cancel it after the timeout."""
        poll = Retrying(
            retry=retry_if_result(lambda description: description["Status"] not in _ENDED),
            wait=wait_exponential(
                self.retry_policy.first_pause_seconds, self.retry_policy.longest_pause_seconds
            ),
            stop=stop_after_delay(self.address.timeout_seconds),
            sleep=self.retry_policy.sleep,
        )
        began = monotonic()
        try:
            return poll(self._describe, statement_id)
        except RetryError:
            self._cancel(statement_id)
        description = self._describe(statement_id)
        if description["Status"] == "FINISHED":  # before the cancellation took effect
            return description
        raise StatementTimeoutError(
            f"Redshift had not finished after {monotonic() - began:.0f} s; the statement was cancelled",
            where=self.address.uri,
            next_step="the old release is unchanged; raise timeout_seconds in the URI, or run again",
        )

    def _describe(self, statement_id: str) -> Description:
        return self._send("describe_statement", Id=statement_id)

    def _cancel(self, statement_id: str) -> None:
        from botocore.exceptions import ClientError

        try:
            self.client.cancel_statement(Id=statement_id)
        except ClientError as error:
            # These codes mean that it has ended in the meantime; the next poll returns its status.
            if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFoundException"):
                with translate_errors("cannot cancel a statement", self.address.uri):
                    raise

    def _result(self, statement_id: str) -> Rows:
        return tuple(
            tuple(map(_text, record))
            for page in self._pages("get_statement_result", Id=statement_id)
            for record in page["Records"]
        )

    def _result_if_kept(self, statement_id: str) -> Rows | None:
        """Return a query's rows from a failed batch, or None if the service no longer has them."""
        from botocore.exceptions import ClientError

        try:
            return self._result(statement_id)
        except WarehouseError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and cause.response["Error"]["Code"] in _NO_RESULT_CODES:
                return None
            raise

    def _pages(self, operation: str, **request: object) -> Iterator[Description]:
        while True:
            page = self._send(operation, **request)
            yield page
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]

    def _send(self, operation: str, **arguments: object) -> Description:
        return self.retry_policy.retrying(WarehouseBusyError)(self._send_once, operation, arguments)

    def _send_once(self, operation: str, arguments: Mapping[str, object]) -> Description:
        with translate_errors(f"the Data API call {operation} failed", self.address.uri):
            response: Description = getattr(self.client, operation)(**arguments)
            return response

    def _target(self) -> dict[str, str]:
        target = {"WorkgroupName": self.address.workgroup or "", "Database": self.address.database}
        return target | ({"SecretArn": self.address.secret} if self.address.secret else {})


def _parameters(statements: Sequence[Statement]) -> dict[str, list[dict[str, str]]]:
    """Return the merged parameters of all statements; no key at all when empty, as the API rejects []."""
    merged: dict[str, str] = {}
    for statement in statements:
        for name, value in statement.parameters.items():
            if merged.setdefault(name, value) != value:
                raise ValueError(f"parameter {name} has two values in one batch")
    return {"Parameters": [{"name": n, "value": v} for n, v in merged.items()]} if merged else {}


def _check_limits(statements: Sequence[Statement], where: str) -> None:
    size_bytes = sum(len(statement.sql.encode()) for statement in statements)
    limits = (("statements", len(statements), _MAX_STATEMENTS), ("bytes of SQL", size_bytes, _MAX_BYTES))
    for what, found, limit in limits:
        if found > limit:
            raise WarehouseError(
                f"too many {what} for one Data API transaction",
                where=where,
                expected=f"at most {limit}",
                found=str(found),
                next_step="use redshift:// instead, which has no such limit",
            )


def _text(field: Mapping[str, object]) -> str | None:
    """Return one field of a record as text, or None for null."""
    if field.get("isNull"):
        return None
    return str(next(value for name, value in field.items() if name != "isNull"))
