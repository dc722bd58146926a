"""The exact key of every Parquet row's file."""

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from contracts.inventory import FileFacts, FileFormat
from tests.transforms.bronze_to_silver.bronze import bronze_file, cleaned, only
from tests.transforms.promises import EVENTS
from transforms.bronze_to_silver.files import BronzeFile

ODD_KEYS = (
    "plain.parquet",
    "a b.parquet",
    "a%20b.parquet",
    "a+b.parquet",
    "a#1?.parquet",
    "q'\"`.parquet",
    "[x]{a,b}*.parquet",
    "<a>|^~.parquet",
    "ünï é😀.parquet",
    "year=2024/month=1/part-0.parquet",
    "other/part-0.parquet",
)


def written(folder: Path, key: str, event_id: str) -> BronzeFile:
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"event_id": [event_id], "user_id": ["u"]})
    pq.write_table(table, path)
    schema = table.schema.to_string()
    facts = FileFacts(key, 1, "", FileFormat.PARQUET, names=("event_id", "user_id"), schema=schema)
    return bronze_file(facts, path)


def test_source_file_is_the_exact_key_whatever_characters_it_has(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "with blank %41+é"
    rows = cleaned(spark, EVENTS, *(written(folder, key, str(n)) for n, key in enumerate(ODD_KEYS)))
    found = sorted(only(rows, "_source_file", "event_id"))
    assert found == sorted((key, str(n)) for n, key in enumerate(ODD_KEYS))


def test_a_file_read_from_an_alias_keeps_its_own_key(spark: SparkSession, tmp_path: Path) -> None:
    files = [plain := written(tmp_path, "plain.parquet", "1")]
    for number, key in enumerate(("_hidden.parquet", "a:b.parquet", "line\nbreak.parquet"), start=2):
        alias = tmp_path / f"alias {number}.parquet"
        shutil.copy(tmp_path / "plain.parquet", alias)
        files.append(bronze_file(replace(plain.facts, key=key), alias))
    rows = cleaned(spark, EVENTS, *files)
    assert sorted(only(rows, "_source_file")) == [
        ("_hidden.parquet",),
        ("a:b.parquet",),
        ("line\nbreak.parquet",),
        ("plain.parquet",),
    ]
