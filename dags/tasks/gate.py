"""The gate as a task: reads the verdict file of a transition, and stops the DAG run where it is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.xcom import XCom

from dags.tasks.told import told_by

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import TaskInstanceKey

DOCS, NOTE = "data_docs", "note"  # keys of XCom, which the UI shows


class DataDocsLink(BaseOperatorLink):
    """The button that leads from the gate to the Data Docs."""

    name = "Data Docs"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """Return what the gate found to be the address."""
        found = XCom.get_value(ti_key=ti_key, key=DOCS)
        return str(found or "")


class Gate(BaseOperator):
    """Returns the verdict as the task's XCom; fails, without a retry, when the transition is blocked.

    The note (verdict, rules, counts, Data Docs) is in the log and, as XCom ``note``, in the UI.
    """

    operator_extra_links = (DataDocsLink(),)
    ui_color = "#e8f5e9"

    def __init__(self, *, transition: str, dataset: str | None = None, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**{**kwargs, "retries": kwargs.get("retries", 0)})
        self.transition, self.dataset = transition, dataset

    def execute(self, context: Context) -> str:
        """Read the verdict.

        Raises:
            AirflowFailException: it is ``block``, or there is none.
        """
        from dags.pipeline.setup import find_lake
        from dags.pipeline.verdict_file import read_outcome
        from dags.tasks.installation import read_installation
        from dags.tasks.note import docs_link, note_of, verdict_of

        installation, run = read_installation(), told_by(context)
        outcome = read_outcome(find_lake(installation.settings), run.id, self.transition, self.dataset)
        if outcome is None:
            raise AirflowFailException(
                f"{self.transition} left no verdict file for run {run.id}: clear the task before this one"
            )
        link = docs_link(outcome, installation.docs_url)
        note, verdict = note_of(outcome, link), verdict_of(outcome)
        context["ti"].xcom_push(key=DOCS, value=link)
        context["ti"].xcom_push(key=NOTE, value=note)
        if verdict in ("block", "failed"):
            raise AirflowFailException(note)
        (self.log.warning if verdict == "warn" else self.log.info)(note)
        return verdict
