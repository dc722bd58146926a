"""An ODCS library metric as a GX expectation: exactly what GX can judge, and an error for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from open_data_contract_standard.model import DataQuality

    from contracts.errors import Place

OPERATORS = (
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
)
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a metric's number must lie between; ``None`` is open."""

    low: float | None = None
    high: float | None = None
    is_low_excluded: bool = False
    is_high_excluded: bool = False

    @property
    def is_none_allowed(self) -> bool:
        """Whether nothing but zero passes (a count is never negative)."""
        return self.high == 0 and not self.is_high_excluded and (self.low is None or self.low <= 0)

    def kwargs(self) -> dict[str, object]:
        """Return them as GX spells them."""
        kwargs: dict[str, object] = {}
        if self.low is not None:
            kwargs["min_value"] = self.low
        if self.high is not None:
            kwargs["max_value"] = self.high
        if self.is_low_excluded:
            kwargs["strict_min"] = True
        if self.is_high_excluded:
            kwargs["strict_max"] = True
        return kwargs

    def complement_of_percent(self) -> Bounds:
        """Return what the share of the other rows must lie between, from 0 to 1."""
        return Bounds(
            low=None if self.high is None else _share(_PERCENT - self.high),
            high=None if self.low is None else _share(_PERCENT - self.low),
            is_low_excluded=self.is_high_excluded,
            is_high_excluded=self.is_low_excluded,
        )


def compile_metric(rule: DataQuality, column: str | None, place: Place) -> tuple[str, dict[str, object]]:
    """Return the expectation and its kwargs that judge a library metric.

    A percentage of nulls is one of all rows; of invalid or doubled values, one of the values that are there.

    Raises:
        ContractError: an unknown metric, argument or unit, not exactly one operator, or a combination that GX
            cannot judge.
    """
    unit = rule.unit or "rows"
    if unit not in ("rows", "percent"):
        raise place.at("unit").error(f"unit must be rows or percent, found {unit!r}", rule=rule.name)
    bounds = _bounds(rule, place)
    arguments = dict(rule.arguments or {})
    match rule.metric:
        case "rowCount":
            _refuse_arguments(arguments, (), rule, place)
            if column is None and unit == "rows":
                return "expect_table_row_count_to_be_between", bounds.kwargs()
        case "nullValues":
            _refuse_arguments(arguments, (), rule, place)
            if column is not None:
                return _null_values(column, unit, bounds)
        case "missingValues":
            _refuse_arguments(arguments, ("missingValues",), rule, place)
            missing = _values(arguments, "missingValues", rule, place)
            if column is not None and unit == "rows":
                return _row_count_where(_is_missing(column, missing), bounds)
        case "invalidValues":
            _refuse_arguments(arguments, ("validValues", "pattern"), rule, place)
            if column is not None and len(arguments) == 1:
                return _invalid_values(column, unit, bounds, arguments, rule, place)
        case "duplicateValues":
            _refuse_arguments(arguments, () if column else ("properties",), rule, place)
            if bounds.is_none_allowed:
                return _no_duplicates(column, arguments, rule, place)
            if column is not None and unit == "percent":
                return "expect_column_proportion_of_unique_values_to_be_between", {
                    "column": column,
                    **bounds.complement_of_percent().kwargs(),
                }
        case _:
            raise place.at("metric").error(f"unknown metric {rule.metric!r}", rule=rule.name)
    raise place.error(
        f"{rule.metric} of {column or 'a table'} in {unit} with {_operator(rule, place)} cannot be compiled",
        rule=rule.name,
        next_step="GX has no expectation for it; write one with type: custom, engine: greatExpectations",
    )


def _null_values(column: str, unit: str, bounds: Bounds) -> tuple[str, dict[str, object]]:
    if bounds.is_none_allowed:
        return "expect_column_values_to_not_be_null", {"column": column}
    if unit == "percent":
        return "expect_column_proportion_of_non_null_values_to_be_between", {
            "column": column,
            **bounds.complement_of_percent().kwargs(),
        }
    return _row_count_where(f"`{column}` IS NULL", bounds)


def _invalid_values(
    column: str, unit: str, bounds: Bounds, arguments: dict[str, object], rule: DataQuality, place: Place
) -> tuple[str, dict[str, object]]:
    pattern = arguments.get("pattern")
    kwargs: dict[str, object]
    if "pattern" in arguments:
        if not isinstance(pattern, str):
            raise place.at("arguments", "pattern").error("pattern must be a text", rule=rule.name)
        expectation, kwargs = "expect_column_values_to_match_regex", {"column": column, "regex": pattern}
        is_invalid = f"NOT (`{column}` RLIKE {_literal(pattern)})"
    else:
        valid = _values(arguments, "validValues", rule, place)
        expectation, kwargs = (
            "expect_column_values_to_be_in_set",
            {"column": column, "value_set": list(valid)},
        )
        is_invalid = f"`{column}` NOT IN ({', '.join(map(_literal, valid))})"
    if bounds.is_none_allowed:
        return expectation, dict(kwargs)
    if unit == "rows":
        return _row_count_where(is_invalid, bounds)
    if bounds.low is None and bounds.high is not None and not bounds.is_high_excluded:
        return expectation, {**kwargs, "mostly": _share(_PERCENT - bounds.high)}
    raise place.error(
        f"invalidValues in percent with {_operator(rule, place)} cannot be compiled",
        rule=rule.name,
        next_step="use mustBeLessOrEqualTo",
    )


def _no_duplicates(
    column: str | None, arguments: dict[str, object], rule: DataQuality, place: Place
) -> tuple[str, dict[str, object]]:
    if column is not None:
        return "expect_column_values_to_be_unique", {"column": column}
    columns = list(_values(arguments, "properties", rule, place))
    if len(columns) == 1:
        return "expect_column_values_to_be_unique", {"column": columns[0]}
    return "expect_compound_columns_to_be_unique", {"column_list": columns}


def _row_count_where(condition: str, bounds: Bounds) -> tuple[str, dict[str, object]]:
    return "expect_table_row_count_to_be_between", {"row_condition": condition, **bounds.kwargs()}


def _is_missing(column: str, values: tuple[object, ...]) -> str:
    written = ", ".join(_literal(value) for value in values if value is not None)
    among = f" OR `{column}` IN ({written})" if written else ""
    return f"`{column}` IS NULL{among}"


def _literal(value: object) -> str:
    """Return a value as a Spark SQL literal (a row condition has no place for parameters)."""
    if isinstance(value, bool | int | float):
        return str(value)
    quoted = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"


def _values(arguments: dict[str, object], key: str, rule: DataQuality, place: Place) -> tuple[object, ...]:
    values = arguments.get(key)
    if isinstance(values, list) and values and all(isinstance(v, str | int | float | None) for v in values):
        return tuple(values)
    raise place.at("arguments", key).error(
        f"{rule.metric} needs the argument {key}, a list of values; found {values!r}", rule=rule.name
    )


def _refuse_arguments(
    arguments: dict[str, object], known: tuple[str, ...], rule: DataQuality, place: Place
) -> None:
    for key in arguments:
        if key not in known:
            raise place.at("arguments").error(f"unknown argument {key!r} of {rule.metric}", rule=rule.name)


def _operator(rule: DataQuality, place: Place) -> str:
    given = [name for name in OPERATORS if getattr(rule, name) is not None]
    if len(given) != 1:
        raise place.error(
            f"exactly one operator is expected, found {', '.join(given) or 'none'}",
            rule=rule.name,
            next_step=f"the operators are {', '.join(OPERATORS)}",
        )
    return given[0]


def _bounds(rule: DataQuality, place: Place) -> Bounds:
    operator = _operator(rule, place)
    at = place.at(operator)
    value = getattr(rule, operator)
    if operator in ("mustNotBe", "mustNotBeBetween"):
        raise at.error(
            f"{operator} cannot be compiled",
            rule=rule.name,
            next_step="GX judges one unbroken range; use mustBe, mustBeBetween or one bound",
        )
    if operator == "mustBeBetween":
        low, high = value
        if low > high:
            raise at.error(f"the smaller number comes first, found {value}", rule=rule.name)
        return Bounds(low=low, high=high)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise at.error(f"{operator} needs a number, found {value!r}", rule=rule.name)
    match operator:
        case "mustBeGreaterThan":
            return Bounds(low=value, is_low_excluded=True)
        case "mustBeGreaterOrEqualTo":
            return Bounds(low=value)
        case "mustBeLessThan":
            return Bounds(high=value, is_high_excluded=True)
        case "mustBeLessOrEqualTo":
            return Bounds(high=value)
        case _:
            return Bounds(low=value, high=value)


def _share(percent: float) -> float:
    return round(percent / _PERCENT, 12)  # 99.7 % leave 0.003, not 0.0029999999999999714
