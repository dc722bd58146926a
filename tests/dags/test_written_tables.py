"""Candidate tables: written files, their schema, rows and measures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest
from pyspark.sql import functions as sf

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking
from checkpoints.gate.measure_tables import measure_tables
from checkpoints.gate.measures import Measures
from checkpoints.lake.layout import open_lake
from contracts.derived_table_rules import derive_table_rules
from contracts.model import Column, Contract, DataType, Domain, Kind, Zone
from dags.pipeline.candidates import measure_candidates, write_candidate
from dags.spark.frames import read_footers, read_frame, write_frame, write_partitions

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from checkpoints.storage.place import Place

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
    assert read_footers(place).schema == spark.read.parquet(place.spark_uri).schema


def test_nothing_but_data_is_written_to_a_local_folder(spark: SparkSession, place: Place) -> None:
    write_frame(spark.range(2), place.spark_uri)
    assert {info.path.rpartition(".")[2] for info in place.list()} == {"parquet"}


def test_a_place_without_a_file_has_no_schema_and_no_rows(spark: SparkSession, place: Place) -> None:
    assert read_footers(place).schema is None
    schema = spark.createDataFrame([], "id string").schema
    assert read_frame(spark, place, schema).collect() == []


@pytest.mark.parametrize(
    ("ddl", "broken"),
    [
        ("id string, age int, _extra string, _source_file string", False),
        ("id string, age bigint, _extra string, _source_file string", True),
        ("age int, id string, _extra string, _source_file string", True),
        ("id string, age int, _source_file string", True),
        ("id string, age int, _extra string, _source_file string, more int", True),
    ],
)
def test_a_candidate_is_compared_with_its_contract(
    spark: SparkSession, place: Place, ddl: str, broken: bool
) -> None:
    by_name = {"id": "a", "age": 1, "_extra": None, "_source_file": "f", "more": 1}
    names = [part.split()[0] for part in ddl.split(", ")]
    rows = spark.createDataFrame([tuple(by_name[name] for name in names)], ddl)

    written = write_candidate(spark, VISITS, rows, place, "v1")

    (types,) = (
        rule
        for rule in derive_table_rules(
            "visits", Zone.SILVER, VISITS.columns, DERIVED, ("id",), is_read_from_files=True
        )
        if rule.name == "types"
    )
    measures = {Domain.TABLE: Measures(1, columns=written.columns)}
    found = judge("c", VISITS, [types], measures, {}, Masking(frozenset()), "r", datetime.now(UTC))
    assert [outcome.passed for outcome in found.outcomes] == [not broken]
    if not broken:
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


def test_a_file_lies_in_the_folder_of_its_day_and_holds_the_day(spark: SparkSession, place: Place) -> None:
    schema = "id string, event_date date"
    rows = [("a", date(2026, 1, 1)), ("b", date(2026, 1, 1)), ("c", date(1900, 1, 1))]

    write_partitions(spark.createDataFrame(rows, schema), place, "event_date")

    assert list(place.storage.list_folders(place.path)) == ["event_date=1900-01-01", "event_date=2026-01-01"]
    files = f"{place.uri}/**/*.parquet"
    by_spark = read_frame(spark, place, spark.createDataFrame([], schema).schema).collect()
    assert sorted(tuple(row) for row in by_spark) == rows
    for partitioning in ("true", "false"):
        sql = f"SELECT id, event_date FROM read_parquet('{files}', hive_partitioning = {partitioning})"
        assert sorted(duckdb.sql(sql).fetchall()) == rows
    table = pd.read_parquet(place.uri, partitioning=None)
    assert sorted(zip(table["id"], table["event_date"], strict=True)) == rows


@pytest.mark.parametrize("files", [0, 1, 3])
def test_the_rows_of_files_are_counted_by_their_footers(
    spark: SparkSession, place: Place, files: int
) -> None:
    for number in range(files):
        write_frame(spark.range(number, numPartitions=1), place.child(f"{number}").spark_uri)
    assert read_footers(place).rows == sum(range(files))


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
