"""Spark on this machine, as the settings say: for a lake, for a file beside it, for few rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dags.spark.java import ensure_java
from dags.spark.s3a import s3_options
from dags.spark.session import INTERPRETED, spark_session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import SparkSession

    from dags.settings import Settings

_FOR_FEW_ROWS: Mapping[str, str] = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    **INTERPRETED,
    # Costs several calls to the JVM for each expression, to name the line of Python in an error.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}


def spark_of(settings: Settings, *, reads_lake: bool = True) -> Callable[[int], SparkSession]:
    """Return a function that starts Spark for the bytes of an input.

    A session that is running already is returned, whatever it was started for.

    Args:
        settings: Spark options, and where the lake is.
        reads_lake: False: Spark reads and writes nothing of the lake, and does without the classes for S3.
    """

    def start(input_bytes: int) -> SparkSession:
        ensure_java()
        options = s3_options(settings) if reads_lake else {}
        return spark_session({**options, **settings.spark_options}, input_bytes)

    return start


def spark_for_few_rows(settings: Settings) -> SparkSession:
    """Start Spark for few rows that are at hand, or return the running session; the lake is not read."""
    options = {**_FOR_FEW_ROWS, **settings.spark_options}
    return spark_of(settings.model_copy(update={"spark_options": options}), reads_lake=False)(0)
