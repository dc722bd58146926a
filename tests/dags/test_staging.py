"""Rows are staged by those who read them, and counted file by file, whatever becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from checkpoints.gate.doubts import EVERY_ROW, NO_ROW, doubts_of
from checkpoints.lake.layout import open_lake
from checkpoints.quarantine.rows import last_quarantine
from contracts.inventory import FileFormat
from contracts.model import Zone
from dags.pipeline.staging import stage_rows
from tests.transforms.bronze_to_silver.bronze import Bronze, read_and_cleaned
from tests.transforms.frames import values
from tests.transforms.promises import EVENTS, TRANSACTIONS
from transforms.bronze_to_silver.clean import cleaned_rows, readings

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

    staged = stage_rows(spark, EVENTS, place, readings(spark, EVENTS, files), EVERY_ROW)

    expected = {"a ü.csv": 25_001, "b.jsonl": 2, "c/b.jsonl": 6, "d.json": 2, "e.parquet": 3}
    assert staged.read.by_file == expected
    counted = staged.rows.groupBy("_source_file").count().collect()
    assert {row["_source_file"]: row["count"] for row in counted} == expected
    assert values(cleaned_rows(staged.rows, EVENTS)) == values(read_and_cleaned(spark, EVENTS, files))


def test_a_text_is_staged_only_where_there_are_doubts(spark: SparkSession, tmp_path: Path) -> None:
    files = files_of_every_form(tmp_path)
    place = open_lake(str(tmp_path / "lake")).staging(Zone.SILVER, "run").child("events")
    doubts = doubts_of(EVENTS, [rule for rule in EVENTS.rules if rule.name == "malformed"], [], {}, {})
    staged = stage_rows(spark, EVENTS, place, readings(spark, EVENTS, files), doubts)
    texts = staged.rows.where("_raw IS NOT NULL").select("_raw", "_source_file").collect()
    assert sorted((row["_source_file"], row["_raw"]) for row in texts) == [
        ("b.jsonl", "no JSON"),
        *[("c/b.jsonl", "no JSON")] * 3,
        ("d.json", "5"),
    ]
    assert staged.read.currencies == {"_currency_price": {"$"}}


def test_currencies_of_doubted_rows_are_left_to_the_gate(spark: SparkSession, tmp_path: Path) -> None:
    files = files_of_every_form(tmp_path)
    place = open_lake(str(tmp_path / "lake")).staging(Zone.SILVER, "run").child("events")
    staged = stage_rows(spark, EVENTS, place, readings(spark, EVENTS, files), EVERY_ROW)
    assert staged.read.currencies == {}


def test_without_files_no_row_is_staged(spark: SparkSession, tmp_path: Path) -> None:
    place = open_lake(str(tmp_path)).staging(Zone.SILVER, "run").child("transactions")
    staged = stage_rows(spark, TRANSACTIONS, place, [], EVERY_ROW)
    assert staged.read.by_file == {}
    assert staged.rows.collect() == []


def test_a_text_that_was_not_kept_is_read_after_all(
    messy_shop: LakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: last_quarantine(messy_shop.lake, name) for name in DATASETS}
    monkeypatch.setattr("dags.pipeline.silver_candidates.doubts_of", lambda *_: NO_ROW)  # as a defect would
    messy_shop.run(run_id="again", force=True, only="bronze_to_silver")
    for name, was in before.items():
        now = last_quarantine(messy_shop.lake, name)
        assert was is not None
        assert now is not None
        assert (now.run_id, now.rows_by_rule) == ("again", was.rows_by_rule)
        assert sorted(now.samples, key=str) == sorted(was.samples, key=str)
        assert now.rows > 0
        assert None not in [row.raw for row in now.samples]
