"""Every expectation of Great Expectations is judged, or refused before a run; none fails during one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as sf
from pyspark.sql.types import StructType

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.gx_expectations import load_gx
from checkpoints.gate.masking import Masking
from checkpoints.gate.measures import Measures
from checkpoints.gate.routing import routing_conditions
from checkpoints.gate.rule_trial import try_rules, try_table_rules
from checkpoints.gate.table_metrics import compute_metrics
from contracts.errors import ContractError, YamlLocation
from contracts.expectation_catalog import (
    MEASURED_EXPECTATIONS,
    REFUSED_EXPECTATIONS,
    ROW_EXPECTATIONS,
    TABLE_EXPECTATIONS,
    TYPE_EXPECTATION,
)
from contracts.model import Contract, Domain, Rule, Severity
from contracts.rule_domains import check_rule, default_domain
from contracts.spark import struct_type
from tests.contracts.yaml_text import changed, parse
from transforms.bronze_to_silver.clean import cleaned_rows, values_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, SparkSession

    from quarantine_policies.decision import RuleOutcome

PRICE = """\
      - name: price
        description: What was paid.
        logicalType: number
        physicalType: decimal(18,4)
      - name: age
"""
CONTRACT = replace(parse(changed(("      - name: age\n", PRICE))), rules=())
NAME, AGE, PRICE_ = {"column": "visit_id"}, {"column": "age"}, {"column": "price"}
PAIR, LIST = {"column_A": "age", "column_B": "price"}, {"column_list": ["age", "price"]}
BOUNDS: Mapping[str, object] = {"min_value": 0, "max_value": 9}
SET: Mapping[str, object] = {"value_set": ["a", "{}"]}

ROUTES: Mapping[str, Mapping[str, object]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": PAIR,
    "expect_column_pair_values_to_be_equal": PAIR,
    "expect_column_pair_values_to_be_in_set": {**PAIR, "value_pairs_set": [[1, 2], [3, None]]},
    "expect_column_value_lengths_to_be_between": {**NAME, **BOUNDS},
    "expect_column_value_lengths_to_equal": {**NAME, "value": 1},
    "expect_column_values_to_be_between": {**PRICE_, **BOUNDS},
    "expect_column_values_to_be_in_set": {**NAME, **SET},
    "expect_column_values_to_be_json_parseable": NAME,
    "expect_column_values_to_be_null": NAME,
    "expect_column_values_to_match_json_schema": {**NAME, "json_schema": {"type": "object"}},
    "expect_column_values_to_match_regex": {**NAME, "regex": "^[a-z]"},
    "expect_column_values_to_match_regex_list": {**NAME, "regex_list": ["^a", "b$"]},
    "expect_column_values_to_match_strftime_format": {**NAME, "strftime_format": "%Y-%m-%d"},
    "expect_column_values_to_not_be_in_set": {**NAME, **SET},
    "expect_column_values_to_not_be_null": NAME,
    "expect_column_values_to_not_match_regex": {**NAME, "regex": "^[a-z]"},
    "expect_column_values_to_not_match_regex_list": {**NAME, "regex_list": ["^a", "b$"]},
    "expect_multicolumn_sum_to_equal": {**LIST, "sum_total": 3},
    "expect_multicolumn_values_to_be_equal": LIST,
    "expect_select_column_values_to_be_unique_within_record": LIST,
}
JUDGES_THE_TABLE: Mapping[str, Mapping[str, object]] = {
    "expect_column_distinct_values_to_be_in_set": {**NAME, **SET},
    "expect_column_distinct_values_to_contain_set": {**NAME, **SET},
    "expect_column_distinct_values_to_equal_set": {**NAME, **SET},
    "expect_column_kl_divergence_to_be_less_than": {
        **NAME,
        "partition_object": {"values": ["a"], "weights": [1.0]},
        "threshold": 0.1,
    },
    "expect_column_max_to_be_between": {**AGE, **BOUNDS},
    "expect_column_mean_to_be_between": {**PRICE_, **BOUNDS},
    "expect_column_median_to_be_between": {**PRICE_, **BOUNDS},
    "expect_column_min_to_be_between": {**AGE, **BOUNDS},
    "expect_column_most_common_value_to_be_in_set": {**NAME, **SET},
    "expect_column_proportion_of_non_null_values_to_be_between": {**AGE, "min_value": 0.5},
    "expect_column_proportion_of_unique_values_to_be_between": {**NAME, "min_value": 0.5},
    "expect_column_quantile_values_to_be_between": {
        **AGE,
        "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[1, 2]]},
    },
    "expect_column_stdev_to_be_between": {**AGE, **BOUNDS},
    "expect_column_sum_to_be_between": {**AGE, **BOUNDS},
    "expect_column_to_exist": NAME,
    "expect_column_type_to_be": {**NAME, "type_": "StringType"},
    "expect_column_unique_value_count_to_be_between": {**NAME, **BOUNDS},
    "expect_column_value_z_scores_to_be_less_than": {**AGE, "threshold": 3, "double_sided": True},
    "expect_column_values_to_be_in_type_list": {**NAME, "type_list": ["StringType"]},
    "expect_column_values_to_be_of_type": {**NAME, "type_": "StringType"},
    "expect_column_values_to_be_unique": NAME,
    "expect_column_values_to_not_be_outliers": AGE,
    "expect_compound_columns_to_be_unique": LIST,
    "expect_table_column_count_to_be_between": BOUNDS,
    "expect_table_column_count_to_equal": {"value": 3},
    "expect_table_columns_to_match_ordered_list": {"column_list": ["visit_id", "at"]},
    "expect_table_columns_to_match_set": {"column_set": ["visit_id", "at"]},
    "expect_table_row_count_to_be_between": BOUNDS,
    "expect_table_row_count_to_equal": {"value": 3},
    "unexpected_rows_expectation": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE age > 3"},
}
REFUSED: Mapping[str, Mapping[str, object]] = {
    "expect_column_values_to_be_dateutil_parseable": NAME,
    "expect_column_values_to_be_decreasing": AGE,
    "expect_column_values_to_be_increasing": AGE,
    "expect_column_values_to_match_like_pattern": {**NAME, "like_pattern": "a%"},
    "expect_column_values_to_match_like_pattern_list": {**NAME, "like_pattern_list": ["a%"]},
    "expect_column_values_to_not_match_like_pattern": {**NAME, "like_pattern": "a%"},
    "expect_column_values_to_not_match_like_pattern_list": {**NAME, "like_pattern_list": ["a%"]},
    "expect_query_results_to_match_comparison": {
        "base_query": "SELECT 1",
        "comparison_data_source_name": "other",
        "comparison_query": "SELECT 1",
    },
    "expect_table_row_count_to_equal_other_table": {"other_table_name": "other"},
}
TEXTS = (
    None, "", " ", "a", "b", "{}", "[1", "[" * 100_000, "null", "NaN", "2024-02-30", "2024-02-29", "%",
    "\\", "\ud7ff", "a" * 100_000, "1e999999",
)  # fmt: skip


def rule_of(expectation: str, kwargs: Mapping[str, object], severity: Severity = Severity.ERROR) -> Rule:
    domain = default_domain(CONTRACT, expectation, severity)
    return Rule("r", domain, severity, "accuracy", "", "", expectation, kwargs, path="schema[0].quality[0]")


def try_at_start(spark: SparkSession, rule: Rule) -> Contract:
    """Do all that is done with a rule before a run. Returns the contract with it."""
    check_rule(rule, CONTRACT, YamlLocation(CONTRACT.path, rule.path))
    contract = replace(CONTRACT, rules=(rule,))
    try_rules(contract, {})
    try_table_rules(spark, contract, {})
    if rule.is_row_rule:
        routing_conditions(spark, contract, contract.rules, rows(spark).schema, {})
    return contract


def judged(contract: Contract, frame: DataFrame) -> RuleOutcome:
    """Judge the contract's only rule on a table."""
    measures = Measures(frame.count(), columns=frame.schema)
    measures = replace(measures, computed=compute_metrics(lambda: frame, contract, measures, {}))
    now = datetime(2024, 6, 1, tzinfo=UTC)
    found = judge(
        "c", contract, contract.rules, {Domain.TABLE: measures}, {}, Masking(frozenset()), "run", now
    )
    (outcome,) = found.outcomes
    return outcome


def table(spark: SparkSession, *lines: tuple[str | None, int | None, str | None]) -> DataFrame:
    """Return a written table of the contract with these values of visit_id, age and price."""
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    found = [(name, noon, age, price and Decimal(price)) for name, age, price in lines]
    names = [column.name for column in CONTRACT.columns]
    order = [("visit_id", "at", "age", "price").index(name) for name in names]
    return spark.createDataFrame(
        [tuple(line[place] for place in order) for line in found],
        StructType([field for field in struct_type(CONTRACT).fields if field.name in names]),
    )


def rows(spark: SparkSession, *texts: str | None) -> DataFrame:
    """Return cleaned rows of the contract with these texts as ``visit_id`` and raw text."""
    schema = values_schema(CONTRACT)
    frame = spark.createDataFrame([], schema)
    values = {
        "at": datetime(2024, 1, 1, tzinfo=UTC),
        "age": 2_147_483_647,
        "price": Decimal("99999999999999.9999"),
        "_source_file": "a.csv",
    }
    found = [
        tuple({**values, "visit_id": text, "_raw": text}.get(name) for name in frame.columns)
        for text in texts
    ]
    return cleaned_rows(spark.createDataFrame(found, schema), CONTRACT)


def test_each_expectation_of_great_expectations_is_accounted_for() -> None:
    load_gx()
    import great_expectations.expectations as _  # noqa: F401  registers them
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    import contracts.day_expectations as _own  # noqa: F401

    found = set(list_registered_expectation_implementations())
    shipped = {*ROUTES, *JUDGES_THE_TABLE, *REFUSED}
    assert found == shipped | {*MEASURED_EXPECTATIONS, TYPE_EXPECTATION}
    assert set(ROUTES) == ROW_EXPECTATIONS
    assert set(JUDGES_THE_TABLE) == TABLE_EXPECTATIONS
    assert set(REFUSED) == set(REFUSED_EXPECTATIONS)


def test_a_row_expectation_judges_every_value_without_failing(spark: SparkSession) -> None:
    conditions = {}
    for name, kwargs in ROUTES.items():
        contract = try_at_start(spark, rule_of(name, kwargs))
        assert contract.rules[0].domain is Domain.RECORDS
        conditions[name] = routing_conditions(spark, contract, contract.rules, rows(spark).schema, {})["r"]
    frame = rows(spark, *TEXTS)
    (counted,) = frame.select(*[sf.count_if(c).alias(name) for name, c in conditions.items()]).collect()
    counts = counted.asDict()
    assert counts["expect_column_values_to_match_json_schema"] == len(TEXTS) - 2  # all but null and {}
    assert counts["expect_column_values_to_be_json_parseable"] == len(TEXTS) - 5  # and null, NaN, 1e999999
    assert counts["expect_column_values_to_match_strftime_format"] == len(TEXTS) - 2
    assert counts["expect_multicolumn_sum_to_equal"] == len(TEXTS)


@pytest.mark.parametrize("name", [*JUDGES_THE_TABLE, *ROUTES])
def test_an_expectation_is_judged_on_a_table_whatever_its_values(spark: SparkSession, name: str) -> None:
    rule = replace(rule_of(name, {**ROUTES, **JUDGES_THE_TABLE}[name]), domain=Domain.TABLE)
    contract = try_at_start(spark, rule)
    filled = judged(contract, table(spark, ("a", 3, "1.5"), ("{}", 2_147_483_647, None), (None, None, "9")))
    assert not str(filled.observed).startswith("cannot be judged"), filled
    assert judged(contract, table(spark)).evaluated == 0


@pytest.mark.parametrize(
    ("name", "kwargs", "passed", "observed", "failed"),
    [
        ("expect_column_mean_to_be_between", {**AGE, "min_value": 2, "max_value": 2}, True, 2.0, 0),
        ("expect_column_mean_to_be_between", {**AGE, "min_value": 3}, False, 2.0, 0),
        ("expect_column_unique_value_count_to_be_between", {**NAME, "max_value": 1}, False, 2, 0),
        ("expect_column_values_to_be_between", {**AGE, "max_value": 2, "mostly": 0.6}, True, None, 1),
        ("expect_column_values_to_be_between", {**AGE, "max_value": 2, "mostly": 0.7}, False, None, 1),
        ("expect_column_values_to_be_unique", NAME, False, None, 2),
        (
            "expect_table_row_count_to_be_between",
            {"min_value": 2, "row_condition": "age > 1"},
            True,
            2,
            0,
        ),
        (
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "SELECT age AS a FROM {batch} WHERE age > 2"},
            False,
            1,
            1,
        ),
    ],
)
def test_a_table_rule_is_judged_by_what_spark_computes(
    spark: SparkSession,
    name: str,
    kwargs: Mapping[str, object],
    passed: bool,
    observed: float | None,
    failed: int,
) -> None:
    contract = try_at_start(spark, replace(rule_of(name, kwargs), domain=Domain.TABLE))
    outcome = judged(contract, table(spark, ("a", 1, "1"), ("a", 2, "2"), ("b", 3, "3")))
    assert (outcome.passed, outcome.observed, outcome.failed) == (passed, observed, failed)


def test_all_aggregates_of_a_table_take_one_job(spark: SparkSession) -> None:
    rules = [
        replace(rule_of(name, kwargs), name=f"r{number}", domain=Domain.TABLE)
        for number, (name, kwargs) in enumerate(
            [
                ("expect_column_mean_to_be_between", {**AGE, **BOUNDS}),
                ("expect_column_max_to_be_between", {**PRICE_, **BOUNDS}),
                ("expect_column_stdev_to_be_between", {**AGE, **BOUNDS}),
                ("expect_column_proportion_of_non_null_values_to_be_between", {**NAME, "min_value": 0}),
                ("expect_column_values_to_be_between", {**AGE, "min_value": 0, "mostly": 0.9}),
                ("expect_column_values_to_match_regex", {**NAME, "regex": "^[a-z]"}),
            ]
        )
    ]
    contract = replace(CONTRACT, rules=tuple(rules))
    frame = table(spark, ("a", 1, "1"), ("b", 2, "2"))
    tracker = spark.sparkContext.statusTracker()
    spark.sparkContext.setJobGroup("aggregates", "aggregates")
    try:
        compute_metrics(lambda: frame, contract, Measures(2, columns=frame.schema), {})
        jobs = tracker.getJobIdsForGroup("aggregates")
    finally:
        spark.sparkContext._jsc.clearJobGroup()
    assert len(jobs) == 2  # one of them only for the shuffle of the same aggregation


def test_nothing_is_computed_where_no_rule_needs_it() -> None:
    def unread() -> DataFrame:
        raise AssertionError("the table was read")

    rule = rule_of("expect_table_row_count_to_equal", {"value": 3})
    assert compute_metrics(unread, replace(CONTRACT, rules=(rule,)), Measures(3), {}) == {}


@pytest.mark.parametrize(
    ("name", "kwargs", "sentence"),
    [
        ("expect_column_mean_to_be_between", {**NAME, **BOUNDS}, "Expected numeric column type"),
        (
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "SELECT nothing FROM {batch}"},
            "UNRESOLVED_COLUMN",
        ),
        ("expect_column_values_to_be_of_type", {**NAME, "type_": "Text"}, "No recognized spark types"),
    ],
)
def test_a_table_rule_that_spark_cannot_compute_is_refused_before_a_run(
    spark: SparkSession, name: str, kwargs: Mapping[str, object], sentence: str
) -> None:
    with pytest.raises(ContractError, match=sentence) as caught:
        try_at_start(spark, rule_of(name, kwargs))
    assert str(caught.value).startswith("silver/visits.yaml, schema[0].quality[0], rule r: ")


def test_a_rule_that_fails_on_a_value_is_broken_and_the_others_are_judged(spark: SparkSession) -> None:
    query = {"unexpected_rows_query": "SELECT * FROM {batch} WHERE 1 / (age - 2) > 5"}
    broken = rule_of("unexpected_rows_expectation", query)
    mean = replace(rule_of("expect_column_mean_to_be_between", {**AGE, **BOUNDS}), name="mean")
    contract = replace(CONTRACT, rules=(broken, mean))
    frame = table(spark, ("a", 1, "1"), ("b", 2, "2"))
    measures = Measures(2, columns=frame.schema)
    measures = replace(measures, computed=compute_metrics(lambda: frame, contract, measures, {}))
    now = datetime(2024, 6, 1, tzinfo=UTC)
    found = judge(
        "c", contract, contract.rules, {Domain.TABLE: measures}, {}, Masking(frozenset()), "run", now
    )
    assert [outcome.passed for outcome in found.outcomes] == [False, True]
    assert "DIVIDE_BY_ZERO" in str(found.outcomes[0].observed)


def test_values_of_a_masked_column_are_masked_in_results_and_samples(spark: SparkSession) -> None:
    rules = (
        rule_of("expect_column_distinct_values_to_be_in_set", {**NAME, "value_set": ["x"]}),
        replace(
            rule_of("expect_column_values_to_be_in_set", {**NAME, "value_set": ["x"], "mostly": 0.9}),
            name="listed",
            domain=Domain.TABLE,
        ),
        replace(
            rule_of(
                "unexpected_rows_expectation",
                {"unexpected_rows_query": "SELECT visit_id AS v, age FROM {batch}"},
            ),
            name="query",
        ),
    )
    contract = replace(CONTRACT, rules=rules)
    frame = table(spark, ("secret", 1, "1"))
    measures = Measures(1, columns=frame.schema)
    measures = replace(measures, computed=compute_metrics(lambda: frame, contract, measures, {}))
    now = datetime(2024, 6, 1, tzinfo=UTC)
    masking = Masking(frozenset({"visit_id"}))
    found = judge("c", contract, rules, {Domain.TABLE: measures}, {}, masking, "run", now)
    assert not any(outcome.passed for outcome in found.outcomes)
    shown = str(found.results[Domain.TABLE].to_json_dict()) + str(found.outcomes)
    assert "secret" not in shown
    assert found.outcomes[2].samples == ("v: ‹5-16 characters: letters›, age: 1",)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("severity", Severity)
def test_any_other_expectation_is_refused_before_a_run(
    spark: SparkSession, name: str, severity: Severity
) -> None:
    with pytest.raises(ContractError) as caught:
        try_at_start(spark, rule_of(name, REFUSED[name], severity))
    assert str(caught.value).startswith("silver/visits.yaml, schema[0].quality[0], rule r: ")
    assert "; " in str(caught.value)  # what to do instead


@pytest.mark.parametrize("name", [*JUDGES_THE_TABLE, *REFUSED])
def test_an_expectation_that_judges_no_single_row_cannot_be_made_to_route_rows(
    spark: SparkSession, name: str
) -> None:
    kwargs = {**JUDGES_THE_TABLE, **REFUSED}[name]
    with pytest.raises(ContractError):
        try_at_start(spark, replace(rule_of(name, kwargs), domain=Domain.RECORDS))
