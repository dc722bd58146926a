"""Rule pages of Data Docs: what a rule promises, its history, the files that break it, and what to do."""

from __future__ import annotations

import html
import shlex
from dataclasses import dataclass
from glob import escape
from typing import TYPE_CHECKING

from checkpoints.docs.charts import heat_map, strip
from checkpoints.docs.site import contract_path, render, rule_path, table_path
from contracts.model import Domain, Zone
from contracts.rule_domains import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checkpoints.docs.charts import HeatRow
    from checkpoints.docs.facts import ResultFacts
    from checkpoints.docs.history import ResultHistory
    from contracts.model import Rule

FILES_SHOWN = 15
RUNS_IN_NUMBERS = 14  # two weeks of nights; the strip shows more
_COMMANDS_CHARACTERS = 40_000  # of all files together, as HTML: keys may be long and full of quotes


@dataclass(frozen=True, slots=True)
class Commands:
    """Shell commands about the quarantined rows of a rule, of all files or of one."""

    show: str
    export: str
    fix: str
    waive: str
    discard: str

    @property
    def of_rows(self) -> str:
        """The commands that select rows, or take the sheet of them, one a line."""
        return "\n".join((self.export, self.fix, self.waive, self.discard))

    @classmethod
    def of(cls, dataset: str, rule: str, file: str | None = None) -> Commands:
        """Return the commands for a dataset's rows; names are quoted for a shell.

        >>> Commands.of("events", "age_range", "a b.csv").discard
        "lakegate quarantine discard --dataset events --rule age_range --file 'a b.csv' --reason '…'"
        """
        of_rule = ["--dataset", dataset, "--rule", rule]
        # A pattern for this file alone: escaped twice, for the pattern and for the shell.
        selected = [*of_rule, *(["--file", escape(file)] if file is not None else [])]
        sheet = f"{rule}.csv"

        def command(*words: str) -> str:
            return shlex.join(["lakegate", "quarantine", *words])

        return cls(
            show=command(*of_rule),
            export=command("export", *selected, "--out", sheet),
            fix=command("fix", sheet, "--reason", "…"),
            waive=command("waive", *selected, "--reason", "…"),
            discard=command("discard", *selected, "--reason", "…"),
        )


def rule_pages(facts: ResultFacts, history: ResultHistory) -> Iterator[tuple[str, bytes]]:
    """Yield the path and content of the page of each rule that was judged.

    The page of a rule that no kept run broke does not change from run to run.
    """
    for rule in facts.rules:
        page = rule_path(facts.transition, facts.dataset, rule.name)
        yield page, _page(page, rule, facts, history)


def _page(page: str, rule: Rule, facts: ResultFacts, history: ResultHistory) -> bytes:
    was_broken = history.was_broken(rule.name)
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
        commands=Commands.of(facts.dataset, rule.name) if can_correct else None,
        commands_by_file=_commands_by_file(facts.dataset, rule.name, files) if can_correct else {},
        result_page=history.runs[-1].page if was_broken else None,
        contract_page=contract_path(zone.value, facts.contract.name),
        table_page=None if zone is Zone.RAW else table_path(zone.value, facts.dataset),
        effect=_effect(rule, facts),
    )


def _commands_by_file(dataset: str, rule: str, files: Sequence[HeatRow]) -> dict[str, str]:
    """Return the commands about the first files with offenders in the last run."""
    found, size = {}, 0
    for row in files:
        if row.offenders:
            commands = Commands.of(dataset, rule, row.file).of_rows
            size += len(html.escape(commands))
            if size > _COMMANDS_CHARACTERS:
                break
            found[row.file] = commands
    return found


def _effect(rule: Rule, facts: ResultFacts) -> str:
    """Return what a broken rule does, in words."""
    if rule.name in facts.decision.blocked_by or (
        rule.severity.value == "error" and rule.domain in (Domain.TABLE, Domain.LOADED)
    ):
        return "blocks the transition"
    if rule.domain is Domain.RECORDS:
        return "sends the row to quarantine" if facts.is_of_rows else "rejects the file"
    return "warns"
