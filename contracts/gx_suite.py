"""Compilation of rules to Great Expectations configurations."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

from contracts.errors import ContractError
from contracts.model import Contract, Rule, Severity

if TYPE_CHECKING:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

_OWN_EXPECTATIONS = ("contracts.own_expectations", "contracts.day_expectations")
_SEVERITIES = {Severity.ERROR: "critical", Severity.WARN: "warning"}


def expectation_config(rule: Rule, contract: Contract) -> ExpectationConfiguration:
    """Return the configuration of one rule, after building its expectation once as a check.

    ``meta`` holds rule, severity, dimension, business impact and domain.

    Raises:
        ContractError: GX does not know the expectation or rejects its kwargs.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity

    for module in _OWN_EXPECTATIONS:
        import_module(module)  # registers them with GX
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
        reason = " ".join(str(error).split())
        raise _error(rule, contract, f"Great Expectations rejects {rule.expectation}: {reason}") from error
    if rule.is_row_rule and not _is_row_expectation(expectation):
        raise _error(rule, contract, f"{rule.expectation} cannot evaluate a single row")
    return config


def _is_row_expectation(expectation: object) -> bool:
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
        file=rule.file or contract.path,
        path=rule.path,
        rule=rule.name,
        next_step="correct its implementation (see greatexpectations.io/expectations)",
    )
