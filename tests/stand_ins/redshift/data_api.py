"""The Redshift Data API on loopback, for boto3, in front of the stand-in's database.

Statements run in the background: a batch is one transaction with full rollback, of at most 40 statements and
100 KB; a client token runs once; DescribeStatement returns the real state; results are paged. It also
implements ``GetCredentials`` of redshift-serverless. Unknown request keys are errors.

Not covered: signatures and permissions (any are accepted), Serverless's start-up time, the service's exact
messages, whether it keeps results of failed batches (configurable here), and how long it remembers client
tokens, statements and results.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.stand_ins.redshift.dialect import parameters, parse
from tests.stand_ins.redshift.errors import RedshiftServerError
from tests.stand_ins.redshift.privileges import is_about_privileges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.stand_ins.redshift.database import RedshiftDatabase, Result

_MAX_STATEMENTS = 40
_MAX_BYTES = 100_000
_TARGET = {"WorkgroupName", "Database", "SecretArn", "StatementName", "ClientToken", "Parameters"}
_KNOWN = {
    "ExecuteStatement": _TARGET | {"Sql"},
    "BatchExecuteStatement": _TARGET | {"Sqls"},
    "DescribeStatement": {"Id"},
    "GetStatementResult": {"Id", "NextToken"},
    "CancelStatement": {"Id"},
    "ListStatements": {"StatementName", "Status", "MaxResults", "NextToken"},
    "GetCredentials": {"workgroupName", "dbName", "durationSeconds"},
}
_ENDED = ("FINISHED", "FAILED", "ABORTED")


class ApiError(Exception):
    """An error response."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass
class Part:
    """One SQL text of a statement or a batch."""

    sql: str
    status: str = "SUBMITTED"
    error: str | None = None
    result: Result | None = None


@dataclass
class Submitted:
    """One call of ExecuteStatement or BatchExecuteStatement."""

    request: Mapping[str, Any]
    parts: list[Part]
    is_batch: bool
    id: str = field(default_factory=lambda: str(uuid4()))
    created: float = field(default_factory=time.time)
    status: str = "SUBMITTED"
    error: str | None = None
    is_cancelled: threading.Event = field(default_factory=threading.Event)


@dataclass
class DataApiServer:
    """The endpoint.

    ``faults`` are errors (operation, code, message) to return once each; ``lost_responses`` are operations
    that are executed but answered with an error, once each.
    """

    database: RedshiftDatabase
    workgroup: str = "analytics"
    port: int = 0  # 0: any free port
    secrets: tuple[str, ...] = ()  # with the login of the user "loader"
    identity: str = "IAMR:admin"  # database user of the caller's IAM identity
    keeps_failed_results: bool = False
    rows_per_page: int = 1000
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    lost_responses: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    submitted: dict[str, Submitted] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __enter__(self) -> DataApiServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler_of(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.submitted.values():
            one.is_cancelled.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def batches(self) -> list[Submitted]:
        """The accepted batches, in order."""
        return [one for one in self.submitted.values() if one.is_batch]

    @property
    def url(self) -> str:
        """The endpoint's URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Execute one call."""
        with self._lock:
            self.calls.append(operation)
            for fault in self.faults:
                if fault[0] == operation:
                    self.faults.remove(fault)
                    raise ApiError(fault[1], fault[2])
        if operation not in _KNOWN:
            raise ApiError("ValidationException", f"the stand-in does not support {operation}")
        if unknown := set(request) - _KNOWN[operation]:
            raise ApiError("ValidationException", f"the stand-in does not know {', '.join(sorted(unknown))}")
        handlers = {
            "ExecuteStatement": self._submit,
            "BatchExecuteStatement": self._submit,
            "DescribeStatement": self._describe,
            "GetStatementResult": self._get_result,
            "CancelStatement": self._cancel,
            "ListStatements": self._list,
            "GetCredentials": self._get_credentials,
        }
        answer = handlers[operation](request)
        if operation in self.lost_responses:
            self.lost_responses.remove(operation)
            raise ApiError("InternalServerException", "the answer got lost")
        return answer

    def _submit(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if request.get("WorkgroupName") != self.workgroup or request.get("Database") != self.database.name:
            raise ApiError("ValidationException", "Redshift endpoint doesn't exist in this region.")
        if "SecretArn" in request and request["SecretArn"] not in self.secrets:
            raise ApiError("ValidationException", "Secrets Manager can't find the specified secret.")
        is_batch = "Sqls" in request
        texts = request["Sqls"] if is_batch else [request["Sql"]]
        if not 1 <= len(texts) <= _MAX_STATEMENTS:
            raise ApiError("ValidationException", f"Number of SQL statements exceeds {_MAX_STATEMENTS}.")
        if sum(len(text.encode()) for text in texts) > _MAX_BYTES:
            raise ApiError("ValidationException", "Query string exceeds 100 KB.")
        given = {one["name"] for one in request.get("Parameters", ())}
        used = {name for text in texts if ":" in text for name in _parameters(text)}
        if given != used:
            raise ApiError("ValidationException", f"Parameters given {sorted(given)}, used {sorted(used)}.")
        with self._lock:
            token = request.get("ClientToken")
            if token in self._tokens:
                known = self.submitted[self._tokens[token]]
                if [part.sql for part in known.parts] != texts:
                    raise ApiError("ValidationException", "ClientToken was used for another statement.")
                return _receipt(known)
            one = Submitted(request, [Part(text) for text in texts], is_batch)
            self.submitted[one.id] = one
            if token:
                self._tokens[token] = one.id
        threading.Thread(target=self._run, args=(one,), daemon=True).start()
        return _receipt(one)

    def _run(self, one: Submitted) -> None:
        values = {p["name"]: p["value"] for p in one.request.get("Parameters", ())}
        user = "loader" if "SecretArn" in one.request else self.identity
        session = self.database.session(user=user)
        session.is_cancelled = one.is_cancelled
        one.status = "STARTED"
        part = one.parts[0]
        try:
            if one.is_batch:
                session.begin()
            for part in one.parts:
                part.status = "STARTED"
                part.result = session.execute(part.sql, values)
                part.status = "FINISHED"
            if one.is_batch:
                session.commit()
            session.close()
            one.status = "FINISHED"
        except RedshiftServerError as error:
            session.close()
            self._note_failure(one, part, error)

    def _note_failure(self, one: Submitted, failed: Part, error: RedshiftServerError) -> None:
        is_cancelled = one.is_cancelled.is_set()
        failed.status, failed.error = ("ABORTED" if is_cancelled else "FAILED"), f"ERROR: {error.message}"
        for part in one.parts:
            if part.status == "SUBMITTED":
                part.status = "ABORTED"
        number = one.parts.index(failed) + 1
        prefix = f"Query #{number} failed with " if one.is_batch else ""
        one.error = f"{prefix}ERROR: {error.message}"
        one.status = "ABORTED" if is_cancelled else "FAILED"

    def _describe(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        one, _ = self._find(request["Id"])
        answer: dict[str, Any] = {
            **_receipt(one),
            "Status": one.status,
            "HasResultSet": not one.is_batch and _has_rows(one.parts[0]),
            "ResultRows": one.parts[0].result.touched if one.parts[0].result else -1,
        }
        if one.error:
            answer["Error"] = one.error
        if one.is_batch:
            answer["SubStatements"] = [
                {
                    "Id": f"{one.id}:{number}",
                    "Status": part.status,
                    "QueryString": part.sql,
                    "HasResultSet": _has_rows(part),
                    "ResultRows": part.result.touched if part.result else -1,
                    **({"Error": part.error} if part.error else {}),
                }
                for number, part in enumerate(one.parts, 1)
            ]
        return answer

    def _get_result(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        one, number = self._find(request["Id"])
        if one.is_batch and number is None:
            message = "BatchExecuteStatement result can only be retrieved with sub-statement id."
            raise ApiError("ValidationException", message)
        part = one.parts[(number or 1) - 1]
        is_kept = one.status == "FINISHED" or (one.is_batch and self.keeps_failed_results)
        if part.result is None or part.result.columns is None or not is_kept:
            raise ApiError("ResourceNotFoundException", "Query does not have result. Check query status.")
        start = int(request.get("NextToken", "0"))
        rows = part.result.rows[start : start + self.rows_per_page]
        answer: dict[str, Any] = {
            "Records": [[_field(value) for value in row] for row in rows],
            "ColumnMetadata": [{"name": name, "typeName": kind} for name, kind in part.result.columns],
            "TotalNumRows": len(part.result.rows),
        }
        if start + len(rows) < len(part.result.rows):
            answer["NextToken"] = str(start + len(rows))
        return answer

    def _cancel(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        one, _ = self._find(request["Id"])
        if one.status in _ENDED:
            raise ApiError("ValidationException", f"Could not cancel a query in {one.status} state")
        one.is_cancelled.set()
        while one.status not in _ENDED:
            time.sleep(0.005)
        return {"Status": True}

    def _list(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        wanted, prefix = request.get("Status", "FINISHED"), request.get("StatementName", "")
        found = [
            one
            for one in reversed(self.submitted.values())
            if one.request.get("StatementName", "").startswith(prefix) and wanted in ("ALL", one.status)
        ]
        start, most = int(request.get("NextToken", "0")), request.get("MaxResults", 100)
        answer: dict[str, Any] = {
            "Statements": [
                {
                    "Id": one.id,
                    "Status": one.status,
                    "StatementName": one.request.get("StatementName", ""),
                    "IsBatchStatement": one.is_batch,
                    "CreatedAt": one.created,
                }
                for one in found[start : start + most]
            ]
        }
        if start + most < len(found):
            answer["NextToken"] = str(start + most)
        return answer

    def _get_credentials(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if request.get("workgroupName") != self.workgroup:
            raise ApiError("ResourceNotFoundException", "Workgroup not found")
        user, password = self.identity, f"temporary-{uuid4()}"
        self.database.users[user] = password
        return {"dbUser": user, "dbPassword": password, "expiration": time.time() + 900}

    def _find(self, statement_id: str) -> tuple[Submitted, int | None]:
        bare, _, number = statement_id.partition(":")
        if bare not in self.submitted:
            raise ApiError("ResourceNotFoundException", f"Query {bare} not found")
        return self.submitted[bare], int(number) if number else None


def _receipt(one: Submitted) -> dict[str, Any]:
    request = one.request
    receipt = {"Id": one.id, "CreatedAt": one.created, "Database": request["Database"]}
    return receipt | {"WorkgroupName": request["WorkgroupName"]}


def _has_rows(part: Part) -> bool:
    return part.result is not None and part.result.columns is not None


def _parameters(sql: str) -> tuple[str, ...]:
    return () if sql.startswith("COPY") or is_about_privileges(sql) else parameters(parse(sql))


def _field(value: object) -> dict[str, object]:
    match value:
        case None:
            return {"isNull": True}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"longValue": value}
        case float():
            return {"doubleValue": value}
        case Decimal():
            return {"stringValue": format(value, "f")}
    return {"stringValue": str(value)}


def _handler_of(api: DataApiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request in Amazon's JSON protocol."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, answer = 200, api.answer(operation, request)
            except ApiError as error:
                status = 500 if error.code.startswith("Internal") else 400
                answer = {"__type": error.code, "Message": error.message}
            except RedshiftServerError as error:
                status, answer = 400, {"__type": "ValidationException", "Message": error.message}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Suppress the log."""

    return Handler
