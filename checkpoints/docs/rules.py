"""Rule pages of Data Docs: what a rule promises, its history, the files that break it, and what to do."""

from __future__ import annotations

import html
import shlex
from dataclasses import dataclass
from glob import escape
from typing import TYPE_CHECKING

from markupsafe import Markup

from checkpoints.docs.charts import heat_map, strip
from checkpoints.docs.site import contract_path, render, rule_path, table_path
from contracts.corrections import why_not_waivable
from contracts.model import Domain, Zone
from contracts.rule_domains import columns_of
from quarantine_policies.model import Action

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checkpoints.docs.charts import HeatRow
    from checkpoints.docs.facts import ResultFacts
    from checkpoints.docs.history import ResultHistory
    from contracts.model import Rule

FILES_SHOWN = 15
RUNS_IN_NUMBERS = 14  # two weeks of nights; the strip shows more
_COMMANDS_CHARACTERS = 40_000  # of all files together, as HTML: keys may be long and full of quotes
_EFFECTS = {
    Action.BLOCK: "blocks the transition",
    Action.QUARANTINE: "sends the row to quarantine",
    Action.WARN: "warns",
    Action.OFF: "is not judged",
}


@dataclass(frozen=True, slots=True)
class FileRows:
    """Rows of one file. ``number``: of the file on its page."""

    file: str
    number: int

    @property
    def pattern(self) -> str:
        """A pattern that this file alone matches, quoted for a shell."""
        return shlex.quote(escape(self.file))


@dataclass(frozen=True, slots=True)
class Commands:
    """Shell commands about the quarantined rows of a rule, of all files or of one."""

    show: str
    export: str
    fix: str
    waive: str
    discard: str

    @classmethod
    def of(cls, dataset: str, rule: str, rows: FileRows | None = None) -> Commands:
        """Return the commands for a dataset's rows; names are quoted for a shell.

        >>> Commands.of("events", "age_range", FileRows("a b.csv", 2)).export
        "lakegate quarantine export --dataset events --rule age_range --file 'a b.csv' --out age_range-2.csv"
        """
        of_rule = shlex.join(["--dataset", dataset, "--rule", rule])
        selected = f"{of_rule} --file {rows.pattern}" if rows else of_rule
        sheet = shlex.quote(f"{rule}-{rows.number}.csv" if rows else f"{rule}.csv")
        return cls(
            show=f"lakegate quarantine {of_rule}",
            export=f"lakegate quarantine export {selected} --out {sheet}",
            fix=f"lakegate quarantine fix {sheet} --reason '…'",
            waive=f"lakegate quarantine waive {selected} --reason '…'",
            discard=f"lakegate quarantine discard {selected} --reason '…'",
        )

    def html(self, rows: FileRows | None, *, can_waive: bool) -> Markup:
        """Return the commands that select rows, or take the sheet of them, one a line.

        The name of a file is isolated: its direction of writing does not reach the rest of the line.
        """
        commands = (self.export, self.fix, *([self.waive] if can_waive else []), self.discard)
        text = html.escape("\n".join(commands))
        if rows is not None:
            name = html.escape(rows.pattern)
            text = text.replace(f"--file {name}", f"--file <bdi>{name}</bdi>")
        return Markup(text)  # noqa: S704 - escaped above


def rule_pages(facts: ResultFacts, history: ResultHistory) -> Iterator[tuple[str, bytes]]:
    """Yield the path and content of the page of each rule that was judged.

    The page of a rule that no kept run broke does not change from run to run.
    """
    for rule in (*facts.rules, *facts.rules_off):
        page = rule_path(facts.transition, facts.dataset, rule.name)
        yield page, _page(page, rule, facts, history)


def _page(page: str, rule: Rule, facts: ResultFacts, history: ResultHistory) -> bytes:
    was_broken = rule in facts.rules and history.was_broken(rule.name)
    runs = history.of_rule(rule) if was_broken else ()
    outcome = next((one for one in facts.gate_result.outcomes if one.rule == rule.name), None)
    can_correct = facts.is_of_rows and rule.domain is Domain.RECORDS
    files = heat_map(history, rule.name, FILES_SHOWN) if was_broken else []
    zone = facts.contract.zone
    return render(
        "rule.html.j2",
        page,
        rule=rule,
        facts=facts,
        columns=[str(name) for name in columns_of(rule.kwargs)],
        runs=runs,
        runs_in_numbers=RUNS_IN_NUMBERS,
        strip=strip(runs) if was_broken else None,
        since=history.broken_since(rule.name) if was_broken else None,
        outcome=outcome if was_broken else None,
        files=files,
        offenders=facts.offenders.get(rule.name, ()),
        show=Commands.of(facts.dataset, rule.name).show,
        commands=_commands(facts, rule, files) if can_correct else {},
        not_waivable=why_not_waivable(facts.contract, rule.name),
        result_page=history.runs[-1].page if was_broken else None,
        contract_page=contract_path(zone.value, facts.contract.name),
        table_page=None if zone is Zone.RAW else table_path(zone.value, facts.dataset),
        is_off=rule in facts.rules_off,
        effect=_effect(rule, facts),
    )


def _effect(rule: Rule, facts: ResultFacts) -> str:
    """Return what a broken rule does, in words."""
    action = facts.effects[rule.name]
    if action is Action.QUARANTINE and not facts.is_of_rows:
        return "rejects the file"
    return _EFFECTS[action]


def _commands(facts: ResultFacts, rule: Rule, files: Sequence[HeatRow]) -> dict[str | None, Markup]:
    """Return the commands about all rows of a rule, and about the first files with some in the last run."""
    can_waive = why_not_waivable(facts.contract, rule.name) is None
    numbered = [FileRows(row.file, number) for number, row in enumerate(files, 1) if row.offenders]
    found: dict[str | None, Markup] = {}
    size = 0
    for rows in (None, *numbered):
        commands = Commands.of(facts.dataset, rule.name, rows).html(rows, can_waive=can_waive)
        size += len(commands)
        if size > _COMMANDS_CHARACTERS:
            break
        found[rows.file if rows else None] = commands
    return found
