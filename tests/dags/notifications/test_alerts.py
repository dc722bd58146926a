"""Alerts: one a run, for what needs attention, to SNS and to a webhook."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

import quarantine_policies
from dags.glue.main import run_job
from dags.notifications.alerts import alert_about, docs_link, make_alert, note_of
from dags.pipeline.report import DatasetReport, FileCounts, TransitionReport
from dags.pipeline.verdict_file import Failure, Outcome
from quarantine_policies.decision import Verdict
from tests.dags.lake_runs import AS_OF, lakegate
from tests.dags.notifications.conftest import BLOCKED, WARNED

if TYPE_CHECKING:
    from collections.abc import Callable

    from dags.settings import Settings
    from tests.dags.notifications.conftest import Receiver


def outcome(report: TransitionReport, **given: Any) -> Outcome:
    return Outcome("r1", AS_OF, report.name, report=report, docs="s3://shop/docs/index.html", **given)


FAILED = Outcome("r1", AS_OF, "silver_to_gold", error=Failure("the lake is gone", True, 1))


def test_a_note_names_verdict_rules_counts_and_where_the_data_docs_are() -> None:
    found = outcome(WARNED)
    assert note_of(found, docs_link(found, "https://docs.shop.example/")).splitlines() == [
        "bronze_to_silver, run r1: warn",
        "  events: warn: age_range 100, email_format (warn) 7; 100 of 1,000 rows quarantined",
        "Data Docs: https://docs.shop.example/index.html",
    ]


def test_a_note_of_one_dataset_lists_its_rejected_files() -> None:
    files = FileCounts(valid=2, quarantined={"corrupt_gzip": 1})
    report = TransitionReport(
        "raw_to_bronze", Verdict.WARN, 1.0, (DatasetReport("users", Verdict.WARN, files=files),)
    )
    found = Outcome("r1", "2024-05-01", "raw_to_bronze", report=report, dataset="users")
    assert note_of(found, None) == "raw_to_bronze of users, run r1: warn\n  users: warn: corrupt_gzip 1"


def test_a_note_of_a_failure_contains_its_sentence() -> None:
    assert note_of(FAILED, None) == "silver_to_gold, run r1: failed\nthe lake is gone"


def test_a_blocked_run_is_alerted_with_all_its_transitions_and_what_to_do(
    settings: Callable[..., Settings],
) -> None:
    given = settings(lake="s3://shop")
    passed = outcome(TransitionReport("raw_to_bronze", Verdict.PASS, 1.0, ()))
    alert = make_alert(given, [passed, outcome(BLOCKED)])
    assert alert is not None
    assert alert.subject == "lakegate: block: bronze_to_silver, run r1"
    assert alert.text.splitlines() == [
        "bronze_to_silver, run r1: block",
        "  events: block: quarantine_ratio; 3 of 4 rows quarantined",
        "Data Docs: s3://shop/docs/index.html",
        "What to do: correct the rows, the files, the contract or the policy, and run again; until then "
        "readers keep the last version. Rejected: lakegate quarantine --lake s3://shop --dataset events",
    ]


def test_a_failed_run_is_alerted_with_its_sentence(settings: Callable[..., Settings]) -> None:
    alert = make_alert(settings(), [FAILED])
    assert alert is not None
    assert (alert.subject, "the lake is gone" in alert.text) == (
        "lakegate: failed: silver_to_gold, run r1",
        True,
    )


@pytest.mark.parametrize("policy", ["events", "users", "gold"])
def test_a_warning_is_alerted_only_where_the_policy_of_a_warned_dataset_says_so(
    settings: Callable[..., Settings], tmp_path: Path, policy: str
) -> None:
    folder = policies_alerting(tmp_path, policy)
    alert = make_alert(settings(policies=folder), [outcome(WARNED)])
    assert make_alert(settings(), [outcome(WARNED)]) is None
    assert (alert is not None) is (policy == "events")


def test_feeds_that_all_stopped_are_alerted_as_a_warning(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    late = DatasetReport("events", Verdict.UNCHANGED, promoted="v1", failed=("freshness",))
    report = TransitionReport(
        "bronze_to_silver", Verdict.UNCHANGED, 0.1, (late, DatasetReport("users", Verdict.UNCHANGED))
    )
    alert = make_alert(settings(policies=policies_alerting(tmp_path, "events")), [outcome(report)])
    assert make_alert(settings(), [outcome(report)]) is None
    assert alert is not None
    assert alert.subject == "lakegate: warn: bronze_to_silver, run r1"
    assert alert.text.splitlines()[:2] == [
        "bronze_to_silver, run r1: unchanged",
        "  events: unchanged: freshness",
    ]


def test_a_catalog_that_lags_is_alerted_as_a_warning_of_a_transition_that_passed(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    passed = TransitionReport(
        "bronze_to_silver", Verdict.PASS, 0.1, (DatasetReport("events", Verdict.PASS),), ("the catalog lags",)
    )
    alert = make_alert(settings(policies=policies_alerting(tmp_path, "events")), [outcome(passed)])
    assert make_alert(settings(), [outcome(passed)]) is None
    assert alert is not None
    assert alert.subject == "lakegate: warn: bronze_to_silver, run r1"
    assert alert.text.splitlines()[:2] == ["bronze_to_silver, run r1: pass", "  the catalog lags"]


def policies_alerting(folder: Path, name: str) -> Path:
    """Return the shipped policies, of which one wants alerts for warnings."""
    copied = folder / "policies"
    shutil.copytree(Path(quarantine_policies.__file__).parent, copied, ignore=shutil.ignore_patterns("*.py*"))
    policy = copied / f"{name}.yaml"
    text = policy.read_text()
    assert "alerts: {warn: false}" in text
    policy.write_text(text.replace("alerts: {warn: false}", "alerts: {warn: true}"))
    return copied


def test_a_run_without_trouble_is_not_alerted(settings: Callable[..., Settings]) -> None:
    assert make_alert(settings(), [outcome(TransitionReport("raw_to_bronze", Verdict.PASS, 1.0, ()))]) is None


@pytest.fixture
def inbox(aws: None) -> Callable[[], list[dict[str, str]]]:
    """Return what arrives at the topic ``alerts``."""
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def read() -> list[dict[str, str]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]

    return read


TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"


@pytest.fixture
def webhook(receiver: Receiver) -> Receiver:
    """A webhook that is not available at first."""
    receiver.statuses.append(503)
    return receiver


def test_a_webhook_gets_the_alert_in_slacks_form_also_at_the_second_attempt(
    settings: Callable[..., Settings], webhook: Receiver
) -> None:
    notes: list[str] = []
    alert_about(settings(webhook=webhook.url), [outcome(BLOCKED)], notes.append)
    ((_, _, message),) = webhook.accepted
    assert list(message) == ["text"]
    assert message["text"].startswith("*lakegate: block: bronze_to_silver, run r1*\nbronze_to_silver, run r1")
    assert notes == []


def test_what_a_file_or_an_error_is_called_cannot_address_people_in_slack(
    settings: Callable[..., Settings], webhook: Receiver
) -> None:
    failed = replace(FAILED, error=Failure("file <!channel> & <https://evil.example|click>", True, 1))
    alert_about(settings(webhook=webhook.url), [failed], pytest.fail)
    text = webhook.accepted[0].body["text"]
    assert "file &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;" in text


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/services/T0/B0/SECRET", "the webhook cannot be reached (found ConnectionError)"),
        ("127.0.0.1/services/T0/B0/SECRET", "invalid URL of the webhook (found MissingSchema)"),
        ("http://:-1/services/T0/B0/SECRET", "invalid URL of the webhook (found InvalidURL)"),
    ],
)
def test_the_address_of_a_webhook_that_fails_is_in_no_log(
    settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    url: str,
    reason: str,
) -> None:
    monkeypatch.setattr("dags.notifications.webhook.LONGEST_PAUSE_SECONDS", 0)
    notes: list[str] = []
    alert_about(settings(webhook=url), [outcome(BLOCKED)], notes.append)
    assert notes == [f"LAKEGATE_WEBHOOK: alert not sent: {reason}"]
    assert "SECRET" not in caplog.text


def test_a_webhook_that_stays_busy_is_one_note(
    settings: Callable[..., Settings], webhook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dags.notifications.webhook.ATTEMPTS", 1)
    notes: list[str] = []
    alert_about(settings(webhook=webhook.url), [outcome(BLOCKED)], notes.append)
    assert notes == ["LAKEGATE_WEBHOOK: alert not sent: the webhook refused the alert (found HTTP 503)"]
    assert webhook.accepted == []


def test_the_address_of_a_webhook_may_be_a_secret(
    settings: Callable[..., Settings], webhook: Receiver, aws: None
) -> None:
    arn = boto3.client("secretsmanager").create_secret(Name="hook", SecretString=webhook.url)["ARN"]
    alert_about(settings(webhook=arn), [outcome(BLOCKED)], pytest.fail)
    assert len(webhook.accepted) == 1


def test_a_channel_that_fails_is_one_note_and_the_other_is_served(
    settings: Callable[..., Settings], webhook: Receiver, aws: None
) -> None:
    notes: list[str] = []
    alert_about(
        settings(webhook=webhook.url, topic=TOPIC), [outcome(BLOCKED)], notes.append
    )  # there is no topic
    assert len(webhook.accepted) == 1
    (note,) = notes
    assert note.startswith("LAKEGATE_TOPIC: alert not sent: ")


def drop_bad_file(lake: Path) -> None:
    file = lake / "raw/events/notes.docx"
    file.parent.mkdir(parents=True)
    file.write_text("no data")


@pytest.fixture
def alerting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake with a rejected file, whose warning is alerted."""
    monkeypatch.setenv("LAKEGATE_TOPIC", TOPIC)
    monkeypatch.setenv("LAKEGATE_POLICIES", str(policies_alerting(tmp_path, "events")))
    drop_bad_file(tmp_path / "lake")
    return tmp_path / "lake"


def test_the_command_line_alerts_once_a_run(
    alerting: Path, inbox: Callable[[], list[dict[str, str]]]
) -> None:
    assert lakegate("run", "--lake", alerting, "--only", "raw_to_bronze", "--run-id", "r1").status == 0
    (alert,) = inbox()
    assert alert["Subject"] == "lakegate: warn: raw_to_bronze, run r1"
    assert "events: warn: unsupported_format 1" in alert["Message"]
    assert f"lakegate quarantine --lake {alerting} --dataset events" in alert["Message"]


def test_the_command_line_alerts_a_failure(alerting: Path, inbox: Callable[[], list[dict[str, str]]]) -> None:
    assert lakegate("run", "--lake", alerting, "--only", "silver_to_gold").status == 1
    (alert,) = inbox()
    assert alert["Subject"].startswith("lakegate: failed: silver_to_gold, run ")
    assert "nothing was ever promoted to SILVER" in alert["Message"]


@pytest.mark.parametrize(("argument", "count"), [((), 1), (("--alert", "false"), 0)])
def test_a_job_started_by_hand_alerts_and_one_that_airflow_started_leaves_it_to_airflow(
    alerting: Path, inbox: Callable[[], list[dict[str, str]]], argument: tuple[str, ...], count: int
) -> None:
    common = ("--transition", "raw_to_bronze", "--lake", str(alerting), "--run_id", "r1")
    run_job([*common, "--on_block", "succeed", *argument])
    assert [one["Subject"] for one in inbox()] == ["lakegate: warn: raw_to_bronze, run r1"] * count


def test_a_job_with_invalid_contracts_alerts(
    alerting: Path, inbox: Callable[[], list[dict[str, str]]], tmp_path: Path
) -> None:
    run_job(
        ["--transition", "raw_to_bronze", "--lake", str(alerting), "--contracts", str(tmp_path / "nowhere")]
    )
    (alert,) = inbox()
    assert "contracts folder not found" in alert["Message"]
