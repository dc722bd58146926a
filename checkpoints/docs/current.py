"""Current result of a dataset or table in a transition, and what of it needs a person."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import PlainSerializer

from checkpoints.docs.charts import SPARKLINE_RUNS
from checkpoints.docs.site import rule_path, table_path
from checkpoints.lake.json_documents import Timestamp  # noqa: TC001  pydantic evaluates annotations
from contracts.expectation_catalog import EXPECT_FRESH
from contracts.model import Domain, Zone
from quarantine_policies.decision import Verdict  # noqa: TC001  pydantic, as above

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from checkpoints.docs.facts import ResultFacts
    from checkpoints.docs.history import ResultHistory


class Need(StrEnum):
    """Why something needs a person, in the order of urgency: the first three are about what is read now."""

    BLOCKED = "blocked"
    LATE = "late feed"
    DAYS = "days out of line"
    ROWS = "rows in quarantine"
    FILES = "files in quarantine"
    STALE = "stale corrections"


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs a person. ``subject``: a rule, or what it is. ``count``: rows, files or days.

    ``since``: clock of the first of the runs that all had it.
    """

    need: Annotated[Need, PlainSerializer(str)]
    subject: str
    count: int
    since: Timestamp
    page: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CurrentResult:
    """The last result of a dataset or table in one transition.

    ``rows`` and ``latest``: the number of rows and their latest timestamp, those of the version that is read
    now. ``candidate_rows``: of a candidate that was not promoted. ``counts``: of the last run, rows, or files
    by outcome. ``files``: that the rows are read from. ``shares``: quarantined share of the last runs, oldest
    first.
    """

    transition: str
    dataset: str
    run_id: str
    as_of: Timestamp
    verdict: Annotated[Verdict, PlainSerializer(str)]
    page: str
    rows: int | None = None
    candidate_rows: int | None = None
    is_promoted: bool = True
    counts: dict[str, int] = field(default_factory=dict)
    files: int | None = None
    shares: tuple[float, ...] = ()
    latest: Timestamp | None = None
    attention: tuple[Attention, ...] = ()

    def after(self, before: CurrentResult | None) -> CurrentResult:
        """Return the result with what it leaves as it was before.

        That is what is read now, if nothing was promoted, and since when a feed is late: runs that find
        nothing new have no results.
        """
        if before is None:
            return self
        late = {one.subject: one.since for one in before.attention if one.need is Need.LATE}
        attention = tuple(
            replace(one, since=min(one.since, late.get(one.subject, one.since)))
            if one.need is Need.LATE
            else one
            for one in self.attention
        )
        if self.is_promoted:
            return replace(self, attention=attention)
        return replace(self, attention=attention, rows=before.rows, latest=before.latest)

    def with_late_feed(self, as_of: datetime, broken: Mapping[str, str]) -> CurrentResult:
        """Return the result with the rules on freshness that it breaks by now, and how, in words."""
        known = {one.subject for one in self.attention if one.need is Need.LATE}
        # Pages of rules show the runs that judged them, to which this one does not belong.
        page = table_path(Zone.SILVER.value, self.dataset)
        added = [
            Attention(Need.LATE, rule, 0, as_of, page, found)
            for rule, found in broken.items()
            if rule not in known
        ]
        return replace(self, attention=(*self.attention, *added))


def current_result(facts: ResultFacts, history: ResultHistory) -> CurrentResult:
    """Return a dataset's current result, from the last run of its history."""
    last, metrics = history.runs[-1], facts.metrics
    is_promoted = metrics.promoted is not None
    return CurrentResult(
        transition=facts.transition,
        dataset=facts.dataset,
        run_id=last.run_id,
        as_of=last.as_of,
        verdict=last.verdict,
        page=last.page,
        rows=metrics.rows_promoted if is_promoted else None,
        candidate_rows=None if is_promoted else metrics.rows_promoted,
        is_promoted=is_promoted,
        counts={**metrics.files_by_outcome, **metrics.rows_by_outcome},
        files=len(metrics.files) if facts.is_of_rows else None,
        shares=history.quarantined_shares[-SPARKLINE_RUNS:],
        latest=metrics.latest if is_promoted else None,
        attention=tuple(_attention(facts, history)),
    )


def _attention(facts: ResultFacts, history: ResultHistory) -> Iterator[Attention]:
    last = history.runs[-1]
    expectations = {rule.name: rule.expectation for rule in facts.rules}
    for outcome in facts.gate_result.outcomes:
        if outcome.passed:
            continue
        rule, page = outcome.rule, rule_path(facts.transition, facts.dataset, outcome.rule)
        since = history.broken_since(rule).as_of
        is_late = expectations[rule] == EXPECT_FRESH
        detail = str(outcome.observed) if is_late or outcome.days else ""
        if rule in facts.decision.blocked_by:
            count = len(outcome.days) or outcome.failed
            yield Attention(Need.BLOCKED, rule, count, since, page, detail)
        elif is_late:
            yield Attention(Need.LATE, rule, 0, since, page, detail)
        elif outcome.days:
            yield Attention(Need.DAYS, rule, len(outcome.days), since, page, detail)
        elif outcome.domain is Domain.RECORDS and facts.is_of_rows:
            yield Attention(Need.ROWS, rule, outcome.failed, since, page)
    if rejected := facts.rejected_files:
        detail = ", ".join(f"{reason} {count:,}" for reason, count in rejected.items())
        since = history.rejecting_since().as_of
        yield Attention(Need.FILES, "rejected files", sum(rejected.values()), since, last.page, detail)
    if facts.metrics.stale:
        yield Attention(Need.STALE, "stale corrections", facts.metrics.stale, last.as_of, last.page)
