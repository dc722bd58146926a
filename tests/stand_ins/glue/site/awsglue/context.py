"""Stand-in for ``awsglue.context``, after AWSGlueDataplanePython 6.0.0."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark import SparkContext

MADE = "stand-in.glue.context"  # local property of Spark: whether a GlueContext was made


class GlueContext:
    """Notes on Spark's context that it was made: on Glue, the job's metrics start then."""

    def __init__(self, spark_context: SparkContext) -> None:
        spark_context.setLocalProperty(MADE, "true")
        print("GlueContext made", flush=True)
