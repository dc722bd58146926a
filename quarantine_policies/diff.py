"""Changes of a policy, as far as they change what a contract promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.argument_values import PARAMETER, is_parameter
from contracts.changes import Bump, Change, ChangeKind, as_text, breaking_if
from contracts.model import Domain, Severity
from quarantine_policies.model import Action, DatasetPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from contracts.model import Contract, Rule
    from quarantine_policies.model import Policy

_EXPANSION_LIMITS = ("max_expanded_bytes", "max_expansion_ratio")
_NOT_PROMISED = ("retention_days",)


def diff_policies(before: Policy, after: Policy, contract: Contract) -> Iterator[Change]:
    """Yield the changes of what follows when a rule of a contract is broken.

    An override is breaking if it excludes rows or tables that were let through, or the reverse; a limit, if
    the rule that it belongs to can block.

    Args:
        before: the old policy.
        after: the new policy, of the same kind.
        contract: the new contract of the dataset, or one of the gold tables.
    """
    for rule in contract.rules:
        yield from _diff_override(before, after, rule)
        yield from _diff_limits(before, after, rule)
    if contract.is_read_from_files:
        yield from _diff_expansion(before, after)
    for column in contract.column_names:
        if (column in before.masked_columns) is not (column in after.masked_columns):
            is_masked = column in after.masked_columns
            words = ("open", "masked") if is_masked else ("masked", "open")
            # A contract's personal data is masked in any case.
            bump = breaking_if(not is_masked and column not in contract.pii_columns)
            yield Change(ChangeKind.MASKING_CHANGED, f"policy.masked_columns.{column}", *words, bump)


def diff_operation(before: Policy, after: Policy) -> Iterator[Change]:
    """Yield the changes of a policy that no contract promises anything about."""
    for name in _NOT_PROMISED:
        values = getattr(before, name), getattr(after, name)
        if values[0] != values[1]:
            texts = as_text(values[0]), as_text(values[1])
            yield Change(ChangeKind.RETENTION_CHANGED, f"policy.{name}", *texts, Bump.NONE)


def _diff_override(before: Policy, after: Policy, rule: Rule) -> Iterator[Change]:
    actions = before.override(rule.name), after.override(rule.name)
    if actions[0] is not actions[1]:
        effects = {_effect(rule, action) for action in actions}
        path = f"policy.overrides.{rule.name}"
        texts = (str(actions[0] or "as the contract"), str(actions[1] or "as the contract"))
        yield Change(ChangeKind.OVERRIDE_CHANGED, path, *texts, breaking_if(len(effects) > 1))


def _diff_limits(before: Policy, after: Policy, rule: Rule) -> Iterator[Change]:
    for name in _parameters(rule):
        values = before.parameters.get(name), after.parameters.get(name)
        if values[0] != values[1]:
            effects = [_effect(rule, policy.override(rule.name)) for policy in (before, after)]
            bump = breaking_if(any(effect is not Action.WARN for effect in effects))
            texts = as_text(values[0]), as_text(values[1])
            yield Change(ChangeKind.LIMIT_CHANGED, f"policy.{name}", *texts, bump)


def _diff_expansion(before: Policy, after: Policy) -> Iterator[Change]:
    """Yield the changes of what a compressed file may expand to: smaller limits reject valid files."""
    if isinstance(before, DatasetPolicy) and isinstance(after, DatasetPolicy):
        for name in _EXPANSION_LIMITS:
            old, new = getattr(before, name), getattr(after, name)
            if old != new:
                path = f"policy.{name}"
                yield Change(
                    ChangeKind.LIMIT_CHANGED, path, as_text(old), as_text(new), breaking_if(new < old)
                )


def _effect(rule: Rule, action: Action | None) -> Action:
    """Return what happens to offenders of a rule."""
    if action is Action.OFF:
        return Action.WARN  # nothing is held back either
    if action is not None:
        return action
    if rule.severity is Severity.WARN:
        return Action.WARN
    return Action.QUARANTINE if rule.domain is Domain.RECORDS else Action.BLOCK


def _parameters(rule: Rule) -> Iterable[str]:
    return [str(value[PARAMETER]) for value in rule.kwargs.values() if is_parameter(value)]
