"""Store of corrections: one document a decision, numbered, only ever added (spec 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from checkpoints.lake.json_documents import KNOWN_FIELDS_ONLY, DocumentCodec, Integer, Timestamp
from checkpoints.storage.errors import ObjectNotFoundError, PreconditionFailedError
from checkpoints.storage.storage import ABSENT
from checkpoints.storage.thread_pool import THREADS, map_in_threads
from contracts.corrections import Correction, Corrections, in_effect

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checkpoints.lake.layout import Lake

EXPORT = "export"  # a decision that takes rows with masked values out, and corrects none
_SUFFIX = ".json"
_DIGITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a steward decided with one command about rows of a dataset.

    ``action``: that of all its corrections, or ``EXPORT``. ``rows``: the quarantined rows that it was about.
    """

    __pydantic_config__ = KNOWN_FIELDS_ONLY

    id: str
    dataset: str
    action: str
    author: str
    reason: str
    decided_at: Timestamp
    rows: Integer
    corrections: tuple[Correction, ...] = ()

    @classmethod
    def new(
        cls,
        dataset: str,
        action: str,
        corrections: tuple[Correction, ...],
        *,
        author: str,
        reason: str,
        decided_at: datetime,
        rows: int,
    ) -> Decision:
        """Return a decision with an id of its own."""
        return cls(
            id=uuid4().hex,
            dataset=dataset,
            action=action,
            author=author,
            reason=reason,
            decided_at=decided_at,
            rows=rows,
            corrections=corrections,
        )


def record(lake: Lake, decision: Decision) -> str:
    """Add a decision and return its URI. It is recorded as a whole or, if this fails, not at all.

    Of two decisions at the same time, one comes after the other.
    """
    folder, document = lake.corrections(decision.dataset), _CODEC.write(decision)
    number = 1 + max((_number(folder.relative(info)) for info in folder.list()), default=0)
    while True:
        place = folder.child(f"{number:0{_DIGITS}}{_SUFFIX}")
        try:
            place.write_bytes(document, expected=ABSENT)
        except PreconditionFailedError:
            # Another decision has the number, or a retried request had succeeded before.
            if place.read_bytes() != document:
                number += 1
                continue
        return place.uri


def decisions(lake: Lake, dataset: str) -> list[Decision]:
    """Return the decisions about a dataset in the order in which they were recorded.

    Raises:
        DamagedDocumentError: a document is not a decision.
    """
    folder = lake.corrections(dataset)
    numbered = [info for info in folder.list() if _number(folder.relative(info))]

    def read(path: str) -> Decision:
        place = folder.child(path)
        return _CODEC.read(place.read_bytes(), place.uri)

    ordered = sorted(map(folder.relative, numbered), key=_number)
    return map_in_threads(read, ordered, THREADS)


def corrections_in_effect(lake: Lake, dataset: str, at: datetime) -> Corrections:
    """Return the corrections of a dataset in effect at a time, by row id."""
    return in_effect((one for decision in decisions(lake, dataset) for one in decision.corrections), at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What the corrections in effect did in the last run. ``rows``: by row id, the records corrected."""

    __pydantic_config__ = KNOWN_FIELDS_ONLY

    run_id: str
    dataset: str
    rows: dict[str, Integer]


def record_applied(lake: Lake, run_id: str, dataset: str, rows: Mapping[str, int]) -> None:
    """Write what the corrections of a dataset did in a run, in place of the run before."""
    applied = Applied(run_id=run_id, dataset=dataset, rows=dict(rows))
    lake.applied_corrections(dataset).write_bytes(_APPLIED.write(applied))


def last_applied(lake: Lake, dataset: str) -> Applied | None:
    """Return what the corrections of a dataset did in the last run with any; None if there was none."""
    place = lake.applied_corrections(dataset)
    try:
        return _APPLIED.read(place.read_bytes(), place.uri)
    except ObjectNotFoundError:
        return None


def _number(name: str) -> int:
    """Return a document's number; 0 for any other file."""
    stem = name.removesuffix(_SUFFIX)
    return int(stem) if stem != name and stem.isascii() and stem.isdigit() else 0


_CODEC = DocumentCodec[Decision]("decision", 1, Decision)
_APPLIED = DocumentCodec[Applied]("applied corrections", 1, Applied)
