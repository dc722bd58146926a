"""Delimited text: RFC 4180 as section 3 of the specification reads it."""

import gzip
from pathlib import Path

from pyspark.sql import SparkSession

from contracts.inventory import FileFormat
from tests.transforms.bronze_to_silver.bronze import Bronze, cleaned, only
from tests.transforms.promises import EVENTS

HEADER = "event_id,user_id,ts,message\n"


def test_records_are_told_apart_by_rfc_4180_line_by_line(spark: SparkSession, tmp_path: Path) -> None:
    lines = [
        "1,u,2024-01-01,plain",
        '2,u,2024-01-01,"a, ""quoted"" one"',
        '3,u,2024-01-01,""',
        '4,u,2024-01-01,5" pipe',
        '"5","u","2024-01-01","x"\r',
        "6,u,2024-01-01,lone\rreturn",
        HEADER.strip(),
        '"event_id","user_id","ts","message"',
        "   ",
        "\t\u00a0",
        "",
        "7,u,2024-01-01",
        "8,u,2024-01-01,a,b",
        '9,"u"x,2024-01-01,a',
        '10,u,2024-01-01,"a"b"',
        ",u,2024-01-01,a",
        "11,u,2024-01-01,",
        ' "12",u,2024-01-01,quote after a blank',
    ]
    file = Bronze(tmp_path).delimited("a.csv", "\ufeff" + HEADER + "\n".join(lines))
    rows = cleaned(spark, EVENTS, file)
    found = {row["_raw"]: row.get("_malformed") or (row.get("event_id"), row.get("message")) for row in rows}
    assert found == {
        "1,u,2024-01-01,plain": ("1", "plain"),
        '2,u,2024-01-01,"a, ""quoted"" one"': ("2", 'a, "quoted" one'),
        '3,u,2024-01-01,""': ("3", None),
        '4,u,2024-01-01,5" pipe': ("4", '5" pipe'),
        '"5","u","2024-01-01","x"': ("5", "x"),
        "6,u,2024-01-01,lone\rreturn": ("6", "lone\rreturn"),
        "7,u,2024-01-01": "3 fields, expected 4",
        "8,u,2024-01-01,a,b": "5 fields, expected 4",
        '9,"u"x,2024-01-01,a': "broken quoting",
        '10,u,2024-01-01,"a"b"': "broken quoting",
        ",u,2024-01-01,a": (None, "a"),
        "11,u,2024-01-01,": ("11", None),
        ' "12",u,2024-01-01,quote after a blank': ('"12"', "quote after a blank"),
    }


def test_quoted_fields_hold_line_breaks_and_broken_ones_stay_one_record(
    spark: SparkSession, tmp_path: Path
) -> None:
    text = (
        HEADER
        + '1,u,2024-01-01,"a\nb\r\nc"\r\n'
        + "\n"
        + '2,u,2024-01-01,"text"after,"x\ny"\n'
        + '3,u,2024-01-01,"""\n"""\n'
        + " \t \n"
        + '4,u,2024-01-01,"never closed\n5,u,2024-01-01,x\n'
    )
    rows = cleaned(spark, EVENTS, Bronze(tmp_path).delimited("m.csv", text, multiline=True))
    assert only(rows, "_raw", "event_id", "message", "_malformed") == [
        ('1,u,2024-01-01,"a\nb\r\nc"', "1", "a\nb\r\nc", None),
        ('2,u,2024-01-01,"text"after,"x\ny"', None, None, "broken quoting"),
        ('3,u,2024-01-01,"""\n"""', "3", '"\n"', None),
        ('4,u,2024-01-01,"never closed\n5,u,2024-01-01,x', None, None, "broken quoting"),
    ]


def test_a_malformed_record_has_nothing_but_its_text_and_its_file(
    spark: SparkSession, tmp_path: Path
) -> None:
    rows = cleaned(spark, EVENTS, Bronze(tmp_path).delimited("a.csv", HEADER + "1,u\n"))
    assert rows == [{"_source_file": "a.csv", "_raw": "1,u", "_malformed": "2 fields, expected 4"}]


def test_every_dialect_and_encoding_gives_the_same_rows(spark: SparkSession, tmp_path: Path) -> None:
    bronze = Bronze(tmp_path)
    text = 'event_id;user_id;ts;message\n1;u;2024-01-01;"grün; gelb"\n'
    tabs = "event_id\tuser_id\tts\tmessage\n1\tu\t2024-01-01\tgrün; gelb\n   \n"
    files = [
        bronze.delimited("a.csv", text, ";"),
        bronze.add(
            "b.txt.gz",
            gzip.compress(text.encode()),
            FileFormat.DELIMITED,
            delimiter=";",
            header=True,
            names=("event_id", "user_id", "ts", "message"),
            compression="gzip",
        ),
        bronze.delimited("c.tsv", tabs, "\t"),
        bronze.delimited("d.csv", text.replace(";", "|").replace("grün|", "grün;"), "|"),
        bronze.delimited("e.csv", text, ";", encoding="utf-16"),
        bronze.delimited("f.csv", text, ";", encoding="cp1252"),
        bronze.delimited("g.csv", text.replace('"', "'"), ";", quote="'"),
        bronze.delimited("h.csv", "\ufeff" + text, ";", encoding="utf-16-le", multiline=True),
    ]
    rows = cleaned(spark, EVENTS, *files)
    assert only(rows, "_source_file", "event_id", "message") == [
        (file.facts.key, "1", "grün; gelb") for file in files
    ]


def test_without_a_header_columns_go_by_the_contracts_order(spark: SparkSession, tmp_path: Path) -> None:
    line = "1,u,2024-01-01T00:00:00Z,de,e@x.org,n,hello,34,1.5,2.5,36.6\n"
    rows = cleaned(
        spark, EVENTS, Bronze(tmp_path).delimited("a.csv", line, header=False, names=EVENTS.column_names)
    )
    assert only(rows, "event_id", "country", "message", "age", "temperature") == [
        ("1", "DE", "hello", 34, 36.6)
    ]
