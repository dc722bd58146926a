"""Default domains of rules, and the columns available in each."""

from __future__ import annotations

import pytest

from contracts.loader import load_contracts
from contracts.model import Contract, Domain, Zone
from contracts.rule_domains import available_types
from tests.contracts.yaml_text import changed, parse, with_rule

DOMAIN = ("            customProperties:\n              - {property: domain, value: records}\n", "")
WARNING = ("severity: error", "severity: warning")
COMPUTED = (
    ("{minimum: 0, maximum: 120}", "{}"),
    ("expect_volume_ratio_to_be_at_least", "expect_table_row_count_to_be_between"),
)


def expecting(expectation: str) -> tuple[str, str]:
    return "expect_column_values_to_be_between", expectation


@pytest.mark.parametrize(
    ("replacements", "domain"),
    [
        ((), Domain.RECORDS),
        ((WARNING,), Domain.VALID_ROWS),
        ((expecting("expect_column_value_lengths_to_be_between"),), Domain.RECORDS),
        ((expecting("expect_column_max_to_be_between"),), Domain.TABLE),
        ((expecting("expect_column_max_to_be_between"), WARNING), Domain.TABLE),
        ((expecting("expect_column_values_to_be_unique"), ("{min_value: 1}", "{}")), Domain.TABLE),
        ((expecting("expect_column_values_to_be_of_type"), ("{min_value: 1}", "{type_: a}")), Domain.TABLE),
    ],
)
def test_the_default_domain_follows_from_expectation_and_severity(
    replacements: tuple[tuple[str, str], ...], domain: Domain
) -> None:
    assert parse(with_rule(DOMAIN, *replacements)).rule("my_rule").domain is domain


def test_a_declared_domain_takes_precedence() -> None:
    assert parse(with_rule(("value: records", "value: table"))).rule("my_rule").domain is Domain.TABLE


def test_a_row_expectation_on_a_computed_table_is_a_table_rule() -> None:
    text = changed(*COMPUTED, text=with_rule(DOMAIN))
    assert parse(text, Zone.GOLD).rule("my_rule").domain is Domain.TABLE


def test_a_rule_on_files_is_evaluated_on_the_records_of_the_inventory() -> None:
    text = changed(
        ("{minimum: 0, maximum: 120}", "{}"),
        (
            "expect_volume_ratio_to_be_at_least\n          kwargs: {min_value:",
            "expect_rejected_bytes_ratio_to_be_at_most\n          kwargs: {max_value:",
        ),
        ("- name: visit_id", "- name: reason"),
        ("my_rule", "empty"),
        expecting("expect_column_values_to_not_be_in_set"),
        ("{min_value: 1}", "{column: reason, value_set: [empty]}"),
        WARNING,
        text=with_rule(DOMAIN),
    )
    assert parse(text, Zone.RAW).rule("empty").domain is Domain.RECORDS


@pytest.mark.parametrize("contract", load_contracts().datasets, ids=lambda contract: contract.name)
def test_the_columns_available_to_row_rules_are_those_of_cleaned_rows(
    spark: object, contract: Contract
) -> None:
    from pyspark.sql import SparkSession

    from contracts.spark import data_type
    from contracts.system_columns import WAIVED
    from transforms.bronze_to_silver.clean import cleaned_rows, values_schema

    assert isinstance(spark, SparkSession)
    rows = cleaned_rows(spark.createDataFrame([], values_schema(contract)), contract)
    found = {field.name: field.dataType for field in rows.schema.fields if field.name != WAIVED}
    assert {name: data_type(t) for name, t in available_types(contract, Domain.RECORDS).items()} == found
