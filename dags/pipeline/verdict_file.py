"""The verdict file: outcome of a transition, for processes that did not run it.

One JSON document for each run and transition, ``metrics/verdicts/<run id>/<transition>.json`` (of one dataset
alone: ``<transition>.<dataset>.json``): the transition's entry in `run --json`, with the run's id, clock and
Data Docs. Without a ``verdict`` the attempt failed, and ``error`` says why.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from checkpoints.lake.layout import path_safe
from checkpoints.storage.errors import DamagedDocumentError, ObjectNotFoundError
from dags.pipeline.report import TransitionReport, plain_document

if TYPE_CHECKING:
    from checkpoints.lake.layout import Lake
    from checkpoints.storage.place import Place
    from dags.pipeline.report import RunReport

FOLDER = "verdicts"
_REPORT_KEYS = ("name", "verdict", "seconds", "datasets", "warnings")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt has no verdict."""

    sentence: str
    is_transient: bool  # a retry may help
    exit_status: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of the last attempt at a transition: a report, whatever its verdict, or an error.

    ``earlier``: with an error, the report of an earlier attempt of the same run that promoted.
    ``dataset``: the only dataset that the transition was carried out for; None: all.
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


def outcomes_of(report: RunReport) -> tuple[Outcome, ...]:
    """Return the outcomes of a run's transitions, as if each had been carried out alone."""
    return tuple(
        Outcome(report.run_id, report.as_of, one.name, docs=report.docs, report=one)
        for one in report.transitions
    )


def verdict_place(lake: Lake, run_id: str, transition: str, dataset: str | None = None) -> Place:
    """Return the place of the verdict file of a run's transition."""
    name = transition if dataset is None else f"{transition}.{dataset}"
    return lake.metrics.child(FOLDER, path_safe(run_id), f"{name}.json")


def write_outcome(lake: Lake, outcome: Outcome) -> None:
    """Write the verdict file, replacing that of an earlier attempt. Raises ``StorageError``."""
    place = verdict_place(lake, outcome.run_id, outcome.transition, outcome.dataset)
    place.write_bytes(json.dumps(outcome_document(outcome), indent=1).encode())


def read_outcome(lake: Lake, run_id: str, transition: str, dataset: str | None = None) -> Outcome | None:
    """Return the outcome of a run's transition; None when no attempt has ended yet.

    Raises:
        StorageError: the lake cannot be read.
        DamagedDocumentError: the file is not a verdict file.
    """
    place = verdict_place(lake, run_id, transition, dataset)
    try:
        content = place.read_bytes()
    except ObjectNotFoundError:
        return None
    try:
        return _outcome(json.loads(content))
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise DamagedDocumentError(
            "invalid verdict file", place.uri, next_step="delete it and run the transition again"
        ) from error


def outcome_document(outcome: Outcome) -> dict[str, object]:
    """Return the JSON document; a field that does not apply is left out."""
    document: dict[str, object] = {
        "run_id": outcome.run_id,
        "as_of": outcome.as_of,
        "job_run_id": outcome.job_run_id,
        "docs": outcome.docs,
        "name": outcome.transition,
        "dataset": outcome.dataset,
    }
    if outcome.report is not None:
        document |= plain_document(outcome.report)
    if outcome.error is not None:
        document["error"] = asdict(outcome.error)
    if outcome.earlier is not None:
        document["earlier"] = plain_document(outcome.earlier)
    return {name: value for name, value in document.items() if value is not None}


def _outcome(document: dict[str, object]) -> Outcome:
    report = {name: document[name] for name in _REPORT_KEYS if name in document}
    return TypeAdapter(Outcome).validate_python(
        {**document, "transition": document["name"], "report": report if "verdict" in report else None}
    )
