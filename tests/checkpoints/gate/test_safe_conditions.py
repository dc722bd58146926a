"""No value can make a rule's condition fail; conditions that fail for every row are refused early."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as sf

from checkpoints.gate.routing import breaks_any, routing_conditions
from contracts.errors import ContractError
from contracts.loader import load_contracts
from contracts.model import Contract, Domain, Rule, Severity, Zone
from transforms.bronze_to_silver.clean import cleaned_rows, values_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CONTRACT = Contract("events", Zone.SILVER, "1.0.0", "", "", "", (), (), path="silver/events.yaml")
SCHEMA = "id string, age int, price decimal(18,4), at timestamp, _malformed string"
AT = datetime(2024, 1, 1, tzinfo=UTC)
ROWS = [
    ("5", 5, None, AT, None),
    ("1", 0, None, AT, None),
    ("x", 7, None, None, None),
    (None, None, None, None, None),
    (None, None, None, None, "no JSON"),
]
TO_INTEGER, DIVIDED = "cast(id AS int) > 3", "10 / age > 1"


def conditions(spark: SparkSession, *rules: Rule) -> dict[str, object]:
    schema = spark.createDataFrame([], SCHEMA).schema
    return dict(routing_conditions(spark, CONTRACT, rules, schema, {}))


def condition(row_condition: str, name: str) -> Rule:
    kwargs = {"column": "age", "max_value": 100, "row_condition": row_condition}
    return Rule(
        name, Domain.RECORDS, Severity.ERROR, "validity", "", "", "expect_column_values_to_be_between", kwargs
    )


@pytest.fixture(scope="module")
def frame(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(ROWS, SCHEMA).cache()


def broken(frame: DataFrame, *rules: Rule) -> list[list[int]]:
    """Return, for each rule, the numbers of the rows that break it, as the judging scan selects them."""
    found = routing_conditions(frame.sparkSession, CONTRACT, rules, frame.schema, {})
    judged = frame.select("*", *[column.alias(name) for name, column in found.items()]).collect()
    routed = frame.where(breaks_any(found)).count()
    assert routed == sum(any(row[name] for name in found) for row in judged)
    return [[number for number, row in enumerate(judged) if row[name]] for name in found]


def test_a_row_for_which_a_condition_fails_breaks_the_rule_and_a_malformed_one_does_not(
    frame: DataFrame,
) -> None:
    assert broken(frame, condition(TO_INTEGER, "a")) == [[2]]  # x is no number; 5 is, and its age is fine
    assert broken(frame, condition(DIVIDED, "b")) == [[1]]  # age 0


def test_two_rules_that_share_a_failing_part_are_guarded_separately(frame: DataFrame) -> None:
    rules = (
        condition(TO_INTEGER, "a"),
        condition(f"{TO_INTEGER} OR age = 5", "b"),
        condition("age >= 0", "c"),
    )
    assert broken(frame, *rules) == [[2], [2], []]


def test_a_malformed_record_breaks_no_rule_about_missing_values(frame: DataFrame) -> None:
    rules = [
        Rule(name, Domain.RECORDS, Severity.ERROR, "validity", "", "", expectation, kwargs)
        for name, expectation, kwargs in (
            ("required", "expect_column_values_to_not_be_null", {"column": "at"}),
            (
                "pair",
                "expect_column_pair_values_a_to_be_greater_than_b",
                {"column_A": "age", "column_B": "price"},
            ),
            (
                "sum",
                "expect_multicolumn_sum_to_equal",
                {"column_list": ["age", "price"], "sum_total": 5, "ignore_row_if": "never"},
            ),
        )
    ]
    assert broken(frame, *rules) == [[2, 3], [], [1, 2, 3]]


@pytest.mark.parametrize(
    "row_condition",
    [
        "age > 3", "age = 1.5", "age IN (1, 2)", "price > 3", "cast(price AS double) > 3",
        "at > '2024-01-01'",
        "id BETWEEN 'a' AND 'b'", "id LIKE 'a_%'", "id RLIKE '^a'", "lower(trim(id)) = 'x'", "length(id) > 3",
        "age <=> NULL", "id IS NOT DISTINCT FROM 'a'", "startswith(id, 'a') OR contains(id, 'b')",
        "CASE WHEN age > 3 THEN true ELSE id IS NULL END",
    ],
)  # fmt: skip
def test_a_condition_that_fails_for_no_value_is_not_guarded(spark: SparkSession, row_condition: str) -> None:
    assert "tryeval" not in plan_of(spark, row_condition).lower()


@pytest.mark.parametrize(
    "row_condition",
    [
        TO_INTEGER,
        DIVIDED,
        "price * age > 5",
        "split(id, ',')[3] = 'x'",
        "to_timestamp(id) > at",
        "abs(age) > 3",
    ],
)
def test_a_condition_that_could_fail_for_a_value_is_guarded(spark: SparkSession, row_condition: str) -> None:
    assert "tryeval" in plan_of(spark, row_condition).lower()


def plan_of(spark: SparkSession, row_condition: str) -> str:
    frame = spark.createDataFrame([], SCHEMA)
    (found,) = routing_conditions(spark, CONTRACT, [condition(row_condition, "r")], frame.schema, {}).values()
    judged = frame.where(found)
    return str(judged._jdf.queryExecution().analyzed().toString())


@pytest.mark.parametrize(
    ("row_condition", "message"),
    [
        ("age >", "PARSE_SYNTAX_ERROR"),
        ("nope > 1", "with name `nope` cannot be resolved"),
        ("age", "age"),
        ("sum(age) > 3", "sum(age)"),
        ("row_number() OVER (ORDER BY age) > 1", "window functions"),
        ("age = (SELECT 3)", "holds a query, which depends on other rows"),
        ("rand() > 0.5", "depends on chance"),
        ("uuid() = id", "depends on chance"),
        ("at < now()", "depends on Now"),
        ("at < current_date()", "depends on CurrentDate"),
        ("age > 1 / 0", "DIVIDE_BY_ZERO"),
        ("age IN ('a')", "CAST_INVALID_INPUT"),
        ("at > 'soon'", "CAST_INVALID_INPUT"),
        ("id RLIKE '('", "Java cannot compile the pattern '(': Unclosed group"),
        ("regexp_replace(id, '[', '') = 'a'", "Java cannot compile the pattern '['"),
        ("regexp_count(id, '(') > 1", "Java cannot compile the pattern '('"),
        (r"id LIKE 'a\\b'", "Java cannot compile the pattern"),
        ("id LIKE '/a' ESCAPE '/'", "Java cannot compile the pattern '/a'"),
    ],
)
def test_a_condition_that_does_not_judge_each_row_by_itself_is_refused(
    spark: SparkSession, row_condition: str, message: str
) -> None:
    with pytest.raises(ContractError, match=r"silver/events\.yaml.*rule r: ") as caught:
        conditions(spark, condition(row_condition, "r"))
    assert message in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("expectation", "kwargs", "pattern"),
    [
        ("expect_column_values_to_match_regex", {"regex": "(a"}, "(a"),
        ("expect_column_values_to_not_match_regex", {"regex": r"\p{Greekish}"}, r"\\p{Greekish}"),
        ("expect_column_values_to_match_regex_list", {"regex_list": ["a", "b["]}, "a|b["),
        ("expect_column_values_to_not_match_regex_list", {"regex_list": ["a", "*b"]}, "*b"),
        ("expect_column_values_to_match_regex", {"regex": "(?P<year>a)"}, "(?P<year>a)"),
    ],
)
def test_a_regular_expression_that_java_cannot_compile_is_refused(
    spark: SparkSession, expectation: str, kwargs: dict[str, object], pattern: str
) -> None:
    rule = Rule(
        "r", Domain.RECORDS, Severity.ERROR, "validity", "", "", expectation, {"column": "id", **kwargs}
    )
    with pytest.raises(ContractError) as caught:
        conditions(spark, rule)
    assert f"Java cannot compile the pattern '{pattern}'" in str(caught.value)


@pytest.mark.parametrize("contract", load_contracts().datasets, ids=lambda contract: contract.name)
def test_the_conditions_of_the_shipped_rules_are_those_of_great_expectations_and_cost_no_more(
    spark: SparkSession, contract: Contract
) -> None:
    rows = cleaned_rows(spark.createDataFrame([], values_schema(contract)), contract)
    rules = [rule for rule in contract.rules if rule.is_row_rule]
    found = routing_conditions(spark, contract, rules, rows.schema, {"as_of_limit": AT})
    plan = str(rows.select(*found.values())._jdf.queryExecution().analyzed().toString())
    assert "tryeval" not in plan.lower()
    about_malformed = [rule for rule in rules if "_malformed" in str(rule.kwargs)]
    assert plan.count("(_malformed#") == len(about_malformed)  # no other condition reads it


def test_guarded_conditions_count_the_rows_that_they_route(frame: DataFrame) -> None:
    found = routing_conditions(frame.sparkSession, CONTRACT, [condition(TO_INTEGER, "a")], frame.schema, {})
    (row,) = frame.select(sf.count_if(found["a"]).alias("n")).collect()
    assert row.n == frame.where(found["a"]).count() == 1
