"""Forms derived from contracts: Spark schema, GX expectations, DDL of the warehouse."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest
import sqlglot

from contracts.ddl import Dialect, create_table, quote, sql_type
from contracts.errors import ContractError
from contracts.gx_suite import expectation_config
from contracts.loader import load_contracts
from contracts.model import DataType, Kind, Zone
from contracts.parser import parse_contract
from contracts.spark import struct_type
from tests.contracts.yaml_text import with_rule

SHIPPED = load_contracts()


def test_the_spark_schema_has_the_contracts_columns_in_its_order() -> None:
    assert struct_type(SHIPPED.silver("users")).simpleString() == (
        "struct<user_id:string,name:string,email:string,phone:string,city:string,age:int,"
        "updated_at:timestamp,_extra:string,_source_file:string,event_date:date>"
    )
    assert struct_type(SHIPPED.table("daily_revenue")).simpleString() == (
        "struct<date:date,transaction_count:bigint,total_revenue:decimal(38,4),"
        "avg_amount:decimal(18,4),delivered_count:bigint>"
    )


def test_the_spark_schema_of_a_record_leaves_derived_columns_out() -> None:
    events = SHIPPED.silver("events")
    assert struct_type(events, with_derived=False).names == list(events.column_names)


def test_every_kind_has_a_spark_type() -> None:
    from contracts.spark import data_type

    kinds = [DataType(kind, 10, 2) if kind is Kind.DECIMAL else DataType(kind) for kind in Kind]
    assert [data_type(kind).simpleString() for kind in kinds] == [str(kind) for kind in kinds]


def test_an_expectation_has_the_metadata_of_its_rule() -> None:
    rule = SHIPPED.silver("events").rule("email_format")
    config = expectation_config(rule, SHIPPED.silver("events"))
    assert (config.type, config.kwargs) == (rule.expectation, rule.kwargs)
    assert config.meta == {
        "rule": "email_format",
        "domain": "valid_rows",
        "severity": "warn",
        "dimension": "conformity",
        "business_impact": rule.business_impact,
    }
    assert config.severity.value == "warning"


@pytest.mark.parametrize(
    ("replacement", "sentence"),
    [
        (("{min_value: 1}", "{minValue: 1}"), "minValue"),
        (("{min_value: 1}", "{}"), "min_value"),
    ],
)
def test_a_rule_that_gx_rejects_is_a_contract_error(replacement: tuple[str, str], sentence: str) -> None:
    contract = parse_contract(with_rule(replacement), Zone.SILVER, "silver/visits.yaml")
    with pytest.raises(ContractError) as caught:
        expectation_config(contract.rule("my_rule"), contract)
    assert str(caught.value).startswith(
        "silver/visits.yaml, schema[0].properties[2].quality[0], rule my_rule: Great Expectations rejects"
    )
    assert sentence in str(caught.value)


def test_redshift_gets_keys_distribution_and_comments_on_pii() -> None:
    assert create_table(SHIPPED.table("dim_users"), Dialect.REDSHIFT, "gold") == (
        'CREATE TABLE IF NOT EXISTS "gold"."dim_users" (\n'
        '  "user_id" VARCHAR(1024) NOT NULL,\n'
        '  "name" VARCHAR(4096),\n'
        '  "email" VARCHAR(4096),\n'
        '  "city" VARCHAR(4096),\n'
        '  "phone" VARCHAR(4096),\n'
        '  "age" INTEGER,\n'
        '  "updated_at" TIMESTAMP,\n'
        '  PRIMARY KEY ("user_id")\n'
        ")\n"
        'DISTKEY ("user_id")\n'
        'SORTKEY ("user_id")',
        """COMMENT ON COLUMN "gold"."dim_users"."name" IS 'pii: masked in docs, metrics and logs'""",
        """COMMENT ON COLUMN "gold"."dim_users"."email" IS 'pii: masked in docs, metrics and logs'""",
        """COMMENT ON COLUMN "gold"."dim_users"."phone" IS 'pii: masked in docs, metrics and logs'""",
    )


def test_every_gold_table_can_be_created_in_duckdb_with_the_contracts_columns() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA gold")
    for contract in SHIPPED.gold:
        for statement in create_table(contract, Dialect.DUCKDB, "gold"):
            connection.execute(statement)
        found = connection.execute(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
            "WHERE table_schema = 'gold' AND table_name = ? ORDER BY ordinal_position",
            [contract.name],
        ).fetchall()
        assert found == [
            (c.name, sql_type(c.type, Dialect.DUCKDB), "NO" if c.required else "YES")
            for c in contract.columns
        ]


def test_every_statement_for_redshift_parses_as_its_dialect() -> None:
    for contract in SHIPPED.gold:
        for statement in create_table(contract, Dialect.REDSHIFT, "gold"):
            assert len(sqlglot.parse(statement, read="redshift")) == 1


def test_a_string_without_a_length_takes_redshifts_longest() -> None:
    assert sql_type(DataType(Kind.STRING), Dialect.REDSHIFT) == "VARCHAR(65535)"
    assert sql_type(DataType(Kind.STRING, max_bytes=16), Dialect.DUCKDB) == "VARCHAR"


def test_identifiers_are_quoted() -> None:
    hostile = replace(SHIPPED.table("dim_country"), name='a"; DROP TABLE b; --')
    assert create_table(hostile, Dialect.DUCKDB, 's"')[0].startswith(
        'CREATE TABLE IF NOT EXISTS "s"""."a""; DROP TABLE b; --" (\n'
    )
    with pytest.raises(ValueError, match="invalid identifier"):
        quote("")
