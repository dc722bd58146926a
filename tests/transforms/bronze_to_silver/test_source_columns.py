"""Source columns that a source's specs name and none of its files has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contracts.model import Source
from tests.transforms.bronze_to_silver.bronze import Bronze
from tests.transforms.promises import TRANSACTIONS
from transforms.bronze_to_silver.source_columns import missing_source_columns

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

# Title: the source, and its missing columns. The files have: no, Total, Order Date, currency.
CASES: dict[str, tuple[Source, tuple[str, ...]]] = {
    "names that a file has": (
        Source("till", "*", columns={"tx_id": "no", "created_at": "Order Date", "amount": "Total"}),
        (),
    ),
    "a name that is written with blanks around it": (Source("till", "*", columns={"tx_id": " no "}), ()),
    "a name that one of two files has": (Source("till", "*", columns={"status": "state"}), ()),
    "a mistyped name": (Source("till", "*", columns={"tx_id": "nr", "amount": "Total"}), ("till: nr",)),
    "a mistyped name that is no SQL": (
        Source("till", "*", columns={"created_at": "Order Day"}),
        ("till: Order Day",),
    ),
    "a name in another case is another column": (
        Source("till", "*", columns={"tx_id": "No"}),
        ("till: No",),
    ),
    "a column that is not filled down": (Source("till", "*", fill_down=("Customer",)), ("till: Customer",)),
    "a column of currencies that is missing": (Source("till", "*", currency="curency"), ("till: curency",)),
    "a column of currencies": (Source("till", "*", currency="currency"), ()),
    "a code is no column": (Source("till", "*", currency="EUR"), ()),
    "a literal is no column": (Source("till", "*", columns={"status": "'paid'"}), ()),
    "what every record has": (Source("till", "*", columns={"tx_id": "_source_file"}), ()),
    "a name that is used twice": (
        Source("till", "*", columns={"tx_id": "nr", "user_id": "nr"}, fill_down=("nr",)),
        ("till: nr",),
    ),
    "mistyped names within expressions": (
        Source(
            "till",
            "*",
            columns={"status": "upper(Sattus)", "tx_id": "no", "user_id": "state.b"},
            where="x > 1",
            fill_down=("y",),
        ),
        ("till: Sattus", "till: x", "till: y"),
    ),
    "a source without files": (Source("mail", "*", columns={"tx_id": "nr"}), ()),
}


@pytest.mark.parametrize("title", CASES)
def test_a_name_is_missing_where_no_file_of_the_source_has_it(
    spark: SparkSession, tmp_path: Path, title: str
) -> None:
    source, missing = CASES[title]
    bronze = Bronze(tmp_path)
    files = [
        bronze.delimited("a.csv", "no,Total,Order Date,currency\n", source="till"),
        bronze.delimited("b.csv", "no,Total,state\n", source="till"),
        bronze.delimited("c.csv", "nr,Customer,curency\n"),
    ]
    assert missing_source_columns(spark, replace(TRANSACTIONS, sources=(source,)), files) == missing


def test_a_contract_without_sources_misses_nothing(spark: SparkSession, tmp_path: Path) -> None:
    files = [Bronze(tmp_path).delimited("a.csv", "no\n")]
    assert missing_source_columns(spark, TRANSACTIONS, files) == ()
