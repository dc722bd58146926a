"""Validation of expectation arguments against column types."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from contracts.errors import ContractError, YamlLocation
from contracts.model import DataType, Domain, Kind, Rule, Severity
from contracts.rule_arguments import check_arguments

TYPES = {
    "name": DataType(Kind.STRING),
    "city": DataType(Kind.STRING),
    "age": DataType(Kind.INTEGER),
    "price": DataType(Kind.DECIMAL, 18, 4),
    "at": DataType(Kind.TIMESTAMP),
    "day": DataType(Kind.DATE),
    "flag": DataType(Kind.BOOLEAN),
}
BETWEEN = "expect_column_values_to_be_between"
IN_SET, NOT_IN_SET = "expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set"
LENGTHS = "expect_column_value_lengths_to_be_between"
PAIR_EQUAL = "expect_column_pair_values_to_be_equal"
PAIR_SET = "expect_column_pair_values_to_be_in_set"
SUM = "expect_multicolumn_sum_to_equal"
JSON_SCHEMA = "expect_column_values_to_match_json_schema"
STRFTIME = "expect_column_values_to_match_strftime_format"
REGEXES = "expect_column_values_to_match_regex_list"
MAX = "expect_column_max_to_be_between"


def check(expectation: str, **kwargs: object) -> None:
    rule = Rule("r", Domain.RECORDS, Severity.ERROR, "accuracy", "", "", expectation, kwargs)
    check_arguments(rule, TYPES, YamlLocation("silver/visits.yaml", "schema[0].quality[0]"))


@pytest.mark.parametrize(
    ("expectation", "kwargs", "sentence"),
    [
        (BETWEEN, {"column": "age", "min_value": 3, "max_value": 1}, "no value is between"),
        (
            BETWEEN,
            {"column": "age", "min_value": 1, "max_value": 1, "strict_max": True},
            "no value is between",
        ),
        (
            BETWEEN,
            {"column": "at", "min_value": "2024-02-01", "max_value": date(2024, 1, 1)},
            "no value is between",
        ),
        (BETWEEN, {"column": "name", "min_value": 1}, "min_value 1 does not fit name, which is string"),
        (BETWEEN, {"column": "age", "max_value": "old"}, "'old' does not fit age, which is int"),
        (BETWEEN, {"column": "age", "min_value": True}, "True does not fit age"),
        (BETWEEN, {"column": "price", "min_value": float("nan")}, "nan does not fit price"),
        (BETWEEN, {"column": "price", "max_value": 10**400}, "does not fit price, which is decimal(18,4)"),
        (BETWEEN, {"column": "at", "min_value": 5}, "5 does not fit at, which is timestamp"),
        (BETWEEN, {"column": "at", "min_value": "2024-02-30"}, "'2024-02-30' does not fit at"),
        (BETWEEN, {"column": "at", "min_value": "yesterday"}, "write it as ISO 8601, in quotes"),
        (
            BETWEEN,
            {"column": "age", "max_value": {"$PARAMETER": "as_of_limit"}},
            "'as_of_limit' does not fit",
        ),
        (BETWEEN, {"column": "at", "max_value": {"$PARAMETER": "min_volume_ratio"}}, "does not fit at"),
        (BETWEEN, {"column": "flag", "min_value": 0}, "flag is boolean, which has no order"),
        (LENGTHS, {"column": "name", "min_value": -1}, "-1 is not a length"),
        (LENGTHS, {"column": "name", "max_value": 2.5}, "2.5 is not a length"),
        ("expect_column_value_lengths_to_equal", {"column": "name", "value": -3}, "-3 is not a length"),
        (IN_SET, {"column": "name", "value_set": []}, "value_set must be a non-empty list"),
        (IN_SET, {"column": "name", "value_set": "paid"}, "value_set must be a non-empty list"),
        (
            IN_SET,
            {"column": "name", "value_set": ["yes", False]},
            "put words such as no, null and 1 in quotes",
        ),
        (IN_SET, {"column": "name", "value_set": ["a", None]}, "None does not fit name"),
        (NOT_IN_SET, {"column": "age", "value_set": ["1"]}, "'1' does not fit age, which is int"),
        (IN_SET, {"column": "at", "value_set": ["2024-13-01"]}, "'2024-13-01' does not fit at"),
        (IN_SET, {"column": "flag", "value_set": ["true"]}, "write true or false"),
        (PAIR_SET, {"column_A": "name", "column_B": "age", "value_pairs_set": []}, "non-empty list"),
        (
            PAIR_SET,
            {"column_A": "name", "column_B": "age", "value_pairs_set": [["a"]]},
            "must be a list of pairs",
        ),
        (
            PAIR_SET,
            {"column_A": "name", "column_B": "age", "value_pairs_set": [["a", "b"]]},
            "does not fit age",
        ),
        (
            PAIR_EQUAL,
            {"column_A": "name", "column_B": "age"},
            "name (string) and age (int) cannot be compared",
        ),
        (
            "expect_column_pair_values_a_to_be_greater_than_b",
            {"column_A": "at", "column_B": "price"},
            "cannot be compared",
        ),
        (
            "expect_multicolumn_values_to_be_equal",
            {"column_list": ["age", "price", "day"]},
            "day (date) cannot be compared",
        ),
        ("expect_multicolumn_values_to_be_equal", {"column_list": ["age"]}, "needs at least two columns"),
        (SUM, {"column_list": ["age", "name"], "sum_total": 1}, "name is string, which cannot be summed"),
        (SUM, {"column_list": ["age", "price"], "sum_total": "all"}, "sum_total 'all' does not fit"),
        (REGEXES, {"column": "name", "regex_list": []}, "regex_list must be a non-empty list"),
        (REGEXES, {"column": "name", "regex_list": ["a", 1]}, "a pattern must be a string, found 1"),
        ("expect_column_values_to_match_regex", {"column": "name", "regex": 1}, "found 1"),
        (STRFTIME, {"column": "age", "strftime_format": "%Y"}, "is for strings, and age is int"),
        (STRFTIME, {"column": "name", "strftime_format": "%D"}, "cannot parse its own output"),
        (
            "expect_column_values_to_be_json_parseable",
            {"column": "at"},
            "is for strings, and at is timestamp",
        ),
        (JSON_SCHEMA, {"column": "name", "json_schema": "{}"}, "json_schema must be an object"),
        (JSON_SCHEMA, {"column": "name", "json_schema": {"type": "text"}}, "is not valid under any"),
        (JSON_SCHEMA, {"column": "name", "json_schema": {"pattern": "("}}, "invalid JSON schema"),
        (
            JSON_SCHEMA,
            {"column": "name", "json_schema": {"anyOf": [{"$ref": "http://example.com/a.json"}]}},
            "refers to 'http://example.com/a.json'",
        ),
        (BETWEEN, {"column": "age", "min_value": 1, "row_condition": 1}, "must be a SQL condition, found 1"),
        (BETWEEN, {"column": "age", "min_value": 1, "row_condition": " "}, "must be a SQL condition"),
        (BETWEEN, {"column": "age", "min_value": 1, "batch_id": "b"}, "batch_id is set by the gate"),
        (
            BETWEEN,
            {"column": "age", "min_value": 1, "result_format": "COMPLETE"},
            "result_format is set by the gate",
        ),
        (MAX, {"column": "price", "max_value": "much"}, "'much' does not fit price"),
        (
            "expect_table_row_count_to_be_between",
            {"min_value": "many"},
            "'many' does not fit the measured number",
        ),
    ],
)
def test_an_invalid_argument_is_refused(expectation: str, kwargs: dict[str, object], sentence: str) -> None:
    with pytest.raises(ContractError) as caught:
        check(expectation, **kwargs)
    assert str(caught.value).startswith("silver/visits.yaml, schema[0].quality[0], rule r: ")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("expectation", "kwargs"),
    [
        (BETWEEN, {"column": "age", "min_value": 0, "max_value": 120.5}),
        (BETWEEN, {"column": "name", "min_value": "2024-01-01", "max_value": "b"}),
        (BETWEEN, {"column": "at", "min_value": "2024-01-01", "max_value": datetime(2024, 1, 2, tzinfo=UTC)}),
        (BETWEEN, {"column": "day", "min_value": date(2024, 1, 1)}),
        (BETWEEN, {"column": "at", "max_value": {"$PARAMETER": "as_of_limit"}}),
        (MAX, {"column": "price", "max_value": {"$PARAMETER": "max_quarantine_ratio"}}),
        (LENGTHS, {"column": "name", "min_value": 0, "max_value": 3}),
        (IN_SET, {"column": "at", "value_set": ["2024-01-01T10:00Z"]}),
        (PAIR_SET, {"column_A": "name", "column_B": "age", "value_pairs_set": [["a", 1], ["b", None]]}),
        (PAIR_EQUAL, {"column_A": "age", "column_B": "price"}),
        (PAIR_EQUAL, {"column_A": "at", "column_B": "day"}),
        (SUM, {"column_list": ["age", "price"], "sum_total": 1}),
        (JSON_SCHEMA, {"column": "name", "json_schema": {"$ref": "#/$defs/a", "$defs": {"a": {}}}}),
        (STRFTIME, {"column": "name", "strftime_format": "%d.%m.%Y"}),
    ],
)
def test_a_valid_argument_is_accepted(expectation: str, kwargs: dict[str, object]) -> None:
    check(expectation, **kwargs)
