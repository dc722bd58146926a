"""History of a transition's results: a bounded document from which pages of rules and tables are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import PlainSerializer

from checkpoints.lake.json_documents import DocumentCodec, Timestamp
from checkpoints.storage.errors import DamagedDocumentError
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from checkpoints.storage.place import Place
    from contracts.model import Domain, Rule

RUNS_KEPT = 90
RUNS_WITH_FILES = 30

_Verdict = Annotated[Verdict, PlainSerializer(str)]
_Counts = dict[str, int]


class RuleState(StrEnum):
    """Result of a rule in one run."""

    ABSENT = "absent"  # the run did not judge the rule
    PASSED = "passed"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a dataset or table in one run, as pages of later runs show it.

    ``counts``: rows by outcome, as in the metrics. ``evaluated``: rows judged, by domain. ``broken``: by
    broken rule, its offenders. ``nulls``: by column of the written table. ``promoted``: the version's URI.
    """

    run_id: str
    as_of: Timestamp
    verdict: _Verdict
    page: str
    contract_version: str
    rows: int | None = None
    files_rejected: int = 0
    promoted: str | None = None
    counts: _Counts = field(default_factory=dict)
    evaluated: _Counts = field(default_factory=dict)
    broken: _Counts = field(default_factory=dict)
    nulls: _Counts = field(default_factory=dict)

    @property
    def quarantined_share(self) -> float | None:
        """Rows quarantined divided by rows read; None if rows are not read from files, or there were none."""
        read = self.counts.get("rows_read")
        return self.counts.get("rows_quarantined", 0) / read if read else None


class RuleRun(NamedTuple):
    """One rule in one run: its offenders among the rows judged."""

    run: RunResult
    state: RuleState
    failed: int
    evaluated: int

    @property
    def share(self) -> float:
        """Offenders divided by rows judged; 1 for a broken rule that counts no rows."""
        if self.state is not RuleState.BROKEN:
            return 0.0
        return self.failed / self.evaluated if self.failed and self.evaluated else 1.0


@dataclass(frozen=True, slots=True)
class NewResult:
    """A result to add. ``rules``: judged. ``files``: by broken rule, the files with the most offenders."""

    run: RunResult
    rules: Sequence[str]
    files: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResultHistory:
    """The last results of a dataset or table, oldest first.

    ``first_runs``: by rule, the id of the first run that judged it. ``files``: by rule and file, offenders in
    each of the last ``RUNS_WITH_FILES`` runs, the newest first, without zeros at the end; 0 also where a run
    did not list the file.
    """

    runs: tuple[RunResult, ...] = ()
    first_runs: dict[str, str] = field(default_factory=dict)
    files: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def with_result(self, new: NewResult) -> ResultHistory:
        """Return the history with one more result; one of the same run is replaced."""
        others = tuple(run for run in self.runs if run.run_id != new.run.run_id)
        return ResultHistory(
            (*others, new.run)[-RUNS_KEPT:],
            {rule: self.first_runs.get(rule, new.run.run_id) for rule in new.rules},
            self._files_with(new),
        )

    def _files_with(self, new: NewResult) -> dict[str, dict[str, list[int]]]:
        newest_first = [run.run_id for run in reversed(self.runs)]
        replaced = newest_first.index(new.run.run_id) if new.run.run_id in newest_first else len(newest_first)
        found: dict[str, dict[str, list[int]]] = {}
        for rule in {**self.files, **new.files}:
            before, now = self.files.get(rule, {}), new.files.get(rule, {})
            by_file = {}
            for file in {**before, **now}:
                counts = before.get(file, [])
                kept = [now.get(file, 0), *counts[:replaced], *counts[replaced + 1 :]][:RUNS_WITH_FILES]
                if any(kept):
                    by_file[file] = kept[: max(n for n, count in enumerate(kept) if count) + 1]
            if by_file:
                found[rule] = by_file
        return found

    def of_rule(self, rule: Rule) -> tuple[RuleRun, ...]:
        """Return a rule's results, oldest first."""
        return tuple(self._results(rule.name, rule.domain))

    def _results(self, rule: str, domain: Domain) -> Iterator[RuleRun]:
        first = self.first_runs.get(rule)
        # A first run that is no longer kept was before all that are.
        is_judged = all(run.run_id != first for run in self.runs)
        for run in self.runs:
            is_judged = is_judged or run.run_id == first
            if rule in run.broken:
                state = RuleState.BROKEN
            else:
                state = RuleState.PASSED if is_judged and domain in run.evaluated else RuleState.ABSENT
            yield RuleRun(run, state, run.broken.get(rule, 0), run.evaluated.get(domain, 0))

    def was_broken(self, rule: str) -> bool:
        """Whether one of the runs broke a rule."""
        return any(rule in run.broken for run in self.runs)

    def broken_since(self, rule: str) -> RunResult:
        """Return the first of the last runs that all broke a rule; the last run if it passed."""
        return self._since(lambda run: rule in run.broken)

    def rejecting_since(self) -> RunResult:
        """Return the first of the last runs that all rejected files; the last run if it rejected none."""
        return self._since(lambda run: run.files_rejected > 0)

    def _since(self, is_so: Callable[[RunResult], bool]) -> RunResult:
        return ([*takewhile(is_so, reversed(self.runs))] or [self.runs[-1]])[-1]

    @property
    def quarantined_shares(self) -> tuple[float, ...]:
        """The share of quarantined rows of each run with rows, oldest first."""
        return tuple(run.quarantined_share for run in self.runs if run.quarantined_share is not None)


@dataclass(frozen=True, slots=True)
class TransitionHistory:
    """The histories of a transition's results, by dataset or table."""

    results: dict[str, ResultHistory] = field(default_factory=dict)


CODEC = DocumentCodec[TransitionHistory]("docs history", 2, TransitionHistory, indent=None)


def add_to_history(
    docs: Place, transition: str, results: Mapping[str, NewResult]
) -> Mapping[str, ResultHistory]:
    """Add results to a transition's history, and return the histories of their datasets.

    The document is bounded, so the cost does not grow with the number of runs. One that is damaged, or of
    another format, begins anew.

    Args:
        docs: the folder of the Data Docs.
        transition: that the results are of.
        results: by dataset or table.
    """
    place = docs.child(f"history/{transition}.json")
    changed: dict[str, ResultHistory] = {}

    def change(content: bytes | None) -> bytes:
        nonlocal changed
        changed = _read(content, place.uri)
        for name, result in results.items():
            changed[name] = changed.get(name, ResultHistory()).with_result(result)
        return CODEC.write(TransitionHistory(changed))

    place.update(change)
    return {name: changed[name] for name in results}


def _read(content: bytes | None, where: str) -> dict[str, ResultHistory]:
    if content is None:
        return {}
    try:
        return dict(CODEC.read(content, where).results)
    except DamagedDocumentError:
        return {}
