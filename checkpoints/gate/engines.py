"""Great Expectations engines that never touch data: one gives conditions, one serves what was measured.

Importing this file imports Great Expectations (seconds): import it inside the function that needs it, after
``load_gx``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any  # Any: the values of GX metrics

from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from great_expectations.expectations.expectation import Expectation
    from great_expectations.validator.computed_metric import MetricValue
    from great_expectations.validator.metric_configuration import MetricConfiguration, MetricConfigurationID

MetricKey = tuple[str, str, str]


def metric_key(metric: MetricConfiguration) -> MetricKey:
    """Return what tells one metric from another: its name, rows and arguments, not how results are shown."""
    from great_expectations.core.id_dict import IDDict

    arguments = {k: v for k, v in metric.metric_value_kwargs.items() if k != "result_format"}
    return metric.metric_name, str(metric.metric_domain_kwargs_id), str(IDDict(arguments).to_id())


class ConditionEngine(SparkDFExecutionEngine):
    """Resolves conditions on an empty frame without a Spark job.

    Every condition asks for the row count, which is 0. A condition that asks for another aggregate of the
    whole column (a z-score) would be resolved against nothing, so it is refused.
    """

    def resolve_metric_bundle(self, metric_fn_bundle: Iterable[Any]) -> dict[MetricConfigurationID, Any]:
        """Answer the row count with 0; refuse any other aggregate."""
        metrics = [computation.metric_configuration for computation in metric_fn_bundle]
        whole = sorted({m.metric_name for m in metrics if m.metric_name != "table.row_count"})
        if whole:
            raise ValueError(f"it depends on {', '.join(whole)} of the whole table")
        return {metric.id: 0 for metric in metrics}


class MeasuredEngine(PandasExecutionEngine):
    """Answers the metrics that expectations judge with measured values, and computes nothing.

    ``served`` holds every metric that an expectation of the suite looks at. What else GX asks for are steps
    towards these (columns, types, conditions); nobody looks at them, so they are answered with None.
    """

    def __init__(self) -> None:
        super().__init__()
        self._served: dict[MetricKey, Any] = {}

    def serve(self, batch_id: str, expectation: Expectation, values: Mapping[str, object]) -> None:
        """Answer an expectation's metrics on a batch, by their names, with ``values``.

        None is for what was not counted: 0, unless another expectation of the batch has the number.
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
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> dict[MetricConfigurationID, MetricValue]:
        """Return the measured value of each metric."""
        return {metric.id: self._served.get(metric_key(metric)) for metric in metrics_to_resolve}
