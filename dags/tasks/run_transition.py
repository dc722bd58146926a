"""Transitions that an Airflow worker runs itself, without a cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dags.pipeline.verdict_file import Failure

_RELEASABLE = ("pass", "warn")


def run_transition(context: Mapping[str, Any], transition: str, dataset: str | None = None) -> None:
    """Attempt a transition for the DAG run's run; the gate task reads its verdict file.

    Raises:
        AirflowFailException: it failed, and a retry would not help.
        AirflowException: it failed, and a retry may help.
    """
    from dags.pipeline.progress import Logged
    from dags.pipeline.transition_attempt import run_transition_attempt
    from dags.tasks.installation import read_installation
    from dags.tasks.run_request import read_run_request, run_of

    installation, run = read_installation(), run_of(read_run_request(context))
    outcome = run_transition_attempt(
        installation.settings,
        run,
        transition,
        Logged(sys.stderr),
        dataset=dataset,
        job_run_id=f"{context['ti'].dag_id} {context['ti'].task_id}",
    )
    if outcome.error is not None:
        raise _failure_to_airflow(outcome.error)


def check_release(context: Mapping[str, Any]) -> str:
    """Return the version of GOLD's current release.

    Raises:
        AirflowFailException: there is no release, its verdict is not ``pass`` or ``warn``, or this run's
            silver_to_gold did not pass the gate.
        AirflowException: the lake does not answer.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from checkpoints.lake.promotion import current_release
    from dags.notifications.transition_event import verdict_of
    from dags.pipeline.context import find_lake
    from dags.pipeline.verdict_file import read_outcome
    from dags.tasks.installation import read_installation
    from dags.tasks.run_request import read_run_request

    run = read_run_request(context)
    try:
        lake = find_lake(read_installation().settings)
        release = current_release(lake)
        outcome = read_outcome(lake, run.id, "silver_to_gold")
    except Exception as error:
        raise error_to_airflow(error) from error
    if release is None:
        raise AirflowFailException("GOLD has no release; run silver_to_gold first")
    if release.verdict not in _RELEASABLE:
        raise AirflowFailException(f"release {release.version} of GOLD has the verdict {release.verdict}")
    if outcome is not None and verdict_of(outcome) not in (*_RELEASABLE, "unchanged"):
        raise AirflowFailException(
            f"silver_to_gold of run {run.id} has the verdict {verdict_of(outcome)}: nothing is loaded"
        )
    return release.version


def error_to_airflow(error: Exception) -> Exception:
    """Return the Airflow exception for an error of the pipeline; only transient errors are retried."""
    from dags.pipeline.transition_attempt import failure_of

    return _failure_to_airflow(failure_of(error))


def _failure_to_airflow(failure: Failure) -> Exception:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    return (AirflowException if failure.is_transient else AirflowFailException)(failure.sentence)
