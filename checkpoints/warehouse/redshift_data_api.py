"""Redshift by the Data API: no driver, no network path to the database; the default on AWS."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from checkpoints.aws_client import aws_client
from checkpoints.warehouse.redshift_errors import StatementConflict, TookTooLong, explained, statement_error
from checkpoints.warehouse.warehouse import WarehouseBusy, WarehouseError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from checkpoints.aws_client import AwsClient
    from checkpoints.warehouse.redshift_address import RedshiftAddress
    from checkpoints.warehouse.redshift_sql import Statement
    from checkpoints.warehouse.redshift_transport import Patience, Rows

Description: TypeAlias = "Mapping[str, Any]"  # the answer of DescribeStatement, by its own keys

_MOST_STATEMENTS = 40
_MOST_BYTES = 100_000  # of the text: the documentation says 100 KB
_ENDED = ("FINISHED", "FAILED", "ABORTED")
# Which statement's result a finished batch no longer has, or that of a failed one never had.
_NO_RESULT_CODES = ("ResourceNotFoundException", "ValidationException")


@dataclass(frozen=True)
class DataApi:
    """A Redshift Serverless workgroup by the Data API; see ``Transport``.

    A batch's client token makes it run once however often it is sent (for 8 hours): it is the transaction's
    name and how many of that name have ended. So a load whose answer was lost, or whose process died, is
    found again by its retry while it runs; one that failed, or has to be done once more, is sent anew.
    """

    client: AwsClient
    address: RedshiftAddress
    patience: Patience

    @classmethod
    def connect(cls, address: RedshiftAddress, patience: Patience) -> Self:
        """Make a client that retries single requests. No request is sent yet."""
        with explained("cannot reach the Data API", address.uri):
            client = aws_client("redshift-data", region=address.region)
        return cls(client, address, patience)

    def query(self, statement: Statement) -> Rows:
        """Run one query and return its rows; see ``Transport``."""
        return self.patience.retrying(StatementConflict)(self._query, statement)

    def transact(
        self, statements: Sequence[Statement], *, name: str, read: Collection[int] = ()
    ) -> Mapping[int, Rows]:
        """Run a batch, which is one transaction; see ``Transport``."""
        _check_limits(statements, self.address.uri)
        return self.patience.retrying(StatementConflict)(self._transact, statements, name, read)

    def _query(self, statement: Statement) -> Rows:
        answer = self._send(
            "execute_statement", Sql=statement.sql, **_parameters([statement]), **self._target()
        )
        found = self._wait(answer["Id"])
        if found["Status"] != "FINISHED":
            message = str(found.get("Error") or found["Status"])
            raise statement_error(message, where=self.address.uri, statement=statement, position=0)
        return self._result(answer["Id"])

    def _transact(
        self, statements: Sequence[Statement], name: str, read: Collection[int]
    ) -> Mapping[int, Rows]:
        label = f"lakegate-{hashlib.sha256(f'{self.address.uri} {name}'.encode()).hexdigest()[:40]}"
        answer = self._send(
            "batch_execute_statement",
            Sqls=[statement.sql for statement in statements],
            StatementName=label,
            ClientToken=f"{label}-{self._ended(label)}",
            **_parameters(statements),
            **self._target(),
        )
        found = self._wait(answer["Id"])
        parts = found.get("SubStatements", ())
        if found["Status"] == "FINISHED":
            return {position: self._result(parts[position]["Id"]) for position in read}
        failed = next((n for n, part in enumerate(parts) if part["Status"] == "FAILED"), len(statements) - 1)
        message = (parts[failed].get("Error") if parts else "") or found.get("Error") or found["Status"]
        raise statement_error(
            str(message),
            where=self.address.uri,
            statement=statements[failed],
            position=failed,
            results={n: rows for n in read if n < failed and (rows := self._result_if_kept(parts[n]["Id"]))},
        )

    def _ended(self, label: str) -> int:
        """Return how many batches of that name have ended, well or not."""
        ended = 0
        page: dict[str, str] = {}
        while True:
            answer = self._send("list_statements", StatementName=label, Status="ALL", MaxResults=100, **page)
            named = [one for one in answer["Statements"] if one.get("StatementName") == label]
            ended += len([one for one in named if one["Status"] in _ENDED])
            if not answer.get("NextToken"):
                return ended
            page = {"NextToken": answer["NextToken"]}

    def _wait(self, statement_id: str) -> Description:
        """Look until the statement has ended; cancel it when it takes too long."""
        looking = Retrying(
            retry=retry_if_result(lambda found: found["Status"] not in _ENDED),
            wait=wait_exponential(self.patience.first_pause_seconds, self.patience.longest_pause_seconds),
            stop=stop_after_delay(self.address.timeout_seconds),
            sleep=self.patience.sleep,
        )
        began = monotonic()
        try:
            return looking(self._describe, statement_id)
        except RetryError:
            self._cancel(statement_id)
        found = self._describe(statement_id)
        if found["Status"] == "FINISHED":  # it was quicker than the order to stop
            return found
        raise TookTooLong(
            f"Redshift had not finished after {monotonic() - began:.0f} s and was told to stop",
            where=self.address.uri,
            next_step="the old release is still there; raise timeout_seconds in the URI, or run again",
        )

    def _describe(self, statement_id: str) -> Description:
        return self._send("describe_statement", Id=statement_id)

    def _cancel(self, statement_id: str) -> None:
        from botocore.exceptions import ClientError

        try:
            self.client.cancel_statement(Id=statement_id)
        except ClientError as error:
            # It has ended in the meantime; how, the next look tells.
            if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFoundException"):
                with explained("cannot stop a statement", self.address.uri):
                    raise

    def _result(self, statement_id: str) -> Rows:
        rows: list[tuple[str | None, ...]] = []
        page: dict[str, str] = {}
        while True:
            answer = self._send("get_statement_result", Id=statement_id, **page)
            rows += (tuple(map(_text, record)) for record in answer["Records"])
            if not answer.get("NextToken"):
                return tuple(rows)
            page = {"NextToken": answer["NextToken"]}

    def _result_if_kept(self, statement_id: str) -> Rows | None:
        """Return what a query of a batch that failed had seen, if the service still tells."""
        from botocore.exceptions import ClientError

        try:
            return self._result(statement_id)
        except WarehouseError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and cause.response["Error"]["Code"] in _NO_RESULT_CODES:
                return None
            raise

    def _send(self, operation: str, **arguments: object) -> Description:
        return self.patience.retrying(WarehouseBusy)(self._send_once, operation, arguments)

    def _send_once(self, operation: str, arguments: Mapping[str, object]) -> Description:
        with explained(f"the Data API refused {operation}", self.address.uri):
            answer: Description = getattr(self.client, operation)(**arguments)
            return answer

    def _target(self) -> dict[str, str]:
        target = {"WorkgroupName": self.address.workgroup or "", "Database": self.address.database}
        return target | ({"SecretArn": self.address.secret} if self.address.secret else {})


def _parameters(statements: Sequence[Statement]) -> dict[str, list[dict[str, str]]]:
    """Return the parameters of all statements, each once; Redshift allows no empty list."""
    merged: dict[str, str] = {}
    for statement in statements:
        for name, value in statement.parameters.items():
            if merged.setdefault(name, value) != value:
                raise ValueError(f"parameter {name} means two things in one batch")
    return {"Parameters": [{"name": n, "value": v} for n, v in merged.items()]} if merged else {}


def _check_limits(statements: Sequence[Statement], where: str) -> None:
    size_bytes = sum(len(statement.sql.encode()) for statement in statements)
    if not 1 <= len(statements) <= _MOST_STATEMENTS:
        raise WarehouseError(
            "one transaction of the Data API does not hold so many statements",
            where=where,
            expected=f"at most {_MOST_STATEMENTS}",
            found=str(len(statements)),
            next_step="use redshift:// instead, which has no such limit",
        )
    if size_bytes > _MOST_BYTES:
        raise WarehouseError(
            "one transaction of the Data API does not hold so much text",
            where=where,
            expected=f"at most {_MOST_BYTES} bytes",
            found=f"{size_bytes} bytes",
            next_step="use redshift:// instead, which has no such limit",
        )


def _text(field: Mapping[str, object]) -> str | None:
    """Return one value of a record, of whatever kind, as text."""
    if field.get("isNull"):
        return None
    return str(next(value for name, value in field.items() if name != "isNull"))
