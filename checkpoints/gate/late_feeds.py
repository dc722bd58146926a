"""Feeds that have become late since the last promotion: judged by the clock alone, no row is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkpoints.gate.gx_expectations import filled_rule, single_rules
from contracts.argument_values import as_instant
from contracts.days import earliest_fresh
from contracts.expectation_catalog import EXPECT_FRESH
from quarantine_policies.decision import split_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.metrics.result import ResultMetrics
    from contracts.model import Contract, Rule
    from quarantine_policies.model import Policy


def late_rules(
    contract: Contract, policy: Policy, parameters: Mapping[str, object], metrics: ResultMetrics | None
) -> tuple[str, ...]:
    """Return the rules on freshness that the promoted rows of a dataset break by now.

    Args:
        contract: of the dataset.
        policy: switches rules off, and has parameters of its own.
        parameters: of the run, whose ``as_of`` is now.
        metrics: of the promotion; without them, or without a dated row, no rule is broken.
    """
    if metrics is None or (latest := metrics.latest) is None:
        return ()
    given = {**policy.parameters, **parameters}

    def is_broken(rule: Rule) -> bool:
        arguments: Mapping[str, Any] = filled_rule(contract, rule, given).kwargs
        as_of: Any = as_instant(arguments["as_of"])
        return latest < earliest_fresh(as_of, arguments["max_age_hours"])

    judged, _ = split_rules(contract.rules, policy)
    singles = [one for rule in judged for one in single_rules(rule) if one.expectation == EXPECT_FRESH]
    return tuple(dict.fromkeys(one.name for one in singles if is_broken(one)))
