"""Fixtures for notifications: a local lake without Spark, events of transitions, and moto's AWS."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from moto import mock_aws

from dags.notifications.transition_event import TransitionEvent
from dags.pipeline.context import new_run, read_setup
from dags.pipeline.report import DatasetReport, TransitionReport
from dags.pipeline.verdict_file import Outcome
from dags.settings import Settings, read_settings
from quarantine_policies.decision import Verdict
from tests.dags.lake_runs import AS_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STARTED = datetime(2024, 6, 30, 3, tzinfo=UTC)
WARNED = TransitionReport(
    "bronze_to_silver",
    Verdict.WARN,
    12.5,
    (
        DatasetReport(
            "events",
            Verdict.WARN,
            rows_read=1000,
            rows_promoted=900,
            rows_quarantined=100,
            rows_deduplicated=0,
            rows_by_rule={"age_range": 100},
            rows_warned={"email_format": 7},
            promoted="s3://shop/silver/events/v1",
        ),
        DatasetReport("users", Verdict.PASS, rows_read=5, rows_promoted=5, rows_quarantined=0),
    ),
)
BLOCKED = TransitionReport(
    "bronze_to_silver",
    Verdict.BLOCK,
    1.0,
    (DatasetReport("events", Verdict.BLOCK, rows_read=4, rows_quarantined=3, failed=("quarantine_ratio",)),),
)


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Make settings of a lake in a folder."""
    return lambda **given: read_settings(**{"lake": str(tmp_path / "lake"), **given})


@pytest.fixture
def event(settings: Callable[..., Settings]) -> Callable[..., TransitionEvent]:
    """Make the event of a transition that ended with a report, or has just started with None."""

    def make(
        report: TransitionReport | None, name: str = "bronze_to_silver", **given: Any
    ) -> TransitionEvent:
        run = new_run(as_of=AS_OF, run_id="r1")
        outcome = report and Outcome(run.id, AS_OF, report.name, report=report)
        return TransitionEvent(
            read_setup(settings(**given)),
            run,
            report.name if report else name,
            STARTED,
            STARTED + timedelta(minutes=2) if report else None,
            outcome,
        )

    return make


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


class Post(NamedTuple):
    """A request that was accepted."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Receiver:
    """A server on loopback. ``statuses``: of its next answers, then 200. ``accepted``: answered by 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    accepted: list[Post] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Start a server that accepts JSON."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = found.statuses.pop(0) if found.statuses else 200
            if status == 200:
                found.accepted.append(Post(self.path, dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()
