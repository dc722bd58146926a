"""Rows are routed by the conditions by which Great Expectations counts them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as sf
from pyspark.sql.types import DoubleType, IntegerType, StringType, StructField, StructType, TimestampType

from checkpoints.gate.gx_expectations import build_expectation, load_gx
from checkpoints.gate.routing import breaks_any, routing_conditions, valid_rows
from contracts.errors import ContractError
from contracts.model import Contract, Domain, Rule, Severity, Zone

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SCHEMA = StructType(
    [
        StructField("n", IntegerType()),
        StructField("id", StringType()),
        StructField("age", IntegerType()),
        StructField("price", DoubleType()),
        StructField("status", StringType()),
        StructField("email", StringType()),
        StructField("a", TimestampType()),
        StructField("b", TimestampType()),
        StructField("_malformed", StringType()),
        StructField("_uncastable_age", StringType()),
    ]
)
PARAMETERS = {"as_of_limit": datetime(2024, 6, 2, tzinfo=UTC)}


def rule(name: str, expectation: str, **kwargs: object) -> Rule:
    return Rule(name, Domain.RECORDS, Severity.ERROR, "validity", "", "", expectation, kwargs)


CONTRACT = Contract("events", Zone.SILVER, "1.0.0", "", "", "", (), (), path="silver/events.yaml")
RULES = (
    rule("malformed", "expect_column_values_to_be_null", column="_malformed"),
    rule("age_uncastable", "expect_column_values_to_be_null", column="_uncastable_age"),
    rule(
        "id_required", "expect_column_values_to_not_be_null", column="id", row_condition="_malformed IS NULL"
    ),
    rule("age_range", "expect_column_values_to_be_between", column="age", min_value=0, max_value=120),
    rule("price_negative", "expect_column_values_to_be_between", column="price", min_value=0),
    rule("price_range", "expect_column_values_to_be_between", column="price", min_value=0, max_value=10),
    rule("status_known", "expect_column_values_to_be_in_set", column="status", value_set=["paid", "failed"]),
    rule("status_not", "expect_column_values_to_not_be_in_set", column="status", value_set=["gone"]),
    rule("email_format", "expect_column_values_to_match_regex", column="email", regex=r"^[^@\s]+@[^@\s]+$"),
    rule(
        "a_impossible",
        "expect_column_values_to_be_between",
        column="a",
        min_value="2000-01-01",
        max_value={"$PARAMETER": "as_of_limit"},
    ),
    rule(
        "b_before_a",
        "expect_column_pair_values_a_to_be_greater_than_b",
        column_A="b",
        column_B="a",
        or_equal=True,
        ignore_row_if="either_value_is_missing",
    ),
    rule("pair_default", "expect_column_pair_values_to_be_equal", column_A="id", column_B="status"),
    rule(
        "distinct_in_row",
        "expect_select_column_values_to_be_unique_within_record",
        column_list=["id", "status", "email"],
        ignore_row_if="any_value_is_missing",
    ),
)

T0, T1, T2 = (datetime(y, 1, 1, tzinfo=UTC) for y in (1999, 2010, 2020))
NAN = float("nan")
ROWS = [
    (0, "u1", 30, 1.5, "paid", "a@b", T1, T2, None, None),
    (1, None, -1, NAN, "gone", "a b@c", T0, T1, None, None),
    (2, None, None, None, None, None, None, None, "bad json", None),
    (3, "u3", None, float("inf"), "paid", "", T2, T1, None, "abc"),
    (4, "paid", 121, -0.01, "paid", "paid", datetime(2024, 6, 2, tzinfo=UTC), None, None, None),
    (
        5,
        "u5",
        0,
        -0.0,
        "failed",
        "@",
        datetime(2024, 6, 2, 0, 0, 0, 1, UTC),
        datetime(2024, 6, 3, tzinfo=UTC),
        None,
        None,
    ),
    (6, None, 120, 10.0, "PAID", "x@y", None, T1, None, None),
]


@pytest.fixture(scope="module")
def frame(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(ROWS, SCHEMA).cache()


def test_a_plain_checkpoint_counts_exactly_the_rows_that_are_routed(
    spark: SparkSession, frame: DataFrame
) -> None:
    gx = load_gx()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_spark("s", persist=False)
        .add_dataframe_asset("a")
        .add_batch_definition_whole_dataframe("w")
    )
    suite = context.suites.add(
        gx.ExpectationSuite("s", expectations=[build_expectation(CONTRACT, r, PARAMETERS) for r in RULES])
    )
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name="v", data=batch, suite=suite)
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name="c", validation_definitions=[definition], result_format="BASIC")
    )
    result = checkpoint.run(batch_parameters={"dataframe": frame})
    (validation,) = result.run_results.values()
    judged = {r.expectation_config.meta["rule"]: r.result["unexpected_count"] for r in validation.results}

    conditions = routing_conditions(spark, CONTRACT, RULES, SCHEMA, PARAMETERS)
    counted = [sf.count_if(condition).alias(name) for name, condition in conditions.items()]
    (routed,) = frame.select(*counted).collect()

    assert routed.asDict() == judged
    assert min(judged.values()) >= 1  # every rule had something to find


def test_rows_are_split_by_whether_they_break_any_rule(spark: SparkSession, frame: DataFrame) -> None:
    conditions = routing_conditions(spark, CONTRACT, RULES[:5], SCHEMA, PARAMETERS)
    valid, invalid = valid_rows(frame, conditions), frame.where(breaks_any(conditions))
    assert sorted(row.n for row in valid.collect()) == [0, 5]
    assert sorted(row.n for row in invalid.collect()) == [1, 2, 3, 4, 6]
    assert valid.columns == frame.columns


def test_without_rules_every_row_is_valid(frame: DataFrame) -> None:
    assert valid_rows(frame, {}).count() == frame.count()


def test_taking_the_conditions_runs_no_spark_job(spark: SparkSession) -> None:
    guarded = rule(
        "guarded",
        "expect_column_values_to_be_between",
        column="age",
        max_value=100,
        row_condition="cast(id AS int) > 3 OR id LIKE 'a%'",
    )
    tracker = spark.sparkContext.statusTracker()
    spark.sparkContext.setJobGroup("conditions", "none expected")
    try:
        routing_conditions(spark, CONTRACT, [*RULES, guarded], SCHEMA, PARAMETERS)
        assert list(tracker.getJobIdsForGroup("conditions")) == []
    finally:
        spark.sparkContext.setJobGroup("other", "")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            rule("r", "expect_column_values_to_be_null", column="nope"),
            "rule r: the rows have no column 'nope'",
        ),
        (
            rule("r", "expect_column_pair_values_to_be_equal", column_A="id", column_B="nope"),
            "rule r: the rows have no column 'nope'",
        ),
        (
            rule("r", "expect_column_max_to_be_between", column="age", max_value=1),
            "expect_column_max_to_be_between cannot evaluate a single row",
        ),
        (rule("r", "expect_column_values_to_be_unique", column="id"), "depends on other rows"),
        (
            rule(
                "r",
                "expect_column_value_z_scores_to_be_less_than",
                column="age",
                threshold=3,
                double_sided=True,
            ),
            "of the whole table",
        ),
        (rule("r", "expect_the_moon", column="id"), "rejects expect_the_moon"),
        (rule("r", "expect_column_values_to_be_between", column="age", least=1), "rejects expect_column"),
        (rule("r", "expect_column_values_to_be_between", column="age"), "min_value"),
        (
            rule("r", "expect_column_values_to_be_between", column="age", min_value={"$PARAMETER": "p"}),
            "needs the parameter 'p'",
        ),
    ],
    ids=lambda value: value.expectation if isinstance(value, Rule) else "",
)
def test_a_rule_that_cannot_route_rows_is_an_error_that_names_it(
    spark: SparkSession, broken: Rule, message: str
) -> None:
    with pytest.raises(ContractError, match=r"silver/events\.yaml.*rule r: ") as caught:
        routing_conditions(spark, CONTRACT, [broken], SCHEMA, PARAMETERS)
    assert message in str(caught.value)
