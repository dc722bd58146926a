"""spark-expectations: it writes a target and an error table, and statistics of both.

Its rules are SQL that must be true; one that is null fails, so that each is told to let a null pass. What
repeats it is given as a column, as a window in a rule would shuffle every row each time that it reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf
from spark_expectations.config.user_config import Constants
from spark_expectations.core.expectations import SparkExpectations, WrappedDataFrameWriter

from tests.benchmarks.peers.job import BROKEN, Result, arguments, start_spark, timed, with_copies

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PRODUCT = "peers"
TARGET = "default.orders"


def main() -> None:
    """Let it read, split, write and count; then read its statistics."""
    source, out = arguments()
    spark = start_spark(**{"spark.sql.warehouse.dir": str(out)})
    counts: dict[str, int] = {}
    with timed(Result(out / "orders", out / "orders_error", counts)):
        writer = WrappedDataFrameWriter().mode("overwrite").format("parquet")
        expectations = SparkExpectations(
            product_id=PRODUCT,
            rules_df=rules(spark),
            stats_table="default.orders_stats",
            stats_table_writer=writer,
            target_and_error_table_writer=writer,
            stats_streaming_options={Constants.se_enable_streaming: False},
        )
        options = {
            Constants.se_notifications_enable_email: False,
            Constants.se_notifications_enable_slack: False,
            Constants.se_enable_obs_dq_report_result: False,
        }

        @expectations.with_expectations(target_table=TARGET, write_to_table=True, user_conf=options)
        def orders() -> DataFrame:
            return with_copies(spark.read.parquet(source))

        orders()
        failed = spark.table("default.orders_error").select(sf.explode("meta_row_dq_results").alias("failed"))
        counts.update({row[0]: row[1] for row in failed.groupBy("failed.rule").count().collect()})


def rules(spark: SparkSession) -> DataFrame:
    """Return the table of rules that it asks for; an offender of each is dropped from the target."""
    columns = {
        "product_id": PRODUCT,
        "table_name": TARGET,
        "rule_type": "row_dq",
        "rule": "",
        "column_name": "",
        "expectation": "",
        "action_if_failed": "drop",
        "tag": "validity",
        "description": "a rule",
        "enable_for_source_dq_validation": True,
        "enable_for_target_dq_validation": True,
        "is_active": True,
        "enable_error_drop_alert": False,
        "error_drop_threshold": 100,
        "query_dq_delimiter": "",
        "enable_querydq_custom_output": False,
        "priority": "medium",
    }
    declared = [
        {**columns, "rule": name, "column_name": name, "expectation": f"coalesce(NOT ({broken}), true)"}
        for name, broken in BROKEN.items()
    ]
    return spark.createDataFrame(declared).select(*columns)


if __name__ == "__main__":
    main()
