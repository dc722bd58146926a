"""Metrics of table rules that the pipeline does not measure: computed by Great Expectations on a frame."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any  # Any: values of GX metrics

from checkpoints.gate.checkpoint import RESULT_FORMAT, missing_metrics, silenced_gx
from checkpoints.gate.gx_expectations import build_expectation, load_gx, serialized
from checkpoints.gate.measures import ComputedMetrics
from checkpoints.gate.safe_conditions import first_line
from contracts.model import Domain
from contracts.spark import struct_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from great_expectations.expectations.expectation import Expectation
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from pyspark.sql import DataFrame, SparkSession

    from checkpoints.gate.gx_engines import FrameEngine
    from checkpoints.gate.measures import Measures
    from contracts.model import Contract

MOST_SAMPLES = 20
_BATCH = "candidate"
_GX_VIEW = "tmp_view"  # GX's name for the table of a query, the same for all tables: hence the lock
# Names of metrics that list what breaks a rule.
_QUERY = "unexpected_rows_query"
_LISTS = (".unexpected_values", f"{_QUERY}.table")
_SAMPLE_VALUES = {
    "string": "a",
    "int": 1,
    "bigint": 1,
    "double": 1.0,
    "timestamp": datetime(2024, 1, 1, tzinfo=UTC),
    "date": date(2024, 1, 1),
    "boolean": True,
}


@dataclass(frozen=True, slots=True)
class _Needed:
    """The metrics that one rule needs, by name.

    ``listed``: what breaks it, which is read only if ``count`` is the name of a number above 0.
    """

    counted: Mapping[str, MetricConfiguration]
    listed: Mapping[str, MetricConfiguration]
    count: str | None

    @classmethod
    def of(cls, expectation: Expectation) -> _Needed:
        """Return the metrics that an expectation needs of the batch."""
        configuration = expectation.configuration
        configuration.kwargs["batch_id"] = _BATCH
        wanted = configuration.to_domain_obj().get_validation_dependencies(
            runtime_configuration={"result_format": RESULT_FORMAT}
        )
        metrics = wanted.metric_configurations
        numbers = (f"{getattr(expectation, 'map_metric', None)}.unexpected_count", f"{_QUERY}.row_count")
        return cls(
            counted={name: one for name, one in metrics.items() if not name.endswith(_LISTS)},
            listed={name: one for name, one in metrics.items() if name.endswith(_LISTS)},
            count=next((name for name in numbers if name in metrics), None),
        )


@serialized
def compute_metrics(
    frame: Callable[[], DataFrame],
    contract: Contract,
    measures: Measures,
    parameters: Mapping[str, object],
) -> dict[str, ComputedMetrics]:
    """Compute the metrics of a contract's table rules that are not among the measures, by rule name.

    All aggregates over the whole table share one Spark job, those under a ``row_condition`` one for each
    condition. Distinct values, quantiles and the like take jobs of their own. Offending values are read only
    for a rule that has any. Without a rule that needs a metric, ``frame`` is not called.

    Args:
        frame: returns the table's rows.
        contract: of the table.
        measures: of the table.
        parameters: values for ``{"$PARAMETER": name}``.

    Raises:
        ContractError: GX refuses an expectation.
    """
    needed = _needed(contract, measures, parameters)
    if not needed:
        return {}
    from checkpoints.gate.gx_engines import FrameEngine

    with silenced_gx():
        engine = FrameEngine(frame(), measures.rows, _BATCH)
        computed = _compute(engine, {rule: each.counted for rule, each in needed.items()})
        broken = {
            rule: each.listed
            for rule, each in needed.items()
            if each.listed and computed[rule].problem is None and computed[rule].values.get(each.count or "")
        }
        samples = _compute(engine, broken)
    engine.spark.catalog.dropTempView(_GX_VIEW)
    return {
        rule: _joined(each, computed[rule], samples.get(rule, ComputedMetrics()))
        for rule, each in needed.items()
    }


def sample_frame(spark: SparkSession, contract: Contract) -> DataFrame:
    """Return one row of a table, without nulls: enough to find out whether a metric can be computed."""
    schema = struct_type(contract)
    row = [_SAMPLE_VALUES.get(field.dataType.simpleString(), Decimal(1)) for field in schema.fields]
    return spark.createDataFrame([row], schema)


def _needed(contract: Contract, measures: Measures, parameters: Mapping[str, object]) -> dict[str, _Needed]:
    load_gx()
    needed = {}
    for rule in contract.rules_in(Domain.TABLE):
        expectation = build_expectation(contract, rule, parameters)
        if missing_metrics(rule, expectation, measures):
            needed[rule.name] = _Needed.of(expectation)
    return needed


def _compute(
    engine: FrameEngine, wanted: Mapping[str, Mapping[str, MetricConfiguration]]
) -> dict[str, ComputedMetrics]:
    """Compute the metrics of all rules together; if that fails, of each rule by itself to find the cause."""
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.validator.metrics_calculator import MetricsCalculator
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    if not wanted:
        return {}
    try:
        found, _ = MetricsCalculator(engine, show_progress_bars=False).compute_metrics(
            [metric for metrics in wanted.values() for metric in metrics.values()],
            runtime_configuration={"catch_exceptions": False, "result_format": RESULT_FORMAT},
        )
    except (
        GreatExpectationsError,
        PySparkException,
        Py4JJavaError,
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        if len(wanted) == 1:
            return dict.fromkeys(wanted, ComputedMetrics(problem=first_line(error)))
        return {rule: _compute(engine, {rule: metrics})[rule] for rule, metrics in wanted.items()}
    return {
        rule: ComputedMetrics({name: found[metric.id] for name, metric in metrics.items()})
        for rule, metrics in wanted.items()
    }


def _joined(needed: _Needed, counted: ComputedMetrics, listed: ComputedMetrics) -> ComputedMetrics:
    lists: dict[str, Any] = {name: listed.values.get(name) or [] for name in needed.listed}
    return ComputedMetrics(
        values={**counted.values, **lists},
        problem=counted.problem or listed.problem,
        failed=count if isinstance(count := counted.values.get(needed.count or ""), int) else 0,
        samples=tuple(value for found in lists.values() for value in found)[:MOST_SAMPLES],
    )
