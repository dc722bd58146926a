"""The ``quality`` entries of a contract as rules and notes: each one is read whole, or refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import yaml

from contracts.document import parse_yaml
from contracts.library import OPERATORS, compile_metric
from contracts.measures import PARAMETERS
from contracts.model import Domain, Note, Rule, Severity
from contracts.properties import Properties

if TYPE_CHECKING:
    from open_data_contract_standard.model import DataQuality

    from contracts.errors import Place

PARAMETER = "$PARAMETER"
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
# GX names every expectation that judges single rows by one of these.
_ROW_EXPECTATIONS = (
    "expect_column_values_",
    "expect_column_value_lengths_",
    "expect_column_pair_values_",
    "expect_multicolumn_",
    "expect_select_column_values_",
)
_LOOKS_AT_OTHER_ROWS = (
    "expect_column_values_to_be_unique",
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_decreasing",
)
# What would be dropped for a rule of this type.
_TEXT_KEYS = ("severity", "dimension", "businessImpact", "unit", "metric", "arguments", "query", "engine")
_CUSTOM_KEYS = ("unit", "metric", "arguments", "query")
_LIBRARY_KEYS = ("query", "engine", "implementation")


def read_quality(
    items: Sequence[DataQuality] | None, column: str | None, place: Place
) -> tuple[tuple[Rule, ...], tuple[Note, ...]]:
    """Return the rules and the notes of one ``quality`` list, in its order.

    Args:
        items: the list of a table or of a column.
        column: the column that the list belongs to; the expectations of its rules are about it.
        place: where the list stands.

    Raises:
        ContractError: names file, YAML path and rule; also for a key that the rule's type does not use.
    """
    rules: list[Rule] = []
    notes: list[Note] = []
    for number, item in enumerate(items or ()):
        at = place.at("quality", number)
        kind = item.type or ("library" if item.metric else None)
        _check_name(item, at)
        _refuse(item, ("schedule", "scheduler", "rule"), kind, at)
        match kind:
            case "text":
                notes.append(_read_note(item, column, at))
            case "library":
                _refuse(item, _LIBRARY_KEYS, kind, at)
                rules.append(_read_rule(item, column, *compile_metric(item, column, at), at))
            case "custom":
                _refuse(item, (*_CUSTOM_KEYS, *OPERATORS), kind, at)
                rules.append(_read_rule(item, column, *_read_implementation(item, column, at), at))
            case "sql":
                raise at.error(
                    "a rule of type sql cannot be compiled to Great Expectations",
                    rule=item.name,
                    next_step="write it with type: custom, engine: greatExpectations",
                )
            case _:
                raise at.error(
                    f"unknown rule type {item.type!r}",
                    rule=item.name,
                    next_step="use library, custom or text",
                )
    return tuple(rules), tuple(notes)


def _check_name(item: DataQuality, place: Place) -> None:
    if item.name is None or not _NAME.fullmatch(item.name):
        raise place.at("name").error(
            f"{item.name!r} is no rule name", next_step="use a-z, 0-9 and _, beginning with a letter"
        )


def _refuse(item: DataQuality, keys: Sequence[str], kind: str | None, place: Place) -> None:
    for key in keys:
        if getattr(item, key) is not None:
            raise place.at(key).error(f"{key} means nothing in a rule of type {kind}", rule=item.name)


def _read_note(item: DataQuality, column: str | None, place: Place) -> Note:
    _refuse(item, (*_TEXT_KEYS, "implementation", *OPERATORS, "customProperties"), "text", place)
    if not item.description:
        raise place.error("a rule of type text needs a description", rule=item.name)
    return Note(item.name or "", item.description.strip(), column)


def _read_rule(
    item: DataQuality, column: str | None, expectation: str, kwargs: Mapping[str, object], place: Place
) -> Rule:
    if item.severity not in _SEVERITIES:
        raise place.at("severity").error(
            f"severity must be error or warning, found {item.severity!r}", rule=item.name
        )
    if item.dimension not in _DIMENSIONS:
        raise place.at("dimension").error(
            f"dimension must be one of {', '.join(_DIMENSIONS)}, found {item.dimension!r}", rule=item.name
        )
    for key in ("description", "businessImpact"):
        if not getattr(item, key):
            raise place.error(f"{key} is missing", rule=item.name, next_step="say it in one sentence")
    _check_parameters(kwargs, item, place)
    rule = Rule(
        name=item.name or "",
        domain=_read_domain(item, place),
        severity=_SEVERITIES[item.severity],
        dimension=item.dimension,
        description=(item.description or "").strip(),
        business_impact=(item.businessImpact or "").strip(),
        expectation=expectation,
        kwargs=kwargs,
        column=column,
        path=place.path,
    )
    if rule.is_row_rule:
        _check_row_rule(rule, place)
    return rule


def _read_domain(item: DataQuality, place: Place) -> Domain:
    properties = Properties(item.customProperties, place, known=("domain",))
    text = properties.text("domain")
    if text is None and item.type == "custom":
        raise place.error(
            "the custom property domain is missing",
            rule=item.name,
            next_step=f"say on what the rule is judged: {', '.join(Domain)}",
        )
    try:
        return Domain(text or Domain.TABLE)
    except ValueError as error:
        raise properties.place("domain").error(
            f"domain must be one of {', '.join(Domain)}, found {text!r}", rule=item.name
        ) from error


def _check_row_rule(rule: Rule, place: Place) -> None:
    if not rule.expectation.startswith(_ROW_EXPECTATIONS) or rule.expectation in _LOOKS_AT_OTHER_ROWS:
        raise place.error(
            f"{rule.expectation} cannot judge a single row",
            rule=rule.name,
            next_step="give it the domain table, or use an expectation over column values",
        )
    if "mostly" in rule.kwargs:
        raise place.error(
            "mostly means nothing for a single row",
            rule=rule.name,
            next_step="give the rule the domain table, or leave the limit to the policy",
        )


def _check_parameters(kwargs: Mapping[str, object], item: DataQuality, place: Place) -> None:
    for value in kwargs.values():
        if isinstance(value, Mapping) and set(value) == {PARAMETER} and value[PARAMETER] not in PARAMETERS:
            raise place.error(
                f"unknown parameter {value[PARAMETER]!r}",
                rule=item.name,
                next_step=f"the gate fills in {', '.join(PARAMETERS)}",
            )


def _read_implementation(
    item: DataQuality, column: str | None, place: Place
) -> tuple[str, dict[str, object]]:
    """Return expectation and kwargs of a custom rule, whose implementation is an object or a text of one."""
    if item.engine not in _ENGINES:
        raise place.at("engine").error(
            f"engine must be {' or '.join(_ENGINES)}, found {item.engine!r}", rule=item.name
        )
    at = place.at("implementation")
    found: object = item.implementation
    if isinstance(found, str):
        try:
            found = parse_yaml(found)
        except yaml.YAMLError as error:
            raise at.error(f"this is neither YAML nor JSON: {error}", rule=item.name) from error
    if not isinstance(found, dict):
        raise at.error(
            f"an object is expected, found {type(found).__name__}",
            rule=item.name,
            next_step="write type: expect_… and kwargs: {…}",
        )
    for key in found:
        if key not in ("type", "expectation_type", "kwargs"):
            raise at.error(f"unknown key {key!r}", rule=item.name, next_step="use type and kwargs")
    expectation = found.get("type", found.get("expectation_type"))
    if ("type" in found) == ("expectation_type" in found) or not isinstance(expectation, str):
        raise at.error(f"type must name one expectation, found {expectation!r}", rule=item.name)
    kwargs = found.get("kwargs", {})
    if not isinstance(kwargs, dict) or not all(isinstance(key, str) for key in kwargs):
        raise at.at("kwargs").error(f"an object is expected, found {kwargs!r}", rule=item.name)
    if column is not None and not {"column", "column_A", "column_list"} & set(kwargs):
        kwargs = {"column": column, **kwargs}
    return expectation, dict(kwargs)
