"""Suggested entries for files with unknown names: proposals from their values, and the evidence."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from contracts.loader import load_contracts
from contracts.model import Source
from tests.transforms.raw_to_bronze.example import gz
from transforms.suggest_source.columns import RECORD_KEY, UNKNOWN
from transforms.suggest_source.entry import entry_yaml
from transforms.suggest_source.suggest import LocalFile, suggest_entry

if TYPE_CHECKING:
    from transforms.suggest_source.suggest import Entry

CONTRACTS = load_contracts()


def suggested(dataset: str, key: str, data: bytes | str) -> Entry:
    content = data.encode() if isinstance(data, str) else data
    file = LocalFile(key, len(content), lambda: io.BytesIO(content))
    return suggest_entry(file, CONTRACTS.silver(dataset))


def keys(dataset: str, key: str, data: bytes | str) -> dict[str, object]:
    """The entry's keys beside name and glob."""
    entry = suggested(dataset, key, data)
    assert entry.source is not None
    assert not entry.problem
    (document,) = yaml.safe_load(entry_yaml(entry.source))
    return {name: value for name, value in document.items() if name not in ("name", "glob")}


def evidence(entry: Entry, column: str) -> str:
    (found,) = (one.evidence for one in entry.findings if one.column == column)
    return found


SHOP = "Beleg;Kunde;Betrag;Gebucht\nB1;K1;1.234,50;31.01.2025\nB2;K1;7,25;01.02.2025\n"


def test_columns_are_proposed_from_words_and_values_with_date_order_and_decimal_mark() -> None:
    assert keys("transactions", "a.csv", SHOP) == {
        "columns": {"tx_id": RECORD_KEY, "user_id": UNKNOWN, "amount": "Betrag", "created_at": "Gebucht"},
        "dateOrder": "DMY",
        "decimalMark": ",",
    }


def test_evidence_marks_guesses_and_placeholders() -> None:
    entry = suggested("transactions", "a.csv", SHOP)
    assert evidence(entry, "tx_id").startswith("tx_id: a stand-in: ")
    assert evidence(entry, "user_id").startswith("user_id: a stand-in: ")
    assert evidence(entry, "amount").endswith("; a guess")
    assert evidence(entry, "created_at") == "created_at: 100% of the values of 'Gebucht' are times; a guess"


def test_a_text_without_a_header_gets_placeholders_for_names() -> None:
    text = "view,2025-03-01 08:00:00 UTC,70001,brandless,12.50,9001\n"
    text += "cart,2025-03-01 08:00:05 UTC,70002,plain,,9002\n"
    assert keys("events", "a.csv", text) == {
        "columnNames": ["c1", "c2", "c3", "c4", "c5", "c6"],
        "columns": {"event_id": RECORD_KEY, "user_id": UNKNOWN, "ts": "c2"},
    }


def test_unknown_names_in_as_many_columns_as_the_contract_has_are_a_header() -> None:
    text = "ref,who,sum,state,day,a,b,c,d\nx1,u1,5.00,paid,2025-05-02,,,,\n"
    assert keys("transactions", "a.csv", text) == {
        "columns": {"tx_id": RECORD_KEY, "user_id": UNKNOWN, "amount": "sum", "created_at": "day"}
    }


def test_values_that_do_not_fit_the_contract_by_position_get_column_names() -> None:
    text = "2025-05-02,u1,paid,x,7.50,,,,\n2025-05-03,u2,paid,y,8.50,,,,\n"
    assert keys("transactions", "a.csv", text) == {
        "columnNames": [f"c{place}" for place in range(1, 10)],
        "columns": {"tx_id": RECORD_KEY, "user_id": UNKNOWN, "amount": "c5", "created_at": "c1"},
    }


def test_an_optional_column_that_serves_as_an_id_keeps_its_meaning() -> None:
    text = "order_id,email,total,order_date\n1,a@x.test,5,2025-05-02\n2,b@x.test,6,2025-05-02\n"
    assert keys("transactions", "a.csv", text) == {"columns": {"user_id": "email", "email": "email"}}


def test_a_column_of_unique_values_is_a_key() -> None:
    text = "voucher_no,uid,total,created_at\n" + "".join(f"v{n},u1,{n},2025-05-02\n" for n in range(30))
    assert keys("transactions", "a.csv", text)["columns"] == {"tx_id": "voucher_no"}
    again = text + "v1,u1,1,2025-05-02\n"
    assert keys("transactions", "a.csv", again)["columns"] == {"tx_id": RECORD_KEY}


def test_a_near_name_with_values_of_another_type_is_not_proposed() -> None:
    text = (
        "order_id,uid,total_quantity,total_price,created_at\n1,u,3,9.50,2025-05-02\n2,u,4,8.50,2025-05-02\n"
    )
    assert keys("transactions", "a.csv", text)["columns"] == {"amount": "total_price"}


def test_a_price_beside_a_quantity_may_be_a_unit_price() -> None:
    text = "order_id,uid,Quantity,UnitPrice,created_at\n1,u,3,9.50,2025-05-02\n2,u,4,8.50,2025-05-02\n"
    found = evidence(suggested("transactions", "a.csv", text), "amount")
    assert found.endswith("(a price of one of 'Quantity'? then number(Quantity) * number(UnitPrice))")


def test_paths_into_nested_json_are_candidates() -> None:
    record = {"customer": {"id": "c1"}, "order": {"placed at": "2025-05-02"}, "sums": {"total": 5}}
    assert keys("transactions", "a.ndjson", json.dumps(record) + "\n")["columns"] == {
        "tx_id": RECORD_KEY,
        "user_id": "customer.id",
        "amount": "sums.total",
        "created_at": "order.`placed at`",
    }


def test_an_array_of_unknown_records_in_one_object_is_found() -> None:
    text = json.dumps({"n": 1, "rows": {"all": [{"at": "2025-05-02T10:00:00Z", "x": 1}]}})
    assert keys("events", "a.json", text) == {
        "recordPath": "rows.all",
        "columns": {"event_id": RECORD_KEY, "user_id": UNKNOWN, "ts": "at"},
    }


@pytest.mark.parametrize("source", [Source("s", "**", skip_lines=1), Source("s", "**", footer_lines=1)])
def test_an_object_between_extra_lines_is_suggested_from(source: Source) -> None:
    data = b'{"signup": "2025-05-02"}'
    data = b"Report\n" + data if source.skip_lines else data + b"\nTotal: 1"
    contract = replace(CONTRACTS.silver("users"), sources=(source,))
    entry = suggest_entry(LocalFile("a.json", len(data), lambda: io.BytesIO(data)), contract)
    assert (entry.problem, entry.source) == ("", replace(source, columns={"user_id": RECORD_KEY}))


def test_parquet_is_suggested_from_its_schema_and_first_rows() -> None:
    table = pa.table({"buyer": ["b1", "b2"], "when": ["2025-05-02", "2025-05-03"], "sum": [1.5, 2.0]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    assert keys("transactions", "a.parquet", sink.getvalue())["columns"] == {
        "tx_id": RECORD_KEY,
        "user_id": "buyer",
        "amount": "sum",
        "created_at": "when",
    }


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("user_id,name\n1,山田太郎\n2,鈴木\n", "shift_jis"), ("user_id,name\n1,景點名稱\n", "big5")],
)
def test_east_asian_encodings_are_guessed(text: str, encoding: str) -> None:
    assert keys("users", "a.csv", text.encode(encoding))["encoding"] == encoding


def test_compressed_text_is_sampled_too() -> None:
    assert keys("transactions", "a.csv.gz", gz(SHOP.encode())) == keys("transactions", "a.csv", SHOP)


@pytest.mark.parametrize(
    ("key", "data", "problem"),
    [
        ("a.csv", b"", "no bytes"),
        ("a.csv", b"foo,bar\nx,y\n", "no column looks like amount (decimal), created_at (timestamp)"),
        ("a.csv", b"a\0b,c\n1,2\n", "a text with NUL bytes"),
        ("a.json", b"[1] x", "no JSON array: 'x' follows its end after 1 elements"),
        ("a.xlsx", b"x", "no reader for 'a.xlsx'"),
    ],
)
def test_a_file_without_an_entry_has_a_problem(key: str, data: bytes, problem: str) -> None:
    assert suggested("transactions", key, data).problem == problem


def test_a_line_with_literal_line_ends_is_not_taken_for_records() -> None:
    text = r"tx_id,user_id,amount,created_at,status\nL1,U1,1,2025-05-01,paid\n"
    problem = suggested("transactions", "a.csv", text).problem
    assert problem.startswith(r"data taken for a header: the name 'status\\nL1' holds a line's end")
