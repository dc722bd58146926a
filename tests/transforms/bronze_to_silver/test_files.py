"""The exact key of every record's file, and which encodings are read line by line."""

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from contracts.inventory import FileFacts
from tests.transforms.bronze_to_silver.bronze import Bronze, cleaned, only
from tests.transforms.promises import EVENTS
from transforms.bronze_to_silver.files import BronzeFile, is_line_by_line, java_knows

ODD_KEYS = (
    "plain.csv",
    "a b.csv",
    "a%20b.csv",
    "a+b.csv",
    "a#1?.csv",
    "q'\"`.csv",
    "[x]{a,b}*.csv",
    "<a>|^~.csv",
    "ünï é😀.csv",
    "year=2024/month=1/part-0.csv",
    "other/part-0.csv",
)


def test_source_file_is_the_exact_key_whatever_characters_it_has(spark: SparkSession, tmp_path: Path) -> None:
    bronze = Bronze(tmp_path / "with blank %41+é")
    files = [
        bronze.delimited(key, f"event_id,user_id,ts\n{n},u,2024-01-01\n") for n, key in enumerate(ODD_KEYS)
    ]
    rows = cleaned(spark, EVENTS, *files)
    assert only(rows, "_source_file", "event_id") == sorted((key, str(n)) for n, key in enumerate(ODD_KEYS))


def test_a_file_read_from_an_alias_keeps_its_own_key(spark: SparkSession, tmp_path: Path) -> None:
    bronze = Bronze(tmp_path)
    plain = bronze.delimited("plain.csv", "event_id,user_id,ts\n1,u,2024-01-01\n")
    files = [plain]
    for number, key in enumerate(("_hidden.csv", "a:b.csv", "line\nbreak.csv"), start=2):
        alias = tmp_path / f"alias {number}.csv"
        shutil.copy(tmp_path / "plain.csv", alias)
        facts = plain.facts
        files.append(
            BronzeFile(
                FileFacts(key, 1, "", facts.format, delimiter=",", header=True, names=facts.names),
                f"file://{alias}",
            )
        )
    rows = cleaned(spark, EVENTS, *files)
    assert only(rows, "_source_file") == [
        ("_hidden.csv",),
        ("a:b.csv",),
        ("line\nbreak.csv",),
        ("plain.csv",),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1", "shift_jis", "gb18030", "koi8-r"])
def test_a_line_feed_ends_a_line_in_supersets_of_ascii(encoding: str) -> None:
    assert is_line_by_line(encoding)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp500", "iso2022_jp", "utf-7"])
def test_other_encodings_are_read_as_a_whole(encoding: str) -> None:
    assert not is_line_by_line(encoding)


def test_the_smallest_java_knows_the_usual_encodings(spark: SparkSession) -> None:
    codecs = (
        "utf-8",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "latin-1",
        "cp1252",
        "cp437",
    )
    assert [codec for codec in codecs if not java_knows(spark, codec)] == []


def test_what_no_java_can_read_is_known_as_such(spark: SparkSession) -> None:
    assert not java_knows(spark, "utf-7")
