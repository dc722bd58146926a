"""Rows are counted by those who read them, file by file, whatever becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.inventory import FileFormat
from tests.transforms.bronze_to_silver.bronze import Bronze
from tests.transforms.promises import EVENTS
from transforms.bronze_to_silver.clean import cleaned_rows
from transforms.bronze_to_silver.rows_read import rows_read

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def test_each_record_of_each_file_is_counted_once(spark: SparkSession, tmp_path: Path) -> None:
    bronze = Bronze(tmp_path)
    lines = '{"event_id":"1"}\n\nno JSON\n'
    files = [
        bronze.delimited("a ü.csv", "event_id,message\n" + "1,x\n" * 25_000 + "\n2\n"),
        bronze.delimited("only a header.csv", "event_id,message\n"),
        bronze.json_lines("b.jsonl", lines, "event_id"),
        bronze.json_lines("c/b.jsonl", lines * 3, "event_id"),
        bronze.add("d.json", '[{"event_id":"1"},5]', FileFormat.JSON_ARRAY, names=("event_id",)),
    ]
    spark.createDataFrame([("p", "x")] * 3, "event_id string, message string").coalesce(1).write.parquet(
        str(tmp_path / "parquet")
    )
    (part,) = (tmp_path / "parquet").glob("*.parquet")
    files.append(bronze.add("e.parquet", part.read_bytes(), FileFormat.PARQUET))
    read = rows_read(spark)
    rows = cleaned_rows(spark, EVENTS, files, read)
    assert read.value == {}
    rows.write.parquet(str(tmp_path / "written"))
    expected = {"a ü.csv": 25_001, "b.jsonl": 2, "c/b.jsonl": 6, "d.json": 2, "e.parquet": 3}
    assert read.value == expected
    counted = spark.read.parquet(str(tmp_path / "written")).groupBy("_source_file").count().collect()
    assert {row["_source_file"]: row["count"] for row in counted} == expected
