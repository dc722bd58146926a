"""Arguments of expectations: the verdict of GX's own classes, without importing GX."""

from __future__ import annotations

import pytest

from checkpoints.gate.gx_expectations import load_gx
from contracts.expectation_catalog import MEASURED_EXPECTATIONS, measured_arguments
from dags.contract_checks.gx_arguments import argument_problems

BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
REGEXES = "expect_column_values_to_match_regex_list"
CASES: list[tuple[str, dict[str, object], bool]] = [
    (BETWEEN, {"column": "a", "min_value": 1}, True),
    (BETWEEN, {"column": "a", "min_value": "2024-01-01", "strict_min": True, "mostly": 0.995}, True),
    (BETWEEN, {"column": "a", "min_value": 1, "row_condition": "b > 1", "condition_parser": "spark"}, True),
    (BETWEEN, {"column": "a", "minimum": 1}, False),
    (BETWEEN, {"min_value": 1}, False),
    (BETWEEN, {"column": "a", "min_value": [1]}, False),
    (BETWEEN, {"column": "a", "min_value": 1, "mostly": 2}, False),
    (IN_SET, {"column": "a", "value_set": ["", "x"]}, True),
    (IN_SET, {"column": "a", "value_set": [1, 2.5]}, True),
    (IN_SET, {"column": "a"}, False),
    (IN_SET, {"column": "a", "value_set": 5}, False),
    (PAIR, {"column_A": "a", "column_B": "b", "or_equal": True}, True),
    (PAIR, {"column_A": "a", "column_B": "b", "ignore_row_if": "never"}, False),
    (PAIR, {"column": "a"}, False),
    (REGEXES, {"column": "a", "regex_list": ["x"], "match_on": "all"}, True),
    (REGEXES, {"column": "a", "regex_list": ["x"], "match_on": 7}, False),
    ("expect_table_row_count_to_equal", {"value": 5}, True),
    ("expect_table_row_count_to_equal", {"values": 5}, False),
    ("expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]}, True),
    ("expect_multicolumn_sum_to_equal", {"column_list": ["a", "b"], "sum_total": 1}, True),
    ("expect_column_quantile_values_to_be_between",
     {"column": "a", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[1, 2]]}}, True),
    ("expect_column_values_to_be_json_parseable", {"column": "a"}, True),
    ("expect_column_values_to_be_json_parseable", {"column": "a", "strict": True}, False),
    ("expect_column_values_to_match_json_schema", {"column": "a", "json_schema": {}, "mostly": 0.5}, True),
    ("expect_column_values_to_match_json_schema", {"column": "a", "schema": {}}, False),
    ("expect_column_values_to_be_increasing", {"column": "a", "strictly": True}, True),
]  # fmt: skip


@pytest.mark.parametrize(("expectation", "kwargs", "is_valid"), CASES)
def test_an_argument_is_refused_where_gx_refuses_it(
    expectation: str, kwargs: dict[str, object], is_valid: bool
) -> None:
    load_gx()
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    try:
        ExpectationConfiguration(type=expectation, kwargs=kwargs).to_domain_obj()
        accepts = True
    except (ValueError, TypeError):
        accepts = False
    assert accepts is is_valid
    assert (list(argument_problems(expectation, kwargs)) == []) is is_valid


def test_a_problem_names_the_argument_and_what_it_takes() -> None:
    assert list(argument_problems(BETWEEN, {"min_value": [1], "strict_max": "yes", "max": 1})) == [
        "the argument column is missing",
        "the argument min_value must be a number or a time in ISO 8601, found [1]",
        "the argument strict_max must be true or false, found 'yes'",
        "unknown argument 'max' (known: column, condition_parser, max_value, min_value, mostly, "
        "row_condition, strict_max, strict_min)",
    ]


def test_a_parameter_of_the_gate_fits_every_argument() -> None:
    assert list(argument_problems(BETWEEN, {"column": "a", "max_value": {"$PARAMETER": "as_of_limit"}})) == []


def test_an_expectation_that_is_not_of_gx_is_not_judged() -> None:
    assert list(argument_problems("expect_miracles", {"anything": 1})) == []


def test_the_arguments_of_measured_expectations_are_those_of_their_classes() -> None:
    from great_expectations.expectations.registry import get_expectation_impl

    import contracts.day_expectations  # noqa: F401  registers them

    for name in MEASURED_EXPECTATIONS:
        arguments = measured_arguments(name)
        assert tuple(get_expectation_impl(name).success_keys) == arguments, name
        assert list(argument_problems(name, dict.fromkeys(arguments, 1))) == []
        assert list(argument_problems(name, {"maximum": 1}))[-1].startswith("unknown argument 'maximum'")
    assert list(argument_problems("expect_quarantine_ratio_to_be_at_most", {})) == [
        "the argument max_value is missing"
    ]
    assert list(argument_problems("expect_rows_to_be_accounted_for", {"x": 1})) == [
        "unknown argument 'x' (it takes none)"
    ]
