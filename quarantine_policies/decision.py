"""Pure decision: rule outcomes and a policy give a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from contracts.model import Domain, Severity, Zone
from quarantine_policies.model import Action

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contracts.days import DayOutOfLine
    from contracts.model import Contract, Rule
    from quarantine_policies.model import Policy


class Verdict(StrEnum):
    """Verdict of a gate, and of the table, transition or run behind it. Ordered from best to worst."""

    UNCHANGED = "unchanged"  # inputs, rules and code are those of the last promotion: not judged again
    PASS = "pass"  # noqa: S105  # not a secret
    WARN = "warn"
    BLOCK = "block"

    @staticmethod
    def worst(verdicts: Iterable[Verdict]) -> Verdict:
        """Return the worst verdict; pass when there is none.

        >>> Verdict.worst([Verdict.PASS, Verdict.BLOCK, Verdict.WARN]).value
        'block'
        """
        return max(verdicts, key=list(Verdict).index, default=Verdict.PASS)


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """Result of judging one rule."""

    rule: str
    domain: Domain
    severity: Severity  # the contract's
    passed: bool
    evaluated: int = 0  # rows (or values) judged
    failed: int = 0  # offenders among them
    observed: float | int | str | None = None  # table rules: the number judged
    samples: tuple[str, ...] = ()  # a few offenders, masked
    days: tuple[DayOutOfLine, ...] = ()  # rules on days: those out of line


@dataclass(frozen=True, slots=True)
class Decision:
    """Verdict and its reasons. Rule names are in the order of the outcomes."""

    verdict: Verdict
    failed: tuple[str, ...]  # broken table (or load) rules, error or warn
    warned: tuple[str, ...]  # broken rules of any domain that warn
    blocked_by: tuple[str, ...]  # broken rules of any domain that block; empty unless the verdict is block


def decide(
    outcomes: Iterable[RuleOutcome], policy: Policy, *, files_rejected: int = 0, rows_quarantined: int = 0
) -> Decision:
    """Return the verdict on one dataset or table.

    Args:
        outcomes: of all its rules, without exception.
        policy: its overrides outrank the contract's severities. Its limits are not read here: they are
            parameters of table rules (``quarantine_ratio``, …), judged like the others.
        files_rejected: files that this run quarantined.
        rows_quarantined: rows that this run quarantined.
    """
    failed: list[str] = []
    warned: list[str] = []
    blocked_by: list[str] = []
    for outcome in outcomes:
        if outcome.passed:
            continue
        if outcome.domain in (Domain.TABLE, Domain.LOADED):
            failed.append(outcome.rule)
        (blocked_by if _blocks(outcome, policy) else warned).append(outcome.rule)
    if blocked_by:
        verdict = Verdict.BLOCK
    elif warned or files_rejected or rows_quarantined:
        verdict = Verdict.WARN
    else:
        verdict = Verdict.PASS
    return Decision(verdict, tuple(failed), tuple(warned), tuple(blocked_by))


def effect_of(rule: Rule, policy: Policy) -> Action:
    """Return what follows a broken rule: its override, else what its severity and domain say.

    A row that is quarantined is, in the inventory, a file.
    """
    return _action(rule.name, rule.severity, rule.domain, policy)


def split_rules(rules: Iterable[Rule], policy: Policy) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Return the rules to judge, and those that the policy switches off, each in their order."""
    judged: list[Rule] = []
    off: list[Rule] = []
    for rule in rules:
        (off if policy.override(rule.name) is Action.OFF else judged).append(rule)
    return tuple(judged), tuple(off)


def routed_rules(contract: Contract, policy: Policy) -> tuple[Rule, ...]:
    """Return the row rules whose offenders are quarantined, after overrides, in the contract's order.

    A rule that blocks quarantines its offenders too, so that they can be inspected and replayed. Inventory
    rules are excluded: a rejected file is not a row.
    """
    if contract.zone is Zone.RAW:
        return ()
    return tuple(
        replace(rule, domain=Domain.RECORDS, severity=Severity.ERROR)
        for rule in contract.rules
        if rule.is_row_rule and _quarantines(rule, policy)
    )


def counted_rules(contract: Contract, policy: Policy) -> tuple[Rule, ...]:
    """Return the row rules whose offenders are kept and counted on the valid rows, after overrides."""
    if contract.zone is Zone.RAW:
        return ()
    return tuple(
        replace(rule, domain=Domain.VALID_ROWS, severity=Severity.WARN)
        for rule in contract.rules
        if rule.is_row_rule and not _quarantines(rule, policy)
    )


def _quarantines(rule: Rule, policy: Policy) -> bool:
    match policy.override(rule.name):
        case Action.WARN:
            return False
        case Action.QUARANTINE | Action.BLOCK:
            return True
        case Action.OFF | None:  # a row rule cannot be switched off (check_policies)
            return rule.severity is Severity.ERROR


def _blocks(outcome: RuleOutcome, policy: Policy) -> bool:
    return _action(outcome.rule, outcome.severity, outcome.domain, policy) is Action.BLOCK


def _action(rule: str, severity: Severity, domain: Domain, policy: Policy) -> Action:
    action = policy.override(rule)
    if action is not None:
        return action
    if severity is Severity.WARN:
        return Action.WARN
    return Action.BLOCK if domain in (Domain.TABLE, Domain.LOADED) else Action.QUARANTINE
