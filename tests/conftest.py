"""Shared by all tests: one Spark session for each process, and no hypothesis deadline on busy machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from dags.spark.java import ensure_java
from dags.spark.session import INTERPRETED, spark_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession


# Compiling code for tiny frames takes longer than computing them: a quarter of these tests' time. Tests that
# compare whole runs with expected tables compile, and so do commands in processes of their own.
COMPILED = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _java() -> None:
    """Java for every Spark that a test starts, in this process or another."""
    ensure_java()


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A local Spark with lakegate's settings, but few partitions and interpreted: tiny frames stay quick."""
    session = spark_session(
        {
            "spark.master": "local[2]",
            "spark.driver.memory": "2g",
            "spark.sql.shuffle.partitions": "2",
            **INTERPRETED,
            "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        }
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def compiled_spark(spark: SparkSession) -> Iterator[SparkSession]:
    """The session of all tests, compiling expressions and stages as in production."""
    for name, value in COMPILED.items():
        spark.conf.set(name, value)
    yield spark
    for name, value in INTERPRETED.items():
        spark.conf.set(name, value)
