"""A transition that a worker carries out itself, because it needs no cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dags.pipeline.verdict_file import Failure


def carry_out_here(context: Mapping[str, Any], transition: str, dataset: str | None = None) -> None:
    """Make one attempt at a transition of the DAG run's run; the gate task reads how it came out.

    Raises:
        AirflowFailException: it failed, and would fail again.
        AirflowException: it failed, and a retry may help.
    """
    from dags.pipeline.attempt import attempt
    from dags.pipeline.progress import Logged
    from dags.tasks.installation import read_installation
    from dags.tasks.told import run_of, told_by

    installation, run = read_installation(), run_of(told_by(context))
    outcome = attempt(
        installation.settings,
        run,
        transition,
        Logged(sys.stderr),
        dataset=dataset,
        job_run_id=f"{context['ti'].dag_id} {context['ti'].task_id}",
    )
    if outcome.error is not None:
        raise failed(outcome.error)


def failed(failure: Failure) -> Exception:
    """Return what to raise for a failure: only what may pass is tried again."""
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    return (AirflowException if failure.is_transient else AirflowFailException)(failure.sentence)


def failed_by(error: Exception) -> Exception:
    """Return what to raise for an error of the pipeline."""
    from dags.pipeline.attempt import failure_of

    return failed(failure_of(error))
