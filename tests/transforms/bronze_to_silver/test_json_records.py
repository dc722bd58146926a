"""JSON records: strict, numbers as they are written, nothing lost, nothing guessed."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from contracts.inventory import FileFormat
from tests.transforms.bronze_to_silver.bronze import Bronze, cleaned
from tests.transforms.promises import EVENTS

AT = datetime(2024, 1, 1)  # noqa: DTZ001  (Spark gives UTC without saying so)
NO_JSON = (
    "{'event_id':'1'}",
    '{"event_id":01}',
    '{"event_id":+1}',
    '{"event_id":.5}',
    '{"event_id":5.}',
    '{"event_id":0x1}',
    '{"event_id":1}{"event_id":2}',
    '{"event_id":1}{"event_id":2}{"event_id":3}{"event_id":4}{"event_id":5}',
    '{"event_id":1} // comment',
    '{"event_id":1},"lakegate":{}',
    '{"event_id":1}}',
    '{"event_id":1,}',
    '{"event_id":1',
    '{"event_id":"unterminated}',
    '{"event_id":"\\x"}',
    '{"event_id":"raw\tcontrol"}',
    "{event_id:1}",
    '{1:"event_id"}',
    '{"a":{NaN:1}}',
    '{"event_id":+INF}',
    '{"event_id":tru}',
    '{"event_id":1}\u00a0',
    "[1]",
    '[{"event_id":1}]',
    "5",
    '"text"',
    "null",
    "NaN",
    "[" * 5000,
    '{"a":' + "[" * 3000 + "]" * 3000 + "}",
)


def test_a_line_that_is_not_one_strict_json_object_is_malformed(spark: SparkSession, tmp_path: Path) -> None:
    file = Bronze(tmp_path).json_lines("a.json", "\n".join(NO_JSON) + "\n", "event_id")
    rows = cleaned(spark, EVENTS, file)
    assert rows == [
        {"_source_file": "a.json", "_raw": line, "_malformed": "not one JSON object"}
        for line in sorted(NO_JSON)
    ]


# Each: a line, and what becomes of event_id, message and _extra.
VALUES = (
    ('{"event_id":1.10,"message":"1.10"}', "1.10", "1.10", None),
    ('{"event_id":1e400,"message":-0}', "1e400", "-0", None),
    ('{"event_id":12345678901234567890123,"message":1001.0}', "12345678901234567890123", "1001.0", None),
    ('{"event_id":NaN,"message":-Infinity,"x":Infinity}', None, None, None),
    ('{"event_id":"Infinity","message":"say NaN, Infinity"}', "Infinity", "say NaN, Infinity", None),
    ('{"event_id":true,"message":null}', "true", None, None),
    ('{"event_id":"a","message":{ "b" : [1.10, NaN, "é\\n"], "c":{}}}', "a",
     '{"b":[1.10,null,"é\\n"],"c":{}}', None),
    ('{"event_id":"b","message":"{\\"x\\": 1.10}"}', "b", '{"x": 1.10}', None),
    ('{"event_id":"c","message":[]}', "c", "[]", None),
    ('{"event_id":null,"event_id":"d","message":"nan","message":"e"}', "d", "e", None),
    ('{"event_id":"first","event_id":"second"}', "first", None, None),
    ('{"id":"f","eventId":null,"Event-ID":"g"}', "f", None, None),
    ('{"event_id":"h","zeta":1.50,"Alpha Beta":"x","alphaBeta":"y","no":"nan"}', "h", None,
     '{"alpha_beta":"x","zeta":"1.50"}'),
    ('{"event_id":"i","year":2024,"MONTH":"1","_day_":2}', "i", None, None),
    ('{"event_id":"j","n":{"k":1.10}}', "j", None, '{"n":"{\\"k\\":1.10}"}'),
    ('{"event_id":"k","":"empty","--":"dashes"}', "k", None, '{"":"empty"}'),
    ('{"event_id":"\\ud800l\\ud83d\\ude00","message":"\\\\ud800"}', "\ufffdl😀", "\\ud800", None),
    ('{"event_id":"m\\u0000\\u0007","message":"\\u00a0trimmed\\u2003"}', "m", "trimmed", None),
    (' {"event_id":"n"} \t', "n", None, None),
    ('{"event_id":"p","message":{"a":["😀\\ud83d\\ude00é"],"b":"\\\\uD83D\\\\uDE00"}}', "p",
     '{"a":["😀😀é"],"b":"\\\\uD83D\\\\uDE00"}', None),
    ('{"event_id":"o","message":":1.10, \\"a\\":2.20"}', "o", ':1.10, "a":2.20', None),
)  # fmt: skip


@pytest.mark.parametrize("names", [("event_id", "message"), (), ("message", "event_id", "zeta", "n", "id")])
def test_values_are_what_the_text_says_whichever_keys_are_expected(
    spark: SparkSession, tmp_path: Path, names: tuple[str, ...]
) -> None:
    text = "\n\n  \n".join(line for line, *_ in VALUES)
    rows = cleaned(spark, EVENTS, Bronze(tmp_path).json_lines("a.json", text, *names))
    found = {row["_raw"]: (row.get("event_id"), row.get("message"), row.get("_extra")) for row in rows}
    assert found == {line: tuple(values) for line, *values in VALUES}


def test_lines_arrays_and_objects_give_the_same_rows_and_their_own_raw_text(
    spark: SparkSession, tmp_path: Path
) -> None:
    bronze = Bronze(tmp_path)
    first = '{"event_id": 1.0, "user_id":"u",\t"ts":1704067200 , "message":"a, ]}[{b\\"" }'
    deep = '{"event_id":"deep","x":' + "[" * 60 + "]" * 60 + "}"
    files = [
        bronze.json_lines("a.jsonl", first + "\r\n"),
        bronze.add("b.json", f'\ufeff [{first} ,5 , "x",\n{{}}] \n', FileFormat.JSON_ARRAY),
        bronze.add(
            "c.json", "\n" + first.replace("\t", "\n") + "\n", FileFormat.JSON_OBJECT, encoding="utf-16"
        ),
        bronze.add("d.json", "[]", FileFormat.JSON_ARRAY),
        bronze.add("e.json", f"[{deep}]", FileFormat.JSON_ARRAY),
        bronze.json_lines("f.jsonl", first + "\n\n" + first, encoding="utf-16"),
    ]
    row = {
        "event_id": "1.0",
        "user_id": "u",
        "ts": AT,
        "message": 'a, ]}[{b"',
        "event_date": AT.date(),
    }
    nested = json.dumps({"x": "[" * 60 + "]" * 60}, separators=(",", ":"))
    assert cleaned(spark, EVENTS, *files) == [
        {**row, "_source_file": "a.jsonl", "_raw": first},
        {"_source_file": "b.json", "_raw": '"x"', "_malformed": "not one JSON object"},
        {"_source_file": "b.json", "_raw": "5", "_malformed": "not one JSON object"},
        {**row, "_source_file": "b.json", "_raw": first},
        {"_source_file": "b.json", "_raw": "{}"},
        {**row, "_source_file": "c.json", "_raw": first.replace("\t", "\n")},
        {"event_id": "deep", "_extra": nested, "_source_file": "e.json", "_raw": deep},
        {**row, "_source_file": "f.jsonl", "_raw": first},
        {**row, "_source_file": "f.jsonl", "_raw": first},
    ]


def test_nested_values_and_words_are_uncastable_for_typed_columns(
    spark: SparkSession, tmp_path: Path
) -> None:
    line = '{"event_id":1,"age":{"a":1.0},"price":"12,50","amount":12.345678,"temperature":true,"ts":NaN}'
    rows = cleaned(spark, EVENTS, Bronze(tmp_path).json_lines("a.json", line))
    assert rows == [
        {
            "event_id": "1",
            "amount": Decimal("12.3457"),
            "_source_file": "a.json",
            "_raw": line,
            "_uncastable_age": '{"a":1.0}',
            "_uncastable_price": "12,50",
            "_uncastable_temperature": "true",
        }
    ]


def test_long_values_and_many_keys_do_not_stop_the_job(spark: SparkSession, tmp_path: Path) -> None:
    long = {"event_id": "1", "message": 'x"\\' * 500_000}
    many = {"event_id": "2", **{f"key{n}": str(n) for n in range(300)}}
    number = '{"event_id":3,"price":' + "9" * 100_000 + "}"
    text = "\n".join([json.dumps(long), json.dumps(many), number])
    rows = cleaned(spark, EVENTS, Bronze(tmp_path).json_lines("a.json", text, *many))
    by_id = {row["event_id"]: row for row in rows}
    assert by_id["1"]["message"] == long["message"]
    assert len(json.loads(by_id["2"]["_extra"])) == 300
    assert by_id["3"]["_uncastable_price"] == "9" * 100_000
