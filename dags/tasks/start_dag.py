"""Operator that triggers a transition's DAG with this run's id and waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk.exceptions import AirflowSkipException

from dags.tasks.run_request import read_run_request

if TYPE_CHECKING:
    from airflow.sdk import Context


class StartDag(TriggerDagRunOperator):
    """Triggers the DAG of a transition with this run's id; skips if ``only`` names another transition.

    A retried or cleared task resets the same DAG run, so the run id stays the same.
    """

    def __init__(self, *, transition: str, **kwargs: Any) -> None:
        super().__init__(
            logical_date=None,
            reset_dag_run=True,
            wait_for_completion=True,
            deferrable=True,
            fail_when_dag_is_paused=True,
            openlineage_inject_parent_info=False,
            **kwargs,
        )
        self.transition = transition

    def execute(self, context: Context) -> None:
        """Trigger the DAG. Raises ``AirflowSkipException`` if ``only`` names another transition."""
        only = context["params"].get("only")
        if only not in (None, self.transition):
            raise AirflowSkipException(f"only {only} was requested")
        run = read_run_request(context)
        self.trigger_run_id = run.id
        self.conf = {"run_id": run.id, "as_of": run.as_of, "force": run.is_forced}
        super().execute(context)
