"""What goes wrong on a worker is told in our words, and never with values of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from checkpoints.lake.errors import LakeUnreadable, StorageFull
from contracts.faults import LakegateError
from dags.pipeline.spark_errors import speaking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from pyspark.sql import SparkSession


def failing_with(spark: SparkSession, error: Callable[[], Exception]) -> None:
    def fail(_: Iterator[pa.RecordBatch]) -> NoReturn:
        raise error()

    with speaking("bronze_to_silver"):
        spark.range(1).mapInArrow(fail, "id bigint").collect()


def test_what_our_storage_says_on_a_worker_is_told(spark: SparkSession) -> None:
    with pytest.raises(LakegateError, match=r"bronze_to_silver: Spark gave up .*cannot write.*/x.*denied"):
        failing_with(spark, lambda: LakeUnreadable("cannot write", "/x", found="permission denied"))


def test_a_full_disk_on_a_worker_is_a_full_storage(spark: SparkSession) -> None:
    reason = "no space left (No space left on device)"
    with pytest.raises(StorageFull, match="free space there"):
        failing_with(spark, lambda: StorageFull("cannot write", "/x", found=reason))


def test_what_a_worker_says_of_a_row_is_not_told(spark: SparkSession) -> None:
    with pytest.raises(LakegateError) as caught:
        failing_with(spark, lambda: ValueError("a secret"))
    assert "secret" not in str(caught.value)
