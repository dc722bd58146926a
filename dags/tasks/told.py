"""What a DAG run is told: the run's id and clock, whether it is forced, and who started it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dags.pipeline.setup import Run

_LONGEST_ID = 120


@dataclass(frozen=True, slots=True)
class Told:
    """A run as a DAG run was told of it; texts as the Glue job takes them."""

    id: str
    as_of: str  # ISO 8601
    is_forced: bool
    is_orchestrated: bool  # `lakehouse` started it: the run is its, and so is what comes next

    @property
    def force(self) -> str:
        """Return ``true`` or ``false``, as the job's argument."""
        return str(self.is_forced).lower()


def told(dag_id: str, dag_run_id: str, run_after: datetime, params: Mapping[str, Any]) -> Told:
    """Return what a DAG run is told by its params, and by Airflow where they say nothing.

    A DAG run keeps its id over retries and when it is cleared, so that a run is idempotent. Its clock is the
    time after which it may run, which is never null, and is the past one in a backfill.

    >>> from datetime import UTC, datetime
    >>> made = told("lakehouse", "manual__1", datetime(2024, 5, 1, tzinfo=UTC), {"force": True})
    >>> made.id, made.as_of, made.force
    ('lakehouse__manual__1', '2024-05-01T00:00:00+00:00', 'true')
    """
    given = params.get("run_id")
    return Told(
        id=str(given or f"{dag_id}__{dag_run_id}")[:_LONGEST_ID],
        as_of=str(params.get("as_of") or run_after.isoformat()),
        is_forced=bool(params.get("force")),
        is_orchestrated=bool(given),
    )


def told_by(context: Mapping[str, Any]) -> Told:
    """Return what the DAG run of a task's context is told."""
    dag_run = context["dag_run"]
    return told(dag_run.dag_id, dag_run.run_id, dag_run.run_after, context["params"])


def run_of(what: Told) -> Run:
    """Return the run. Raises ``ConfigurationError`` when its id or clock is none."""
    from dags.pipeline.setup import new_run

    return new_run(run_id=what.id, as_of=what.as_of, is_forced=what.is_forced)
