"""The verdict file: how a transition came out, for a process that did not run it.

One JSON document a run and transition, ``metrics/verdicts/<run id>/<transition>.json``: the transition's
entry in `run --json`, with the run's id, clock and Data Docs. Without a ``verdict`` the attempt failed, and
``error`` says why. Where one dataset is carried over by itself: ``<transition>.<dataset>.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from checkpoints.lake.errors import DocumentDamaged, ObjectNotFound
from checkpoints.lake.layout import path_safe
from dags.pipeline.report import TransitionReport, transition_document

if TYPE_CHECKING:
    from checkpoints.lake.layout import Lake, Place

FOLDER = "verdicts"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt came to no verdict."""

    sentence: str
    is_transient: bool  # it may go well if tried again
    exit_status: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the last attempt at a transition came out: a report, whatever its verdict, or an error.

    ``earlier``: beside an error, what an attempt before it had promoted under the same run id.
    ``dataset``: the only one that the transition was carried out for; None: for all.
    """

    run_id: str
    as_of: str
    transition: str
    job_run_id: str | None = None  # Glue's id of the attempt
    docs: str | None = None
    report: TransitionReport | None = None
    error: Failure | None = None
    earlier: TransitionReport | None = None
    dataset: str | None = None


def verdict_place(lake: Lake, run_id: str, transition: str, dataset: str | None = None) -> Place:
    """Return where the verdict file of a run's transition lies."""
    name = transition if dataset is None else f"{transition}.{dataset}"
    return lake.metrics.child(FOLDER, path_safe(run_id), f"{name}.json")


def write_outcome(lake: Lake, outcome: Outcome) -> None:
    """Write the verdict file, in place of an earlier attempt's. Raises ``StorageError``."""
    place = verdict_place(lake, outcome.run_id, outcome.transition, outcome.dataset)
    place.write_bytes(json.dumps(as_document(outcome), indent=1).encode())


def read_outcome(lake: Lake, run_id: str, transition: str, dataset: str | None = None) -> Outcome | None:
    """Return how a run's transition came out; None when no attempt has ended yet.

    Raises:
        StorageError: the lake cannot be read.
        DocumentDamaged: the file is no verdict file.
    """
    place = verdict_place(lake, run_id, transition, dataset)
    try:
        content = place.read_bytes()
    except ObjectNotFound:
        return None
    try:
        return _outcome(json.loads(content))
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise DocumentDamaged(
            "this is no verdict file", place.uri, next_step="delete it and run the transition again"
        ) from error


def as_document(outcome: Outcome) -> dict[str, object]:
    """Return the document; what does not apply is left out."""
    document: dict[str, object] = {
        "run_id": outcome.run_id,
        "as_of": outcome.as_of,
        "job_run_id": outcome.job_run_id,
        "docs": outcome.docs,
        "name": outcome.transition,
        "dataset": outcome.dataset,
    }
    if outcome.report is not None:
        document |= transition_document(outcome.report)
    if outcome.error is not None:
        error = outcome.error
        document["error"] = {
            "sentence": error.sentence,
            "is_transient": error.is_transient,
            "exit_status": error.exit_status,
        }
    if outcome.earlier is not None:
        document["earlier"] = transition_document(outcome.earlier)
    return {name: value for name, value in document.items() if value is not None}


def _outcome(document: dict[str, object]) -> Outcome:
    reports, failures = TypeAdapter(TransitionReport), TypeAdapter(Failure)
    entry = ("name", "verdict", "seconds", "datasets")
    return Outcome(
        run_id=str(document["run_id"]),
        as_of=str(document["as_of"]),
        transition=str(document["name"]),
        job_run_id=_text(document.get("job_run_id")),
        docs=_text(document.get("docs")),
        report=reports.validate_python({name: document[name] for name in entry})
        if "verdict" in document
        else None,
        error=failures.validate_python(document["error"]) if "error" in document else None,
        earlier=reports.validate_python(document["earlier"]) if "earlier" in document else None,
        dataset=_text(document.get("dataset")),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
