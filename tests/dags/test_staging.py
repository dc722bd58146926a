"""Staging: each record of each file is written and counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from checkpoints.gate.measures import RowsRead
from checkpoints.gate.raw_retention import KEEP_ALL, KEEP_NONE, raw_retention_of
from checkpoints.lake.layout import open_lake
from checkpoints.quarantine.rows import last_quarantine
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

    import pytest
    from pyspark.sql import SparkSession

    from tests.dags.lake_runs import LakeRuns
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

    staged = stage_rows(spark, EVENTS, place, plan_readings(spark, EVENTS, files), KEEP_ALL)

    expected = {"a ü.csv": 25_001, "b.jsonl": 2, "c/b.jsonl": 6, "d.json": 2, "e.parquet": 3}
    assert staged.read.by_file == expected
    counted = staged.rows.groupBy("_source_file").count().collect()
    assert {row["_source_file"]: row["count"] for row in counted} == expected
    assert values(cleaned_rows(staged.rows, EVENTS)) == values(read_and_cleaned(spark, EVENTS, files))


def test_a_text_is_staged_only_for_possibly_invalid_rows(spark: SparkSession, tmp_path: Path) -> None:
    files = files_of_every_form(tmp_path)
    place = open_lake(str(tmp_path / "lake")).staging(Zone.SILVER, "run").child("events")
    retention = raw_retention_of(
        EVENTS, [rule for rule in EVENTS.rules if rule.name == "malformed"], [], {}, {}
    )
    staged = stage_rows(spark, EVENTS, place, plan_readings(spark, EVENTS, files), retention)
    texts = staged.rows.where("_raw IS NOT NULL").select("_raw", "_source_file").collect()
    assert sorted((row["_source_file"], row["_raw"]) for row in texts) == [
        ("b.jsonl", "no JSON"),
        *[("c/b.jsonl", "no JSON")] * 3,
        ("d.json", "5"),
    ]
    assert staged.read.currencies == {"_currency_price": {"$"}}


def test_currencies_of_possibly_invalid_rows_are_left_to_the_gate(
    spark: SparkSession, tmp_path: Path
) -> None:
    files = files_of_every_form(tmp_path)
    place = open_lake(str(tmp_path / "lake")).staging(Zone.SILVER, "run").child("events")
    staged = stage_rows(spark, EVENTS, place, plan_readings(spark, EVENTS, files), KEEP_ALL)
    assert staged.read.currencies == {}


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

    staged = stage_rows(spark, EVENTS, place, [ReadPlan(records, read), reading], KEEP_ALL)

    assert staged.read.by_file == {"a": 2}
    assert staged.read.excluded_by_file == {"a": 1, "b": 2}
    assert sorted(row["event_id"] for row in staged.rows.collect()) == ["2", "3"]


def test_without_files_no_row_is_staged(spark: SparkSession, tmp_path: Path) -> None:
    place = open_lake(str(tmp_path)).staging(Zone.SILVER, "run").child("transactions")
    staged = stage_rows(spark, TRANSACTIONS, place, [], KEEP_ALL)
    assert staged.read == RowsRead({})
    assert staged.rows.collect() == []


def test_a_text_that_was_not_kept_is_read_after_all(
    messy_shop: LakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: last_quarantine(messy_shop.lake, name) for name in DATASETS}
    monkeypatch.setattr(
        "dags.pipeline.silver_dataset.raw_retention_of", lambda *_: KEEP_NONE
    )  # as a defect of the pre-filter would
    messy_shop.run(run_id="again", force=True, only="bronze_to_silver")
    for name, was in before.items():
        now = last_quarantine(messy_shop.lake, name)
        assert was is not None
        assert now is not None
        assert (now.run_id, now.rows_by_rule) == ("again", was.rows_by_rule)
        assert sorted(now.samples, key=str) == sorted(was.samples, key=str)
        assert now.rows > 0
        assert None not in [row.raw for row in now.samples]
