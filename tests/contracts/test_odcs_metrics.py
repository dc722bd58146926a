"""Compilation of ODCS library metrics to GX expectations."""

from __future__ import annotations

import pytest

from contracts.errors import ContractError
from contracts.gx_suite import expectation_config
from contracts.model import Domain, Rule, Zone
from contracts.parser import parse_contract
from tests.contracts.yaml_text import with_quality

WORDS = (
    "name: my_rule\nseverity: error\ndimension: completeness\ndescription: So.\nbusinessImpact: It costs.\n"
)


def compiled(entry: str, *, on_column: bool = True) -> Rule:
    contract = parse_contract(with_quality(WORDS + entry, on_column=on_column), Zone.SILVER, "visits.yaml")
    rule = contract.rule("my_rule")
    expectation_config(rule, contract)  # GX takes it
    return rule


NULLS = "type: library\nmetric: nullValues\n"
INVALID = "metric: invalidValues\narguments: {validValues: [1, 2]}\n"
ROWS = "expect_table_row_count_to_be_between"


@pytest.mark.parametrize(
    ("entry", "expectation", "kwargs"),
    [
        (NULLS + "mustBe: 0", "expect_column_values_to_not_be_null", {"column": "age"}),
        (
            NULLS + "mustBeLessOrEqualTo: 0\nunit: percent",
            "expect_column_values_to_not_be_null",
            {"column": "age"},
        ),
        (
            NULLS + "mustBeLessThan: 5\nunit: percent",
            "expect_column_proportion_of_non_null_values_to_be_between",
            {"column": "age", "min_value": 0.95, "strict_min": True},
        ),
        (
            NULLS + "mustBeBetween: [5, 25]\nunit: percent",
            "expect_column_proportion_of_non_null_values_to_be_between",
            {"column": "age", "min_value": 0.75, "max_value": 0.95},
        ),
        (
            NULLS + "mustBeLessThan: 5",
            ROWS,
            {"row_condition": "`age` IS NULL", "max_value": 5, "strict_max": True},
        ),
        (
            "metric: missingValues\narguments: {missingValues: [null, 'it''s', -1]}\nmustBeLessOrEqualTo: 3",
            ROWS,
            {"row_condition": "`age` IS NULL OR `age` IN ('it\\'s', -1)", "max_value": 3},
        ),
        (INVALID + "mustBe: 0", "expect_column_values_to_be_in_set", {"column": "age", "value_set": [1, 2]}),
        (
            INVALID + "mustBeLessOrEqualTo: 10\nunit: percent",
            "expect_column_values_to_be_in_set",
            {"column": "age", "value_set": [1, 2], "mostly": 0.9},
        ),
        (
            INVALID + "mustBeLessThan: 7",
            ROWS,
            {"row_condition": "`age` NOT IN (1, 2)", "max_value": 7, "strict_max": True},
        ),
        (
            "metric: invalidValues\narguments: {pattern: '^[0-9]+$'}\nmustBe: 0",
            "expect_column_values_to_match_regex",
            {"column": "age", "regex": "^[0-9]+$"},
        ),
        ("metric: duplicateValues\nmustBe: 0", "expect_column_values_to_be_unique", {"column": "age"}),
        (
            "metric: duplicateValues\nmustBeLessOrEqualTo: 25\nunit: percent",
            "expect_column_proportion_of_unique_values_to_be_between",
            {"column": "age", "min_value": 0.75},
        ),
    ],
)
def test_a_metric_of_a_column_is_compiled(entry: str, expectation: str, kwargs: dict[str, object]) -> None:
    rule = compiled(entry)
    assert (rule.expectation, rule.kwargs) == (expectation, kwargs)


@pytest.mark.parametrize(
    ("entry", "domain"),
    [
        (NULLS + "mustBe: 0", Domain.RECORDS),
        (INVALID + "mustBe: 0", Domain.RECORDS),
        (INVALID + "mustBeLessOrEqualTo: 10\nunit: percent", Domain.TABLE),
        (INVALID + "mustBeLessThan: 7", Domain.TABLE),
        ("metric: duplicateValues\nmustBe: 0", Domain.TABLE),
    ],
)
def test_a_metric_that_allows_only_zero_quarantines_rows_and_any_other_is_a_table_rule(
    entry: str, domain: Domain
) -> None:
    assert compiled(entry).domain is domain


@pytest.mark.parametrize(
    ("entry", "expectation", "kwargs"),
    [
        ("metric: rowCount\nmustBeGreaterThan: 0", ROWS, {"min_value": 0, "strict_min": True}),
        ("metric: rowCount\nmustBe: 7", ROWS, {"min_value": 7, "max_value": 7}),
        ("metric: rowCount\nmustBeGreaterOrEqualTo: 7", ROWS, {"min_value": 7}),
        ("metric: rowCount\nmustBeBetween: [1, 9]", ROWS, {"min_value": 1, "max_value": 9}),
        (
            "metric: duplicateValues\narguments: {properties: [age, at]}\nmustBe: 0",
            "expect_compound_columns_to_be_unique",
            {"column_list": ["age", "at"]},
        ),
        (
            "metric: duplicateValues\narguments: {properties: [age]}\nmustBe: 0",
            "expect_column_values_to_be_unique",
            {"column": "age"},
        ),
    ],
)
def test_a_metric_of_the_table_is_compiled(entry: str, expectation: str, kwargs: dict[str, object]) -> None:
    rule = compiled(entry, on_column=False)
    assert (rule.expectation, rule.kwargs) == (expectation, kwargs)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("metric: freshness\nmustBe: 0", "unknown metric 'freshness'"),
        ("metric: nullValues", "expected exactly one operator, found none"),
        ("metric: nullValues\nmustBe: 0\nmustBeLessThan: 1", "found mustBe, mustBeLessThan"),
        ("metric: nullValues\nmustNotBe: 0", "mustNotBe is not supported"),
        ("metric: nullValues\nmustNotBeBetween: [1, 2]", "mustNotBeBetween is not supported"),
        ("metric: nullValues\nmustBe: none", "mustBe needs a number, found 'none'"),
        ("metric: nullValues\nmustBeBetween: [9, 1]", "the smaller number must come first"),
        ("metric: nullValues\nmustBe: 0\nunit: kilos", "unit must be rows or percent, found 'kilos'"),
        ("metric: nullValues\nmustBe: 0\narguments: {where: x}", "unknown argument 'where' of nullValues"),
        ("metric: missingValues\nmustBe: 0", "missingValues needs the argument missingValues"),
        ("metric: invalidValues\nmustBe: 0", "invalidValues of age in rows with mustBe is not supported"),
        ("metric: invalidValues\nmustBe: 0\narguments: {validValues: []}", "a list of values; found []"),
        ("metric: invalidValues\nmustBe: 0\narguments: {validValues: [1], pattern: x}", "is not supported"),
        (INVALID + "mustBeLessThan: 3\nunit: percent", "use mustBeLessOrEqualTo"),
        ("metric: duplicateValues\nmustBeLessThan: 3", "duplicateValues of age in rows with mustBeLessThan"),
        ("metric: rowCount\nmustBe: 3", "rowCount of age in rows with mustBe is not supported"),
        ("metric: nullValues\nmustBe: 0\nquery: SELECT 1", "query has no effect in a rule of type library"),
        ("metric: nullValues\nrule: nullValues\nmustBe: 0", "rule has no effect in a rule of type library"),
        ("type: library\nmustBe: 0", "unknown metric None"),
        (
            NULLS + "mustBeLessThan: 5\ncustomProperties:\n  - {property: domain, value: records}",
            "cannot evaluate a single row",
        ),
    ],
)
def test_a_metric_without_an_exact_equivalent_is_refused(entry: str, sentence: str) -> None:
    with pytest.raises(ContractError) as caught:
        compiled(entry)
    assert sentence in str(caught.value)
    assert (caught.value.rule, caught.value.file) == ("my_rule", "visits.yaml")
    assert caught.value.path.startswith("schema[0].properties[2].quality[0]")
