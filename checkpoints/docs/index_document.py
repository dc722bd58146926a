"""The document behind the front page of Data Docs: the last runs, and the current result of each dataset."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Annotated

from pydantic import PlainSerializer, TypeAdapter

from checkpoints.docs.current import CurrentResult  # noqa: TC001  pydantic evaluates annotations
from checkpoints.lake.json_documents import Timestamp, compact_json
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from checkpoints.docs.site import RunFacts
    from checkpoints.storage.place import Place

_DOCUMENT = "runs.json"
_TO_SILVER = "bronze_to_silver"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One result in the list of runs. ``path`` is the result's page below docs/."""

    transition: str
    dataset: str
    verdict: Annotated[Verdict, PlainSerializer(str)]
    path: str
    reasons: tuple[str, ...] = ()  # the rules that blocked or warned
    rows: int | None = None  # promoted, or that would have been


@dataclass(frozen=True)
class ShownRun:
    """One run and its results."""

    run_id: str
    as_of: Timestamp
    entries: tuple[IndexEntry, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of its results."""
        return Verdict.worst(entry.verdict for entry in self.entries)

    @cached_property
    def by_transition(self) -> dict[str, list[IndexEntry]]:
        """The results by transition, both in the order of publication."""
        grouped: dict[str, list[IndexEntry]] = {}
        for entry in self.entries:
            grouped.setdefault(entry.transition, []).append(entry)
        return grouped

    def worst(self, transition: str) -> Verdict:
        """Return the worst verdict of a transition's results."""
        return Verdict.worst(entry.verdict for entry in self.by_transition[transition])

    def not_passed(self, transition: str) -> list[str]:
        """Return the datasets and tables of a transition that did not pass."""
        return [
            entry.dataset for entry in self.by_transition[transition] if entry.verdict is not Verdict.PASS
        ]


@dataclass(frozen=True, slots=True)
class IndexDocument:
    """What the front page shows: the last runs, newest first, and the last result of each dataset.

    ``current``: by ``<transition>/<dataset>``.
    """

    runs: tuple[ShownRun, ...] = ()
    current: dict[str, CurrentResult] = field(default_factory=dict)

    def with_run(
        self, run: RunFacts, entries: Sequence[IndexEntry], current: Sequence[CurrentResult], runs_shown: int
    ) -> IndexDocument:
        """Return the document with the results of a run, whose earlier results of other datasets stay."""
        before = next((known for known in self.runs if known.run_id == run.run_id), None)
        names = {(entry.transition, entry.dataset) for entry in entries}
        kept = (
            [entry for entry in before.entries if (entry.transition, entry.dataset) not in names]
            if before
            else []
        )
        others = [known for known in self.runs if known.run_id != run.run_id]
        runs = (ShownRun(run.run_id, run.as_of, (*kept, *entries)), *others)
        by_key = {f"{one.transition}/{one.dataset}": one for one in current}
        results = {key: one.after(self.current.get(key)) for key, one in by_key.items()}
        return IndexDocument(runs[:runs_shown], {**self.current, **results})

    def with_late_feeds(self, as_of: datetime, late: Mapping[str, Mapping[str, str]]) -> IndexDocument:
        """Return the document with datasets of silver that are late by now: the rules, and how, in words."""
        current = {
            key: one.with_late_feed(as_of, late.get(one.dataset, {})) if one.transition == _TO_SILVER else one
            for key, one in self.current.items()
        }
        return replace(self, current=current)


def update_document(
    docs: Place,
    change: Callable[[IndexDocument], IndexDocument],
    write_pages: Callable[[IndexDocument], None],
) -> None:
    """Change the document, and write its pages until they show what concurrent publishers wrote as well."""
    document = IndexDocument()

    def change_content(content: bytes | None) -> bytes:
        nonlocal document
        document = change(_read(content))
        return _write(document)

    place = docs.child(_DOCUMENT)
    written = place.update(change_content)
    while True:
        write_pages(document)
        found = place.storage.read_versioned(place.path)
        if found is None or found[0] == written:
            return
        written = found[0]  # published by another process meanwhile: the page must show it as well
        document = _read(written)


def read_document(docs: Place) -> IndexDocument:
    """Return the document, an empty one before the first run."""
    place = docs.child(_DOCUMENT)
    found = place.storage.read_versioned(place.path)
    return _read(found[0] if found else None)


def _read(content: bytes | None) -> IndexDocument:
    """Return the document; a damaged one begins anew, since the pages of runs do not need it."""
    if content is None:
        return IndexDocument()
    try:
        values = json.loads(content)
        # Earlier versions wrote the list of runs alone.
        return _adapter().validate_python({"runs": values} if isinstance(values, list) else values)
    except ValueError:
        return IndexDocument()


def _write(document: IndexDocument) -> bytes:
    return compact_json(_adapter().dump_python(document))


@cache
def _adapter() -> TypeAdapter[IndexDocument]:
    return TypeAdapter(IndexDocument)
