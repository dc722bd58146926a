"""EventBridge events: the outcome of each transition, as its verdict file has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from contracts.errors import LakegateError
from dags.pipeline.verdict_file import outcome_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dags.notifications.transition_event import TransitionEvent

SOURCE: Final = "lakegate"
VERDICT, FAILURE = "verdict", "failure"  # detail types
MOST_BYTES: Final = 250_000  # an entry of EventBridge has at most 256 KB, its source and time included
_ESSENTIAL: Final = ("dataset", "verdict", "failed")
_TRIMMED: Final[tuple[tuple[str, ...], ...]] = (  # what is kept of each dataset, from most to least
    (*_ESSENTIAL, "rows_read", "rows_promoted", "rows_quarantined", "promoted"),
    _ESSENTIAL,
    _ESSENTIAL[:2],
    (),
)


def announce(event: TransitionEvent) -> None:
    """Send the event of a transition that ended. Raises boto3's errors, or ``LakegateError`` if refused."""
    from checkpoints.aws import PROBE, aws_client

    if event.outcome is None:
        return
    bus = event.setup.settings.event_bus
    response = aws_client("events", wait=PROBE).put_events(
        Entries=[
            {
                "EventBusName": bus,
                "Source": SOURCE,
                "DetailType": FAILURE if event.outcome.report is None else VERDICT,
                "Time": event.ended_at,
                "Resources": [],
                "Detail": detail_of(event),
            }
        ]
    )
    if response["FailedEntryCount"]:
        (entry,) = response["Entries"]
        raise LakegateError(
            "event refused by EventBridge",
            where=str(bus),
            found=f"{entry['ErrorCode']}: {entry['ErrorMessage']}",
        )


def detail_of(event: TransitionEvent, most_bytes: int = MOST_BYTES) -> str:
    """Return the event's JSON: the verdict file with ``lake``; cut to size, with ``is_trimmed``."""
    assert event.outcome is not None  # it has ended
    document: dict[str, Any] = {"lake": event.setup.lake.root.uri, **outcome_document(event.outcome)}
    text = json.dumps(document)
    for kept in _TRIMMED:
        if len(text.encode()) <= most_bytes:
            break
        text = json.dumps({**document, "datasets": _only(document["datasets"], kept), "is_trimmed": True})
    return text


def _only(datasets: list[Mapping[str, Any]], kept: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{name: one[name] for name in kept if name in one} for one in datasets] if kept else []
