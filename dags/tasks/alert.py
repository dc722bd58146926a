"""Notes and alerts: the outcome of a transition as text, and SNS alerts for failed tasks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dags.pipeline.report import DatasetReport
    from dags.pipeline.verdict_file import Outcome

_LOG = logging.getLogger(__name__)
_MAX_SUBJECT_LENGTH = 100  # limit of SNS, which also allows no line break
_MAX_RULES = 5


def alert(context: Mapping[str, Any]) -> None:
    """Publish an alert for a failed task to the SNS topic, if one is configured. Never raises.

    For Airflow's ``on_failure_callback``, which is called when no retry is left.
    """
    from dags.tasks.installation import read_installation

    try:
        installation = read_installation()
        if installation.topic is None:
            return
        from checkpoints.aws import aws_client

        subject, message = _alert_text(context)
        region = installation.topic.split(":")[3]
        aws_client("sns", region=region).publish(
            TopicArn=installation.topic, Subject=subject, Message=message
        )
    except Exception:  # noqa: BLE001 - a failed alert must not hide the error that it reports
        _LOG.exception("cannot send the alert")


def _alert_text(context: Mapping[str, Any]) -> tuple[str, str]:
    """Return an alert's subject and message."""
    from dags.tasks.run_request import read_run_request

    instance, error = context["ti"], context.get("exception")
    what = " ".join(str(error).split("\n", maxsplit=1)[0].split()) if error else "failed"
    subject = f"lakegate: {instance.dag_id}: {what}".encode("ascii", "replace").decode()
    lines = [
        str(error) if error else f"{instance.task_id} failed",
        f"DAG {instance.dag_id}, task {instance.task_id}, attempt {instance.try_number}",
        f"run {read_run_request(context).id}",
    ]
    return subject[:_MAX_SUBJECT_LENGTH], "\n".join(lines)


def note_of(outcome: Outcome, docs_link: str | None) -> str:
    """Return the verdict, a line per warned or blocked dataset, and the link to the Data Docs.

    Contains names and counts only, no values of rows.
    """
    name = outcome.transition if outcome.dataset is None else f"{outcome.transition} of {outcome.dataset}"
    lines = [f"{name}, run {outcome.run_id}: {verdict_of(outcome)}"]
    if outcome.error is not None:
        lines.append(outcome.error.sentence)
    if outcome.report is not None:
        lines += [line for one in outcome.report.datasets for line in _dataset_lines(one)]
    if docs_link:
        lines.append(f"Data Docs: {docs_link}")
    return "\n".join(lines)


def verdict_of(outcome: Outcome) -> str:
    """Return the verdict, or ``failed`` if there is none."""
    return "failed" if outcome.report is None else outcome.report.verdict.value


def docs_link(outcome: Outcome, docs_url: str | None) -> str | None:
    """Return the URL of the Data Docs below ``docs_url`` if set, else their location in the lake."""
    return f"{docs_url.rstrip('/')}/index.html" if docs_url else outcome.docs


def _dataset_lines(one: DatasetReport) -> Iterator[str]:
    if one.verdict not in (Verdict.WARN, Verdict.BLOCK):
        return
    rejected = {} if one.files is None else dict(one.files.quarantined)
    warned = {f"{rule} (warn)": count for rule, count in (one.rows_warned or {}).items()}
    counts = {**rejected, **(one.rows_by_rule or {}), **warned}
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MAX_RULES]
    parts = [", ".join(one.failed), ", ".join(f"{rule} {count:,}" for rule, count in top)]
    if one.rows_read is not None:
        parts.append(f"{one.rows_quarantined or 0:,} of {one.rows_read:,} rows quarantined")
    yield f"  {one.dataset}: {one.verdict.value}: " + "; ".join(part for part in parts if part)
