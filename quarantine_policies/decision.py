"""The pure decision: what the rules found, and what the policy wants, give a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from contracts.model import Domain, Severity, Zone
from quarantine_policies.model import Action

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contracts.model import Contract, Rule
    from quarantine_policies.model import Policy


class Verdict(StrEnum):
    """What a gate says. Ordered by weight: pass, warn, block."""

    PASS = "pass"  # noqa: S105  # a verdict, no secret
    WARN = "warn"
    BLOCK = "block"

    @staticmethod
    def worst(verdicts: Iterable[Verdict]) -> Verdict:
        """Return the heaviest verdict; pass when there is none.

        >>> Verdict.worst([Verdict.PASS, Verdict.BLOCK, Verdict.WARN]).value
        'block'
        """
        return max(verdicts, key=list(Verdict).index, default=Verdict.PASS)


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What judging one rule found."""

    rule: str
    domain: Domain
    severity: Severity  # the contract's
    passed: bool
    evaluated: int = 0  # rows (or values) that were judged
    failed: int = 0  # offenders among them
    observed: float | int | str | None = None  # of a table rule: the number that was judged
    samples: tuple[str, ...] = ()  # a few offenders, masked


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and its reasons. Rule names are in the order of the outcomes."""

    verdict: Verdict
    failed: tuple[str, ...]  # the rules of the table (or the load) that broke, error or warn
    warned: tuple[str, ...]  # the rules of any domain whose offenders warn
    blocked_by: tuple[str, ...]  # the rules of any domain that block; empty unless the verdict is block


def decide(
    outcomes: Iterable[RuleOutcome], policy: Policy, *, files_rejected: int = 0, rows_quarantined: int = 0
) -> Decision:
    """Return the verdict on one dataset or table.

    Args:
        outcomes: of all its rules; a rule that was not judged must not be missing from them.
        policy: whose overrides outrank the contract's severities. Its limits need no look here: they are
            table rules (``quarantine_ratio``, …), judged like the others.
        files_rejected: files of this run that went to quarantine.
        rows_quarantined: rows of this run that went to quarantine.
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


def routed_rules(contract: Contract, policy: Policy) -> tuple[Rule, ...]:
    """Return the row rules whose offenders are quarantined, after overrides, in the contract's order.

    A rule that blocks quarantines its offenders too, so that somebody can see and replay them. Rules of the
    inventory are never among them: a rejected file is no row.
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
        case None:
            return rule.severity is Severity.ERROR


def _blocks(outcome: RuleOutcome, policy: Policy) -> bool:
    action = policy.override(outcome.rule)
    if action is not None:
        return action is Action.BLOCK
    return outcome.severity is Severity.ERROR and outcome.domain in (Domain.TABLE, Domain.LOADED)
