"""Run request of a DAG run: run id, clock, force and origin, from DAG params."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dags.pipeline.context import Run

_MAX_ID_LENGTH = 120


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A requested run; texts as the Glue job's arguments take them."""

    id: str
    as_of: str  # ISO 8601
    is_forced: bool
    is_orchestrated: bool  # started by `lakehouse`, which runs the next transitions as well

    @property
    def force(self) -> str:
        """``true`` or ``false``, as a job argument."""
        return str(self.is_forced).lower()


def run_request(dag_id: str, dag_run_id: str, run_after: datetime, params: Mapping[str, Any]) -> RunRequest:
    """Return the run request of a DAG run; Airflow's values are the defaults of the params.

    A DAG run keeps its id over retries and when it is cleared, so a run is idempotent. The default clock is
    ``run_after``, which is never null, and is in the past in a backfill.

    >>> from datetime import UTC, datetime
    >>> request = run_request("lakehouse", "manual__1", datetime(2024, 5, 1, tzinfo=UTC), {"force": True})
    >>> request.id, request.as_of, request.force
    ('lakehouse__manual__1', '2024-05-01T00:00:00+00:00', 'true')
    """
    given = params.get("run_id")
    return RunRequest(
        id=str(given or f"{dag_id}__{dag_run_id}")[:_MAX_ID_LENGTH],
        as_of=str(params.get("as_of") or run_after.isoformat()),
        is_forced=bool(params.get("force")),
        is_orchestrated=bool(given),
    )


def read_run_request(context: Mapping[str, Any]) -> RunRequest:
    """Return the run request from a task's context."""
    dag_run = context["dag_run"]
    return run_request(dag_run.dag_id, dag_run.run_id, dag_run.run_after, context["params"])


def run_of(request: RunRequest) -> Run:
    """Return the run. Raises ``ConfigurationError`` for an invalid id or clock."""
    from dags.pipeline.context import new_run

    return new_run(run_id=request.id, as_of=request.as_of, is_forced=request.is_forced)
