"""The DAG `gold_to_redshift`: the gate of GOLD's release first, then preflight, load and reconciliation.

Preflight, load and reconciliation are one attempt, as they are one transaction: what does not fit or does not
reconcile is rolled back and blocks, and the old release stays in the warehouse.
"""

from __future__ import annotations

from airflow.sdk import DAG, get_current_context, task

from dags.tasks.checked import check_here
from dags.tasks.dag import TAGS, asset, default_arguments, macros, transition_params
from dags.tasks.gate import Gate
from dags.tasks.release import check_release
from dags.tasks.transition import carry_out_here

TRANSITION = "gold_to_redshift"

with DAG(
    TRANSITION,
    description="the current release of GOLD, loaded into the warehouse in one transaction, and reconciled",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    default_args=default_arguments(),
    params=transition_params(),
    user_defined_macros=macros(),
    tags=TAGS,
    doc_md=__doc__,
):

    @task
    def check() -> None:
        """Say what is missing before anything runs."""
        check_here(get_current_context(), (TRANSITION,))

    @task
    def release() -> str:
        """Return the release that the gate of GOLD let through."""
        return check_release(get_current_context())

    @task
    def load() -> None:
        """Check whether it fits, load it, reconcile it."""
        carry_out_here(get_current_context(), TRANSITION)

    (
        check()
        >> release()
        >> load()
        >> Gate(task_id="gate", transition=TRANSITION, outlets=[asset("warehouse", "release")])
    )
