"""A transition that a Glue job carries out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.sdk.exceptions import AirflowFailException

from dags.tasks.told import told_by

if TYPE_CHECKING:
    from airflow.sdk import Context


class TransitionJob(GlueJobOperator):
    """Starts a transition's job, or finds the one that an attempt before started, and waits for it.

    A job that failed is started again only if its verdict file calls the failure transient, or if it died
    before it could write one.
    """

    def __init__(self, *, transition: str, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.transition = transition

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """Return the job run's id.

        Raises:
            AirflowFailException: the job failed, and would fail again.
            AirflowException: the job failed or died, and a retry may help.
        """
        try:
            return str(super().execute_complete(context, event))
        except Exception as error:
            from dags.pipeline.setup import find_lake
            from dags.pipeline.verdict_file import read_outcome
            from dags.tasks.installation import read_installation

            lake = find_lake(read_installation().settings)
            outcome = read_outcome(lake, told_by(context).id, self.transition)
            is_of_this_job = outcome is not None and outcome.job_run_id == (event or {}).get("run_id")
            if outcome is None or outcome.error is None or not is_of_this_job:
                raise
            self.log.error(outcome.error.sentence)
            if outcome.error.is_transient:
                raise
            raise AirflowFailException(outcome.error.sentence) from error
