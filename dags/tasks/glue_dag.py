"""The DAG of a transition that runs on Glue: check, job, gate."""

from __future__ import annotations

import os

from airflow.sdk import DAG, get_current_context, task

from dags.tasks.checked import check_here
from dags.tasks.dag import TAGS, asset, default_arguments, macros, transition_params
from dags.tasks.gate import Gate
from dags.tasks.glue_job import TransitionJob

LOOK_EVERY_SECONDS = int(os.environ.get("LAKEGATE_LOOK_EVERY_SECONDS", "60"))


def glue_dag(transition: str, promotes: tuple[str, str], most_minutes: int, description: str) -> DAG:
    """Return the DAG of a transition.

    Args:
        transition: its name, and the DAG's.
        promotes: zone and name of the asset that the gate lets through.
        most_minutes: how long to wait for the job; its own limit ends it before.
        description: what it does.
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
            """Say what is missing before anything runs."""
            check_here(get_current_context(), (transition,))

        job = TransitionJob(
            task_id="job",
            transition=transition,
            aws_conn_id="{{ aws_connection() }}",  # the triggerer, too, waits by it
            job_name=f"{{{{ job_name('{transition}') }}}}",
            script_args={
                "--run_id": "{{ told(dag_run, params).id }}",
                "--as_of": "{{ told(dag_run, params).as_of }}",
                "--force": "{{ told(dag_run, params).force }}",
                "--on_block": "succeed",
            },
            deferrable=True,
            waiter_delay=LOOK_EVERY_SECONDS,
            waiter_max_attempts=most_minutes * 60 // LOOK_EVERY_SECONDS,
            stop_job_run_on_kill=True,
        )
        check() >> job >> Gate(task_id="gate", transition=transition, outlets=[asset(*promotes)])
    return dag
