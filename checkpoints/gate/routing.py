"""Row routing by the very conditions that Great Expectations judges, so that both always agree."""

from __future__ import annotations

import hashlib
from functools import cached_property, partial, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from checkpoints.gate.gx_expectations import build_expectation, load_gx, rule_error, serialized
from checkpoints.gate.safe_conditions import first_line, safe_condition
from contracts.rule_domains import columns_of
from contracts.system_columns import MALFORMED, WAIVED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from checkpoints.gate.safe_conditions import RuleError
    from contracts.model import Contract, Rule


_IGNORES_NULLS = (
    "all_values_are_missing",
    "any_value_is_missing",
    "both_values_are_missing",
    "either_value_is_missing",
)


@serialized
def routing_conditions(
    spark: SparkSession,
    contract: Contract,
    rules: Sequence[Rule],
    schema: StructType,
    parameters: Mapping[str, object],
) -> dict[str, Column]:
    """Return, by rule name, the Column that is true for a row that breaks the rule and never null.

    It is the Column by which GX counts a map expectation's unexpected rows, together with the filters that GX
    applies before it (row condition, ignored nulls). A malformed record has no values, so it breaks no rule
    about missing ones. A row for which a condition fails breaks the rule. No Spark job runs: GX resolves the
    condition on an empty frame, once in this process for equal rules, parameters and schemas.

    Args:
        spark: the running session.
        contract: of the rules, for error messages.
        rules: row rules; each must be a column map, column pair map or multicolumn map expectation.
        schema: of the frame that the conditions will be used on.
        parameters: values for ``{"$PARAMETER": name}``.

    Raises:
        ContractError: a column is missing, the expectation has no row condition or can only be judged over
            the whole table (uniqueness), or its condition does not resolve or fails for every row.
    """
    resolver = _Resolver(spark, contract, schema, parameters)
    session = spark.sparkContext.applicationId
    known = repr((session, schema.json(), contract.columns, sorted(parameters.items())))
    conditions: dict[str, Column] = {}
    for rule in rules:
        if rule.name in conditions:
            raise rule_error(contract, rule, "the name is used twice", "give one of the two another name")
        key = hashlib.sha256(f"{rule!r} {known}".encode()).digest()
        if key not in _RESOLVED:
            _RESOLVED[key] = resolver.condition(rule)
        conditions[rule.name] = _RESOLVED[key]
    return conditions


# A run resolves all conditions before it reads RAW, and those that it needs once more.
_RESOLVED: dict[bytes, Column] = {}


class _Resolver:
    """Resolves the conditions of row rules on an empty frame."""

    def __init__(
        self, spark: SparkSession, contract: Contract, schema: StructType, parameters: Mapping[str, object]
    ) -> None:
        self._spark, self._contract = spark, contract
        self._schema, self._parameters = schema, parameters

    def condition(self, rule: Rule) -> Column:
        """Return the condition of a rule; see ``routing_conditions``."""
        from great_expectations.execution_engine.sparkdf_batch_data import SparkDFBatchData
        from pyspark.sql import functions as sf

        contract, (empty, engine) = self._contract, self._frame_and_engine
        error_of_rule = partial(rule_error, contract, rule)
        _check_row_condition(empty, rule, error_of_rule)
        expectation = build_expectation(contract, rule, self._parameters)
        names = self._schema.fieldNames()
        unexpected, domain = _unexpected_condition(engine, contract, rule, expectation, names)
        recorder = _FilterRecorder(empty)
        engine.batch_manager.batch_data_cache["recorder"] = SparkDFBatchData(engine, recorder)
        engine.get_domain_records({**domain, "batch_id": "recorder"})
        is_whole = [sf.col(MALFORMED).isNull()] if _counts_nulls(rule) else []
        condition = _never_null([*is_whole, *recorder.filters, unexpected])
        return safe_condition(empty, condition, error_of_rule)

    @cached_property
    def _frame_and_engine(self) -> tuple[DataFrame, SparkDFExecutionEngine]:
        load_gx()
        from checkpoints.gate.gx_engines import ConditionEngine

        engine = ConditionEngine(spark=self._spark, persist=False)
        empty = self._spark.createDataFrame([], self._schema)
        engine.load_batch_data("rows", empty)
        return empty, engine


def unless_waived(conditions: Mapping[str, Column], rules: Collection[str]) -> dict[str, Column]:
    """Return the conditions, false for the rows for which a correction lifts the rule (``_waived``).

    Args:
        conditions: by rule name, true for a row that breaks the rule, and never null.
        rules: those that corrections lift for any row.
    """
    from pyspark.sql import functions as sf

    def is_waived(rule: str) -> Column:
        return sf.coalesce(sf.contains(sf.col(WAIVED), sf.lit(f",{rule},")), sf.lit(False))

    return {
        rule: condition & ~is_waived(rule) if rule in rules else condition
        for rule, condition in conditions.items()
    }


def breaks_any(conditions: Mapping[str, Column]) -> Column:
    """Return whether a row breaks any rule; never null.

    Args:
        conditions: by rule name, true for a row that breaks the rule, and never null.
    """
    from pyspark.sql import functions as sf

    return reduce(or_, conditions.values(), sf.lit(False))


def valid_rows(rows: DataFrame, errors: Mapping[str, Column]) -> DataFrame:
    """Return the rows that break no error rule."""
    return rows.where(~breaks_any(errors))


class _FilterRecorder:
    """Frame that records the filters that GX applies to it."""

    def __init__(self, frame: DataFrame) -> None:
        self._frame = frame
        self.filters: list[Column] = []

    def filter(self, condition: Column | str) -> _FilterRecorder:
        from pyspark.sql import functions as sf

        self.filters.append(sf.expr(condition) if isinstance(condition, str) else condition)
        return self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  such as schema and columns
        return getattr(self._frame, name)


def condition_metric(
    contract: Contract, rule: Rule, expectation: Expectation, engine: SparkDFExecutionEngine | None = None
) -> MetricConfiguration:
    """Return the metric that is the expectation's condition of an unexpected row.

    Args:
        contract: of the rule, for error messages.
        rule: the row rule.
        expectation: of the rule.
        engine: resolves the metric; None: only check that there is one for Spark.

    Raises:
        ContractError: the expectation has no such condition on Spark, or one that depends on other rows.
    """
    from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
    from great_expectations.exceptions.exceptions import MetricProviderError
    from great_expectations.expectations.registry import get_metric_provider
    from great_expectations.validator.metric_configuration import MetricConfiguration

    from checkpoints.gate.gx_engines import ConditionEngine

    error_of_rule = partial(rule_error, contract, rule)
    map_metric = getattr(expectation, "map_metric", None)
    dependencies = expectation.get_validation_dependencies(execution_engine=engine)
    counted = dependencies.metric_configurations.get(f"{map_metric}.unexpected_count")
    if counted is None:
        raise error_of_rule(
            f"{rule.expectation} has no condition for a single row, so it cannot route rows",
            "judge it on the table, or use an expectation over column values",
        )
    metric = MetricConfiguration(
        f"{map_metric}.condition", counted.metric_domain_kwargs, counted.metric_value_kwargs
    )
    try:
        # Only the engine's type is used to find a provider; constructing an engine would start Spark.
        _, provider = get_metric_provider(metric.metric_name, object.__new__(ConditionEngine))
    except MetricProviderError as error:
        raise error_of_rule(
            f"Great Expectations has no {rule.expectation} for Spark",
            "use expect_column_values_to_match_regex, or another expectation over column values",
        ) from error
    if getattr(provider, "metric_fn_type", None) is MetricPartialFunctionTypes.WINDOW_CONDITION_FN:
        raise error_of_rule(
            f"{rule.expectation} depends on other rows, so it cannot route rows one by one",
            "judge it on the table",
        )
    return metric


def _unexpected_condition(
    engine: SparkDFExecutionEngine,
    contract: Contract,
    rule: Rule,
    expectation: Expectation,
    columns: Sequence[str],
) -> tuple[Column, dict[str, Any]]:  # Any: GX's domain kwargs
    """Return GX's condition of an unexpected row, and its domain."""
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    error_of_rule = partial(rule_error, contract, rule)
    metric = condition_metric(contract, rule, expectation, engine)
    domain = metric.metric_domain_kwargs
    missing = [name for name in columns_of(domain) if name not in columns]
    if missing:
        raise error_of_rule(
            f"the rows have no column {', '.join(map(repr, missing))}",
            f"use one of: {', '.join(columns)}",
        )
    try:
        resolved, _ = MetricsCalculator(engine).compute_metrics(
            [metric], runtime_configuration={"catch_exceptions": False}
        )
    except GreatExpectationsError as error:
        raise error_of_rule(
            f"{rule.expectation} has no condition: {first_line(error)}", "correct its arguments"
        ) from error
    condition, compute_domain, accessor_domain = resolved[metric.id]
    return condition, {**compute_domain, **accessor_domain}


def _check_row_condition(frame: DataFrame, rule: Rule, error_of_rule: RuleError) -> None:
    """Raise for a row condition that does not resolve: a shorter message than that of the whole condition."""
    from pyspark.errors import PySparkException

    condition = rule.kwargs.get("row_condition")
    if not isinstance(condition, str) or rule.kwargs.get("condition_parser", "spark") != "spark":
        return
    try:
        frame.where(condition)
    except PySparkException as error:
        raise error_of_rule(
            f"the row_condition {condition!r} cannot be resolved: {first_line(error)}",
            "write a SQL condition over the columns of one row",
        ) from error


def _counts_nulls(rule: Rule) -> bool:
    """Return whether missing values break a rule that is not about malformed records."""
    if MALFORMED in str(rule.kwargs):
        return False
    if "column" in rule.kwargs:
        return rule.expectation == "expect_column_values_to_not_be_null"
    return rule.kwargs.get("ignore_row_if") not in _IGNORES_NULLS


def _never_null(conditions: Sequence[Column]) -> Column:
    """Return the conjunction with null as false, which is how GX counts and ``filter`` keeps rows."""
    from pyspark.sql import functions as sf

    return sf.coalesce(reduce(lambda left, right: left & right, conditions), sf.lit(False))
