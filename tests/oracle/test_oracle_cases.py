"""Small inputs after public reports of people who do this job, each with its right result."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.oracle.contract import COLUMNS, SHIPPED, Column
from tests.oracle.files import look_at_files
from tests.oracle.judging import judge
from tests.oracle.sources import Computed, Source
from tests.oracle.spark_sql import concat_ws, number, number_cell, product, sha2, text_cell

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)


def outcome(tmp_path, dataset, files, source=None, contracts=SHIPPED, accepted=None):
    sources = None if source is None else {dataset: [source]}
    found = judge(tmp_path, sources, as_of=AS_OF, contracts=contracts, accepted=accepted, **{dataset: files})
    return found.datasets[dataset]


def values(dataset, name, *columns):
    at = [[*dataset_columns(name), "_extra"].index(column) for column in columns]
    return [tuple(row[i] for i in at) for row in dataset.silver_rows]


def dataset_columns(name):
    return [column.name for column in COLUMNS[name]]


def test_cr_alone_ends_records(tmp_path):
    text = (
        "tx_id,user_id,amount,created_at,status\rCR1,U01,10.00,2025-05-01T10:00:00Z,paid\r"
        "CR2,U02,20.00,2025-05-01T11:00:00Z,paid\rCR3,U03,30.00,2025-05-01T12:00:00Z,paid\r"
    )
    found = outcome(tmp_path, "transactions", {"cr_only.csv": text})
    assert values(found, "transactions", "tx_id", "status") == [(f"CR{i}", "paid") for i in (1, 2, 3)]


def test_backslash_n_in_a_header_is_data_taken_for_a_header(tmp_path):
    text = (
        r"tx_id,user_id,amount,created_at,status\nLN1,U01,10.00,2025-05-01T10:00:00Z,paid\n"
        r"LN2,U01,10.00,2025-05-01T10:00:00Z,paid\n"
    )
    found = outcome(tmp_path, "transactions", {"literal_n.csv": text})
    assert found.files.quarantined == {"content_mismatch": ("literal_n.csv",)}


def test_a_header_with_a_bom_within_glued_files_is_no_row(tmp_path):
    text = "\ufeffuser_id,name,email\r\nZ1,Ann,a@x.test\r\n\ufeffuser_id,name,email\r\nZ2,Bob,b@x.test\r\n"
    found = outcome(tmp_path, "users", {"cat_bom.csv": text})
    assert values(found, "users", "user_id", "name") == [("Z1", "Ann"), ("Z2", "Bob")]
    assert found.rows_read == 2


def test_a_bom_within_glued_files_belongs_to_no_value(tmp_path):
    text = "\ufeffuser_id,name,email\nZ3,Ann,a@x.test\n\ufeffZ4,Bob,b@x.test\n"
    found = outcome(tmp_path, "users", {"cat_bom_nohdr.csv": text})
    assert values(found, "users", "user_id", "_extra") == [("Z3", None), ("Z4", None)]


def test_a_header_again_in_other_case_is_no_row(tmp_path):
    text = "user_id,name,email\nY1,Ann,\nUser_ID,Name,Email\nY2,Bob,\n"
    found = outcome(tmp_path, "users", {"hdr2.csv": text})
    assert values(found, "users", "user_id") == [("Y1",), ("Y2",)]


def test_a_name_is_too_long_beyond_4096_bytes(tmp_path):
    text = f"user_id,name,email\nW1,{'é' * 600},\nW2,ok,\nW3,{'é' * 2500},\nW4,a,\nW5,b,\n"
    found = outcome(tmp_path, "users", {"long.csv": text})
    assert values(found, "users", "user_id", "name")[0] == ("W1", "é" * 600)
    assert [q.failed_rules for q in found.quarantined] == [("name_too_long",)]
    assert found.silver_verdict == "warn"


def test_headerless_rows_stay_when_the_contract_grows(tmp_path):
    text = "".join(f"H{i},U1,5.00,paid,2025-05-02T10:00:00Z,,a@x.test,Ann,30\n" for i in range(4))
    before = {f.key: f for f in look_at_files_of(tmp_path, {"part-00000.csv": text})}
    shipped = SHIPPED["transactions"]
    grown = replace(shipped, columns=(*shipped.columns, Column("promo_code", "string")))
    contracts = {**SHIPPED, "transactions": grown}
    accepted = {"transactions": before}
    found = outcome(tmp_path, "transactions", {}, contracts=contracts, accepted=accepted)
    assert values(found, "transactions", "tx_id", "age") == [(f"H{i}", 30) for i in range(4)]
    new = outcome(tmp_path / "new", "transactions", {"part-00000.csv": text}, contracts=contracts)
    assert list(new.files.quarantined) == ["content_mismatch"]


def test_a_new_file_without_a_header_whose_source_names_no_column_does_not_block(tmp_path):
    text = "H1,U1,5.00,paid,2025-05-02T10:00:00Z,,,,30\n"
    source = Source("*.csv", columns={"user_id": "nobody"})
    found = outcome(tmp_path, "transactions", {"a.csv": text}, source)
    assert (found.files.unreadable, found.bronze_verdict) == ({}, "pass")
    assert found.rows_by_rule == {"user_id_required": 1}


def test_a_new_contract_that_cannot_read_an_accepted_file_blocks(tmp_path):
    text = "tx_id,user_id,amount,created_at\nH1,U1,5.00,2025-05-02T10:00:00Z\n"
    accepted = {"transactions": {f.key: f for f in look_at_files_of(tmp_path, {"a.csv": text})}}
    shipped = SHIPPED["transactions"]
    stricter = replace(shipped, columns=(*shipped.columns, Column("promo_code", "string", is_required=True)))
    contracts = {**SHIPPED, "transactions": stricter}
    found = judge(tmp_path, contracts=contracts, accepted=accepted)
    assert found.datasets["transactions"].files.unreadable == {"a.csv": ["promo_code"]}
    assert found.verdicts == {"raw_to_bronze": "block"}


def look_at_files_of(tmp_path, files):
    judge(tmp_path, transactions=files)
    return look_at_files(tmp_path, "transactions")


def test_objects_one_after_another_are_records(tmp_path):
    one = '{{"event_id": "FH{}", "user_id": "U01", "ts": "2025-05-03T10:00:00Z"}}'
    found = outcome(tmp_path, "events", {"firehose.json": "".join(one.format(i) for i in range(5))})
    assert values(found, "events", "event_id") == [(f"FH{i}",) for i in range(5)]
    assert found.rows_read == 5


def test_an_expression_finds_a_name_that_the_header_pads(tmp_path):
    source = Source(
        columns={"tx_id": "no", "created_at": "At"},
        computed={
            "amount": Computed(
                "number(Qty) * 2", ("Qty",), lambda qty: number_cell(product(number(qty, source), 2))
            )
        },
        date_order="DMY",
    )
    text = "no, user_id, Qty, At\np1, u1, 3, 2024-01-01\np2, u2, 4, 31-01-2024 9:05\n"
    found = outcome(tmp_path, "transactions", {"orders.csv": text}, source)
    assert values(found, "transactions", "tx_id", "amount", "created_at") == [
        ("p1", 6, datetime(2024, 1, 1, tzinfo=UTC)),
        ("p2", 8, datetime(2024, 1, 31, 9, 5, tzinfo=UTC)),
    ]


def test_a_headerless_file_of_another_width_has_given_names(tmp_path):
    source = Source(
        header=False,
        column_names=("action", "at", "product", "brand", "price", "user_id"),
        columns={"ts": "at", "message": "action"},
        computed={
            "event_id": Computed(
                "sha2(concat_ws('|', _source_file, _position), 256)",
                ("_source_file", "_position"),
                lambda file, position: text_cell(sha2(concat_ws("|", file, position))),
            )
        },
    )
    text = (
        "view,2025-03-01 08:00:00 UTC,70001,brandless,12.50,9001\n"
        "cart,2025-03-01 08:00:05 UTC,70002,plain,,9002\n"
    )
    found = outcome(tmp_path, "events", {"part-0.csv": text}, source)
    assert sorted(values(found, "events", "message", "user_id", "price", "_extra"), key=str) == [
        ("cart", "9002", None, {"brand": "plain", "product": "70002"}),
        ("view", "9001", Decimal("12.50"), {"brand": "brandless", "product": "70001"}),
    ]


PREAMBLE = (
    "Report,Orders\nFrom,2025-05-01\n\ntx_id,user_id,amount,created_at\nPRE1,U01,10.00,2025-05-02T10:00:00Z\n"
)


def test_lines_before_the_header_are_skipped(tmp_path):
    found = outcome(tmp_path, "transactions", {"preamble.csv": PREAMBLE}, Source(skip_lines=3))
    assert values(found, "transactions", "tx_id") == [("PRE1",)]
    assert found.rows_read == 1


def test_lines_before_the_header_are_no_header(tmp_path):
    found = outcome(tmp_path, "transactions", {"preamble.csv": PREAMBLE})
    assert list(found.files.quarantined) == ["content_mismatch"]


def test_continuation_lines_of_a_shop_export_are_excluded(tmp_path):
    source = Source(
        where=Computed("Total is not null", ("Total",), lambda total: total is not None),
        columns={
            "tx_id": "Name",
            "user_id": "Email",
            "amount": "Total",
            "created_at": "Created at",
            "status": "Financial Status",
        },
        currency="Currency",
    )
    text = """Name,Email,Financial Status,Paid at,Currency,Total,Created at,Lineitem quantity,Billing Name,Id
#1001,ann@x.test,paid,2025-05-02 10:15:31 -0400,USD,60.00,2025-05-02 10:15:30 -0400,1,Ann,5512345678901
#1001,ann@x.test,,,,,,2,,
#1002,bob@x.test,partially_refunded,2025-05-02 11:00:00 -0400,USD,"1,250.00",2025-05-02 11:00:00 -0400,1,Bob,5
#1002,bob@x.test,,,,,,1,,
#1002,bob@x.test,,,,,,1,,
"""
    found = outcome(tmp_path, "transactions", {"orders.csv": text}, source)
    assert values(found, "transactions", "tx_id", "user_id", "amount", "created_at") == [
        ("#1001", "ann@x.test", 60, datetime(2025, 5, 2, 14, 15, 30, tzinfo=UTC)),
        ("#1002", "bob@x.test", 1250, datetime(2025, 5, 2, 15, tzinfo=UTC)),
    ]
    assert (found.rows_read, found.rows_excluded_by_file, found.quarantined) == (2, {"orders.csv": 3}, ())
    assert found.failed == ("freshness",)


def test_keys_that_a_spreadsheet_left_are_counted(tmp_path):
    text = """tx_id,user_id,amount,created_at
1.23457E+15,U01,10.00,2025-05-02T10:00:00Z
1.23457E+15,U02,25.00,2025-05-02T11:00:00Z
="000123",U03,5.00,2025-05-02T12:00:00Z
'00124,U03,5.00,2025-05-02T12:00:00Z
45413,U04,7.00,45413
"""
    found = outcome(tmp_path, "transactions", {"excel_ids.csv": text})
    assert found.rows_warned == {"tx_id_mangled": 4}
    assert [q.failed_rules for q in found.quarantined] == [("created_at_uncastable",)]
    assert values(found, "transactions", "tx_id") == [("'00124",), ("1.23457E+15",), ('="000123"',)]


def test_minor_units_follow_the_currency_that_stands_apart(tmp_path):
    text = """tx_id,user_id,amount,currency,created_at
CM1,U01,1250,usd,2025-05-08T10:00:00Z
CM2,U01,980,jpy,2025-05-08T10:00:00Z
"""
    source = Source(currency="currency", minor_units=True)
    found = outcome(tmp_path, "transactions", {"cents_mixed.csv": text}, source)
    assert values(found, "transactions", "tx_id", "amount") == [("CM1", Decimal("12.50")), ("CM2", 980)]
    assert (found.failed, found.silver_verdict) == (("currency_mixed", "freshness"), "warn")


WRAPPED = (
    '{"data": ['
    + ", ".join(f'{{"event_id": "WR{i}", "user_id": "U01", "ts": "2025-05-03T10:00:00Z"}}' for i in range(3))
    + '], "next": null}'
)


def test_records_are_found_within_one_object(tmp_path):
    found = outcome(tmp_path, "events", {"wrapped.json": WRAPPED}, Source(record_path="data"))
    assert values(found, "events", "event_id") == [("WR0",), ("WR1",), ("WR2",)]
    assert found.rows_read == 3


def test_an_object_around_the_records_is_one_row(tmp_path):
    found = outcome(tmp_path, "events", {"wrapped.json": WRAPPED})
    assert [q.failed_rules for q in found.quarantined] == [
        ("event_id_required", "ts_required", "user_id_required")
    ]


BACKSLASH = r"""tx_id,user_id,amount,created_at,name
BS1,U01,10.00,2025-05-05T10:00:00Z,"Ann \"Bee\" Cee"
BS2,U01,11.00,2025-05-05T10:00:00Z,"plain"
"""


@pytest.mark.parametrize(
    ("source", "names", "malformed"),
    [(Source(escape="\\"), [('Ann "Bee" Cee',), ("plain",)], 0), (None, [("plain",)], 1)],
)
def test_an_escape_makes_a_quote_literal(tmp_path, source, names, malformed):
    found = outcome(tmp_path, "transactions", {"backslash.csv": BACKSLASH}, source)
    assert values(found, "transactions", "name") == names
    assert found.rows_by_rule == ({"malformed": 1} if malformed else {})


def test_line_items_of_one_order_are_rows_in_conflict(tmp_path):
    text = """order_id,customer_id,total,created_at,sku
LI1,U01,10.00,2025-05-08T10:00:00Z,A
LI1,U01,20.00,2025-05-08T10:00:00Z,B
LI1,U01,20.00,2025-05-08T10:00:00Z,C
"""
    found = outcome(tmp_path, "transactions", {"line_items.csv": text})
    assert values(found, "transactions", "tx_id", "amount", "_extra") == [("LI1", 20, {"sku": "C"})]
    assert (found.rows_deduplicated, found.rows_conflicting) == (2, 2)
    assert found.failed == ("duplicates_conflicting", "freshness")


def test_recency_tells_the_latest_row_of_a_key(tmp_path):
    header = "order_id,customer_id,total,status,order_date,updated_at\n"
    files = {
        "orders_10.csv": header + "ST1,U01,50.00,refunded,2025-05-07T10:00:00Z,2025-05-20T10:00:00Z\n",
        "orders_2.csv": header + "ST1,U01,50.00,paid,2025-05-07T10:00:00Z,2025-05-07T10:00:00Z\n",
    }
    shipped = SHIPPED["transactions"]
    with_update = replace(shipped, columns=(*shipped.columns, Column("updated_at", "timestamp")))
    for recency, status in (((), "paid"), (("updated_at",), "refunded")):
        contracts = {**SHIPPED, "transactions": replace(with_update, recency=recency)}
        found = outcome(tmp_path, "transactions", files, contracts=contracts)
        assert values(found, "transactions", "status") == [(status,)]


def test_a_wide_file_of_tabs_is_no_file_of_commas(tmp_path):
    names = "\t".join(["user_id", *(f"c{i}" for i in range(104))])
    text = f"{names}\n" + "\t".join(["u1"] * 105) + "\n"
    found = outcome(tmp_path, "users", {"wide.csv": text})
    assert (found.rows_read, found.silver_rows[0][0]) == (1, "u1")
