"""Feeds that have become late since the last promotion: judged by the clock alone, no row is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkpoints.gate.gx_expectations import filled_rule, single_rules
from contracts.argument_values import as_instant
from contracts.days import freshness
from contracts.expectation_catalog import EXPECT_FRESH
from quarantine_policies.decision import split_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.metrics.result import ResultMetrics
    from contracts.model import Contract
    from quarantine_policies.model import Policy


def late_rules(
    contract: Contract, policy: Policy, parameters: Mapping[str, object], metrics: ResultMetrics | None
) -> dict[str, str]:
    """Return the rules on freshness that the promoted rows of a dataset break by now, and how, in words.

    Args:
        contract: of the dataset.
        policy: switches rules off, and has parameters of its own.
        parameters: of the run, whose ``as_of`` is now.
        metrics: of the promotion; without them, or without a dated row, no rule is broken.
    """
    if metrics is None or (latest := metrics.latest) is None:
        return {}
    given = {**policy.parameters, **parameters}
    broken = {}
    judged, _ = split_rules(contract.rules, policy)
    for rule in (one for each in judged for one in single_rules(each) if one.expectation == EXPECT_FRESH):
        arguments: Mapping[str, Any] = filled_rule(contract, rule, given).kwargs
        as_of: Any = as_instant(arguments["as_of"])
        is_fresh, found = freshness(latest, as_of, arguments["max_age_hours"])
        if not is_fresh:
            broken[rule.name] = found
    return broken
