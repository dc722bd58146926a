"""DAG of a transition on Glue: check, job, gate."""

from __future__ import annotations

import os
from inspect import signature
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.sdk import DAG, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from dags.tasks.alert import DagPart
from dags.tasks.checks import check_installation
from dags.tasks.dag_defaults import TAGS, alert_task, asset, default_arguments, macros, transition_params
from dags.tasks.gate import Gate
from dags.tasks.run_request import read_run_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

# A retry resumes the job run that is still running: in older releases of the provider only if asked to.
_RESUMED = {} if "durable" in signature(GlueJobOperator).parameters else {"resume_glue_job_on_retry": True}
POLL_SECONDS = int(os.environ.get("LAKEGATE_LOOK_EVERY_SECONDS", "60"))


def glue_dag(
    transition: str,
    reads: Sequence[tuple[str, str]],
    promotes: tuple[str, str],
    max_minutes: int,
    description: str,
) -> DAG:
    """Return the DAG of a transition.

    Args:
        transition: name of the transition and the DAG.
        reads: zone and name of the assets that the transition reads.
        promotes: zone and name of the asset that the gate updates.
        max_minutes: timeout for waiting, longer than the job's own.
        description: for the UI.
    """
    with DAG(
        transition,
        description=description,
        schedule=None,
        catchup=False,
        max_active_runs=1,
        default_args=default_arguments(),
        params=transition_params(),
        user_defined_macros=macros(),
        tags=TAGS,
    ) as dag:

        @task
        def check() -> None:
            """Check the installation before anything runs."""
            check_installation(get_current_context(), (transition,))

        gate = Gate(
            task_id="gate",
            transition=transition,
            inlets=[asset(*one) for one in reads],
            outlets=[asset(*promotes)],
        )
        (
            check()
            >> transition_job(transition, max_minutes)
            >> gate
            >> alert_task(DagPart(transition, transition))
        )
    return dag


def transition_job(transition: str, max_minutes: int, dataset: str | None = None) -> TransitionJob:
    """Return the task that runs a transition's job, of raw_to_bronze for one dataset.

    ``max_minutes``: timeout for waiting, longer than the job's own.
    """
    return TransitionJob(
        task_id="job",
        transition=transition,
        dataset=dataset,
        aws_conn_id="{{ aws_connection() }}",  # also for the triggerer
        job_name=f"{{{{ job_name('{transition}') }}}}",
        script_args={
            "--run_id": "{{ run_request(dag_run, params).id }}",
            "--as_of": "{{ run_request(dag_run, params).as_of }}",
            "--force": "{{ run_request(dag_run, params).force }}",
            "--on_block": "succeed",
            "--alert": "false",  # the DAG's last task sends it
            **({"--dataset": dataset} if dataset else {}),
        },
        deferrable=True,
        waiter_delay=POLL_SECONDS,
        waiter_max_attempts=max_minutes * 60 // POLL_SECONDS,
        stop_job_run_on_kill=True,
        **_RESUMED,
    )


class TransitionJob(GlueJobOperator):
    """Starts a transition's job, or resumes the one that an earlier attempt started, and waits for it.

    A failed job is retried only if its verdict file says that the failure is transient, or if there is none.
    """

    def __init__(self, *, transition: str, dataset: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.transition, self.dataset = transition, dataset

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """Return the job run's id.

        Raises:
            AirflowFailException: the job failed, and a retry would not help.
            AirflowException: the job failed or died, and a retry may help.
        """
        try:
            return str(super().execute_complete(context, event))
        except Exception as error:
            from dags.pipeline.context import find_lake
            from dags.pipeline.verdict_file import read_outcome
            from dags.tasks.installation import read_installation

            lake = find_lake(read_installation().settings)
            run_id = read_run_request(context).id
            outcome = read_outcome(lake, run_id, self.transition, self.dataset)
            is_of_this_job = outcome is not None and outcome.job_run_id == (event or {}).get("run_id")
            if outcome is None or outcome.error is None or not is_of_this_job:
                raise
            self.log.error(outcome.error.sentence)
            if outcome.error.is_transient:
                raise
            raise AirflowFailException(outcome.error.sentence) from error
