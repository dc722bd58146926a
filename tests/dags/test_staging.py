"""Staging: each record of each file is written and counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from checkpoints.gate.measures import RowsRead
from checkpoints.lake.layout import open_lake
from contracts.inventory import FileFormat
from contracts.model import Zone
from contracts.system_columns import EXTRA, SOURCE_FILE
from dags.pipeline.staging import stage_rows
from tests.transforms.bronze_to_silver.bronze import Bronze, read_and_cleaned
from tests.transforms.frames import values
from tests.transforms.promises import EVENTS, TRANSACTIONS
from transforms.bronze_to_silver.casting import RecordReader
from transforms.bronze_to_silver.clean import cleaned_rows
from transforms.bronze_to_silver.conventions import resolve_conventions
from transforms.bronze_to_silver.readers import plan_readings
from transforms.bronze_to_silver.record_columns import EXCLUDED, FLAW, RAW_RECORD, text_column
from transforms.bronze_to_silver.records import ReadPlan

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from transforms.bronze_to_silver.files import BronzeFile


DATASETS = ("events", "users", "transactions")


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

    staged = stage_rows(spark, EVENTS, place, plan_readings(spark, EVENTS, files))

    expected = {"a ü.csv": 25_001, "b.jsonl": 2, "c/b.jsonl": 6, "d.json": 2, "e.parquet": 3}
    assert staged.read.by_file == expected
    counted = staged.rows.groupBy("_source_file").count().collect()
    assert {row["_source_file"]: row["count"] for row in counted} == expected
    assert values(cleaned_rows(staged.rows, EVENTS)) == values(read_and_cleaned(spark, EVENTS, files))


def test_excluded_records_are_counted_by_file_and_not_read(spark: SparkSession, tmp_path: Path) -> None:
    place = open_lake(str(tmp_path)).staging(Zone.SILVER, "run").child("events")
    (reading,) = plan_readings(spark, EVENTS, [Bronze(tmp_path).json_lines("a.jsonl", "", "event_id")])
    read = RecordReader(EVENTS, resolve_conventions(EVENTS, None)).read
    texts = [("a", "1", True), ("a", "2", False), ("a", "3", None), ("b", "4", True), ("b", "5", True)]
    records = spark.createDataFrame(
        [(file, text, None, None, text, is_excluded) for file, text, is_excluded in texts],
        f"`{SOURCE_FILE}` string, `{RAW_RECORD}` string, `{FLAW}` string, `{EXTRA}` string, "
        f"`{text_column('event_id')}` string, `{EXCLUDED}` boolean",
    )

    staged = stage_rows(spark, EVENTS, place, [ReadPlan(records, read), reading])

    assert staged.read.by_file == {"a": 2}
    assert staged.read.excluded_by_file == {"a": 1, "b": 2}
    assert sorted(row["event_id"] for row in staged.rows.collect()) == ["2", "3"]


def test_without_files_no_row_is_staged(spark: SparkSession, tmp_path: Path) -> None:
    place = open_lake(str(tmp_path)).staging(Zone.SILVER, "run").child("transactions")
    staged = stage_rows(spark, TRANSACTIONS, place, [])
    assert staged.read == RowsRead({})
    assert staged.rows.collect() == []
