"""Sources: columns taken whole, nested paths, expressions, and what holds for texts only (spec 4.0)."""

import dataclasses
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from contracts.errors import ContractError
from contracts.model import Contract, DateOrder, Source
from tests.transforms.bronze_to_silver.bronze import Bronze, cleaned, only
from tests.transforms.promises import TRANSACTIONS
from transforms.bronze_to_silver.source_columns import check_expressions


def with_source(**columns: str) -> Contract:
    return dataclasses.replace(TRANSACTIONS, sources=(Source("shop", "**", columns=columns),))


RETAIL = with_source(
    tx_id="concat_ws('-', InvoiceNo, Quantity)",
    user_id="CustomerID",
    amount="cast(Quantity as int) * cast(UnitPrice as decimal(18,4))",
    created_at="InvoiceDate",
    status="if(InvoiceNo like 'C%', 'canceled', 'paid')",
    email="Missing",
    name="concat(_source_file, cast(cast(Quantity as int) + 1 as string))",
    age="cast(Quantity as int)",
)
HEADER = "InvoiceNo,Quantity,InvoiceDate,UnitPrice,CustomerID,order_date\n"


def test_an_expression_fails_for_its_row_alone(spark: SparkSession, tmp_path: Path) -> None:
    text = HEADER + (
        "1,6,2010-12-01 08:26:00,2.55,c,x\n"
        "C2,abc,2010-12-01 08:26:00,2.55,c,x\n"
        "3,2147483647,2010-12-01 08:26:00,0,c,x\n"
        "4,1\n"
    )
    file = Bronze(tmp_path).delimited("s.csv", text, source="shop")
    rows = cleaned(spark, RETAIL, file)
    assert only(rows, "tx_id", "status", "amount", "name", "age", "_malformed") == [
        ("1-6", "paid", Decimal("15.3000"), "s.csv7", 6, None),
        ("3-2147483647", "paid", Decimal("0.0000"), None, 2147483647, None),
        (None, None, None, None, None, "2 fields, expected 6"),
        ("C2-abc", "cancelled", None, None, None, None),
    ]
    assert only(rows, "_uncastable_amount", "_uncastable_name") == [
        (None, None),
        (None, '{"Quantity":"2147483647"}'),
        (None, None),
        ('{"Quantity":"abc","UnitPrice":"2.55"}', '{"Quantity":"abc"}'),
    ]
    # A column taken whole leaves the record; one only used, or meaning a listed column by name, stays.
    assert rows[0]["_extra"] == '{"invoice_no":"1","order_date":"x","quantity":"6","unit_price":"2.55"}'


SOON = '{"sent":"soon"}'
ORDERS = dataclasses.replace(
    TRANSACTIONS,
    sources=(
        Source(
            "shop",
            "**",
            columns={
                "tx_id": "order.id",
                "user_id": "customer",
                "name": "concat(order.who.name, '/', lines[1].sku)",
                "email": "`odd name`",
                "delivered_at": "to_timestamp(sent)",
                "status": "order.who",
            },
            date_order=DateOrder.DMY,
            decimal_mark=",",
            timezone="Europe/Berlin",
        ),
    ),
)


def test_paths_reach_into_json_and_conventions_hold_for_texts_only(
    spark: SparkSession, tmp_path: Path
) -> None:
    bronze = Bronze(tmp_path)
    lines = (
        '{"order":{"id":1.10,"who":{"name":"Ann","n":2.50}},"lines":[{"sku":"a"},{"sku":"b"}],"customer":7,'
        '"odd name":"x","amount":1.5,"created_at":"01.02.2024 10:00","sent":"2024-02-01 00:00:00",'
        '"age":"1.0"}\n'
        '{"order":"text","customer":null,"amount":"1.234,5","created_at":"01/02/2024","sent":"soon"}\n'
    )
    rows = cleaned(spark, ORDERS, bronze.json_lines("o.json", lines, "order", "amount", source="shop"))
    names = ("tx_id", "user_id", "name", "email", "status", "amount", "created_at", "delivered_at")
    assert only(rows, *names, "_uncastable_age", "_uncastable_delivered_at") == [
        (None, None, None, None, None, Decimal("1234.5000"), _at(2024, 2, 1), None, None, SOON),
        (
            "1.10", "7", "Ann/b", "x", '{"name":"ann","n":2.50}', Decimal("1.5000"), _at(2024, 2, 1, 9),
            _at(2024, 2, 1), "1.0", None,
        ),
    ]  # fmt: skip


def test_a_source_of_one_glob_leaves_other_files_alone(spark: SparkSession, tmp_path: Path) -> None:
    bronze = Bronze(tmp_path)
    mine = bronze.delimited("mine.csv", HEADER + "1,2,2024-01-02,3,c,2024-01-02\n", source="shop")
    other = bronze.delimited("other.csv", "order_id,uid,total,order_date\n1,u,4,2024-01-02\n")
    rows = cleaned(spark, RETAIL, mine, other)
    assert only(rows, "_source_file", "tx_id", "user_id", "amount") == [
        ("mine.csv", "1-2", "c", Decimal("6.0000")),
        ("other.csv", "1", "u", Decimal("4.0000")),
    ]


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("no_such_function(a)", "cannot be computed"),
        ("sum(a)", "cannot be computed"),
        ("row_number() over (order by a)", "reads more than one row"),
        ("explode(split(a, ','))", "cannot be computed"),
    ],
)
def test_a_spec_that_cannot_run_names_contract_source_and_column(
    spark: SparkSession, spec: str, reason: str
) -> None:
    with pytest.raises(
        ContractError, match=r"contract transactions, source shop, column amount: .*"
    ) as error:
        check_expressions(spark, with_source(amount=spec))
    assert reason in str(error.value)


def test_the_name_of_a_source_column_needs_not_parse(spark: SparkSession) -> None:
    check_expressions(
        spark, with_source(amount="Price (net", tx_id="a.b[0].c"), names={"shop": {"Price (net"}}
    )


def _at(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001  (Spark gives UTC without saying so)
