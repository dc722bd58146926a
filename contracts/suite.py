"""A contract's rules as Great Expectations configurations, compiled before any data is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from contracts.errors import ContractError
from contracts.model import Contract, Domain, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARN: "warning"}


def expectation_configs(
    contract: Contract, domain: Domain | None = None
) -> tuple[ExpectationConfiguration, ...]:
    """Return the configurations of one domain's rules (of all by default), in the contract's order.

    Each has been turned into an expectation once, so GX knows it and takes its kwargs. ``meta`` holds rule,
    severity, dimension, business impact and domain; ``{"$PARAMETER": name}`` is left for GX to fill in.

    Raises:
        ContractError: names file, YAML path and rule when GX cannot judge it.
    """
    rules = contract.rules if domain is None else contract.rules_in(domain)
    return tuple(expectation_config(rule, contract) for rule in rules)


def expectation_config(rule: Rule, contract: Contract) -> ExpectationConfiguration:
    """Return one rule's configuration. Raises ContractError when GX cannot judge it."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    config = ExpectationConfiguration(
        type=rule.expectation,
        kwargs=dict(rule.kwargs),
        meta={
            "rule": rule.name,
            "domain": rule.domain.value,
            "severity": rule.severity.value,
            "dimension": rule.dimension,
            "business_impact": rule.business_impact,
        },
        description=rule.description,
        severity=FailureSeverity(_SEVERITIES[rule.severity]),
    )
    try:
        expectation = config.to_domain_obj()
    except (GreatExpectationsError, ValueError, TypeError) as error:  # pydantic's error is a ValueError
        raise _error(
            rule, contract, f"Great Expectations refuses {rule.expectation}: {_one_line(error)}"
        ) from error
    if rule.is_row_rule and not _judges_rows(expectation):
        raise _error(rule, contract, f"{rule.expectation} cannot judge a single row")
    return config


def check_suites(contracts: Iterable[Contract]) -> None:
    """Compile every rule of every contract. Raises ContractError for the first that cannot be.

    It imports Great Expectations (seconds), so it runs at the start of a run, not when contracts are read.
    """
    for contract in contracts:
        expectation_configs(contract)


def _judges_rows(expectation: object) -> bool:
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )

    return isinstance(
        expectation, ColumnMapExpectation | ColumnPairMapExpectation | MulticolumnMapExpectation
    )


def _error(rule: Rule, contract: Contract, problem: str) -> ContractError:
    return ContractError(
        problem,
        file=contract.path,
        path=rule.path,
        rule=rule.name,
        next_step="correct its implementation (greatexpectations.io/expectations lists what there is)",
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
