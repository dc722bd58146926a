"""History of a transition's results: a bounded document from which pages of rules and tables are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated

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
    broken rule, its offenders. ``files``: of these rules, the files with the most offenders; only of the
    last ``RUNS_WITH_FILES`` runs. ``nulls``: by column of the written table. ``promoted``: the version's URI.
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
    files: dict[str, _Counts] = field(default_factory=dict)
    nulls: _Counts = field(default_factory=dict)

    @property
    def quarantined_share(self) -> float | None:
        """Rows quarantined divided by rows read; None if rows are not read from files, or there were none."""
        read = self.counts.get("rows_read")
        return self.counts.get("rows_quarantined", 0) / read if read else None


@dataclass(frozen=True, slots=True)
class RuleRun:
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
class ResultHistory:
    """The last results of a dataset or table, oldest first.

    ``first_runs``: by rule, the id of the first run that judged it.
    """

    runs: tuple[RunResult, ...] = ()
    first_runs: dict[str, str] = field(default_factory=dict)

    def with_result(self, result: RunResult, rules: Sequence[str]) -> ResultHistory:
        """Return the history with one more result; one of the same run is replaced."""
        others = [run for run in self.runs if run.run_id != result.run_id]
        runs = [*others, result][-RUNS_KEPT:]
        shown = [*(replace(run, files={}) for run in runs[:-RUNS_WITH_FILES]), *runs[-RUNS_WITH_FILES:]]
        return ResultHistory(tuple(shown), {rule: self.first_runs.get(rule, result.run_id) for rule in rules})

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


CODEC = DocumentCodec[TransitionHistory]("docs history", 1, TransitionHistory, indent=None)


def add_to_history(
    docs: Place, transition: str, results: Mapping[str, tuple[RunResult, Sequence[str]]]
) -> Mapping[str, ResultHistory]:
    """Add results to a transition's history, and return the histories of their datasets.

    The document is bounded, so the cost does not grow with the number of runs. One that is damaged, or of
    another format, begins anew.

    Args:
        docs: the folder of the Data Docs.
        transition: that the results are of.
        results: by dataset or table, its result and the names of the rules judged.
    """
    place = docs.child(f"history/{transition}.json")
    changed: dict[str, ResultHistory] = {}

    def change(content: bytes | None) -> bytes:
        nonlocal changed
        changed = _read(content, place.uri)
        for name, (result, rules) in results.items():
            changed[name] = changed.get(name, ResultHistory()).with_result(result, rules)
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
