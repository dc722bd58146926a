"""The last task of every DAG: the run's one alert, from the verdict files and the failed tasks."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.lake.layout import Lake
    from dags.pipeline.verdict_file import Outcome
    from dags.tasks.run_request import RunRequest

_LOG = logging.getLogger(__name__)
_FAILURE = "failure"  # XCom key
_JUDGING = frozenset({"gate"})  # a failed gate is explained by the verdict file


@dataclass(frozen=True, slots=True)
class DagPart:
    """A DAG of a run, and the transition that it carries out."""

    dag_id: str
    transition: str
    dataset: str | None = None


def keep_failure(context: Mapping[str, Any]) -> None:
    """Keep a failed task's sentence for the alert.

    For Airflow's ``on_failure_callback``, which is called when no retry is left.
    """
    error = context.get("exception")
    sentence = " ".join(str(error).split()) if error else ""
    context["ti"].xcom_push(key=_FAILURE, value=sentence or f"{context['ti'].task_id} failed")


def alert(context: Mapping[str, Any], parts: Sequence[DagPart]) -> None:
    """Send the alert of the run, if it needs one. Never raises: it must not hide what it reports.

    A DAG that `lakehouse` started leaves it to `lakehouse`, whose alert is about all transitions.

    Args:
        context: of the task.
        parts: the DAGs that the run consists of, in order; that of the task may be one of them.
    """
    from dags.notifications.alerts import alert_about
    from dags.pipeline.context import find_lake
    from dags.tasks.installation import read_installation
    from dags.tasks.run_request import read_run_request

    try:
        run, settings = read_run_request(context), read_installation().settings
        if run.is_orchestrated or not (settings.topic or settings.webhook):
            return
        lake = find_lake(settings)
        found = [one for part in parts for one in _outcomes(context, lake, part, run)]
        if not any(_stops(one) for one in found):
            own = DagPart(context["ti"].dag_id, context["ti"].dag_id)
            found += _failures(context, own, run, _failed_tasks(context, own, run))
        alert_about(settings, found, _LOG.warning)
    except Exception:  # noqa: BLE001 - no failure of the alert must fail the run
        _LOG.exception("cannot send the alert")


def _outcomes(context: Mapping[str, Any], lake: Lake, part: DagPart, run: RunRequest) -> Sequence[Outcome]:
    """Return the outcome of a DAG's transition: that of its verdict file, unless a task failed beside it."""
    from checkpoints.storage.errors import StorageError
    from dags.pipeline.verdict_file import read_outcome

    failed = _failed_tasks(context, part, run)
    try:
        outcome = read_outcome(lake, run.id, part.transition, part.dataset)
    except StorageError:
        outcome = None
    if outcome is not None and (outcome.error is not None or not set(failed) - _JUDGING):
        return [outcome]
    return _failures(context, part, run, failed)


def _failures(
    context: Mapping[str, Any], part: DagPart, run: RunRequest, failed: Sequence[str]
) -> Sequence[Outcome]:
    """Return an outcome with the sentences of the failed tasks; none when none failed."""
    from dags.pipeline.verdict_file import Failure, Outcome

    if not failed:
        return []
    tasks = sorted({re.sub(r"_\d+$", "", name) for name in failed})  # without the number of a mapped one
    kept = context["ti"].xcom_pull(
        task_ids=tasks, dag_id=part.dag_id, key=_FAILURE, run_id=_dag_run_id(context, part, run)
    )
    sentences = [str(one) for one in (kept or ()) if one] or [f"{', '.join(failed)} failed"]
    failure = Failure("; ".join(dict.fromkeys(sentences)), is_transient=False, exit_status=1)
    return [Outcome(run.id, run.as_of, part.transition, error=failure, dataset=part.dataset)]


def _failed_tasks(context: Mapping[str, Any], part: DagPart, run: RunRequest) -> Sequence[str]:
    run_id = _dag_run_id(context, part, run)
    states = context["ti"].get_task_states(dag_id=part.dag_id, run_ids=[run_id]).get(run_id, {})
    return [name for name, state in states.items() if state == "failed"]


def _dag_run_id(context: Mapping[str, Any], part: DagPart, run: RunRequest) -> str:
    """Return a DAG's run: this one, or the one that `lakehouse` started under the run's id."""
    return str(context["dag_run"].run_id) if part.dag_id == context["ti"].dag_id else run.id


def _stops(outcome: Outcome) -> bool:
    """Whether no later transition starts after this outcome."""
    from quarantine_policies.decision import Verdict

    return outcome.report is None or outcome.report.verdict is Verdict.BLOCK
