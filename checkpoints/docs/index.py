"""The first page: the last runs, with the verdict on every dataset in every transition."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any  # Any: what JSON holds

from checkpoints.docs.site import INDEX, RUNS_SHOWN, RunFacts, contract_path, render
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.docs.site import Exchange, Read, Write
    from contracts.model import Contract

_LAST_RUNS = "runs.json"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One result as the first page shows it. ``path`` is its page below docs/."""

    transition: str
    dataset: str
    verdict: Verdict
    path: str
    reasons: tuple[str, ...] = ()  # the rules that blocked or warned
    rows: int | None = None  # promoted, or that would have been


@dataclass(frozen=True, slots=True)
class ShownRun:
    """One run as the first page shows it."""

    run: RunFacts
    entries: tuple[IndexEntry, ...]

    @property
    def verdict(self) -> Verdict:
        """The heaviest verdict of its results."""
        return Verdict.worst(entry.verdict for entry in self.entries)

    @property
    def by_transition(self) -> dict[str, list[IndexEntry]]:
        """The results by transition, both in the order in which they came."""
        grouped: dict[str, list[IndexEntry]] = {}
        for entry in self.entries:
            grouped.setdefault(entry.transition, []).append(entry)
        return grouped


def publish_index(
    read: Read,
    write: Write,
    run: RunFacts,
    entries: Sequence[IndexEntry],
    contracts: Sequence[Contract] = (),
    runs_shown: int = RUNS_SHOWN,
    exchange: Exchange | None = None,
) -> None:
    """Add a run's results to the first page, newest run first, and drop what is older than the last runs.

    Reads and writes two files, however many runs there were. Called again for a later transition of the same
    run, it adds to that run; a result published before is replaced. With an ``exchange``, what others publish
    at the same time stays as well.
    """
    pages: dict[str, list[tuple[str, str]]] = {}
    for contract in contracts:
        zone = contract.zone.value
        pages.setdefault(zone, []).append((contract.name, contract_path(zone, contract.name)))

    def added(content: bytes | None) -> bytes:
        shown = _with_run(_runs(content), run, entries)[:runs_shown]
        return json.dumps([_as_json(known) for known in shown], ensure_ascii=False).encode("utf-8", "replace")

    if exchange is None:
        written = added(read(_LAST_RUNS))
        write(_LAST_RUNS, written)
    else:
        written = exchange(_LAST_RUNS, added)
    while True:
        page = render("index.html.j2", INDEX, runs=_runs(written), contracts=pages, runs_shown=runs_shown)
        write(INDEX, page)
        latest = read(_LAST_RUNS) or written
        if latest == written:
            return
        written = latest  # somebody else published meanwhile: the page shows that, too


def _with_run(runs: Sequence[ShownRun], run: RunFacts, entries: Sequence[IndexEntry]) -> list[ShownRun]:
    before = next((known for known in runs if known.run.run_id == run.run_id), ShownRun(run, ()))
    names = {(entry.transition, entry.dataset) for entry in entries}
    kept = [entry for entry in before.entries if (entry.transition, entry.dataset) not in names]
    others = [known for known in runs if known.run.run_id != run.run_id]
    return [ShownRun(run, (*kept, *entries)), *others]


def read_runs(read: Read) -> list[ShownRun]:
    """Return the runs that the first page shows, newest first."""
    return _runs(read(_LAST_RUNS))


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
