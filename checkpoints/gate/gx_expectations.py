"""Great Expectations expectations of contract rules, with the run's parameters filled in."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache, wraps
from threading import RLock, local
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from contracts.argument_values import PARAMETER, as_instant, is_parameter
from contracts.errors import ContractError
from contracts.gx_suite import expectation_config
from contracts.measures import contract_parameters
from contracts.model import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    from contracts.model import Contract, Rule

_COMPARED = ("min_value", "max_value", "value_set")  # arguments compared with the column's values
_LOCK = RLock()
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def serialized(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Let one thread at a time call a function that uses GX, whose context is global to the process."""

    @wraps(function)
    def locked(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        with _LOCK:
            return function(*args, **kwargs)

    return locked


@serialized
@cache
def load_gx() -> ModuleType:
    """Import Great Expectations (seconds) with its analytics switched off and its lookups made cheaper."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations
    from great_expectations.expectations.expectation import Expectation

    for name, member in _building_configurations_once(vars(Expectation)).items():
        setattr(Expectation, name, member)
    return great_expectations


def _building_configurations_once(members: Mapping[str, Any]) -> dict[str, object]:
    """Return members for GX's ``Expectation`` by which a lookup of arguments builds its configuration once.

    GX builds it, a validated copy of all arguments, again for each of some 30 arguments of each metric: a
    third of a small run's time. Nothing changes an expectation during a lookup.
    """
    look_up, build = members["_get_runtime_kwargs"], members["configuration"].fget
    current = local()  # of the thread: the expectation whose arguments are looked up, and its configuration

    def configuration(self: Expectation) -> ExpectationConfiguration:
        is_looked_up = getattr(current, "expectation", None) is self
        found: ExpectationConfiguration = current.configuration if is_looked_up else build(self)
        return found

    @wraps(look_up)
    def looked_up(self: Expectation, runtime_configuration: dict[str, Any] | None = None) -> dict[str, Any]:
        current.expectation, current.configuration = self, build(self)
        try:
            found: dict[str, Any] = look_up(self, runtime_configuration)
        finally:
            current.expectation = current.configuration = None
        return found

    return {"configuration": property(configuration), "_get_runtime_kwargs": looked_up}


def build_expectations(
    contract: Contract, rule: Rule, parameters: Mapping[str, object]
) -> list[tuple[Rule, Expectation]]:
    """Return the GX expectations of a rule, each with a rule that has no other.

    Raises:
        ContractError: a parameter is not given, or GX refuses the expectation or its arguments.
    """
    return [(one, build_expectation(contract, one, parameters)) for one in single_rules(rule)]


def single_rules(rule: Rule) -> list[Rule]:
    """Return a rule for each expectation of a rule."""
    first = replace(rule, further=())
    further = [replace(first, expectation=name, kwargs=kwargs) for name, kwargs in rule.further]
    return [first, *further]


def build_expectation(contract: Contract, rule: Rule, parameters: Mapping[str, object]) -> Expectation:
    """Return the GX expectation of a rule; its ``meta`` holds the rule's name and description.

    Every ``{"$PARAMETER": name}`` is filled in; bounds and values that are dates become UTC instants.

    Raises:
        ContractError: a parameter is not given, or GX refuses the expectation or its arguments.
    """
    return expectation_config(filled_rule(contract, rule, parameters), contract).to_domain_obj()


def filled_rule(contract: Contract, rule: Rule, parameters: Mapping[str, object]) -> Rule:
    """Return the rule with its arguments as passed to Great Expectations.

    Raises:
        ContractError: a parameter is not given.
    """
    parameters = {**contract_parameters(contract), **parameters}
    filled: dict[str, object] = {}
    is_text = _judges_text(contract, rule)
    for name, declared in rule.kwargs.items():
        value = declared
        if is_parameter(value):
            parameter = str(value[PARAMETER])
            if parameter not in parameters:
                raise rule_error(
                    contract,
                    rule,
                    f"{name} needs the parameter {parameter!r}, which is not given",
                    f"use one of {', '.join(sorted(parameters)) or 'none'}",
                )
            value = parameters[parameter]
        if name in _COMPARED and not is_text:
            value = [as_instant(each) for each in value] if isinstance(value, list) else as_instant(value)
        filled[name] = value
    if "row_condition" in filled:
        filled.setdefault("condition_parser", "spark")
    return replace(rule, kwargs=filled)


def _judges_text(contract: Contract, rule: Rule) -> bool:
    """Return whether the rule's column holds text, where values that look like dates are compared as text."""
    return any(
        column.name == rule.kwargs.get("column") and column.type.kind is Kind.STRING
        for column in contract.silver_columns
    )


def rule_error(contract: Contract, rule: Rule, problem: str, next_step: str) -> ContractError:
    """Return an error that names the contract's file, the YAML path and the rule."""
    return ContractError(
        problem,
        file=rule.file or contract.path or contract.name,
        path=rule.path,
        rule=rule.name,
        next_step=next_step,
    )
