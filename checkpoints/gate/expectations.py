"""From a contract's rule, with the run's parameters filled in, to the GX expectation that judges it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import wraps
from threading import RLock
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from contracts.errors import ContractError
from contracts.suite import expectation_config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from great_expectations.expectations.expectation import Expectation

    from contracts.model import Contract, Rule

PARAMETER = "$PARAMETER"
# Great Expectations reads '2000-01-01' as a date and cannot compare that with a point in time.
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?")
_BOUNDS = ("min_value", "max_value")
_TURN = RLock()
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def load_gx() -> ModuleType:
    """Import Great Expectations (seconds), told beforehand not to call home."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations

    return great_expectations


def in_turn(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Let threads take turns at a function that works with GX: its project is the whole process's."""

    @wraps(function)
    def taking_turns(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        with _TURN:
            return function(*args, **kwargs)

    return taking_turns


def build_expectation(contract: Contract, rule: Rule, parameters: Mapping[str, object]) -> Expectation:
    """Return the GX expectation of a rule; its ``meta`` holds the rule's own words.

    Every ``{"$PARAMETER": name}`` is filled in; bounds that are dates become UTC instants.

    Raises:
        ContractError: a parameter is not given, or GX refuses the expectation or its arguments.
    """
    filled: dict[str, object] = {}
    for name, declared in rule.kwargs.items():
        value = declared
        if isinstance(value, dict) and set(value) == {PARAMETER}:
            if value[PARAMETER] not in parameters:
                raise rule_error(
                    contract,
                    rule,
                    f"{name} needs the parameter {value[PARAMETER]!r}, which is not given",
                    f"use one of {', '.join(sorted(parameters)) or 'none'}",
                )
            value = parameters[value[PARAMETER]]
        filled[name] = _instant(value) if name in _BOUNDS else value
    if "row_condition" in filled:
        filled.setdefault("condition_parser", "spark")
    return expectation_config(replace(rule, kwargs=filled), contract).to_domain_obj()


def rule_error(contract: Contract, rule: Rule, problem: str, next_step: str) -> ContractError:
    """Return the error that names the contract's file, the place in it, and the rule."""
    return ContractError(
        problem, file=contract.path or contract.name, path=rule.path, rule=rule.name, next_step=next_step
    )


def _instant(value: object) -> object:
    """Return a date or an ISO date text as an instant in UTC; anything else as it is."""
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    return value
