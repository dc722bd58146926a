"""The one condition of a row rule, taken from Great Expectations: routing and judging cannot disagree."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from checkpoints.gate.expectations import build_expectation, in_turn, load_gx, rule_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from contracts.model import Contract, Rule

_SUFFIX = ".unexpected_count"


@in_turn
def routing_conditions(
    spark: SparkSession,
    contract: Contract,
    rules: Sequence[Rule],
    schema: StructType,
    parameters: Mapping[str, object],
) -> dict[str, Column]:
    """Return, by rule name, the Column that is true for a row that breaks the rule and never null.

    The Column is the one by which GX counts a map expectation's unexpected rows, together with the filters
    that GX puts before it (row condition, ignored nulls). No Spark job runs: GX resolves it on an empty
    frame.

    Args:
        spark: the running session.
        contract: whose rules these are, for error messages.
        rules: row rules; each must be a column map, column pair map or multicolumn map expectation.
        schema: of the frame that the conditions will be used on.
        parameters: values for ``{"$PARAMETER": name}``.

    Raises:
        ContractError: names the rule and the column when a column is missing, when the expectation is no row
            condition, or when it can only be judged over the whole table (uniqueness).
    """
    load_gx()
    from great_expectations.execution_engine.sparkdf_batch_data import SparkDFBatchData

    from checkpoints.gate.engines import ConditionEngine

    engine = ConditionEngine(spark=spark, persist=False)
    empty = spark.createDataFrame([], schema)
    engine.load_batch_data("rows", empty)
    conditions: dict[str, Column] = {}
    for rule in rules:
        if rule.name in conditions:
            raise rule_error(contract, rule, "the name is used twice", "give one of the two another name")
        unexpected, domain = _unexpected_condition(engine, contract, rule, schema.fieldNames(), parameters)
        seen = _SeenFilters(empty)
        engine.batch_manager.batch_data_cache["seen"] = SparkDFBatchData(engine, seen)
        engine.get_domain_records({**domain, "batch_id": "seen"})
        conditions[rule.name] = _never_null([*seen.filters, unexpected])
    return conditions


class _SeenFilters:
    """Stands where GX expects a frame, and notes the filters that GX puts on it."""

    def __init__(self, frame: DataFrame) -> None:
        self._frame = frame
        self.filters: list[Column] = []

    def filter(self, condition: Column | str) -> _SeenFilters:
        from pyspark.sql import functions as sf

        self.filters.append(sf.expr(condition) if isinstance(condition, str) else condition)
        return self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever GX asks of a frame: schema, columns
        return getattr(self._frame, name)


def _unexpected_condition(
    engine: SparkDFExecutionEngine,
    contract: Contract,
    rule: Rule,
    columns: Sequence[str],
    parameters: Mapping[str, object],
) -> tuple[Column, dict[str, Any]]:  # Any: GX's domain kwargs
    """Return GX's own condition of an unexpected row, and the domain that it holds in."""
    from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.registry import get_metric_provider
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    expectation = build_expectation(contract, rule, parameters)
    map_metric = getattr(expectation, "map_metric", None)
    dependencies = expectation.get_validation_dependencies(execution_engine=engine)
    counted = dependencies.metric_configurations.get(f"{map_metric}{_SUFFIX}")
    if counted is None:
        raise rule_error(
            contract,
            rule,
            f"{rule.expectation} gives no condition for a single row, so it cannot route rows",
            "judge it on the table, or use an expectation over column values",
        )
    domain = counted.metric_domain_kwargs
    needed = [
        domain.get("column"),
        domain.get("column_A"),
        domain.get("column_B"),
        *domain.get("column_list", ()),
    ]
    missing = [name for name in needed if name is not None and name not in columns]
    if missing:
        raise rule_error(
            contract,
            rule,
            f"the rows have no column {', '.join(map(repr, missing))}",
            f"use one of: {', '.join(columns)}",
        )
    metric = MetricConfiguration(f"{map_metric}.condition", domain, counted.metric_value_kwargs)
    _, provider = get_metric_provider(metric.metric_name, engine)
    if getattr(provider, "metric_fn_type", None) is MetricPartialFunctionTypes.WINDOW_CONDITION_FN:
        raise rule_error(
            contract,
            rule,
            f"{rule.expectation} looks at other rows too, so it cannot route rows one by one",
            "judge it on the table",
        )
    try:
        resolved, _ = MetricsCalculator(engine).compute_metrics(
            [metric], runtime_configuration={"catch_exceptions": False}
        )
    except GreatExpectationsError as error:
        raise rule_error(
            contract,
            rule,
            f"{rule.expectation} gives no condition: {' '.join(str(error).split())}",
            "correct its arguments",
        ) from error
    condition, compute_domain, accessor_domain = resolved[metric.id]
    return condition, {**compute_domain, **accessor_domain}


def _never_null(conditions: Sequence[Column]) -> Column:
    """Return the conjunction, with unknown closed to false: as GX counts it, as ``filter`` keeps rows."""
    from pyspark.sql import functions as sf

    return sf.coalesce(reduce(lambda left, right: left & right, conditions), sf.lit(False))
