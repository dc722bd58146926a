"""Great Expectations engines: for conditions without data, for metrics of a frame, for measured values.

Importing this module imports Great Expectations (seconds): import it inside functions, after ``load_gx``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any  # Any: the values of GX metrics

from great_expectations.exceptions.exceptions import MetricResolutionError
from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from checkpoints.gate.safe_conditions import matches_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from great_expectations.expectations.expectation import Expectation
    from great_expectations.validator.computed_metric import MetricValue
    from great_expectations.validator.metric_configuration import MetricConfiguration, MetricConfigurationID
    from pyspark.sql import Column, DataFrame

MetricKey = tuple[str, str, str]


def metric_key(metric: MetricConfiguration) -> MetricKey:
    """Return a metric's identity: its name, domain and arguments, without the result format."""
    from great_expectations.core.id_dict import IDDict

    arguments = {k: v for k, v in metric.metric_value_kwargs.items() if k != "result_format"}
    return metric.metric_name, str(metric.metric_domain_kwargs_id), str(IDDict(arguments).to_id())


class SafeSparkEngine(SparkDFExecutionEngine):
    """Spark engine with own conditions where those of Great Expectations fail within a Spark task."""


class ConditionEngine(SafeSparkEngine):
    """Resolves conditions on an empty frame without a Spark job.

    Every condition depends on the row count, which is 0. A condition that needs another aggregate of the
    whole column (a z-score) would be wrong, so it is refused.
    """

    def resolve_metric_bundle(self, metric_fn_bundle: Iterable[Any]) -> dict[MetricConfigurationID, Any]:
        """Return 0 for the row count; raise ValueError for any other aggregate."""
        metrics = [computation.metric_configuration for computation in metric_fn_bundle]
        whole = sorted({m.metric_name for m in metrics if m.metric_name != "table.row_count"})
        if whole:
            raise ValueError(f"it depends on {', '.join(whole)} of the whole table")
        return {metric.id: 0 for metric in metrics}


class JsonSchemaCondition(ColumnMapMetricProvider):
    """The condition of ``expect_column_values_to_match_json_schema`` on a ``SafeSparkEngine``.

    Great Expectations' own raises within a Spark task for invalid JSON; here it does not match.
    """

    condition_metric_name = "column_values.match_json_schema"
    condition_value_keys = ("json_schema",)

    @column_condition_partial(engine=SafeSparkEngine)
    def _match(cls, column: Column, json_schema: Mapping[str, object], **_: object) -> Column:  # noqa: N805  a class method, by GX's decorator
        return matches_schema(column, json_schema)


class FrameEngine(SafeSparkEngine):
    """Computes metrics of a frame, with all aggregates of one domain in a single Spark job.

    GX resolves metrics by their depth in the graph of dependencies, and bundles those of equal depth. Here
    aggregates wait until nothing else can be resolved, so that those of all depths share one bundle. The
    number of all rows is given.
    """

    def __init__(self, frame: DataFrame, rows: int, batch_id: str) -> None:
        super().__init__(spark=frame.sparkSession, persist=False)
        self._rows = rows
        self.load_batch_data(batch_id, frame)

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: dict[MetricConfigurationID, MetricValue] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[MetricConfigurationID, MetricValue]:
        """Resolve what needs no aggregate; if there is nothing of that kind, all aggregates."""
        counts = [metric for metric in metrics_to_resolve if _is_count_of_all_rows(metric)]
        if counts:
            return {metric.id: self._rows for metric in counts}
        direct, bundled = self._build_direct_and_bundled_metric_computation_configurations(
            metrics_to_resolve=metrics_to_resolve,
            metrics=metrics,
            runtime_configuration=runtime_configuration,
        )
        return self._process_direct_and_bundled_metric_computation_configurations(
            metric_fn_direct_configurations=direct,
            metric_fn_bundle_configurations=[] if direct else bundled,
        )


def _is_count_of_all_rows(metric: MetricConfiguration) -> bool:
    is_filtered = bool(metric.metric_domain_kwargs.get("row_condition"))
    return metric.metric_name == "table.row_count" and not is_filtered


@dataclass(frozen=True, slots=True)
class MetricProblem:
    """Served in place of a metric's value that could not be computed."""

    message: str


class MeasuredEngine(SparkDFExecutionEngine):
    """Resolves the metrics of expectations from measured values, and computes nothing.

    It is a Spark engine without a session: GX compares types as those of Spark. Other metrics that GX
    requests are intermediate steps (conditions); no expectation uses them, so they resolve to None.
    """

    def __init__(self) -> None:
        super().__init__(spark=True, persist=False)  # any value that is not a session: GX would start one
        self._served: dict[MetricKey, Any] = {}

    def serve(self, batch_id: str, expectation: Expectation, values: Mapping[str, object]) -> None:
        """Register the values of an expectation's metrics on a batch, by metric name.

        None stands for a number that was not counted: 0, unless another expectation of the batch has it.
        """
        configuration = expectation.configuration
        configuration.kwargs["batch_id"] = batch_id
        wanted = configuration.to_domain_obj().get_validation_dependencies(execution_engine=self)
        for name, metric in wanted.metric_configurations.items():
            key = metric_key(metric)
            if values[name] is None:
                self._served.setdefault(key, 0)
            else:
                self._served[key] = values[name]

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: dict[MetricConfigurationID, MetricValue] | None = None,  # noqa: ARG002  GX's signature
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002  GX's signature
    ) -> dict[MetricConfigurationID, MetricValue]:
        """Return the measured value of each metric. Raises MetricResolutionError for one with a problem."""
        found = {metric: self._served.get(metric_key(metric)) for metric in metrics_to_resolve}
        for metric, value in found.items():
            if isinstance(value, MetricProblem):
                raise MetricResolutionError(message=value.message, failed_metrics=[metric])
        return {metric.id: value for metric, value in found.items()}
