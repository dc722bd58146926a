"""Cleaned rows: columns by name, the rest in _extra, one schema whatever the files."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import types as st

from contracts.inventory import FileFacts, FileFormat
from tests.transforms.bronze_to_silver.bronze import Bronze, bronze_file, cleaned, only, read_and_cleaned
from tests.transforms.promises import EVENTS, TRANSACTIONS, USERS
from transforms.bronze_to_silver.readers import plan_readings


def at(*parts: int) -> datetime:
    """A timestamp as Spark gives it: in UTC, without saying so."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def test_no_file_gives_an_empty_frame_of_the_full_schema(spark: SparkSession) -> None:
    frame = read_and_cleaned(spark, TRANSACTIONS, [])
    assert frame.count() == 0
    assert [(field.name, field.dataType) for field in frame.schema] == [
        ("tx_id", st.StringType()),
        ("user_id", st.StringType()),
        ("amount", st.DecimalType(18, 4)),
        ("status", st.StringType()),
        ("created_at", st.TimestampType()),
        ("delivered_at", st.TimestampType()),
        ("email", st.StringType()),
        ("name", st.StringType()),
        ("age", st.IntegerType()),
        ("_extra", st.StringType()),
        ("_source_file", st.StringType()),
        ("_raw", st.StringType()),
        ("_malformed", st.StringType()),
        ("_waived", st.StringType()),
        ("_too_long_tx_id", st.IntegerType()),
        ("_too_long_user_id", st.IntegerType()),
        ("_uncastable_amount", st.StringType()),
        ("_currency_amount", st.StringType()),
        ("_too_long_status", st.IntegerType()),
        ("_uncastable_created_at", st.StringType()),
        ("_date_only_created_at", st.BooleanType()),
        ("_uncastable_delivered_at", st.StringType()),
        ("_date_only_delivered_at", st.BooleanType()),
        ("_too_long_email", st.IntegerType()),
        ("_too_long_name", st.IntegerType()),
        ("_uncastable_age", st.StringType()),
        ("_created_at_comparable", st.TimestampType()),
        ("_delivered_at_comparable", st.TimestampType()),
        ("event_date", st.DateType()),
    ]


def test_a_whole_row_of_each_dataset(spark: SparkSession, tmp_path: Path) -> None:
    bronze = Bronze(tmp_path)
    line = "1, u ,2024-01-02T03:04:05.678Z,na,E@x.org,None,hi,34.0,$5,12.345678,36.60,red,1"
    events = bronze.delimited(
        "e.csv",
        "Event-ID,userId,EVENT TIMESTAMP,country,email,name,message,age,price,Total,temperature,Colour,"
        "MONTH\n" + line,
    )
    assert cleaned(spark, EVENTS, events) == [
        {
            "event_id": "1",
            "user_id": "u",
            "ts": at(2024, 1, 2, 3, 4, 5, 678000),
            "country": "NA",
            "email": "E@x.org",
            "name": "None",
            "message": "hi",
            "age": 34,
            "price": Decimal("5.0000"),
            "amount": Decimal("12.3457"),
            "temperature": 36.6,
            "_extra": '{"colour":"red"}',
            "_source_file": "e.csv",
            "_raw": line,
            "_currency_price": "$",
            "event_date": date(2024, 1, 2),
        }
    ]
    users = bronze.delimited(
        "u.csv", "id,name,city,last_updated\n7,Ann,,2024-01-02\n8,Bob,Rome,\n9,Cy,Bonn,never\n"
    )
    names = ("user_id", "city", "updated_at", "_uncastable_updated_at", "event_date")
    assert only(cleaned(spark, USERS, users), *names) == [
        ("7", None, at(2024, 1, 2), None, date(2024, 1, 2)),
        ("8", "Rome", None, None, date(1900, 1, 1)),
        ("9", "Bonn", None, "never", date(1900, 1, 1)),
    ]  # fmt: skip


def test_delivery_and_creation_compare_by_date_when_either_has_no_time(
    spark: SparkSession, tmp_path: Path
) -> None:
    text = (
        "tx_id,user_id,amount,status,order_date,delivery_date\n"
        "1,u,1,CANCELED,2024-01-02 10:00:00,2024-01-02\n"
        "2,u,1,Paid,2024-01-02 10:00:00,2024-01-02 09:00:00\n"
        "3,u,1,,2024-01-02,\n"
    )
    rows = cleaned(spark, TRANSACTIONS, Bronze(tmp_path).delimited("t.csv", text))
    assert only(rows, "status", "_created_at_comparable", "_delivered_at_comparable") == [
        ("cancelled", at(2024, 1, 2), at(2024, 1, 2)),
        ("paid", at(2024, 1, 2, 10), at(2024, 1, 2, 9)),
        (None, at(2024, 1, 2), None),
    ]


def test_of_two_source_columns_the_first_value_wins_in_file_order(
    spark: SparkSession, tmp_path: Path
) -> None:
    text = (
        "uid,tx_id,total,customer_id,amount,value,order_date,x,X\n"
        "a,1,1,b,2,3,2024-01-01,p,q\n"
        "null,2,NaN,b,-inf,3,2024-01-01,-,q\n"
        "?,3,abc,,2,3,2024-01-01,,\n"
        ",4,,,,,2024-01-01,,\n"
    )
    rows = cleaned(spark, TRANSACTIONS, Bronze(tmp_path).delimited("t.csv", text))
    assert only(rows, "tx_id", "user_id", "amount", "_uncastable_amount", "_extra") == [
        ("4", None, None, None, None),
        ("3", None, None, "abc", None),
        ("1", "a", Decimal("1.0000"), None, '{"x":"p"}'),
        ("2", "b", Decimal("3.0000"), None, '{"x":"q"}'),
    ]


def test_extra_is_sorted_by_code_point_and_cleaned(spark: SparkSession, tmp_path: Path) -> None:
    text = 'event_id,user_id,ts,ze,Ärger,b c,😀,a\n1,u,2024-01-01, e\u0301 ,ß,n/a,nothing named,\x07"\n'
    file = Bronze(tmp_path).delimited("e.csv", text)
    assert only(cleaned(spark, EVENTS, file), "_extra") == [
        ('{"":"nothing named","a":"\\"","ze":"\u00e9","ärger":"ß"}',)
    ]


def test_a_file_without_its_facts_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"file a\.csv: expected the format .* run raw_to_bronze again"):
        plan_readings(spark, EVENTS, [bronze_file(FileFacts("a.csv", 1, ""), tmp_path / "a.csv")])


def test_files_of_every_format_side_by_side_keep_their_values(spark: SparkSession, tmp_path: Path) -> None:
    bronze = Bronze(tmp_path)
    moment = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    table = pa.table({"event_id": ["p"], "user_id": ["u"], "ts": pa.array([moment]), "age": [34]})
    pq.write_table(table, tmp_path / "a.parquet")
    facts = FileFacts("a.parquet", 1, "", FileFormat.PARQUET, names=tuple(table.column_names))
    files = [
        bronze_file(facts, tmp_path / "a.parquet"),
        bronze.delimited("b.csv", "event_id,user_id,ts,age\nc,u,2024-01-02T03:04:05Z,34\nd,u,2024-01-02,x\n"),
        bronze.json_lines("c.jsonl", '{"event_id":"j","user_id":"u","ts":"2024-01-02 03:04:05Z","age":34.0}'),
    ]
    rows = cleaned(spark, EVENTS, *files)
    assert only(rows, "event_id", "ts", "age", "_date_only_ts", "_uncastable_age") == [
        ("p", at(2024, 1, 2, 3, 4, 5), 34, None, None),
        ("c", at(2024, 1, 2, 3, 4, 5), 34, None, None),
        ("d", at(2024, 1, 2), None, True, "x"),
        ("j", at(2024, 1, 2, 3, 4, 5), 34, None, None),
    ]
