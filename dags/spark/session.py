"""The Spark session: settings that the results depend on, local defaults, shuffle partitions."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import SparkSession

    from contracts.spark import JavaObject

# Settings that rows and files depend on; all others (master, memory, S3) are the caller's or the cluster's.
SEMANTICS: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",  # a source may hold `ID` and `id`
    "spark.sql.legacy.parquet.nanosAsLong": "true",  # Spark cannot read TIMESTAMP(NANOS)
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # Redshift reads no INT96
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.hadoop.parquet.compression.codec.zstd.level": "1",  # 1 % more bytes than by 3, for 9 % less work
    "spark.hadoop.parquet.size.statistics.enabled": "false",  # computed for each value, and read by no reader
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    "spark.sql.adaptive.enabled": "true",
    # It removes observations from a plan whose result turns out to be empty.
    "spark.sql.adaptive.optimizer.excludedRules": (
        "org.apache.spark.sql.execution.adaptive.AQEPropagateEmptyRelation"
    ),
    "spark.sql.execution.arrow.maxBytesPerBatch": "64m",  # a row may be large
    # TCP connections to busy workers deadlocked: a worker's full receive buffer dropped the acknowledgements
    # of what the worker had sent (Linux 6.18, loopback).
    "spark.python.unix.domain.socket.enabled": "true",
    "spark.sql.codegen.hugeMethodLimit": "8000",  # the JVM never compiles longer methods
    # A table has a folder for each day: 64 tasks list them, not one task for each folder.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "64",
    # Plan and compile the steps after a union once, not once for each of its inputs.
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.PushProjectionThroughUnion",
}
# For few rows: compiling an expression takes longer than computing it.
INTERPRETED: Mapping[str, str] = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
PARTITIONS = "spark.sql.shuffle.partitions"
LOCAL_MEMORY = "3g"  # enough for gigabytes: nothing is collected or cached as a whole

# The JVM fully optimises a method after many calls. Spark generates hundreds of methods in a run, and most
# finish before that pays off, so the thresholds are raised; over a small input, none pays off. Latency does
# not matter, so the collector is the one with the least total cost.
SMALL_INPUT = 64 * 1024 * 1024  # bytes
_COLLECTOR = "-XX:+UseParallelGC"
_FEW_OPTIMISED = (
    "-XX:Tier4InvocationThreshold=200000 -XX:Tier4MinInvocationThreshold=100000 "
    "-XX:Tier4CompileThreshold=400000 -XX:Tier4BackEdgeThreshold=400000"
)
# The JVM reserves less code cache for this compiler alone: a run filled it, and the rest was interpreted.
_NONE_OPTIMISED = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
_WARNINGS_TO_STDERR = "-Xlog:disable -Xlog:all=warning:stderr"  # stdout is for JSON
_SOCKETS = "spark.python.unix.domain.socket.dir"
_DAEMON = "spark.python.daemon.module"  # local only: on a cluster, the default daemon logs to the executors
_BYTES_A_PARTITION = 32 * 1024 * 1024  # of input; the shuffle holds less
_MOST_PARTITIONS = 8_000


def spark_session(options: Mapping[str, str] | None = None, input_bytes: int | None = None) -> SparkSession:
    """Start the Spark session, or return the running one, with ``SEMANTICS``.

    Args:
        options: further Spark settings; ``spark.master`` here or from spark-submit, else ``local[*]`` with
            ``LOCAL_MEMORY``.
        input_bytes: size of the data that the session will read, for which a JVM that is started here is
            set up; None: unknown.
    """
    from pyspark.sql import SparkSession

    _silence_query_errors()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = session_settings(options or {}, input_bytes)
    builder = SparkSession.builder
    if "spark.master" not in settings and "PYSPARK_GATEWAY_PORT" not in os.environ:
        settings = {"spark.master": "local[*]", "spark.driver.memory": LOCAL_MEMORY, **settings}
    is_local = settings.get("spark.master", "").startswith("local")
    if is_local:
        settings = {_SOCKETS: _folder_for_sockets(), _DAEMON: "dags.spark.python_daemon", **settings}
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    if is_local:
        _write_no_checksum_files(spark)
    return spark


def session_settings(options: Mapping[str, str], input_bytes: int | None) -> dict[str, str]:
    """Return the settings of a session wherever it runs; ``options`` override the defaults."""
    return {
        "spark.app.name": "lakegate",
        "spark.driver.extraJavaOptions": jvm_options(input_bytes),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **SEMANTICS,
        **options,
    }


def jvm_options(input_bytes: int | None) -> str:
    """Return the options of a JVM on this machine for an input of a size; None: unknown."""
    quiet = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"
    is_small = input_bytes is not None and input_bytes < SMALL_INPUT
    return f"{quiet} {_WARNINGS_TO_STDERR} {_COLLECTOR} {_NONE_OPTIMISED if is_small else _FEW_OPTIMISED}"


def _write_no_checksum_files(spark: SparkSession) -> None:
    """Stop Hadoop from writing a hidden checksum file beside every local file.

    It starts a process (``chmod``) for each file that it creates: 3 ms each, and a table has a folder for
    each day.
    """
    jvm: JavaObject = spark._jvm
    jvm.org.apache.hadoop.fs.FileSystem.getLocal(spark._jsc.hadoopConfiguration()).setWriteChecksum(False)


@cache
def _folder_for_sockets() -> str:
    """Return a temporary folder of this process, removed at exit: Spark leaves its sockets behind."""
    folder = tempfile.mkdtemp(prefix="lakegate-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _silence_query_errors() -> None:
    """Silence the loggers that print each raised query error, with values of rows, to stderr."""
    from pyspark.logger import PySparkLogger

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def shuffles_sized_for(spark: SparkSession, input_bytes: int) -> Iterator[None]:
    """Set the number of shuffle partitions for the size of the input, unless it is already set."""
    if spark.conf.get(PARTITIONS, None) is not None:
        yield
        return
    spark.conf.set(PARTITIONS, str(partitions_for(input_bytes, spark.sparkContext.defaultParallelism)))
    try:
        yield
    finally:
        spark.conf.unset(PARTITIONS)


def partitions_for(input_bytes: int, cores: int) -> int:
    """Return the number of partitions for an input: at least one for each core.

    >>> [partitions_for(size, 2) for size in (0, 500_000_000, 10**13)]
    [2, 15, 8000]
    """
    return max(cores, min(_MOST_PARTITIONS, -(-input_bytes // _BYTES_A_PARTITION)))
