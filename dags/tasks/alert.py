"""Tells an SNS topic that a task failed for good: blocked, or broken."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOG = logging.getLogger(__name__)
_LONGEST_SUBJECT = 100  # SNS takes no longer one, and no line break


def alert(context: Mapping[str, Any]) -> None:
    """Publish what happened: verdict, top rules, counts, link. Without a topic, nothing; it never raises.

    For Airflow's ``on_failure_callback``: it is called when no retry is left.
    """
    from dags.tasks.installation import read_installation

    try:
        installation = read_installation()
        if installation.topic is None:
            return
        from checkpoints.aws_client import aws_client

        subject, message = told(context)
        region = installation.topic.split(":")[3]
        aws_client("sns", region=region).publish(
            TopicArn=installation.topic, Subject=subject, Message=message
        )
    except Exception:  # noqa: BLE001 - an alert that cannot be sent must not hide what it is about
        _LOG.exception("no alert could be sent")


def told(context: Mapping[str, Any]) -> tuple[str, str]:
    """Return an alert's subject and text."""
    from dags.tasks.told import told_by

    instance, error = context["ti"], context.get("exception")
    what = " ".join(str(error).split("\n", maxsplit=1)[0].split()) if error else "failed"
    subject = f"lakegate: {instance.dag_id}: {what}".encode("ascii", "replace").decode()[:_LONGEST_SUBJECT]
    lines = [
        str(error) if error else f"{instance.task_id} failed",
        f"DAG {instance.dag_id}, task {instance.task_id}, attempt {instance.try_number}",
        f"run {told_by(context).id}",
    ]
    return subject, "\n".join(lines)
