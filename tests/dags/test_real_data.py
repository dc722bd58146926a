"""Real feeds, each taken in by a source in a contract and by no code: counts by rule, known beforehand.

The counts were found by the independent oracle (tests/oracle) and by SQL over the files themselves.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml

import contracts
from tests.dags.lake_runs import LakeRuns, dataset, verdicts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIXTURES = Path(__file__).parents[1] / "fixtures"
DATA = FIXTURES / "data"
SETS = ("online_retail", "dirty_cafe", "opensearch", "kylo_users")
FILES = {  # in opensearch, the orders feed two datasets, the logs a third
    "transactions": ("online_retail/*", "dirty_cafe/*", "opensearch/ecommerce*"),
    "users": ("opensearch/ecommerce*", "kylo_users/*"),
    "events": ("opensearch/logs*",),
}


@dataclass(frozen=True)
class Taken:
    """A lake that took in all sets, and the document of its run."""

    runs: LakeRuns
    document: dict[str, Any]

    def silver(self, name: str) -> dict[str, Any]:
        return dataset(self.document, "bronze_to_silver", name)

    def sql(self, query: str, name: str) -> list[tuple[Any, ...]]:
        """Ask a promoted version, which the query calls `rows`."""
        files = f"read_parquet('{self.runs.folder(name)}/**/*.parquet', hive_partitioning=true)"
        return duckdb.sql(f"WITH rows AS (SELECT * FROM {files}) {query}").fetchall()


@pytest.fixture(scope="module")
def taken(compiled_spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    root = tmp_path_factory.mktemp("real")
    runs = LakeRuns(root / "lake", compiled_spark, {"contracts": contracts_with_sources(root / "contracts")})
    for name, patterns in FILES.items():
        for path in (path for pattern in patterns for path in DATA.glob(pattern)):
            runs.drop(f"{name}/{path.relative_to(DATA).as_posix()}", path.read_bytes())
    return Taken(runs, runs.run())


def contracts_with_sources(folder: Path) -> Path:
    """Return the shipped contracts with the sources of all sets, as a user would write them."""
    shutil.copytree(Path(contracts.__file__).parent, folder, ignore=shutil.ignore_patterns("*.py", "__py*"))
    listed = [yaml.safe_load((FIXTURES / name / "sources.yaml").read_text()) for name in SETS]
    for name in FILES:
        path = folder / "silver" / f"{name}.yaml"
        document = yaml.safe_load(path.read_text())
        sources = [source for of_set in listed for source in of_set.get(name, ())]
        document["customProperties"].append({"property": "sources", "value": sources})
        path.write_text(yaml.safe_dump(document, sort_keys=False))
    return folder


def test_all_sets_reach_the_warehouse(taken: Taken) -> None:
    assert verdicts(taken.document) == {
        "raw_to_bronze": "pass",
        "bronze_to_silver": "warn",
        "silver_to_gold": "warn",
        "gold_to_redshift": "pass",
    }
    assert taken.runs.warehouse("SELECT count(*), sum(amount) FROM fact_transactions") == [
        (6_418, taken.sql("SELECT sum(amount) FROM rows", "silver/transactions")[0][0])
    ]


def test_sales_without_key_customer_or_sense_are_quarantined_by_rule(taken: Taken) -> None:
    found = taken.silver("transactions")
    assert (found["rows_read"], found["rows_promoted"]) == (6_963, 6_418)
    assert (found["rows_quarantined"], found["rows_deduplicated"]) == (519, 26)
    assert found["rows_by_rule"] == {
        "amount_negative": 6,
        "amount_required": 30,
        "amount_uncastable": 43,
        "created_at_required": 159,
        "created_at_uncastable": 301,
        "user_id_required": 6,
    }
    assert found["rows_warned"] == {"email_format": 564}
    assert found["failed"] == ["freshness", "date_span"]  # sales of 2011, 2016 and 2023 in one table


def test_the_revenue_of_online_retail_is_what_sql_says_of_its_files(taken: Taken) -> None:
    expected = duckdb.sql(
        "SELECT count(*), sum(amount) FROM (SELECT DISTINCT InvoiceNo, StockCode, Quantity, InvoiceDate,"
        " UnitPrice, Quantity::INT * UnitPrice::DECIMAL(12, 4) AS amount"
        f" FROM read_csv('{DATA}/online_retail/*.csv', all_varchar=true)"
        " WHERE CustomerID IS NOT NULL AND Quantity::INT >= 0)"
    ).fetchall()
    found = taken.sql(
        "SELECT count(*), sum(amount) FROM rows WHERE _source_file LIKE 'online%'", "silver/transactions"
    )
    assert found == expected
    assert found[0][0] == 972


def test_the_cafe_keeps_the_rows_whose_amount_and_day_can_be_read(taken: Taken) -> None:
    expected = duckdb.sql(
        "SELECT count(*), sum(total_spent::DECIMAL(18, 4)), min(day), max(day) FROM ("
        " SELECT total_spent, try_strptime(transaction_date, '%m/%d/%Y')::DATE AS day"
        f" FROM read_csv('{DATA}/dirty_cafe/*.csv', all_varchar=true))"
        " WHERE day IS NOT NULL AND try_cast(total_spent AS DECIMAL(18, 4)) IS NOT NULL"
    ).fetchall()
    found = taken.sql(
        "SELECT count(*), sum(amount), min(event_date), max(event_date) FROM rows"
        " WHERE _source_file LIKE 'dirty%' AND user_id = 'walk-in'",
        "silver/transactions",
    )
    assert found == expected
    assert found[0][:2] == (771, Decimal("6845.0000"))


def test_nested_orders_give_customers_and_transactions(taken: Taken) -> None:
    orders = "SELECT count(*), count(DISTINCT user_id), sum(amount) FROM rows WHERE _source_file LIKE 'open%'"
    assert taken.sql(orders, "silver/transactions") == [(4_675, 46, Decimal("350859.0400"))]
    customer = "SELECT name, city, phone FROM rows WHERE user_id = '38'"
    assert taken.sql(customer, "silver/users") == [("Eddie Pope", "Cairo", None)]


def test_people_in_csv_and_in_parquet_are_the_same_people(taken: Taken) -> None:
    found = taken.silver("users")
    assert (found["rows_read"], found["rows_promoted"]) == (8_675, 2_046)
    assert found["rows_by_rule"] == {"age_uncastable": 1, "user_id_required": 1}
    person = "SELECT name, email, city, age, updated_at::VARCHAR FROM rows WHERE user_id = 'userdata1-1'"
    assert taken.sql(person, "silver/users") == [
        ("Amanda Jordan", "ajordan0@com.com", "Indonesia", 45, "2016-02-03 07:55:29+00")
    ]


def test_web_logs_get_a_key_from_their_record(taken: Taken) -> None:
    found = taken.silver("events")
    assert (found["rows_read"], found["rows_promoted"], found["rows_deduplicated"]) == (3_000, 2_980, 20)
    assert found["rows_by_rule"] == {}
    expected = duckdb.sql(
        "SELECT count(*), count(DISTINCT src) FROM (SELECT DISTINCT timestamp, clientip, request, response,"
        f" bytes, referer, agent, geo.src AS src FROM read_json('{DATA}/opensearch/logs.json.gz'))"
    ).fetchall()
    assert taken.sql("SELECT count(*), count(DISTINCT country) FROM rows", "silver/events") == expected
