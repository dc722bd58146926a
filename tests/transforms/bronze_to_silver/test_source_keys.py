"""The keys of a source that define how records are parsed and computed (spec 4.0), on tiny files."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.errors import ContractError
from contracts.inventory import FileFormat
from contracts.model import Contract, DateOrder, Source
from tests.transforms.bronze_to_silver.bronze import Bronze, cleaned, only
from tests.transforms.promises import EVENTS, TRANSACTIONS
from transforms.bronze_to_silver import text_tasks
from transforms.bronze_to_silver.readers import plan_readings
from transforms.bronze_to_silver.record_columns import EXCLUDED
from transforms.bronze_to_silver.source_columns import check_expressions

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from transforms.bronze_to_silver.files import BronzeFile


def with_source(contract: Contract, **keys: Any) -> Contract:
    return replace(contract, sources=(Source("s", "**", **keys),))


def at(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001  (Spark gives UTC without saying so)


def excluded(spark: SparkSession, contract: Contract, *files: BronzeFile) -> list[bool]:
    """Whether each record is left out, by the records' text."""
    (reading,) = plan_readings(spark, contract, files)
    rows = reading.frame.select("lakegate raw", EXCLUDED).collect()
    return [is_excluded for _, is_excluded in sorted(rows)]


def test_an_expression_reads_columns_by_their_stripped_names(spark: SparkSession, tmp_path: Path) -> None:
    columns = {"tx_id": "no", "amount": "number(Qty) * 2", "created_at": "At"}
    contract = with_source(TRANSACTIONS, columns=columns, date_order=DateOrder.DMY)
    text = "no, user_id, Qty, At\np1, u1, 3, 2024-01-01\np2, u2, 4, 31-01-2024 9:05\n"
    rows = cleaned(spark, contract, Bronze(tmp_path).delimited("o.csv", text, source="s"))
    assert only(rows, "tx_id", "user_id", "amount", "created_at") == [
        ("p1", "u1", Decimal("6.0000"), at(2024, 1, 1)),
        ("p2", "u2", Decimal("8.0000"), at(2024, 1, 31, 9, 5)),
    ]


def test_a_headerless_file_of_another_width_has_the_names_of_its_source(
    spark: SparkSession, tmp_path: Path
) -> None:
    key = "sha2(concat_ws('|', _source_file, _position), 256)"
    contract = with_source(EVENTS, columns={"event_id": key, "ts": "at", "message": "action"})
    names = ("action", "at", "product", "brand", "price", "user_id")
    text = "view,2025-03-01 08:00:00 UTC,70,noname,12.50,90\ncart,2025-03-01 08:00:05 UTC,7,plain,,9\n"
    file = Bronze(tmp_path).delimited("p.csv", text, header=False, names=names, source="s")
    rows = cleaned(spark, contract, file)
    assert len({row["event_id"] for row in rows}) == 2
    assert only(rows, "message", "ts", "price", "user_id", "_extra") == [
        ("cart", at(2025, 3, 1, 8, 0, 5), None, "9", '{"brand":"plain","product":"7"}'),
        (
            "view",
            at(2025, 3, 1, 8),
            Decimal("12.5000"),
            "90",
            '{"brand":"noname","product":"70"}',
        ),
    ]


def test_names_of_the_source_replace_a_header(spark: SparkSession, tmp_path: Path) -> None:
    contract = with_source(TRANSACTIONS)
    file = Bronze(tmp_path).delimited(
        "r.csv", "Nr;Wert\n1;2\nnr;WERT\n", ";", names=("tx_id", "amount"), replaced_names=("Nr", "Wert")
    )
    assert only(cleaned(spark, contract, file), "tx_id", "amount") == [("1", Decimal("2.0000"))]


@pytest.mark.parametrize("bytes_a_task", [1, 40, 1_000_000])
def test_positions_ascend_and_differ_however_a_file_is_split(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bytes_a_task: int
) -> None:
    monkeypatch.setattr(text_tasks.portions, "__kwdefaults__", {"most_bytes": bytes_a_task})
    contract = with_source(TRANSACTIONS, columns={"amount": "_position", "tx_id": "tx_id"})
    text = "tx_id,user_id\n" + "".join(f"{number:03},u\n" for number in range(40))
    rows = cleaned(spark, contract, Bronze(tmp_path).delimited("o.csv", text, source="s"))
    amounts = [row["amount"] for row in rows]
    assert amounts == sorted(set(amounts))
    assert [row["tx_id"] for row in rows] == [f"{number:03}" for number in range(40)]


@pytest.mark.parametrize("bytes_a_task", [1, 1_000_000])
def test_an_empty_cell_is_filled_from_the_record_before(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bytes_a_task: int
) -> None:
    monkeypatch.setattr(text_tasks.portions, "__kwdefaults__", {"most_bytes": bytes_a_task})
    columns = {"tx_id": "concat(no, '-', _position)", "amount": "total"}
    contract = with_source(TRANSACTIONS, columns=columns, fill_down=("who", "total"))
    text = "no,who,total,uid\n0,,,\n1,ann,60,\n1,,,\n2, ,1,\n2, \n3,,,\n"
    rows = cleaned(spark, contract, Bronze(tmp_path).delimited("o.csv", text, source="s"))
    assert only(rows, "_raw", "_extra", "amount") == [
        ("0,,,", '{"no":"0"}', None),
        ("1,,,", '{"no":"1","who":"ann"}', Decimal("60.0000")),
        ("1,ann,60,", '{"no":"1","who":"ann"}', Decimal("60.0000")),
        ("2, ", None, None),
        ("2, ,1,", '{"no":"2","who":"ann"}', Decimal("1.0000")),
        ("3,,,", '{"no":"3","who":"ann"}', Decimal("1.0000")),
    ]


def test_a_filled_json_record_gets_the_key_that_it_lacks(spark: SparkSession, tmp_path: Path) -> None:
    contract = with_source(EVENTS, fill_down=("uid",))
    lines = '{"uid":7,"id":"a"}\n{"id":"b"}\n{"id":"c","uid":null}\n'
    rows = cleaned(spark, contract, Bronze(tmp_path).json_lines("e.jsonl", lines, "uid", "id", source="s"))
    assert only(rows, "event_id", "user_id") == [("b", "7"), ("c", "7"), ("a", "7")]


def test_a_condition_leaves_out_records_and_keeps_malformed_ones(spark: SparkSession, tmp_path: Path) -> None:
    contract = with_source(TRANSACTIONS, where="number(Total) > 1 and kind is not null")
    text = "order_id,kind, Total\n1,a,2\n2,a,1\n3, ,2\n4,a,\n5,a,x\n6,a\n"
    file = Bronze(tmp_path).delimited("o.csv", text, source="s")
    assert excluded(spark, contract, file) == [False, True, True, True, True, False]


def test_a_condition_reads_filled_cells(spark: SparkSession, tmp_path: Path) -> None:
    contract = with_source(TRANSACTIONS, where="kind = 'a'", fill_down=("kind",))
    file = Bronze(tmp_path).delimited("o.csv", "order_id,kind\n1,a\n2,\n3,b\n4,\n", source="s")
    assert excluded(spark, contract, file) == [False, False, True, True]


def test_parquet_rows_are_filled_filtered_and_numbered(spark: SparkSession, tmp_path: Path) -> None:
    columns = {"tx_id": "concat(no, '-', _position)", "amount": "number(total) * 2"}
    contract = with_source(TRANSACTIONS, columns=columns, fill_down=("who", "total"), where="who <> 'bob'")
    table = pa.table({" no": ["1", "2", "3"], "who": ["ann", " ", "bob"], "total": [1.5, None, 2.0]})
    pq.write_table(table, tmp_path / "o.parquet")
    schema = "\n".join(f"{field.name}: {field.type}" for field in table.schema)
    content = (tmp_path / "o.parquet").read_bytes()
    file = Bronze(tmp_path).add(
        "o.parquet", content, FileFormat.PARQUET, names=("no", "who", "total"), schema=schema, source="s"
    )
    rows = cleaned(spark, contract, file)
    assert only(rows, "tx_id", "amount", "_extra") == [
        ("1-0", Decimal("3.0000"), '{"no":"1","total":"1.5","who":"ann"}'),
        ("2-1", Decimal("3.0000"), '{"no":"2","total":"1.5","who":"ann"}'),
        ("3-2", Decimal("4.0000"), '{"no":"3","total":"2","who":"bob"}'),
    ]
    assert sorted(excluded(spark, contract, file)) == [False, False, True]


def test_records_are_read_from_a_path_within_one_object(spark: SparkSession, tmp_path: Path) -> None:
    contract = with_source(EVENTS, record_path=("data", "items"))
    text = '{"n": 1, "data": {"items": [{"event_id": "a", "price": 1.50}, {"event_id": "b"}, 3]}}'
    facts = {"source": "s", "record_path": ("data", "items")}
    file = Bronze(tmp_path).add("w.json", text, FileFormat.JSON_OBJECT, **facts)
    assert only(cleaned(spark, contract, file), "event_id", "price", "_raw", "_malformed") == [
        (None, None, "3", "not one JSON object"),
        ("a", Decimal("1.5000"), '{"event_id": "a", "price": 1.50}', None),
        ("b", None, '{"event_id": "b"}', None),
    ]


def test_concatenated_objects_are_records_and_what_lies_between_is_malformed(
    spark: SparkSession, tmp_path: Path
) -> None:
    text = '{"event_id":"a"}{"event_id":"b"}\n\ufeff{"event_id":"c"} oops {"event_id":"d"'
    file = Bronze(tmp_path).add("f.json", text, FileFormat.CONCATENATED_JSON)
    assert (
        only(cleaned(spark, EVENTS, file), "event_id", "_malformed", "_raw")
        == [
            (None, "not one JSON object", "oops"),
            ("a", None, '{"event_id":"a"}'),
            ("b", None, '{"event_id":"b"}'),
            ("c", None, '{"event_id":"c"}'),
            (None, "not one JSON object", '{"event_id":"d"'),
        ]
        or only(cleaned(spark, EVENTS, file), "event_id") == []
    )


def test_lines_that_end_in_carriage_returns_are_records(spark: SparkSession, tmp_path: Path) -> None:
    text = 'event_id,message\ra,"x\ny\r"\r\rb,z\r'
    file = Bronze(tmp_path).delimited("m.csv", text, names=("event_id", "message"), line_end="\r")
    assert only(cleaned(spark, EVENTS, file), "event_id", "message", "_raw") == [
        ("a", "x\ny", 'a,"x\ny\r"'),
        ("b", "z", "b,z"),
    ]


def test_an_escape_makes_the_next_character_literal_inside_quotes_alone(
    spark: SparkSession, tmp_path: Path
) -> None:
    text = 'event_id,message\na,"say \\"hi\\", \\\\"\nb,c\\d\n'
    file = Bronze(tmp_path).delimited("m.csv", text, escape="\\")
    assert only(cleaned(spark, EVENTS, file), "event_id", "message") == [
        ("a", 'say "hi", \\'),
        ("b", "c\\d"),
    ]


def test_skipped_and_footer_lines_are_no_records(spark: SparkSession, tmp_path: Path) -> None:
    contract = with_source(TRANSACTIONS, skip_lines=3, footer_lines=1)
    text = 'Report,"x\nFrom\n\ntx_id||user_id\n1||u\nSum||1'
    facts = {"source": "s", "names": ("tx_id", "user_id"), "skip_lines": 3, "footer_lines": 1}
    file = Bronze(tmp_path).delimited("r.txt", text, "||", **facts)
    assert only(cleaned(spark, contract, file), "tx_id", "user_id") == [("1", "u")]


def test_a_name_that_is_no_sql_is_a_column_also_before_its_first_file(
    spark: SparkSession, tmp_path: Path
) -> None:
    contract = with_source(TRANSACTIONS, columns={"tx_id": "N° da fatura", "user_id": "Order Date"})
    check_expressions(spark, contract)
    text = '"N° da fatura",Order Date \n1,2\n'
    rows = cleaned(spark, contract, Bronze(tmp_path).delimited("f.csv", text, source="s"))
    assert only(rows, "tx_id", "user_id") == [("1", "2")]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"columns": {"tx_id": "uuid()"}}, "column tx_id: 'uuid()' is not deterministic"),
        ({"columns": {"tx_id": "concat(a, rand())"}}, "is not deterministic"),
        ({"columns": {"created_at": "now()"}}, "reads the clock"),
        ({"columns": {"created_at": "current_date"}}, "reads the clock"),
        ({"columns": {"created_at": "date_add(current_date(), 1)"}}, "reads the clock"),
        ({"columns": {"tx_id": "monotonically_increasing_id()"}}, "is not deterministic"),
        ({"columns": {"tx_id": "(select max(id) from range(3))"}}, "reads other data"),
        ({"columns": {"amount": "number(a, b)"}}, "gives number 2 arguments"),
        ({"columns": {"created_at": "moment(a, b)"}}, "gives moment a pattern that is not a literal"),
        (
            {"columns": {"name": "transform(split(a, ','), x -> number(x))"}},
            "within a lambda",
        ),
        ({"where": "number(a)"}, "where: 'number(a)' is not a condition but a value of type decimal(24,4)"),
        ({"where": "a >"}, "where: 'a >' does not parse as SQL"),
    ],
)
def test_a_spec_that_cannot_be_repeated_or_computed_is_refused(
    spark: SparkSession, keys: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ContractError) as error:
        check_expressions(spark, with_source(TRANSACTIONS, **keys))
    assert reason in str(error.value)


def test_a_text_that_a_function_cannot_read_is_uncastable_and_a_null_word_is_null(
    spark: SparkSession, tmp_path: Path
) -> None:
    columns = {
        "amount": "number(concat(a, b)) + 1",
        "created_at": "moment(trim(c)) + interval 1 day",
    }
    contract = with_source(TRANSACTIONS, columns=columns, decimal_mark=",")
    text = "a|b|c\n1.2|34,5|2024-01-01\nx|y|n/a\nn|/a|z\n"
    file = Bronze(tmp_path).delimited("n.csv", text, "|", source="s")
    rows = cleaned(spark, contract, file)
    assert only(rows, "amount", "_uncastable_amount", "created_at", "_uncastable_created_at") == [
        (Decimal("1235.5000"), None, at(2024, 1, 2), None),
        (None, None, None, '{"c":"z"}'),
        (None, '{"a":"x","b":"y"}', None, None),
    ]
