"""Index page of Data Docs: the last runs, with a verdict for each dataset in each transition."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from time import sleep
from typing import TYPE_CHECKING, Any  # Any: JSON values

from checkpoints.docs.site import INDEX, RUNS_SHOWN, RunFacts, contract_path, render
from checkpoints.storage.errors import PreconditionFailedError
from checkpoints.storage.storage import ABSENT
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.storage.place import Place
    from contracts.model import Contract

_LAST_RUNS = "runs.json"
_MAX_ATTEMPTS = 20
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One result on the index page. ``path`` is the result's page below docs/."""

    transition: str
    dataset: str
    verdict: Verdict
    path: str
    reasons: tuple[str, ...] = ()  # the rules that blocked or warned
    rows: int | None = None  # promoted, or that would have been


@dataclass(frozen=True, slots=True)
class ShownRun:
    """One run on the index page."""

    run: RunFacts
    entries: tuple[IndexEntry, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of its results."""
        return Verdict.worst(entry.verdict for entry in self.entries)

    @property
    def by_transition(self) -> dict[str, list[IndexEntry]]:
        """The results by transition, both in the order of publication."""
        grouped: dict[str, list[IndexEntry]] = {}
        for entry in self.entries:
            grouped.setdefault(entry.transition, []).append(entry)
        return grouped


def publish_index(
    docs: Place,
    run: RunFacts,
    entries: Sequence[IndexEntry],
    contracts: Sequence[Contract] = (),
    runs_shown: int = RUNS_SHOWN,
) -> None:
    """Add a run's results to the index page, newest run first, and drop runs beyond ``runs_shown``.

    The cost does not depend on the number of runs. A later transition of the same run is added to that run; a
    result published again is replaced. Concurrent publishers keep each other's results.
    """
    pages: dict[str, list[tuple[str, str]]] = {}
    for contract in contracts:
        zone = contract.zone.value
        pages.setdefault(zone, []).append((contract.name, contract_path(zone, contract.name)))

    written = _add_run(docs, run, entries, runs_shown)
    while True:
        page = render("index.html.j2", INDEX, runs=_runs(written), contracts=pages, runs_shown=runs_shown)
        docs.child(INDEX).write_bytes(page)
        latest = _read(docs) or written
        if latest == written:
            return
        written = latest  # published by another process meanwhile: the page must show it as well


def read_runs(docs: Place) -> list[ShownRun]:
    """Return the runs on the index page, newest first."""
    return _runs(_read(docs))


def _add_run(docs: Place, run: RunFacts, entries: Sequence[IndexEntry], runs_shown: int) -> bytes:
    """Add results to the list of runs by compare-and-swap, and return the new list.

    Raises:
        PreconditionFailedError: other processes changed the list at every attempt.
    """
    place = docs.child(_LAST_RUNS)
    attempts = 0
    while True:
        content, version = place.storage.read_versioned(place.path) or (None, ABSENT)
        shown = _with_run(_runs(content), run, entries)[:runs_shown]
        changed = json.dumps([_as_json(known) for known in shown], ensure_ascii=False).encode(
            "utf-8", "replace"
        )
        try:
            place.write_bytes(changed, expected=version)
        except PreconditionFailedError:
            attempts += 1
            if attempts == _MAX_ATTEMPTS:
                raise
            sleep(_PAUSE_SECONDS * attempts)
        else:
            return changed


def _with_run(runs: Sequence[ShownRun], run: RunFacts, entries: Sequence[IndexEntry]) -> list[ShownRun]:
    before = next((known for known in runs if known.run.run_id == run.run_id), ShownRun(run, ()))
    names = {(entry.transition, entry.dataset) for entry in entries}
    kept = [entry for entry in before.entries if (entry.transition, entry.dataset) not in names]
    others = [known for known in runs if known.run.run_id != run.run_id]
    return [ShownRun(run, (*kept, *entries)), *others]


def _read(docs: Place) -> bytes | None:
    place = docs.child(_LAST_RUNS)
    found = place.storage.read_versioned(place.path)
    return found[0] if found else None


def _runs(content: bytes | None) -> list[ShownRun]:
    return [_from_json(known) for known in json.loads(content)] if content else []


def _as_json(known: ShownRun) -> dict[str, object]:
    return {
        "run_id": known.run.run_id,
        "as_of": known.run.as_of.isoformat(),
        "entries": [asdict(entry) for entry in known.entries],
    }


def _from_json(known: dict[str, Any]) -> ShownRun:
    entries = [
        IndexEntry(**{**entry, "verdict": Verdict(entry["verdict"]), "reasons": tuple(entry["reasons"])})
        for entry in known["entries"]
    ]
    return ShownRun(RunFacts(known["run_id"], datetime.fromisoformat(known["as_of"])), tuple(entries))
