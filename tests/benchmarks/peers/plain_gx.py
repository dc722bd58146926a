"""Plain Great Expectations: a checkpoint judges, and the rows are split after it.

``python -m tests.benchmarks.peers.plain_gx ROWS OUT SUMMARY``: it tells counts only; the split is written by
hand. ``COMPLETE``: it lists every offending row's ``row_id``, and the split follows these lists.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any  # Any: Great Expectations' own results

os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from pyspark.sql import functions as sf

from tests.benchmarks.peers.expectations import EXPECTATIONS
from tests.benchmarks.peers.job import (
    IS_GOOD,
    ROW_ID,
    arguments,
    result_below,
    routed,
    start_spark,
    timed,
    with_copies,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, SparkSession

FORMATS: Mapping[str, Mapping[str, object]] = {
    "SUMMARY": {"result_format": "SUMMARY"},
    "COMPLETE": {"result_format": "COMPLETE", "unexpected_index_column_names": [ROW_ID]},
}


def main() -> None:
    """Judge, split and write."""
    (source, out), form = arguments(), sys.argv[3]
    spark = start_spark()
    counts: dict[str, int] = {}
    with timed(result_below(out, counts)):
        rows = spark.read.parquet(source)
        found = judged(rows, FORMATS[form])
        split = routed(with_copies(rows)) if form == "SUMMARY" else split_by_lists(spark, rows, found)
        split.write.partitionBy(IS_GOOD).parquet(str(out))
        counts.update({name: result["unexpected_count"] for name, result in found.items()})


def judged(rows: DataFrame, result_format: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Run one checkpoint, as the documentation shows it; return each rule's result."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_spark("orders")
        .add_dataframe_asset("orders")
        .add_batch_definition_whole_dataframe("all")
    )
    suite = gx.ExpectationSuite("orders")
    for name, (kind, kwargs) in EXPECTATIONS.items():
        configuration = ExpectationConfiguration(type=kind, kwargs=dict(kwargs), meta={"rule": name})
        suite.add_expectation(configuration.to_domain_obj())
    definition = gx.ValidationDefinition(name="orders", data=batch, suite=context.suites.add(suite))
    context.validation_definitions.add(definition)
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name="orders", validation_definitions=[definition], result_format=dict(result_format))
    )
    (results,) = checkpoint.run(batch_parameters={"dataframe": rows}).run_results.values()
    # Results come in an order of their own.
    return {
        one.expectation_config.meta["rule"]: one.result for one in results.results if one.expectation_config
    }


def split_by_lists(spark: SparkSession, rows: DataFrame, found: Mapping[str, dict[str, Any]]) -> DataFrame:
    """Add ``is_good``, and for a bad row ``failed_rules``, by the rows that the results list."""
    failed: dict[int, list[str]] = {}
    for name, result in found.items():
        for listed in result["unexpected_index_list"] or ():
            failed.setdefault(listed[ROW_ID], []).append(name)
    bad = spark.createDataFrame(list(failed.items()), f"{ROW_ID} bigint, failed_rules array<string>")
    return rows.join(sf.broadcast(bad), ROW_ID, "left").withColumn(IS_GOOD, sf.isnull("failed_rules"))


if __name__ == "__main__":
    main()
