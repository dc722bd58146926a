"""Starts another DAG for the run of this one, and waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk.exceptions import AirflowSkipException

from dags.tasks.told import told_by

if TYPE_CHECKING:
    from airflow.sdk import Context


class StartDag(TriggerDagRunOperator):
    """Starts the DAG of a transition under this run's id; skips it where ``only`` names another transition.

    Cleared or tried again, it runs the same DAG run anew, so that the run's id, and what it promoted, stay.
    """

    def __init__(self, *, transition: str, **kwargs: Any) -> None:  # noqa: ANN401
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
        """Start it. Raises ``AirflowSkipException`` where it is not asked for."""
        only = context["params"].get("only")
        if only not in (None, self.transition):
            raise AirflowSkipException(f"only {only} is asked for")
        run = told_by(context)
        self.trigger_run_id = run.id
        self.conf = {"run_id": run.id, "as_of": run.as_of, "force": run.is_forced}
        super().execute(context)
