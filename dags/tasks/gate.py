"""Gate operator: reads a transition's verdict file and fails the DAG run if it is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.xcom import XCom

from dags.tasks.run_request import read_run_request

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import TaskInstanceKey

DOCS, NOTE = "data_docs", "note"  # XCom keys


class DataDocsLink(BaseOperatorLink):
    """Button from the gate task to the Data Docs."""

    name = "Data Docs"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """Return the URL that the gate pushed."""
        found = XCom.get_value(ti_key=ti_key, key=DOCS)
        return str(found or "")


class Gate(BaseOperator):
    """Returns the verdict as XCom; fails without a retry if the transition is blocked or failed.

    The note (verdict, rules, counts, Data Docs) is logged and pushed as XCom ``note``.
    """

    operator_extra_links = (DataDocsLink(),)
    ui_color = "#e8f5e9"

    def __init__(self, *, transition: str, dataset: str | None = None, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "retries": kwargs.get("retries", 0)})
        self.transition, self.dataset = transition, dataset

    def execute(self, context: Context) -> str:
        """Return the verdict.

        Raises:
            AirflowFailException: the verdict is ``block`` or missing.
        """
        from dags.notifications.alerts import docs_link, note_of
        from dags.notifications.transition_event import level_of, verdict_of
        from dags.pipeline.context import find_lake
        from dags.pipeline.verdict_file import read_outcome
        from dags.tasks.installation import read_installation

        installation, run = read_installation(), read_run_request(context)
        outcome = read_outcome(find_lake(installation.settings), run.id, self.transition, self.dataset)
        if outcome is None:
            raise AirflowFailException(
                f"no verdict file of {self.transition} for run {run.id}; clear the upstream task"
            )
        link = docs_link(outcome, installation.settings.docs_url)
        note, verdict = note_of(outcome, link), verdict_of(outcome)
        context["ti"].xcom_push(key=DOCS, value=link)
        context["ti"].xcom_push(key=NOTE, value=note)
        if verdict in ("block", "failed"):
            raise AirflowFailException(note)
        (self.log.warning if level_of(outcome) == "warn" else self.log.info)(note)
        return verdict
