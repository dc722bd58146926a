"""Errors on Spark workers are translated, and never quote values of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from checkpoints.storage.errors import LakeUnreadableError, StorageFullError
from contracts.errors import LakegateError
from dags.spark.errors import translate_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from pyspark.sql import SparkSession


def failing_with(spark: SparkSession, error: Callable[[], Exception]) -> None:
    def fail(_: Iterator[pa.RecordBatch]) -> NoReturn:
        raise error()

    with translate_errors("bronze_to_silver"):
        spark.range(1).mapInArrow(fail, "id bigint").collect()


def test_a_storage_error_on_a_worker_is_reported_in_full(spark: SparkSession) -> None:
    with pytest.raises(LakegateError, match=r"bronze_to_silver: Spark job failed .*cannot write.*/x.*denied"):
        failing_with(spark, lambda: LakeUnreadableError("cannot write", "/x", found="permission denied"))


def test_a_full_disk_on_a_worker_is_a_full_storage(spark: SparkSession) -> None:
    reason = "no space left (No space left on device)"
    with pytest.raises(StorageFullError, match="free space there"):
        failing_with(spark, lambda: StorageFullError("cannot write", "/x", found=reason))


def test_other_messages_of_a_worker_are_not_reported(spark: SparkSession) -> None:
    with pytest.raises(LakegateError) as caught:
        failing_with(spark, lambda: ValueError("a secret"))
    assert "secret" not in str(caught.value)
