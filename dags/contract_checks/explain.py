"""Effective rules of contracts, each with the place that it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.defaults import DEFAULTS_FILE
from dags.contract_checks.folders import shown_path
from dags.contract_checks.rule_problems import is_written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.model import Contract, Rule
    from dags.contract_checks.lint import LintedContract

_COLUMN = re.compile(r"^schema\[0\]\.properties\[(\d+)\]$")


@dataclass(frozen=True, slots=True)
class EffectiveRule:
    """A rule as a run judges it. ``origin``: where it comes from, with file and line where it has one."""

    contract: str
    rule: Rule
    origin: str


def effective_rules(contracts: Sequence[LintedContract]) -> tuple[EffectiveRule, ...]:
    """Return the rules of contracts in their order; invalid rules are not among them."""
    return tuple(
        EffectiveRule(f"{contract.zone}/{contract.name}", rule, _origin(rule, contract, file))
        for file in contracts
        if (contract := file.diagnosis.contract) is not None
        for rule in contract.rules
    )


def _origin(rule: Rule, contract: Contract, file: LintedContract) -> str:
    """Return where a rule comes from: the one place that tells the kinds of origins apart."""
    if rule.file:
        return f"default of {contract.zone}, in {shown_path(file.path.with_name(DEFAULTS_FILE))}"
    place = f"{shown_path(file.path)}:{file.lines.line(rule.path)}"
    if is_written(rule):
        return f"written at {place}"
    if _COLUMN.match(rule.path):
        return f"derived from the column {rule.column} at {place}"
    if rule.column is not None:
        return f"derived from the column {rule.column} in {shown_path(file.path)}"
    return f"derived for every {'file' if contract.zone == 'raw' else 'table'} of {contract.zone}"
