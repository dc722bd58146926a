"""Spark SQL without Spark: nothing that Spark parses is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyspark.errors import ParseException

from dags.contract_checks.sql_expressions import (
    condition_problems,
    looks_like_a_failed_expression,
    query_problems,
    source_problems,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXPRESSIONS = (
    "number(quantity) * number(unit_price)", "moment(created, 'dd.MM.yyyy')", "geoip.city_name",
    "products[0].price", "`order no`", "cast(name AS int) > 3", "x::int + 1", "x <=> y", "x == y AND NOT z",
    "!x", "~x", "x || y", "x % 2 = 0", "x div 2", "x IS NOT DISTINCT FROM y", "x RLIKE '^a'",
    "x NOT RLIKE 'a'",
    "x LIKE 'a%' ESCAPE '/'", "x ILIKE ANY ('a', 'b')", "x BETWEEN 1 AND 2", "x NOT IN ('a', 'b')",
    "CASE WHEN x = 'a' THEN 1 ELSE 2 END", "CASE x WHEN 'a' THEN 1 END", "if(x, y, z)",
    "date '2024-01-01'", "timestamp '2024-01-01 00:00:00'", "x + interval 1 day", "extract(year FROM x)",
    "substring(x FROM 1 FOR 2)", "try_cast(x AS decimal(18,4))", "r'a\\d'", "X'1F'", "10L", "1.5BD", "1e3",
    "transform(split(x, ','), v -> trim(v))", "filter(a, (v, i) -> v > i)", "exists(a, v -> v = 1)",
    "element_at(split(x, '/'), -1)", "get_json_object(x, '$.a')", "named_struct('a', 1).a",
    "map('a', 1)['a']",
    "regexp_extract(_source_file, '([0-9]+)', 1)", "concat_ws('-', Year, Month)", "coalesce(a, b, 'x')",
    "to_timestamp(x, 'yyyy-MM-dd')", "from_json(x, 'a int').a", "x:a.b", "lpad(x, 5, '0')", "a -- comment",
    "(a, b) IN ((1, 2), (3, 4))", "x IS TRUE", "array_contains(array(1, 2), x)", "\"text\" = x",
)  # fmt: skip
NO_SQL = ("a +", "(a", "a = = b", "CASE WHEN a THEN", "f(a")


def parses_in_spark(spark: SparkSession, sql: str) -> bool:
    try:
        spark._jsparkSession.sessionState().sqlParser().parseExpression(sql)
    except ParseException:
        return False
    return True


def test_what_spark_parses_is_accepted_and_what_it_does_not_is_refused(spark: SparkSession) -> None:
    parsed = [sql for sql in EXPRESSIONS if parses_in_spark(spark, sql)]
    assert [sql for sql in parsed if list(source_problems(sql, is_condition=True))] == []
    assert len(parsed) > 50
    assert [sql for sql in NO_SQL if parses_in_spark(spark, sql)] == []
    assert [sql for sql in NO_SQL if not list(source_problems(sql, is_condition=True))] == []


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("number(a, b)", "gives number 2 arguments"),
        ("moment(a, b)", "gives moment a pattern that is not a literal"),
        ("moment(a, 'yyyy-QQ-dd')", "the letter Q"),
        ("uuid()", "is not deterministic (uuid)"),
        ("current_date", "is not deterministic (current_date)"),
        ("now()", "is not deterministic"),
        ("sum(a)", "aggregates over rows (sum)"),
        ("select a", "is a statement"),
    ],
)
def test_an_expression_of_a_source_reads_one_record(sql: str, problem: str) -> None:
    (found,) = source_problems(sql, is_condition=False)
    assert problem in found


def test_a_spec_that_is_no_sql_is_a_name() -> None:
    assert list(source_problems("Unit Price (EUR", is_condition=False)) == []
    assert looks_like_a_failed_expression("number(price")
    assert not looks_like_a_failed_expression("Unit Price (EUR")


def test_columns_are_compared_without_case() -> None:
    assert list(condition_problems("AMOUNT > 0 AND `tx id` IS NULL", ["amount"])) == [
        "'AMOUNT > 0 AND `tx id` IS NULL' names the unknown column 'tx id'"
    ]


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("select amount from", "is no SQL query: incomplete at character"),
        ("amount > 3", "is not a SELECT"),
        ("select * from orders o join returns r on o.id = r.id", "reads returns AS r, and may read orders"),
        ("select * from raw.orders", "reads raw.orders, and may read orders"),
        ("select rand() from orders", "is not deterministic (rand)"),
    ],
)
def test_a_query_reads_its_tables_alone(sql: str, problem: str) -> None:
    (found,) = query_problems(sql, ["orders"])
    assert problem in found


def test_a_query_over_its_tables_has_no_problem() -> None:
    big = "with big as (select * from Orders where amount > 3)"
    assert list(query_problems(f"{big} select a.id from big a join `orders` b using (id)", ["orders"])) == []
    assert list(query_problems("select 1 from orders union all select 2 from orders", ["orders"])) == []
