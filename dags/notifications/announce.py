"""Announcement of a transition's start and end to every configured channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from dags.notifications.transition_event import TransitionEvent
from dags.pipeline.transition_attempt import failure_of
from dags.pipeline.verdict_file import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from dags.pipeline.context import Run, Setup
    from dags.pipeline.progress import Progress
    from dags.pipeline.report import TransitionReport
    from dags.settings import Settings

_CHANNELS = {  # by the setting that configures them
    "metrics_namespace": "dags.notifications.cloudwatch",
    "event_bus": "dags.notifications.eventbridge",
    "openlineage": "dags.notifications.openlineage",
}


class Channel(Protocol):
    """A module that tells one service about transitions. Any error is noted, and does not stop the run."""

    def announce(self, event: TransitionEvent) -> None:
        """Tell about a transition that started or ended."""


def announced(
    setup: Setup, run: Run, name: str, progress: Progress, carry_out: Callable[[], TransitionReport]
) -> TransitionReport:
    """Carry out a transition, and announce its start and its end, also when it fails.

    Raises:
        Exception: what ``carry_out`` raises, never an error of a channel.
    """
    channels = configured_channels(setup.settings)
    if not channels:
        return carry_out()
    started = TransitionEvent(setup, run, name, datetime.now(UTC))
    _tell(channels, started, progress)
    outcome = Outcome(run.id, run.as_of.isoformat(), name, dataset=run.dataset)
    try:
        report = carry_out()
    except Exception as error:
        _tell(channels, _ended(started, replace(outcome, error=failure_of(error))), progress)
        raise
    docs = setup.lake.docs.child("index.html").uri
    _tell(channels, _ended(started, replace(outcome, report=report, docs=docs)), progress)
    return report


def configured_channels(settings: Settings) -> dict[str, str]:
    """Return the modules of the channels whose setting is given, by setting."""
    return {setting: module for setting, module in _CHANNELS.items() if getattr(settings, setting)}


def _ended(started: TransitionEvent, outcome: Outcome) -> TransitionEvent:
    from dags.spark.capacity import worker_seconds

    return replace(started, ended_at=datetime.now(UTC), outcome=outcome, worker_seconds=worker_seconds())


def _tell(channels: dict[str, str], event: TransitionEvent, progress: Progress) -> None:
    for setting, module in channels.items():
        try:
            channel: Channel = import_module(module)
            channel.announce(event)
        except Exception as error:  # noqa: BLE001 - the data is what counts, whatever a channel does
            progress.note(f"LAKEGATE_{setting.upper()}: not announced: {failure_of(error).sentence}")
