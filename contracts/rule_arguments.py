"""Validation of an expectation's arguments against the types of the columns that it evaluates."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from contracts.argument_values import (
    NUMBER,
    PARAMETER,
    TIME_KINDS,
    are_comparable,
    as_instant,
    fits,
    how_to_write,
    is_parameter,
)
from contracts.model import DataType, Kind, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from contracts.errors import ContractError, YamlLocation

# Arguments of every expectation that only the gate sets.
RESERVED_ARGUMENTS = (
    "batch_id",
    "catch_exceptions",
    "description",
    "id",
    "meta",
    "notes",
    "rendered_content",
    "result_format",
    "severity",
    "windows",
)
_LISTS = ("value_set", "value_pairs_set", "regex_list", "like_pattern_list", "column_list", "type_list")
_BOUNDS = ("min_value", "max_value")
_BOUND_VALUES = (
    "expect_column_values_to_be_between",
    "expect_column_max_to_be_between",
    "expect_column_min_to_be_between",
)
_LENGTHS = ("expect_column_value_lengths_to_be_between", "expect_column_value_lengths_to_equal")
_STRINGS_ONLY = (
    "expect_column_values_to_be_json_parseable",
    "expect_column_values_to_match_json_schema",
    "expect_column_values_to_match_strftime_format",
)
_COMPARE_COLUMNS = (
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_pair_values_to_be_equal",
    "expect_multicolumn_values_to_be_equal",
    "expect_select_column_values_to_be_unique_within_record",
)
_SEVERAL_COLUMNS = ("expect_multicolumn_", "expect_select_column_values_", "expect_compound_columns_")
_SUM = "expect_multicolumn_sum_to_equal"
_SAMPLE_TIME = datetime(2001, 2, 3, 14, 5, 6, tzinfo=UTC)


def check_arguments(rule: Rule, types: Mapping[str, DataType], location: YamlLocation) -> None:
    """Check a rule's arguments, alone and against the types of its columns.

    Args:
        rule: all its columns are among ``types``. Parameters are checked by their type before the gate fills
            them in, and by their value after.
        types: of the columns available to the rule.
        location: of the rule.

    Raises:
        ContractError: an argument on which Great Expectations or Spark would fail, or with which the rule
            could never be broken.
    """
    _ArgumentCheck(rule, types, location.of_rule(rule.name)).run()


class _ArgumentCheck:
    def __init__(self, rule: Rule, types: Mapping[str, DataType], location: YamlLocation) -> None:
        self._rule = rule
        self._kwargs: Mapping[str, Any] = rule.kwargs  # Any: YAML, not validated yet
        self._types = types
        self._location = location

    def run(self) -> None:
        for name in RESERVED_ARGUMENTS:
            if name in self._kwargs:
                raise self._error(f"{name} is set by the gate", "remove it")
        self._check_lists()
        self._check_column_types()
        self._check_row_condition()
        self._check_bounds()
        self._check_sets()
        self._check_patterns()

    def _error(self, problem: str, next_step: str) -> ContractError:
        return self._location.error(problem, next_step=next_step)

    def _column(self, key: str) -> tuple[str, DataType] | None:
        name = self._kwargs.get(key)
        return (name, self._types[name]) if isinstance(name, str) else None

    def _items(self, key: str) -> Sequence[object]:
        return _list_or_empty(self._kwargs.get(key))

    def _check_lists(self) -> None:
        for key in _LISTS:
            found = self._kwargs.get(key)
            if found is None or is_parameter(found):
                continue
            if not isinstance(found, list) or not found:
                raise self._error(f"{key} must be a non-empty list, found {found!r}", "write a list")
        if self._rule.expectation.startswith(_SEVERAL_COLUMNS) and len(set(self._items("column_list"))) < 2:
            found = self._kwargs.get("column_list")
            raise self._error(f"column_list needs at least two columns, found {found!r}", "add the others")

    def _check_column_types(self) -> None:
        expectation = self._rule.expectation
        column = self._column("column")
        if column is not None and expectation in _STRINGS_ONLY and column[1].kind is not Kind.STRING:
            raise self._error(
                f"{expectation} is for strings, and {column[0]} is {column[1]}", "use another expectation"
            )
        names = (self._kwargs.get("column_A"), self._kwargs.get("column_B"), *self._items("column_list"))
        columns = [(name, self._types[name]) for name in names if isinstance(name, str)]
        if expectation == _SUM:
            for name, type_ in columns:
                if not type_.kind.is_number:
                    raise self._error(
                        f"{name} is {type_}, which cannot be summed", "name numeric columns only"
                    )
        if expectation in _COMPARE_COLUMNS:
            for (left, left_type), (right, right_type) in pairwise(columns):
                if not are_comparable(left_type, right_type):
                    raise self._error(
                        f"{left} ({left_type}) and {right} ({right_type}) cannot be compared",
                        "name columns of one type",
                    )

    def _check_row_condition(self) -> None:
        condition = self._kwargs.get("row_condition")
        if condition is not None and (not isinstance(condition, str) or not condition.strip()):
            raise self._error(
                f"row_condition must be a SQL condition, found {condition!r}", "write it as a string"
            )

    def _check_bounds(self) -> None:
        type_ = self._bounded_type()
        for name in _BOUNDS:
            value = self._kwargs.get(name)
            if value is not None:
                self._check_value(name, value, type_)
        low, high = (self._kwargs.get(name) for name in _BOUNDS)
        if low is None or high is None or is_parameter(low) or is_parameter(high):
            return
        ends: list[Any] = [as_instant(end) if type_.kind in TIME_KINDS else end for end in (low, high)]
        is_strict = self._kwargs.get("strict_min") or self._kwargs.get("strict_max")
        if ends[0] > ends[1] or (is_strict and ends[0] == ends[1]):
            raise self._error(
                f"no value is between min_value {low} and max_value {high}", "write the smaller one first"
            )

    def _bounded_type(self) -> DataType:
        """Return the type that the bounds must fit: the column's, or a number for counts and shares."""
        column = self._column("column")
        if column is None or self._rule.expectation not in _BOUND_VALUES:
            return NUMBER
        if column[1].kind is Kind.BOOLEAN:
            raise self._error(f"{column[0]} is boolean, which has no order", "use a value_set")
        return column[1]

    def _check_value(self, name: str, value: object, type_: DataType) -> None:
        if not fits(value, type_):
            shown = value[PARAMETER] if isinstance(value, dict) and PARAMETER in value else value
            raise self._error(
                f"{name} {shown!r} does not fit {self._subject(name)}, which is {type_}", how_to_write(type_)
            )
        is_length = self._rule.expectation in _LENGTHS and not is_parameter(value)
        if is_length and isinstance(value, int | float) and (value < 0 or value != int(value)):
            raise self._error(f"{name} {value!r} is not a length", "write a whole number from 0")

    def _subject(self, argument: str) -> str:
        """Return what an argument is compared with, for errors."""
        column = self._column("column")
        is_value = argument not in _BOUNDS or self._rule.expectation in _BOUND_VALUES
        return column[0] if column is not None and is_value else "the measured number"

    def _check_sets(self) -> None:
        column = self._column("column")
        if column is not None:
            for value in self._items("value_set"):
                self._check_value("value_set", value, column[1])
        pair = self._column("column_A"), self._column("column_B")
        for values in self._items("value_pairs_set"):
            if not isinstance(values, list) or len(values) != len(pair):
                raise self._error(
                    f"value_pairs_set must be a list of pairs, found {values!r}", "write [[a, b], [c, d]]"
                )
            for value, member in zip(values, pair, strict=True):
                if member is not None and value is not None and not fits(value, member[1]):
                    raise self._error(
                        f"value_pairs_set: {value!r} does not fit {member[0]}, which is {member[1]}",
                        how_to_write(member[1]),
                    )
        if self._rule.expectation == "expect_column_value_lengths_to_equal" and "value" in self._kwargs:
            self._check_value("value", self._kwargs["value"], NUMBER)
        if self._rule.expectation == _SUM and "sum_total" in self._kwargs:
            self._check_value("sum_total", self._kwargs["sum_total"], NUMBER)

    def _check_patterns(self) -> None:
        patterns = [*self._items("regex_list"), *self._items("like_pattern_list")]
        for key in ("regex", "like_pattern", "strftime_format"):
            if key in self._kwargs:
                patterns.append(self._kwargs[key])
        for pattern in patterns:
            if not isinstance(pattern, str):
                raise self._error(f"a pattern must be a string, found {pattern!r}", "put it in quotes")
        time_format = self._kwargs.get("strftime_format")
        if isinstance(time_format, str) and not _is_reversible(time_format):
            raise self._error(
                f"the strftime_format {time_format!r} cannot parse its own output",
                "use %Y-%m-%d and the like",
            )
        schema = self._kwargs.get("json_schema")
        if schema is not None:
            self._check_json_schema(schema)

    def _check_json_schema(self, schema: object) -> None:
        from jsonschema import SchemaError
        from jsonschema.validators import validator_for

        if not isinstance(schema, dict):
            raise self._error(f"json_schema must be an object, found {schema!r}", "write it as a mapping")
        if remote := next((ref for ref in _references(schema) if not ref.startswith("#")), None):
            raise self._error(
                f"the JSON schema refers to {remote!r}, which is not fetched", "include it in the schema"
            )
        validator = validator_for(schema)
        try:
            validator.check_schema(schema, format_checker=validator.FORMAT_CHECKER)
        except SchemaError as error:
            raise self._error(
                f"invalid JSON schema: {error.message} at {error.json_path}", "see json-schema.org"
            ) from error


def _list_or_empty(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _is_reversible(time_format: str) -> bool:
    """Whether a format can parse its own output, which Great Expectations requires."""
    try:
        datetime.strptime(_SAMPLE_TIME.strftime(time_format), time_format)  # noqa: DTZ007  only whether it parses
    except ValueError:
        return False
    return True


def _references(schema: object) -> Iterator[str]:
    """Yield all references of a JSON schema."""
    children: Sequence[object] = list(schema.values()) if isinstance(schema, dict) else _list_or_empty(schema)
    if isinstance(schema, dict):
        found = (schema.get(key) for key in ("$ref", "$dynamicRef", "$recursiveRef"))
        yield from (ref for ref in found if isinstance(ref, str))
    for child in children:
        yield from _references(child)
