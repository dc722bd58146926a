"""Expectations of lakegate: promises on numbers that only the pipeline can measure.

Importing this module imports Great Expectations (seconds) and registers the classes: import it inside
functions. ``contracts.expectation_catalog`` holds their names and the measure of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn  # Any: signatures of GX

from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.core.expect_column_quantile_values_to_be_between import (
    ExpectColumnQuantileValuesToBeBetween,
)
from great_expectations.expectations.core.expect_column_type_to_be import ExpectColumnTypeToBe
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.render.components import LegacyRendererType, RenderedStringTemplateContent
from great_expectations.render.renderer.renderer import renderer

from contracts.expectation_catalog import MEASURED_EXPECTATIONS, metric_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from great_expectations.execution_engine.execution_engine import ExecutionEngine
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

_Keys = tuple[str, ...]


class MeasuredExpectation(BatchExpectation):
    """Expectation that a measured number is 0. Its metric is served by the gate; GX cannot compute it.

    ``template``: the promise as a sentence; ``$max_value`` stands for the argument of that name.
    """

    template: ClassVar[str] = ""

    @classmethod
    def is_abstract(cls) -> bool:
        """Whether GX must not register the class."""
        return not cls.template

    def _limits(self) -> tuple[float | None, float | None]:
        return 0, 0

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002  GX's signature
        execution_engine: ExecutionEngine[Any] | None = None,  # noqa: ARG002  GX's signature
    ) -> dict[str, Any]:
        found = metrics[self.metric_dependencies[0]]
        low, high = self._limits()
        is_within = (low is None or found >= low) and (high is None or found <= high)
        observed = found if isinstance(found, int) else float(found)
        return {"success": is_within, "result": {"observed_value": observed}}

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(
        cls,
        configuration: ExpectationConfiguration | None = None,
        result: Any = None,  # noqa: ANN401, ARG003  GX's signature
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG003  GX's signature
    ) -> list[Any]:
        shown = cls._shown(configuration.kwargs if configuration else {})
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template",
                string_template={"template": cls.template, "params": shown, "styling": None},
            )
        ]

    @classmethod
    def _shown(cls, arguments: Mapping[str, Any]) -> dict[str, object]:
        """Return what stands for each name in the template."""
        return {name: arguments.get(name) for name in cls.args_keys}


class AtMostExpectation(MeasuredExpectation):
    """Expectation that a measured number is not above ``max_value``."""

    max_value: float
    success_keys: ClassVar[_Keys] = ("max_value",)
    args_keys: ClassVar[_Keys] = ("max_value",)

    def _limits(self) -> tuple[float | None, float | None]:
        return None, self.max_value


class AtLeastExpectation(MeasuredExpectation):
    """Expectation that a measured number is not below ``min_value``."""

    min_value: float
    success_keys: ClassVar[_Keys] = ("min_value",)
    args_keys: ClassVar[_Keys] = ("min_value",)

    def _limits(self) -> tuple[float | None, float | None]:
        return self.min_value, None


class ExpectAcceptedFilesToBeReadable(MeasuredExpectation):
    """Expect every file accepted before to provide all required columns."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("unreadable_accepted_files"),)
    template: ClassVar[str] = "Every file that was accepted before must provide all required columns."


class ExpectRejectedBytesRatioToBeAtMost(AtMostExpectation):
    """Expect the share of bytes in rejected files to be within a limit."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("rejected_bytes_ratio"),)
    template: ClassVar[str] = "At most $max_value of all bytes may be in rejected files."


class ExpectRowsToBeAccountedFor(MeasuredExpectation):
    """Expect every row read to have one outcome, in all and for each file."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("accounting_difference"),)
    template: ClassVar[str] = (
        "Every row read must be promoted, quarantined or deduplicated, in all and for each file."
    )


class ExpectQuarantineRatioToBeAtMost(AtMostExpectation):
    """Expect the share of the rows read that is quarantined to be within a limit."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("quarantine_ratio"),)
    template: ClassVar[str] = "At most $max_value of the rows read may be quarantined."


class ExpectConflictingRatioToBeAtMost(AtMostExpectation):
    """Expect the share of the rows read that lost to a different row of the same key to be within a limit."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("conflicting_ratio"),)
    template: ClassVar[str] = (
        "At most $max_value of the rows read may lose to a different row of the same key."
    )


class ExpectVolumeRatioToBeAtLeast(AtLeastExpectation):
    """Expect the number of rows, relative to the last promoted version, to be within a limit."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("volume_ratio"),)
    template: ClassVar[str] = "There must be at least $min_value times the rows of the last promoted version."


class ExpectDateSpanDaysToBeAtMost(AtMostExpectation):
    """Expect the event dates to span no more than a number of days."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("date_span_days"),)
    template: ClassVar[str] = "The event dates must span at most $max_value days, 1900-01-01 excluded."


class ExpectCurrencyCountToBeAtMost(AtMostExpectation):
    """Expect each monetary column of the valid rows to hold no more than a number of currencies."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("currency_count"),)
    template: ClassVar[str] = "No monetary column may hold more than $max_value currencies, as written."


class ExpectSourceColumnsToExist(MeasuredExpectation):
    """Expect each column that a source names to exist in one of its files."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("missing_source_columns"),)
    template: ClassVar[str] = "Each column that a source names must exist in at least one of its files."


class ExpectValuesToFitVarchar(MeasuredExpectation):
    """Expect each text to fit its column's varchar."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("too_long_values"),)
    template: ClassVar[str] = "No value may be longer in UTF-8 than its column's varchar."


class ExpectRowCountToEqualSilver(MeasuredExpectation):
    """Expect a table of facts to have exactly the rows of its silver dataset."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("rows_difference_from_silver"),)
    template: ClassVar[str] = "The table must have exactly the rows of its silver dataset."


class ExpectRevenueToEqualFacts(MeasuredExpectation):
    """Expect the table's revenue to be exactly that of fact_transactions."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("revenue_difference"),)
    template: ClassVar[str] = "The revenue must be exactly that of fact_transactions."


class ExpectDimensionToCoverFacts(MeasuredExpectation):
    """Expect every value of the facts to be in the dimension."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("uncovered_values"),)
    template: ClassVar[str] = "Every value of the facts must be in the dimension."


class ExpectUnknownUserRatioToBeAtMost(AtMostExpectation):
    """Expect the share of the rows whose user is not in dim_users to be within a limit."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("unknown_user_ratio"),)
    template: ClassVar[str] = "At most $max_value of the rows may have a user who is not in dim_users."


class ExpectReleaseToFitWarehouse(MeasuredExpectation):
    """Expect files, contract and the warehouse's live table to agree before the load."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("misfits"),)
    template: ClassVar[str] = "Files, contract and the warehouse's live table must agree before the load."


class ExpectLoadedRowCountToEqualRelease(MeasuredExpectation):
    """Expect the warehouse to have as many rows as the release."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("loaded_rows_difference"),)
    template: ClassVar[str] = "The warehouse must have as many rows as the release."


class ExpectLoadedRevenueToEqualRelease(MeasuredExpectation):
    """Expect the revenue in the warehouse to be exactly that of the release."""

    metric_dependencies: ClassVar[_Keys] = (metric_of("loaded_revenue_difference"),)
    template: ClassVar[str] = "The revenue in the warehouse must be exactly that of the release."


class ExpectColumnSparkTypeToBe(ExpectColumnTypeToBe):
    """Expect a column to be of one exact type, in Spark SQL's spelling: ``decimal(18,4)``.

    GX's own expectation compares the class of the type, and so takes any decimal for any other.
    """

    def _validate_spark(self, actual_column_type: Any, expected_type: str) -> dict[str, Any]:  # noqa: ANN401  untyped in GX
        found = actual_column_type.simpleString()
        return {"success": found == expected_type, "result": {"observed_value": found}}


_gx_validate_quantiles = ExpectColumnQuantileValuesToBeBetween._validate


def _in_plain_values(
    self: ExpectColumnQuantileValuesToBeBetween,
    metrics: dict[str, Any],
    runtime_configuration: dict[str, Any] | None = None,
    execution_engine: ExecutionEngine[Any] | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = _gx_validate_quantiles(self, metrics, runtime_configuration, execution_engine)
    details = [bool(each) for each in found["result"]["details"]["success_details"]]
    result = {**found["result"], "details": {"success_details": details}}
    return {"success": bool(found["success"]), "result": result}


# GX 1.24 returns numpy's truth value, which its own store cannot write as JSON. A subclass of the same name
# would do too, but GX prints a warning for each renderer that is declared again.
setattr(ExpectColumnQuantileValuesToBeBetween, "_validate", _in_plain_values)  # noqa: B010  mypy refuses an assignment


def _refuse(measure: str) -> Any:  # noqa: ANN401  a GX metric function
    @metric_value(engine=SparkDFExecutionEngine)
    def refuse(*_: object, **__: object) -> NoReturn:
        raise NotImplementedError(f"{measure} is measured by the pipeline, and was not")

    return refuse


for _measure in sorted({*MEASURED_EXPECTATIONS.values()}):
    # GX registers a metric by defining a class for it.
    type(_measure, (TableMetricProvider,), {"metric_name": metric_of(_measure), "_value": _refuse(_measure)})
