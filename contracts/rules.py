"""Parsing of ODCS ``quality`` entries into rules and notes; keys that would be ignored are errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from contracts.argument_values import PARAMETER, is_parameter
from contracts.measures import PARAMETERS
from contracts.model import Domain, Note, Rule, Severity
from contracts.odcs import Properties, parse_yaml
from contracts.odcs_metrics import OPERATORS, compile_metric
from contracts.rule_domains import default_domain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from open_data_contract_standard.model import DataQuality

    from contracts.errors import YamlLocation
    from contracts.model import Contract

_NAME = re.compile(r"[a-z][a-z0-9_]{0,126}")
_ENGINES = ("greatExpectations", "great-expectations")
_DIMENSIONS = (
    "accuracy",
    "completeness",
    "conformity",
    "consistency",
    "coverage",
    "timeliness",
    "uniqueness",
)
_SEVERITIES = {"error": Severity.ERROR, "warning": Severity.WARN, "warn": Severity.WARN}
# Keys that have no effect in rules of a type.
_UNUSED_IN_CUSTOM = ("unit", "metric", "arguments", "query")
_UNUSED_IN_TEXT = (*_UNUSED_IN_CUSTOM, "severity", "dimension", "businessImpact", "engine", "implementation")
_UNUSED_IN_LIBRARY = ("query", "engine", "implementation")


def read_quality(
    items: Sequence[DataQuality] | None, column: str | None, contract: Contract, location: YamlLocation
) -> tuple[tuple[Rule, ...], tuple[Note, ...]]:
    """Return the rules and the notes of one ``quality`` list, in its order.

    Args:
        items: the list of a table or of a column.
        column: the column of the list, which its expectations apply to; None for a table.
        contract: of the list; determines the default domain of its rules.
        location: of the table or column.

    Raises:
        ContractError: an invalid rule, or a key that the rule's type does not use.
    """
    rules: list[Rule] = []
    notes: list[Note] = []
    for number, item in enumerate(items or ()):
        at = location.at("quality", number)
        _check_name(item, at)
        at = at.of_rule(item.name)
        kind = item.type or ("library" if item.metric else None)
        _refuse_keys(item, ("schedule", "scheduler", "rule"), kind, at)
        match kind:
            case "text":
                notes.append(_read_note(item, column, at))
            case "library":
                _refuse_keys(item, _UNUSED_IN_LIBRARY, kind, at)
                rules.append(_read_rule(item, column, contract, *compile_metric(item, column, at), at))
            case "custom":
                _refuse_keys(item, (*_UNUSED_IN_CUSTOM, *OPERATORS), kind, at)
                rules.append(_read_rule(item, column, contract, *_read_implementation(item, column, at), at))
            case _:
                raise at.error(
                    f"the rule type {item.type!r} is not supported",
                    next_step="use library, text, or custom with engine: greatExpectations",
                )
    return tuple(rules), tuple(notes)


def _check_name(item: DataQuality, location: YamlLocation) -> None:
    if item.name is None or not _NAME.fullmatch(item.name):
        raise location.at("name").error(
            f"invalid rule name {item.name!r}", next_step="use a-z, 0-9 and _, beginning with a letter"
        )


def _refuse_keys(item: DataQuality, keys: Sequence[str], kind: str | None, location: YamlLocation) -> None:
    for key in keys:
        if getattr(item, key) is not None:
            raise location.at(key).error(f"{key} has no effect in a rule of type {kind}")


def _read_note(item: DataQuality, column: str | None, location: YamlLocation) -> Note:
    _refuse_keys(item, (*_UNUSED_IN_TEXT, *OPERATORS, "customProperties"), "text", location)
    if not item.description:
        raise location.error("a rule of type text needs a description")
    return Note(item.name or "", item.description.strip(), column)


def _read_rule(
    item: DataQuality,
    column: str | None,
    contract: Contract,
    expectation: str,
    kwargs: Mapping[str, object],
    location: YamlLocation,
) -> Rule:
    if item.severity not in _SEVERITIES:
        raise location.at("severity").error(f"severity must be error or warning, found {item.severity!r}")
    if item.dimension not in _DIMENSIONS:
        raise location.at("dimension").error(
            f"dimension must be one of {', '.join(_DIMENSIONS)}, found {item.dimension!r}"
        )
    for key in ("description", "businessImpact"):
        if not getattr(item, key):
            raise location.at(key).error(f"{key} is missing", next_step="write one sentence")
    _check_parameters(kwargs, location)
    severity = _SEVERITIES[item.severity]
    return Rule(
        name=item.name or "",
        domain=_read_domain(item, location)
        or (Domain.TABLE if _is_share(item, kwargs) else default_domain(contract, expectation, severity)),
        severity=severity,
        dimension=item.dimension,
        description=(item.description or "").strip(),
        business_impact=(item.businessImpact or "").strip(),
        expectation=expectation,
        kwargs=kwargs,
        column=column,
        path=location.path,
    )


def _is_share(item: DataQuality, kwargs: Mapping[str, object]) -> bool:
    """Whether a library metric was compiled to an expectation on a share of the rows."""
    return item.type != "custom" and "mostly" in kwargs


def _read_domain(item: DataQuality, location: YamlLocation) -> Domain | None:
    """Return the domain that a rule declares, or None."""
    properties = Properties(item.customProperties, location, known=("domain",))
    text = properties.text("domain")
    try:
        return None if text is None else Domain(text)
    except ValueError as error:
        raise properties.location("domain").error(
            f"domain must be one of {', '.join(Domain)}, found {text!r}",
            next_step="remove it; the severity determines it",
        ) from error


def _check_parameters(kwargs: Mapping[str, object], location: YamlLocation) -> None:
    for value in kwargs.values():
        if is_parameter(value) and str(value[PARAMETER]) not in PARAMETERS:
            raise location.error(
                f"unknown parameter {value[PARAMETER]!r}", next_step=f"known: {', '.join(PARAMETERS)}"
            )


def _read_implementation(
    item: DataQuality, column: str | None, location: YamlLocation
) -> tuple[str, dict[str, object]]:
    """Return expectation and kwargs of a custom rule, whose implementation is a mapping or its YAML text."""
    if item.engine not in _ENGINES:
        raise location.at("engine").error(f"engine must be {' or '.join(_ENGINES)}, found {item.engine!r}")
    at = location.at("implementation")
    found: object = item.implementation
    if isinstance(found, str):
        try:
            found = parse_yaml(found)
        except yaml.YAMLError as error:
            raise at.error(f"neither YAML nor JSON: {error}") from error
    if not isinstance(found, dict):
        raise at.error(
            f"expected an object, found {type(found).__name__}",
            next_step="write type: expect_… and kwargs: {…}",
        )
    for key in found:
        if key not in ("type", "expectation_type", "kwargs"):
            raise at.error(f"unknown key {key!r}", next_step="use type and kwargs")
    expectation = found.get("type", found.get("expectation_type"))
    if ("type" in found) == ("expectation_type" in found) or not isinstance(expectation, str):
        raise at.error(f"type must name one expectation, found {expectation!r}")
    kwargs = found.get("kwargs", {})
    if not isinstance(kwargs, dict) or not all(isinstance(key, str) for key in kwargs):
        raise at.at("kwargs").error(f"expected an object, found {kwargs!r}")
    if column is not None and not {"column", "column_A", "column_list"} & set(kwargs):
        kwargs = {"column": column, **kwargs}
    return expectation, dict(kwargs)
