"""Airflow DAG `gold_to_redshift`: check of GOLD's release, then preflight, load and reconciliation.

Preflight, load and reconciliation are one task because they are one transaction: a release that does not fit
or reconcile is rolled back and blocked, and the old release stays in the warehouse.
"""

from __future__ import annotations

from airflow.sdk import DAG, get_current_context, task

from dags.tasks.alert import DagPart
from dags.tasks.checks import check_installation
from dags.tasks.dag_defaults import TAGS, alert_task, asset, default_arguments, macros, transition_params
from dags.tasks.gate import Gate
from dags.tasks.run_transition import check_release, run_transition

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
) as dag:

    @task
    def check() -> None:
        """Check the installation before anything runs."""
        check_installation(get_current_context(), (TRANSITION,))

    @task
    def release() -> str:
        """Return GOLD's release if it passed the gate."""
        return check_release(get_current_context())

    @task
    def load() -> None:
        """Run preflight, load and reconciliation."""
        run_transition(get_current_context(), TRANSITION)

    gate = Gate(
        task_id="gate",
        transition=TRANSITION,
        inlets=[asset("gold", "release")],
        outlets=[asset("warehouse", "release")],
    )
    check() >> release() >> load() >> gate >> alert_task(DagPart(TRANSITION, TRANSITION))
