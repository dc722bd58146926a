"""The one alert of a run: what went wrong, where, how much, and what to do about it.

It is sent by who started the run: `lakegate run`, a Glue job that Airflow did not start, or the last task of
the Airflow DAG that started the others. A blocked or failed run always sends one, a run with warnings if the
policy of a warned dataset says so. Alerts contain names and counts only, no values of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dags.notifications.transition_event import FAILED, level_of, verdict_of
from dags.pipeline.transition_attempt import failure_of
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dags.pipeline.report import DatasetReport
    from dags.pipeline.verdict_file import Outcome
    from dags.settings import Settings

_MAX_SUBJECT_LENGTH: Final = 100  # limit of SNS, which also allows no line break
_MAX_RULES: Final = 5
_ALERTING: Final = (FAILED, Verdict.BLOCK.value, Verdict.WARN.value)  # the worst first
_TODO: Final = {
    FAILED: "remove the cause and run again; nothing is promoted twice",
    Verdict.BLOCK.value: "correct the rows, the files, the contract or the policy, and run again; until then "
    "readers keep the last version. Rejected: {command}",
    Verdict.WARN.value: "look at the rules; the data was promoted. Rejected: {command}",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """A subject of one line, and a text."""

    subject: str
    text: str


def alert_about(settings: Settings, outcomes: Sequence[Outcome], note: Callable[[str], None]) -> None:
    """Send the alert of a run, if it needs one, to every configured channel. Never raises.

    Args:
        settings: the topic, the webhook, and where policies and Data Docs are.
        outcomes: of the run's transitions, in order.
        note: gets a sentence for each channel that fails.
    """
    channels = {"LAKEGATE_TOPIC": _publish, "LAKEGATE_WEBHOOK": _post}
    given = {"LAKEGATE_TOPIC": settings.topic, "LAKEGATE_WEBHOOK": settings.webhook}
    if not any(given.values()):
        return
    try:
        alert = make_alert(settings, outcomes)
    except Exception as error:  # noqa: BLE001 - an alert must not hide what it reports
        note(f"no alert could be made: {failure_of(error).sentence}")
        return
    for name, target in given.items():
        if alert is None or target is None:
            continue
        try:
            channels[name](target, alert)
        except Exception as error:  # noqa: BLE001 - as above
            note(f"{name}: alert not sent: {failure_of(error).sentence}")


def make_alert(settings: Settings, outcomes: Sequence[Outcome]) -> Alert | None:
    """Return a run's alert, with all transitions in it that need attention; None if none does.

    Raises:
        ConfigurationError: a policy is invalid.
    """
    found = [one for one in outcomes if level_of(one) in _ALERTING]
    if not found:
        return None
    worst = min(map(level_of, found), key=_ALERTING.index)
    if worst == Verdict.WARN.value and not _warns(settings, found):
        return None
    names = ", ".join(dict.fromkeys(one.transition for one in found if level_of(one) == worst))
    subject = f"lakegate: {worst}: {names}, run {found[0].run_id}".encode("ascii", "replace").decode()
    lines = [note_of(one, None) for one in found]
    if link := next((link for one in found if (link := docs_link(one, settings.docs_url))), None):
        lines.append(f"Data Docs: {link}")
    lines.append(f"What to do: {_TODO[worst].format(command=_command(settings, found))}")
    return Alert(subject[:_MAX_SUBJECT_LENGTH], "\n".join(lines))


def note_of(outcome: Outcome, link: str | None) -> str:
    """Return the verdict, a line per warned or blocked dataset, and the link to the Data Docs."""
    name = outcome.transition if outcome.dataset is None else f"{outcome.transition} of {outcome.dataset}"
    lines = [f"{name}, run {outcome.run_id}: {verdict_of(outcome)}"]
    if outcome.error is not None:
        lines.append(outcome.error.sentence)
    if outcome.report is not None:
        lines += [line for one in outcome.report.datasets for line in _dataset_lines(one)]
        lines += [f"  {warning}" for warning in outcome.report.warnings or ()]
    if link:
        lines.append(f"Data Docs: {link}")
    return "\n".join(lines)


def docs_link(outcome: Outcome, docs_url: str | None) -> str | None:
    """Return the URL of the Data Docs below ``docs_url`` if set, else their location in the lake."""
    return f"{docs_url.rstrip('/')}/index.html" if docs_url else outcome.docs


def _warns(settings: Settings, outcomes: Sequence[Outcome]) -> bool:
    """Whether the policy of a warned dataset or table wants an alert; warnings of a transition are of all."""
    from contracts.loader import load_contracts
    from quarantine_policies.reader import load_policies

    policies, contracts = load_policies(settings.policies), load_contracts(settings.contracts)
    dataset_of = {contract.name: contract.dataset for contract in contracts.silver_tables}
    warned = {
        one.dataset
        for report in (outcome.report for outcome in outcomes if outcome.report)
        for one in report.datasets
        if one.verdict is Verdict.WARN or one.failed or report.warnings
    }
    return any(
        (policies.of(dataset_of[name]) if name in dataset_of else policies.gold).alerts.warn
        for name in warned
    )


def _command(settings: Settings, outcomes: Sequence[Outcome]) -> str:
    """Return the command that lists the rejected files and rows; of one dataset if it is only one."""
    names = {
        one.dataset
        for outcome in outcomes
        for one in (outcome.report.datasets if outcome.report else ())
        if one.rows_quarantined or (one.files and one.files.quarantined)
    }
    dataset = f" --dataset {names.pop()}" if len(names) == 1 else ""
    return f"lakegate quarantine --lake {settings.lake}{dataset}"


def _dataset_lines(one: DatasetReport) -> Iterator[str]:
    if one.verdict not in (Verdict.WARN, Verdict.BLOCK) and not one.failed:
        return
    rejected = {} if one.files is None else dict(one.files.quarantined)
    warned = {f"{rule} (warn)": count for rule, count in (one.rows_warned or {}).items()}
    counts = {**rejected, **(one.rows_by_rule or {}), **warned}
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MAX_RULES]
    parts = [", ".join(one.failed), ", ".join(f"{rule} {count:,}" for rule, count in top)]
    if one.rows_read is not None:
        parts.append(f"{one.rows_quarantined or 0:,} of {one.rows_read:,} rows quarantined")
    yield f"  {one.dataset}: {one.verdict.value}: " + "; ".join(part for part in parts if part)


def _publish(topic: str, alert: Alert) -> None:
    """Publish to an SNS topic. Raises boto3's errors after its retries."""
    from checkpoints.aws import PROBE, aws_client

    region = topic.split(":")[3]
    aws_client("sns", region=region, wait=PROBE).publish(
        TopicArn=topic, Subject=alert.subject, Message=alert.text
    )


def _post(webhook: str, alert: Alert) -> None:
    """Post to a webhook in Slack's form. Raises what ``webhook.post`` raises."""
    from dags.notifications.webhook import post

    post(webhook, f"*{alert.subject}*\n{alert.text}")
