"""CloudWatch metrics, EventBridge events, and that no channel can stop a run."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from dags.notifications import cloudwatch, eventbridge
from dags.notifications.announce import announced
from dags.pipeline.report import DatasetReport
from dags.pipeline.verdict_file import Failure
from quarantine_policies.decision import Verdict
from tests.dags.notifications.conftest import BLOCKED, STARTED, WARNED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dags.notifications.transition_event import TransitionEvent
    from dags.pipeline.report import TransitionReport


def metrics(event: TransitionEvent) -> dict[tuple[str, str], float]:
    return {
        (one["MetricName"], "".join(dimension["Value"] for dimension in one["Dimensions"])): one["Value"]
        for one in cloudwatch.metrics_of(event)
    }


def test_a_verdict_is_few_metrics(event: Callable[..., TransitionEvent]) -> None:
    assert metrics(event(WARNED)) == {
        ("Verdict", "bronze_to_silver"): 2,
        ("Blocked", ""): 0,
        ("Seconds", "bronze_to_silver"): 12.5,
        ("RowsRead", "events"): 1000,
        ("RowsPromoted", "events"): 900,
        ("RowsQuarantined", "events"): 100,
        ("RowsRead", "users"): 5,
        ("RowsPromoted", "users"): 5,
        ("RowsQuarantined", "users"): 0,
    }


def test_a_block_and_a_failure_count_as_blocked(event: Callable[..., TransitionEvent]) -> None:
    blocked = event(BLOCKED)
    assert blocked.outcome is not None
    failed = replace(blocked, outcome=replace(blocked.outcome, report=None, error=Failure("gone", False, 1)))
    assert [metrics(one)["Blocked", ""] for one in (blocked, failed)] == [1, 1]
    assert metrics(failed)["Verdict", "bronze_to_silver"] == 4


def test_a_cluster_tells_its_dpu_seconds(event: Callable[..., TransitionEvent]) -> None:
    on_cluster = replace(event(WARNED), worker_seconds=240.0)
    assert metrics(on_cluster)["DpuSeconds", "bronze_to_silver"] == 240


def test_metrics_arrive_in_the_namespace(aws: None, event: Callable[..., TransitionEvent]) -> None:
    cloudwatch.announce(event(WARNED, metrics_namespace="shop"))
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="shop",
        MetricName="RowsRead",
        Dimensions=[{"Name": "Dataset", "Value": "events"}],
        StartTime=STARTED,
        EndTime=STARTED + timedelta(hours=1),
        Period=3600,
        Statistics=["Sum"],
    )
    assert [one["Sum"] for one in found["Datapoints"]] == [1000]


@pytest.fixture
def bus(aws: None) -> Callable[[], list[dict[str, Any]]]:
    """Return the events that match the rule which DEPLOYMENT.md shows."""
    events, sqs = boto3.client("events"), boto3.client("sqs")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["lakegate"], "detail-type": ["verdict"], "detail": {"verdict": ["warn", "block"]}}
    events.put_rule(Name="verdicts", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="verdicts", Targets=[{"Id": "queue", "Arn": arn}])

    def read() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]

    return read


def test_an_event_is_the_transitions_report(
    bus: Callable[[], list[dict[str, Any]]], event: Callable[..., TransitionEvent]
) -> None:
    warned = event(WARNED, event_bus="default")
    eventbridge.announce(warned)
    (found,) = bus()
    assert (found["source"], found["detail-type"]) == ("lakegate", "verdict")
    detail = found["detail"]
    assert (detail["run_id"], detail["name"], detail["verdict"]) == ("r1", "bronze_to_silver", "warn")
    assert detail["lake"] == warned.setup.lake.root.uri
    assert detail["datasets"][0]["rows_by_rule"] == {"age_range": 100}


def test_an_event_that_is_too_large_is_trimmed(event: Callable[..., TransitionEvent]) -> None:
    tables = tuple(
        DatasetReport(f"t{n}", Verdict.PASS, rows_promoted=n, rows_by_rule={f"rule_{n}": 1}, failed=())
        for n in range(50)
    )
    large = event(replace(WARNED, datasets=tables))
    whole = eventbridge.detail_of(large)
    for most_bytes in (len(whole) - 1, 4000, 400):
        text = eventbridge.detail_of(large, most_bytes)
        assert len(text) <= most_bytes
        detail = json.loads(text)
        assert (detail["verdict"], detail["is_trimmed"]) == ("warn", True)
    assert "is_trimmed" not in json.loads(whole)


class Notes:
    """Keeps the notes of a run."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def transition(self, name: str) -> None: ...

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None: ...

    def note(self, what: str) -> None:
        self.notes.append(what)


def test_a_channel_that_fails_is_noted_and_stops_nothing(
    aws: None, event: Callable[..., TransitionEvent], tmp_path: Path
) -> None:
    some, progress = event(WARNED, openlineage=str(tmp_path), metrics_namespace="shop"), Notes()
    report = announced(some.setup, some.run, WARNED.name, progress, lambda: WARNED)
    assert report is WARNED
    assert {note.partition(": not announced")[0] for note in progress.notes} == {"LAKEGATE_OPENLINEAGE"}


def test_an_error_of_the_transition_is_announced_and_raised(
    aws: None, event: Callable[..., TransitionEvent], tmp_path: Path
) -> None:
    lines = tmp_path / "events.ndjson"
    some = event(WARNED, openlineage=str(lines))

    def fail() -> TransitionReport:
        raise OSError("the cluster is gone")

    with pytest.raises(OSError, match="the cluster is gone"):
        announced(some.setup, some.run, WARNED.name, Notes(), fail)
    events = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [one["eventType"] for one in events] == ["START", "FAIL"]
    assert events[1]["run"]["facets"]["errorMessage"]["message"] == "OSError: the cluster is gone"
