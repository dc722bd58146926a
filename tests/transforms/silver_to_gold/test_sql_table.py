"""Gold tables given as SQL: what is planned, and what is refused before a run (spec 5)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from contracts.errors import ContractError
from contracts.model import Column, Contract, DataType, Kind, Query
from tests.transforms.frames import at, values
from tests.transforms.promises import CONTRACTS, GOLD, TRANSACTIONS
from tests.transforms.silver_to_gold.silver import silver, transaction
from transforms.silver_to_gold.build import check_gold, gold_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOON = at("2024-01-01T12:00:00")
COLUMNS = "status string, orders bigint, total decimal(28,4)"
COUNTED = "SELECT status, count(*) AS orders, sum(amount) AS total FROM transactions GROUP BY status"


def table(sql: str, *derived_from: str, columns: str = COLUMNS) -> Contract:
    """Return the contract of a gold table given as SQL."""
    types = {
        "string": DataType(Kind.STRING),
        "bigint": DataType(Kind.BIGINT),
        "int": DataType(Kind.INTEGER),
        "double": DataType(Kind.DOUBLE),
        "decimal(28,4)": DataType(Kind.DECIMAL, 28, 4),
        "date": DataType(Kind.DATE),
    }
    declared = [one.split(" ") for one in columns.split(", ")]
    return replace(
        GOLD[0],
        name="by_status",
        path="gold/by_status.yaml",
        derived_from=derived_from or ("transactions",),
        columns=tuple(Column(name, types[type_]) for name, type_ in declared),
        query=Query(sql, "schema[0].customProperties[0].value"),
    )


def check(spark: SparkSession, contract: Contract) -> None:
    check_gold(spark, [*GOLD, contract], CONTRACTS.silver_tables)


def refusal(spark: SparkSession, contract: Contract) -> str:
    with pytest.raises(ContractError) as caught:
        check(spark, contract)
    return str(caught.value)


def test_a_select_over_silver_and_gold_gives_the_table_in_the_contracts_order(spark: SparkSession) -> None:
    sql = """
        WITH known AS (SELECT * FROM transactions WHERE status IN (SELECT status FROM dim_status))
        SELECT sum(amount) AS total, count(*) AS orders, status FROM known GROUP BY status
    """
    contract = table(sql, "transactions", "dim_status")
    check(spark, contract)
    rows = [
        transaction("t1", "u", NOON, amount=Decimal(1), status="paid"),
        transaction("t2", "u", NOON, amount=Decimal("2.5"), status="paid"),
        transaction("t3", "u", NOON, amount=Decimal(4), status="lost"),
    ]
    inputs = silver(spark, transactions=rows)
    inputs["dim_status"] = spark.createDataFrame([("paid",)], "status string")
    found = gold_table(contract, inputs)
    assert found.columns == ["status", "orders", "total"]
    assert values(found) == [{"status": "paid", "orders": 2, "total": Decimal("3.5000")}]


def test_tables_are_planned_side_by_side_and_leave_no_view(spark: SparkSession) -> None:
    def total(amount: int) -> list[dict[str, object]]:
        rows = [transaction("t", "u", NOON, amount=Decimal(amount), status="paid")]
        return values(gold_table(table(COUNTED), silver(spark, transactions=rows)))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(total, range(1, 9)))
    assert [rows[0]["total"] for rows in found] == [Decimal(amount) for amount in range(1, 9)]
    assert [one.name for one in spark.catalog.listTables() if one.isTemporary] == []


ACCEPTED = {
    "exact aggregates": (
        "SELECT max(status) AS status, approx_count_distinct(user_id) AS orders, "
        "sum(if(status = 'paid', amount, 0)) AS total FROM transactions",
        "status string, orders bigint, total decimal(28,4)",
    ),
    "a window with an order": (
        "SELECT tx_id AS status, row_number() OVER (PARTITION BY status ORDER BY tx_id) AS orders "
        "FROM transactions",
        "status string, orders int",
    ),
    "the first value of a window": (
        "SELECT first_value(status) OVER (PARTITION BY user_id ORDER BY created_at, tx_id) AS status "
        "FROM transactions",
        "status string",
    ),
    "a running total": (
        "SELECT tx_id AS status, count(*) OVER (ORDER BY tx_id ROWS UNBOUNDED PRECEDING) AS orders "
        "FROM transactions",
        "status string, orders bigint",
    ),
    "values of its own": (
        "SELECT t.status, d.orders FROM transactions t JOIN VALUES ('paid', 1L) AS d (status, orders) "
        "ON t.status = d.status",
        "status string, orders bigint",
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", ACCEPTED)
def test_what_gives_the_same_in_every_run_is_accepted(spark: SparkSession, title: str) -> None:
    sql, columns = ACCEPTED[title]
    check(spark, table(sql, columns=columns))


# A promise: the SQL, and a part of the sentence.
REFUSED = {
    "no SQL": ("SELEC status", "is not one SELECT: Syntax error at or near 'SELEC'"),
    "a command": ("DROP TABLE transactions", "is not one SELECT: Syntax error at or near 'DROP'"),
    "an insert": (
        "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
        "is not one SELECT: Syntax error at or near 'INSERT'",
    ),
    "two statements": (f"{COUNTED}; SELECT 1", "is not one SELECT: Syntax error at or near ';'"),
    "an unknown column": (
        "SELECT state FROM transactions",
        "with name `state` cannot be resolved",
    ),
    "an unknown table": (
        "SELECT status FROM orders",
        "`orders` cannot be found; it can read the tables that derivedFrom names: transactions",
    ),
    "a table that derivedFrom does not name": ("SELECT status FROM events", "`events` cannot be found"),
    "a file": ("SELECT status FROM parquet.`{file}`", "reads data that derivedFrom does not name"),
    "an unknown function": ("SELECT nice(status) FROM transactions", "Cannot resolve routine `nice`"),
    "another column": (
        "SELECT status, count(*) AS n, sum(amount) AS total FROM transactions GROUP BY status",
        "gives the columns status, n, total, the contract has status, orders, total",
    ),
    "another type": (
        "SELECT status, count(*) AS orders, sum(amount) * 1.00 AS total FROM transactions GROUP BY status",
        "gives total as decimal(32,6), the contract declares decimal(28,4); write CAST(… AS decimal(28,4))",
    ),
    "random numbers": (
        "SELECT status, count(*) AS orders, sum(amount) AS total FROM transactions "
        "WHERE rand() < 1 GROUP BY status",
        "uses rand(), which is not deterministic: a second run could differ",
    ),
    "an id of the run": (
        "SELECT uuid() AS status, 1L AS orders, amount AS total FROM transactions",
        "uses uuid(), which is not deterministic",
    ),
    "the clock": (
        "SELECT status, count(*) AS orders, sum(amount) AS total FROM transactions WHERE created_at < now() "
        "GROUP BY status",
        "reads the clock or the session: now()",
    ),
    "a word for the day": (
        "SELECT status, count(*) AS orders, sum(amount) AS total FROM transactions "
        "WHERE created_at < DATE 'today' GROUP BY status",
        "reads the clock or the session: DATE '",
    ),
    "the first row that comes": (
        "SELECT first(status) AS status, count(*) AS orders, sum(amount) AS total FROM transactions",
        "which depends on the order of the rows: a second run could differ; use min or max",
    ),
    "a list in the order of the rows": (
        "SELECT array_join(collect_list(status), ',') AS status FROM transactions",
        "depends on the order of the rows",
    ),
    "a sum of floating-point numbers": (
        "SELECT country AS status, avg(temperature) AS orders FROM events GROUP BY country",
        "whose rounding depends on the order of the rows: a second run could differ; cast the summand",
    ),
    "some rows": (
        "SELECT status, count(*) AS orders, sum(amount) AS total FROM transactions GROUP BY status LIMIT 3",
        "uses LIMIT: a second run could differ; select rows by a condition",
    ),
    "some rows of a subquery": (
        "SELECT status, 1L AS orders, amount AS total FROM transactions "
        "WHERE tx_id IN (SELECT tx_id FROM transactions TABLESAMPLE (10 PERCENT))",
        "uses TABLESAMPLE",
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", REFUSED)
def test_sql_that_cannot_give_the_table_is_refused(
    spark: SparkSession, title: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sql, sentence = REFUSED[title]
    if "{file}" in sql:
        file = tmp_path_factory.mktemp("file") / "rows"
        spark.createDataFrame([("paid",)], "status string").write.parquet(str(file))
        sql = sql.replace("{file}", str(file))
    said = refusal(spark, table(sql, "events" if "FROM events GROUP" in sql else "transactions"))
    assert said.startswith("gold/by_status.yaml, schema[0].customProperties[0].value: the SQL ")
    assert sentence in said


def test_an_input_that_is_not_read_is_refused(spark: SparkSession) -> None:
    said = refusal(spark, table(COUNTED, "transactions", "events"))
    assert said == (
        "gold/by_status.yaml, customProperties.derivedFrom: the SQL does not read events; remove what it "
        "does not read"
    )


def test_a_shipped_table_can_be_given_as_sql(spark: SparkSession) -> None:
    shipped = next(contract for contract in GOLD if contract.name == "dim_status")
    sql = "SELECT DISTINCT upper(status) AS status FROM transactions WHERE status IS NOT NULL"
    contract = replace(shipped, query=Query(sql, "schema[0]"))
    check_gold(spark, [contract], [TRANSACTIONS])
    rows = [transaction("t1", "u", NOON, status="paid"), transaction("t2", "u", NOON, status=None)]
    assert values(gold_table(contract, silver(spark, transactions=rows))) == [{"status": "PAID"}]
