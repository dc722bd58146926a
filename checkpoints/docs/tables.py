"""Pages of datasets and tables: days, columns, rules and versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.docs.charts import Calendar, Sparkline, Strip, calendar, sparkline, strip
from checkpoints.docs.site import contract_path, render, rule_path, table_path
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checkpoints.docs.facts import ResultFacts
    from checkpoints.docs.history import ResultHistory, RunResult
    from contracts.days import DayOutOfLine
    from contracts.model import Column, Domain, Rule

VERSIONS_SHOWN = 12
_STRIP_HEIGHT, _STRIP_STEP = 18, 3


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column with its share of nulls now and in the last runs; ``change``: against the version before."""

    column: Column
    nulls: float | None
    change: float | None
    line: Sparkline | None


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A promoted version and what differs from the one before, which is None for the oldest."""

    run: RunResult
    before: RunResult | None

    @property
    def rows_changed(self) -> int | None:
        """Rows more or fewer than in the version before."""
        if self.before is None or self.run.rows is None or self.before.rows is None:
            return None
        return self.run.rows - self.before.rows

    @property
    def columns_added(self) -> list[str]:
        """Columns that the version before does not have."""
        return _missing(self.run.nulls, self.before.nulls) if self.before else []

    @property
    def columns_removed(self) -> list[str]:
        """Columns of the version before that this one does not have."""
        return _missing(self.before.nulls, self.run.nulls) if self.before else []


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule with its runs as a strip; ``strip``: None if the policy switches it off."""

    rule: Rule
    strip: Strip | None
    is_broken: bool
    page: str


def table_pages(facts: ResultFacts, history: ResultHistory) -> Iterator[tuple[str, bytes]]:
    """Yield the path and content of the page of a dataset or table; none for files and loads."""
    zone = facts.contract.zone
    if zone is Zone.RAW or facts.transition == "gold_to_redshift":
        return
    page = table_path(zone.value, facts.dataset)
    versions = [run for run in history.runs if run.promoted is not None]
    yield (
        page,
        render(
            "table.html.j2",
            page,
            facts=facts,
            last=history.runs[-1],
            calendars=_calendars(facts),
            columns=_columns(facts, history.runs),
            rules=sorted(_rules(facts, history), key=lambda one: not one.is_broken),
            versions=_versions(versions),
            contract_page=contract_path(zone.value, facts.contract.name),
            shares=sparkline(history.quarantined_shares, width=220, height=40),
        ),
    )


def _calendars(facts: ResultFacts) -> list[tuple[str, Calendar]]:
    """Return the calendar of each measure, with the days that its rules found out of line."""
    days = {outcome.rule: outcome.days for outcome in facts.gate_result.outcomes}
    found: dict[str, list[DayOutOfLine]] = {}
    for rule in facts.rules:
        found.setdefault(str(rule.kwargs.get("measure")), []).extend(days.get(rule.name, ()))
    pairs = ((name, calendar(values, found.get(name, ()))) for name, values in facts.by_day.items())
    return [(name, drawn) for name, drawn in pairs if drawn is not None]


def _columns(facts: ResultFacts, runs: Sequence[RunResult]) -> list[ShownColumn]:
    shown = []
    for column in facts.contract.silver_columns:
        shares = [
            run.nulls[column.name] / run.rows if run.rows else 0.0 for run in runs if column.name in run.nulls
        ]
        shown.append(
            ShownColumn(
                column,
                shares[-1] if shares else None,
                shares[-1] - shares[-2] if len(shares) > 1 else None,
                sparkline(shares) if any(shares) else None,
            )
        )
    return shown


def _rules(facts: ResultFacts, history: ResultHistory) -> Iterator[ShownRule]:
    """Yield the rules; those that no run broke look alike, if they are as old and judge the same rows."""
    strips: dict[tuple[Domain, str | None], Strip] = {}
    for rule in facts.rules:
        alike = None if history.was_broken(rule.name) else (rule.domain, history.first_runs.get(rule.name))
        drawn = strips.get(alike) if alike else None
        if drawn is None:
            drawn = strip(history.of_rule(rule), _STRIP_HEIGHT, _STRIP_STEP)
        if alike:
            strips[alike] = drawn
        yield ShownRule(
            rule,
            drawn,
            rule.name in history.runs[-1].broken,
            rule_path(facts.transition, facts.dataset, rule.name),
        )
    for rule in facts.rules_off:
        page = rule_path(facts.transition, facts.dataset, rule.name)
        yield ShownRule(rule, None, is_broken=False, page=page)


def _versions(promoted: Sequence[RunResult]) -> list[ShownVersion]:
    """Return the last versions, newest first."""
    pairs = [ShownVersion(run, last) for run, last in zip(promoted, [None, *promoted], strict=False)]
    return pairs[::-1][:VERSIONS_SHOWN]


def _missing(names: Mapping[str, int], others: Mapping[str, int]) -> list[str]:
    return [name for name in names if others and name not in others]
