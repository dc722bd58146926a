"""The value that every channel of transitions gets: one transition that started or ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from dags.pipeline.context import Run, Setup
    from dags.pipeline.verdict_file import Outcome

FAILED = "failed"  # where a verdict would stand


@dataclass(frozen=True, slots=True)
class TransitionEvent:
    """One transition of a run. ``outcome`` and ``ended_at`` are None when it has just started."""

    setup: Setup
    run: Run
    name: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    worker_seconds: float | None = None  # on a cluster: how long its workers ran, in sum


def verdict_of(outcome: Outcome) -> str:
    """Return the verdict, or ``failed`` if there is none."""
    return FAILED if outcome.report is None else outcome.report.verdict.value


def level_of(outcome: Outcome) -> str:
    """Return the verdict, at least ``warn`` for a transition with warnings, or unchanged with late feeds."""
    report = outcome.report
    if report is None:
        return FAILED
    is_late = report.verdict is Verdict.UNCHANGED and any(one.failed for one in report.datasets)
    return Verdict.worst([report.verdict, *([Verdict.WARN] if is_late or report.warnings else [])]).value


def severity_of(outcome: Outcome) -> int:
    """Return 0 to 3 for unchanged, pass, warn and block, 4 for a failure."""
    levels = [verdict.value for verdict in Verdict]
    return len(levels) if outcome.report is None else levels.index(outcome.report.verdict.value)
