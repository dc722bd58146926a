"""Compilation of ODCS library metrics to GX expectations; metrics without an exact equivalent are errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from open_data_contract_standard.model import DataQuality

    from contracts.errors import YamlLocation

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
_UNIQUE = "expect_column_values_to_be_unique"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The permitted range of a metric; ``None``: unbounded."""

    low: float | None = None
    high: float | None = None
    is_low_excluded: bool = False
    is_high_excluded: bool = False

    @property
    def allows_only_zero(self) -> bool:
        """Whether zero is the only permitted count."""
        return self.high == 0 and not self.is_high_excluded and (self.low is None or self.low <= 0)

    def kwargs(self) -> dict[str, object]:
        """Return the bounds as GX kwargs."""
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
        """Return the range of the complementary share, from 0 to 1, of a range in percent."""
        return Bounds(
            low=None if self.high is None else _share(_PERCENT - self.high),
            high=None if self.low is None else _share(_PERCENT - self.low),
            is_low_excluded=self.is_high_excluded,
            is_high_excluded=self.is_low_excluded,
        )


def compile_metric(
    rule: DataQuality, column: str | None, location: YamlLocation
) -> tuple[str, dict[str, object]]:
    """Return the expectation and the kwargs equivalent to a library metric.

    Percentages of nulls refer to all rows; those of invalid or duplicate values to the non-null values.

    Args:
        rule: the quality entry.
        column: that the entry belongs to; None for a table.
        location: of the entry.

    Raises:
        ContractError: an unknown metric, argument or unit, not exactly one operator, or a combination without
            an equivalent in GX.
    """
    return _Metric(rule, column, location).compile()


class _Metric:
    """A library metric of a column or table. All methods raise ContractError."""

    def __init__(self, rule: DataQuality, column: str | None, location: YamlLocation) -> None:
        self._name = rule.metric
        self._column = column
        self._location = location
        self._arguments: Mapping[str, object] = rule.arguments or {}
        self._unit = rule.unit or "rows"
        if self._unit not in ("rows", "percent"):
            raise location.at("unit").error(f"unit must be rows or percent, found {self._unit!r}")
        self._operator = _operator(rule, location)
        self._bounds = _bounds(rule, self._operator, location.at(self._operator))

    def compile(self) -> tuple[str, dict[str, object]]:
        column = self._column
        match self._name:
            case "rowCount":
                self._refuse_arguments_except()
                if column is None and self._unit == "rows":
                    return "expect_table_row_count_to_be_between", self._bounds.kwargs()
            case "nullValues":
                self._refuse_arguments_except()
                if column is not None:
                    return self._null_values(column)
            case "missingValues":
                self._refuse_arguments_except("missingValues")
                missing = self._values("missingValues")
                if column is not None and self._unit == "rows":
                    return self._row_count_where(_is_missing(column, missing))
            case "invalidValues":
                self._refuse_arguments_except("validValues", "pattern")
                if column is not None and len(self._arguments) == 1:
                    return self._invalid_values(column)
            case "duplicateValues":
                self._refuse_arguments_except(*(() if column else ("properties",)))
                if self._bounds.allows_only_zero:
                    return self._no_duplicates()
                if column is not None and self._unit == "percent":
                    return self._complement("expect_column_proportion_of_unique_values_to_be_between", column)
            case _:
                raise self._location.at("metric").error(f"unknown metric {self._name!r}")
        raise self._location.error(
            f"{self._name} of {column or 'a table'} in {self._unit} with {self._operator} is not supported",
            next_step="write a rule with type: custom, engine: greatExpectations",
        )

    def _null_values(self, column: str) -> tuple[str, dict[str, object]]:
        if self._bounds.allows_only_zero:
            return "expect_column_values_to_not_be_null", {"column": column}
        if self._unit == "percent":
            return self._complement("expect_column_proportion_of_non_null_values_to_be_between", column)
        return self._row_count_where(f"`{column}` IS NULL")

    def _invalid_values(self, column: str) -> tuple[str, dict[str, object]]:
        kwargs: dict[str, object] = {"column": column}
        if "pattern" in self._arguments:
            pattern = self._arguments["pattern"]
            if not isinstance(pattern, str):
                raise self._location.at("arguments", "pattern").error("pattern must be a string")
            expectation = "expect_column_values_to_match_regex"
            kwargs["regex"] = pattern
            is_invalid = f"NOT (`{column}` RLIKE {_literal(pattern)})"
        else:
            valid = self._values("validValues")
            expectation = "expect_column_values_to_be_in_set"
            kwargs["value_set"] = list(valid)
            is_invalid = f"`{column}` NOT IN ({', '.join(map(_literal, valid))})"
        bounds = self._bounds
        if bounds.allows_only_zero:
            return expectation, kwargs
        if self._unit == "rows":
            return self._row_count_where(is_invalid)
        if bounds.low is None and bounds.high is not None and not bounds.is_high_excluded:
            return expectation, {**kwargs, "mostly": _share(_PERCENT - bounds.high)}
        raise self._location.error(
            f"invalidValues in percent with {self._operator} is not supported",
            next_step="use mustBeLessOrEqualTo",
        )

    def _no_duplicates(self) -> tuple[str, dict[str, object]]:
        if self._column is not None:
            return _UNIQUE, {"column": self._column}
        columns = list(self._values("properties"))
        if len(columns) == 1:
            return _UNIQUE, {"column": columns[0]}
        return "expect_compound_columns_to_be_unique", {"column_list": columns}

    def _complement(self, expectation: str, column: str) -> tuple[str, dict[str, object]]:
        return expectation, {"column": column, **self._bounds.complement_of_percent().kwargs()}

    def _row_count_where(self, condition: str) -> tuple[str, dict[str, object]]:
        return "expect_table_row_count_to_be_between", {"row_condition": condition, **self._bounds.kwargs()}

    def _values(self, key: str) -> tuple[object, ...]:
        values = self._arguments.get(key)
        if (
            isinstance(values, list)
            and values
            and all(isinstance(value, str | int | float | None) for value in values)
        ):
            return tuple(values)
        raise self._location.at("arguments", key).error(
            f"{self._name} needs the argument {key}, a list of values; found {values!r}"
        )

    def _refuse_arguments_except(self, *known: str) -> None:
        for key in self._arguments:
            if key not in known:
                raise self._location.at("arguments").error(f"unknown argument {key!r} of {self._name}")


def _operator(rule: DataQuality, location: YamlLocation) -> str:
    given = [name for name in OPERATORS if getattr(rule, name) is not None]
    if len(given) != 1:
        raise location.error(
            f"expected exactly one operator, found {', '.join(given) or 'none'}",
            next_step=f"the operators are {', '.join(OPERATORS)}",
        )
    return given[0]


def _bounds(rule: DataQuality, operator: str, location: YamlLocation) -> Bounds:
    value = getattr(rule, operator)
    if operator in ("mustNotBe", "mustNotBeBetween"):
        raise location.error(
            f"{operator} is not supported",
            next_step="GX checks one contiguous range; use mustBe, mustBeBetween or one bound",
        )
    if operator == "mustBeBetween":
        low, high = value
        if low > high:
            raise location.error(f"the smaller number must come first, found {value}")
        return Bounds(low=low, high=high)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise location.error(f"{operator} needs a number, found {value!r}")
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


def _is_missing(column: str, values: tuple[object, ...]) -> str:
    literals = ", ".join(_literal(value) for value in values if value is not None)
    is_listed = f" OR `{column}` IN ({literals})" if literals else ""
    return f"`{column}` IS NULL{is_listed}"


def _literal(value: object) -> str:
    """Return a value as a Spark SQL literal (a row condition takes no parameters)."""
    if isinstance(value, bool | int | float):
        return str(value)
    quoted = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{quoted}'"


def _share(percent: float) -> float:
    return round(percent / _PERCENT, 12)  # 99.7 % leaves 0.003, not 0.0029999999999999714
