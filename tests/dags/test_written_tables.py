"""Tables between transform and gate: what a written table turns out to be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as sf

from checkpoints.gate.measure_table import measure_tables
from checkpoints.lake.layout import open_lake
from contracts.model import Column, Contract, DataType, Kind, Zone
from dags.pipeline.candidates import measure_candidates, write_candidate
from dags.pipeline.frames import read_frame, rows_in_files, write_frame, written_schema

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from checkpoints.lake.layout import Place

TEXT = DataType(Kind.STRING)
DERIVED = (Column("_extra", TEXT), Column("_source_file", TEXT))
VISITS = Contract(
    "visits",
    Zone.SILVER,
    "1.0.0",
    "",
    "",
    "",
    (Column("id", TEXT, required=True, primary_key_position=1), Column("age", DataType(Kind.INTEGER))),
    (),
    derived_columns=DERIVED,
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return open_lake(str(tmp_path)).staging(Zone.SILVER, "run").child("visits")


def test_the_schema_of_a_written_table_is_what_spark_reads_back(spark: SparkSession, place: Place) -> None:
    ddl = "id string, age int, amount decimal(18,4), at timestamp, day date, tags array<string>"
    write_frame(spark.createDataFrame([], ddl), place.spark_uri)
    assert written_schema(place) == spark.read.parquet(place.spark_uri).schema


def test_nothing_but_data_is_written_to_a_local_folder(spark: SparkSession, place: Place) -> None:
    write_frame(spark.range(2), place.spark_uri)
    assert {info.path.rpartition(".")[2] for info in place.list()} == {"parquet"}


def test_a_place_without_a_file_has_no_schema_and_no_rows(spark: SparkSession, place: Place) -> None:
    assert written_schema(place) is None
    schema = spark.createDataFrame([], "id string").schema
    assert read_frame(spark, place, schema).collect() == []


@pytest.mark.parametrize(
    ("ddl", "mismatches"),
    [
        ("id string, age int, _extra string, _source_file string", 0),
        ("id string, age bigint, _extra string, _source_file string", 1),
        ("age int, id string, _extra string, _source_file string", 2),
    ],
)
def test_a_candidate_is_held_against_its_contract(
    spark: SparkSession, place: Place, ddl: str, mismatches: int
) -> None:
    by_name = {"id": "a", "age": 1, "_extra": None, "_source_file": "f"}
    names = [part.split()[0] for part in ddl.split(", ")]
    rows = spark.createDataFrame([tuple(by_name[name] for name in names)], ddl)

    written = write_candidate(spark, VISITS, rows, place, "v1")

    assert written.mismatches == mismatches
    if not mismatches:
        (candidate,) = measure_candidates([written])
        assert (candidate.measured.rows, candidate.measured.rows_by_file) == (1, {"f": 1})


DATED = replace(VISITS, derived_columns=(*DERIVED, Column("event_date", DataType(Kind.DATE))))


@pytest.mark.parametrize(("contract", "files"), [(VISITS, 4), (DATED, 2)])
def test_rows_are_moved_only_to_bring_those_of_a_day_together(
    spark: SparkSession, place: Place, contract: Contract, files: int
) -> None:
    days = [sf.expr("date_add(date'2026-01-01', int(id % 2)) AS event_date")] * (contract is DATED)
    rows = spark.range(40, numPartitions=4).select(
        sf.col("id").cast("string"),
        sf.lit(1).alias("age"),
        sf.lit("{}").alias("_extra"),
        sf.lit("f").alias("_source_file"),
        *days,
    )

    write_candidate(spark, contract, rows, place, "v1")

    assert len(list(place.list())) == files


@pytest.mark.parametrize("files", [0, 1, 3])
def test_files_tell_how_many_rows_they_hold(spark: SparkSession, place: Place, files: int) -> None:
    for number in range(files):
        write_frame(spark.range(number, numPartitions=1), place.child(f"{number}").spark_uri)
    assert rows_in_files(place) == sum(range(files))


def test_a_table_whose_plan_makes_its_keys_unique_is_counted_as_it_is_written(
    spark: SparkSession, place: Place
) -> None:
    gold = replace(VISITS, zone=Zone.GOLD, derived_columns=())
    rows = spark.range(10).groupBy((sf.col("id") % 3).cast("string").alias("id")).agg(sf.lit(1).alias("age"))

    written = write_candidate(spark, gold, rows, place, "v1")

    assert written.table.counted is not None
    (candidate,) = measure_candidates([written])
    read = measure_tables([replace(written.table, counted=None)])
    assert [candidate.measured] == read
