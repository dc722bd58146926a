"""Rows are staged by those who read them, and counted file by file, whatever becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from checkpoints.lake.layout import open_lake
from contracts.inventory import FileFormat
from contracts.model import Zone
from dags.pipeline.staging import stage_rows
from tests.transforms.bronze_to_silver.bronze import Bronze, read_and_cleaned
from tests.transforms.frames import values
from tests.transforms.promises import EVENTS, TRANSACTIONS
from transforms.bronze_to_silver.clean import cleaned_rows, readings

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from transforms.bronze_to_silver.files import BronzeFile


def files_of_every_form(folder: Path) -> list[BronzeFile]:
    bronze = Bronze(folder)
    lines = (
        '{"event_id":"1","ts":"2024-01-02T03:04:05.123456Z","age":"x","price":"$1.25","k":"v"}\n\nno JSON\n'
    )
    pq.write_table(pa.table({"event_id": ["p"] * 3, "message": ["x"] * 3}), folder / "rows.parquet")
    return [
        bronze.delimited("a ü.csv", "event_id,message,temperature\n" + "1,x,0.5\n" * 25_000 + "\n2,,\n"),
        bronze.delimited("only a header.csv", "event_id,message\n"),
        bronze.json_lines("b.jsonl", lines, "event_id"),
        bronze.json_lines("c/b.jsonl", lines * 3, "event_id"),
        bronze.add("d.json", '[{"event_id":"1"},5]', FileFormat.JSON_ARRAY, names=("event_id",)),
        bronze.add("e.parquet", (folder / "rows.parquet").read_bytes(), FileFormat.PARQUET),
    ]


def test_each_record_of_each_file_is_staged_and_counted_once(spark: SparkSession, tmp_path: Path) -> None:
    files = files_of_every_form(tmp_path)
    place = open_lake(str(tmp_path / "lake")).staging(Zone.SILVER, "run").child("events")
    place.child("of a task that failed.parquet").write_bytes((tmp_path / "rows.parquet").read_bytes())

    staged = stage_rows(spark, EVENTS, place, readings(spark, EVENTS, files))

    expected = {"a ü.csv": 25_001, "b.jsonl": 2, "c/b.jsonl": 6, "d.json": 2, "e.parquet": 3}
    assert staged.rows_read == expected
    counted = staged.rows.groupBy("_source_file").count().collect()
    assert {row["_source_file"]: row["count"] for row in counted} == expected
    assert values(cleaned_rows(staged.rows, EVENTS)) == values(read_and_cleaned(spark, EVENTS, files))


def test_what_nobody_asks_for_is_not_staged(spark: SparkSession, tmp_path: Path) -> None:
    files = files_of_every_form(tmp_path)
    place = open_lake(str(tmp_path / "lake")).staging(Zone.SILVER, "run").child("events")
    staged = stage_rows(spark, EVENTS, place, readings(spark, EVENTS, files), dropped=["_raw"])
    assert "_raw" not in staged.rows.columns
    (first, *_) = place.list()
    with place.storage.open(first.path) as stream:
        assert pq.read_schema(stream).names == staged.rows.columns


def test_without_files_no_row_is_staged(spark: SparkSession, tmp_path: Path) -> None:
    place = open_lake(str(tmp_path)).staging(Zone.SILVER, "run").child("transactions")
    staged = stage_rows(spark, TRANSACTIONS, place, [])
    assert staged.rows_read == {}
    assert staged.rows.collect() == []
