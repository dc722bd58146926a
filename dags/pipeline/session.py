"""The Spark session, set up the one way in which the row path is exact."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

# What the row path leans on; everything else (master, memory, S3) is the caller's or the cluster's.
SEMANTICS: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",  # a source may hold `ID` and `id`
    "spark.sql.legacy.parquet.nanosAsLong": "true",  # Spark cannot read TIMESTAMP(NANOS)
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # Redshift reads no INT96
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.hadoop.parquet.compression.codec.zstd.level": "1",  # 1 % more bytes than by 3, for 9 % less work
    "spark.hadoop.parquet.size.statistics.enabled": "false",  # counted value by value, and read by nobody
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    "spark.sql.adaptive.enabled": "true",
    # It would cut what is observed out of a plan whose end turns out to have no rows.
    "spark.sql.adaptive.optimizer.excludedRules": (
        "org.apache.spark.sql.execution.adaptive.AQEPropagateEmptyRelation"
    ),
    "spark.sql.execution.arrow.maxBytesPerBatch": "64m",  # a row may be large
    # By TCP, both ends of a busy connection were seen to wait for each other for good: a worker's full
    # receive buffer dropped the acknowledgements of what the worker had sent (Linux 6.18, loopback).
    "spark.python.unix.domain.socket.enabled": "true",
    "spark.sql.codegen.hugeMethodLimit": "8000",  # longer methods are never compiled to machine code
    # A table has a folder a day: some tasks list them all, not one task each.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "64",
    # What follows a union is planned and compiled once, not once for each of its parts.
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.PushProjectionThroughUnion",
}


# The JVM optimises a method once it has run often. Spark generates hundreds of them for a run, and most are
# done with their rows before it would pay. And nobody waits for an answer in milliseconds: the collector that
# costs the least in all is the right one.
_JVM_OF_OUR_OWN = (
    "-XX:+UseParallelGC -XX:Tier4InvocationThreshold=200000 -XX:Tier4MinInvocationThreshold=100000 "
    "-XX:Tier4CompileThreshold=400000 -XX:Tier4BackEdgeThreshold=400000"
)
_SOCKETS = "spark.python.unix.domain.socket.dir"
_DAEMON = "spark.python.daemon.module"  # on a cluster, what Spark's own says goes to the logs of executors
LOCAL_MEMORY = "3g"  # enough for gigabytes: nothing is collected or cached as a whole


def spark_session(options: Mapping[str, str] | None = None) -> SparkSession:
    """Start, or return the running, Spark session with the row path's semantics.

    Args:
        options: further Spark settings; ``spark.master`` here or from spark-submit, else ``local[*]`` with
            ``LOCAL_MEMORY``.
    """
    from pyspark.sql import SparkSession

    _keep_errors_from_being_told_twice()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    quiet = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"
    settings = {
        "spark.app.name": "lakegate",
        "spark.driver.extraJavaOptions": f"{quiet} {_JVM_OF_OUR_OWN}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **SEMANTICS,
        **(options or {}),
    }
    builder = SparkSession.builder
    if "spark.master" not in settings and "PYSPARK_GATEWAY_PORT" not in os.environ:
        settings = {"spark.master": "local[*]", "spark.driver.memory": LOCAL_MEMORY, **settings}
    is_local = settings.get("spark.master", "").startswith("local")
    if is_local:
        settings = {_SOCKETS: _folder_for_sockets(), _DAEMON: "dags.pipeline.python_daemon", **settings}
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    if is_local:
        _write_no_checksum_files(spark)
    return spark


def _write_no_checksum_files(spark: SparkSession) -> None:
    """Keep Hadoop from writing a hidden file of checksums beside every file in a local folder.

    It starts a process (``chmod``) for each file that it creates, which is 3 ms of work, and a table has a
    folder a day.
    """
    jvm: Any = spark._jvm  # Java's classes by name: py4j gives them no types
    jvm.org.apache.hadoop.fs.FileSystem.getLocal(spark._jsc.hadoopConfiguration()).setWriteChecksum(False)


@cache
def _folder_for_sockets() -> str:
    """Return a folder of this process's own; Spark leaves sockets behind."""
    folder = tempfile.mkdtemp(prefix="lakegate-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _keep_errors_from_being_told_twice() -> None:
    """Silence what writes each error that is about a query to stderr, values included, as it is raised."""
    from pyspark.logger import PySparkLogger

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).setLevel(logging.CRITICAL + 1)
