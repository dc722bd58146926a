"""Parsing of contracts: columns, rules, notes and sources."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts.derived_row_rules import MANGLED
from contracts.errors import ConfigurationError, ContractError
from contracts.model import DataType, DateOrder, Domain, Kind, Note, Severity, Source, Zone
from tests.contracts.yaml_text import TEXT, changed, parse, text_column, with_quality, with_rule


def test_a_contract_error_is_a_configuration_error() -> None:
    assert issubclass(ContractError, ConfigurationError)


def test_a_small_contract_has_the_rules_derived_from_its_columns() -> None:
    contract = parse(TEXT)
    assert [(r.name, r.domain, r.expectation, dict(r.kwargs)) for r in contract.rules] == [
        ("malformed", Domain.RECORDS, "expect_column_values_to_be_null", {"column": "_malformed"}),
        (
            "visit_id_required",
            Domain.RECORDS,
            "expect_column_values_to_not_be_null",
            {"column": "visit_id", "row_condition": "_malformed IS NULL", "condition_parser": "spark"},
        ),
        (
            "visit_id_too_long",
            Domain.RECORDS,
            "expect_column_values_to_be_null",
            {"column": "_too_long_visit_id"},
        ),
        (
            "visit_id_mangled",
            Domain.VALID_ROWS,
            "expect_column_values_to_not_match_regex",
            {
                "column": "visit_id",
                "regex": MANGLED,
                "row_condition": "visit_id < '>'",
                "condition_parser": "spark",
            },
        ),
        ("at_uncastable", Domain.RECORDS, "expect_column_values_to_be_null", {"column": "_uncastable_at"}),
        (
            "at_impossible",
            Domain.RECORDS,
            "expect_column_values_to_be_between",
            {
                "column": "at",
                "min_value": datetime(2000, 1, 1, tzinfo=UTC),
                "max_value": {"$PARAMETER": "as_of_limit"},
            },
        ),
        ("age_uncastable", Domain.RECORDS, "expect_column_values_to_be_null", {"column": "_uncastable_age"}),
        (
            "age_range",
            Domain.RECORDS,
            "expect_column_values_to_be_between",
            {"column": "age", "min_value": 0, "max_value": 120},
        ),
        ("keys_unique", Domain.TABLE, "expect_column_values_to_be_unique", {"column": "visit_id"}),
        (
            "required_complete",
            Domain.TABLE,
            "expect_column_values_to_not_be_null",
            {"column": "visit_id"},
        ),
        (
            "types",
            Domain.TABLE,
            "expect_table_columns_to_match_ordered_list",
            {"column_list": ["visit_id", "at", "age"]},
        ),
        ("source_column_missing", Domain.TABLE, "expect_source_columns_to_exist", {}),
        (
            "volume_drop",
            Domain.TABLE,
            "expect_volume_ratio_to_be_at_least",
            {"min_value": {"$PARAMETER": "min_volume_ratio"}},
        ),
    ]


def test_a_required_typed_column_is_not_required_where_it_is_uncastable() -> None:
    contract = parse(
        changed(("        physicalType: int\n", "        physicalType: int\n        required: true\n"))
    )
    assert (
        contract.rule("age_required").kwargs["row_condition"]
        == "_malformed IS NULL AND _uncastable_age IS NULL"
    )


def test_options_of_a_string_become_rules() -> None:
    contract = parse(
        changed(
            (
                "        required: true\n",
                "        required: true\n"
                "        logicalTypeOptions: {minLength: 2, maxLength: 9, pattern: '^V'}\n",
            )
        )
    )
    assert dict(contract.rule("visit_id_length").kwargs) == {
        "column": "visit_id",
        "min_value": 2,
        "max_value": 9,
    }
    assert dict(contract.rule("visit_id_pattern").kwargs) == {"column": "visit_id", "regex": "^V"}


@pytest.mark.parametrize(
    ("physical_type", "max_bytes", "expected"),
    [
        ("string", None, 4096),
        ("string", 65535, 65535),
        ("varchar(20)", None, 20),
        ("varchar(20)", 20, 20),
    ],
)
def test_a_string_has_the_declared_length_or_4096_bytes(
    physical_type: str, max_bytes: int | None, expected: int
) -> None:
    contract = parse(TEXT + text_column("city", physical_type, max_bytes))
    assert contract.column("city").type == DataType(Kind.STRING, max_bytes=expected)
    assert contract.rule("city_too_long").description == f"city has at most {expected:,} bytes in UTF-8."
    assert "city_mangled" not in [rule.name for rule in contract.rules]


def test_key_columns_and_user_id_have_1024_bytes_and_a_mangled_rule() -> None:
    contract = parse(TEXT + text_column("user_id", "string"))
    assert contract.length_limits == {"visit_id": 1024, "user_id": 1024}
    assert [rule.name for rule in contract.rules_in(Domain.VALID_ROWS)] == [
        "visit_id_mangled",
        "user_id_mangled",
    ]


def test_a_computed_table_limits_only_strings_with_a_varchar() -> None:
    gold = changed(
        ("        logicalTypeOptions: {minimum: 0, maximum: 120}\n", ""),
        ("expect_volume_ratio_to_be_at_least", "expect_table_row_count_to_be_between"),
    )
    unlimited, limited = (parse(gold + text_column("city", of), Zone.GOLD) for of in ("string", "varchar(9)"))
    names = [rule.name for rule in unlimited.rules]
    assert names == ["keys_unique", "required_complete", "schema", "volume_drop"]
    assert limited.length_limits == {"city": 9}
    assert limited.rule("lengths").expectation == "expect_values_to_fit_varchar"
    assert limited.rule("lengths").severity is Severity.ERROR


def test_recency_names_columns_in_their_order() -> None:
    text = changed(("schema:\n", "customProperties:\n  - {property: recency, value: [age, at]}\nschema:\n"))
    assert (parse(TEXT).recency, parse(text).recency) == ((), ("age", "at"))


def test_exclusive_limits_are_strict() -> None:
    contract = parse(changed(("{minimum: 0, maximum: 120}", "{exclusiveMinimum: 0, exclusiveMaximum: 120}")))
    assert dict(contract.rule("age_range").kwargs) == {
        "column": "age",
        "min_value": 0,
        "strict_min": True,
        "max_value": 120,
        "strict_max": True,
    }
    assert contract.rule("age_range").description == "age is above 0 and below 120."


def test_a_composite_key_has_one_rule() -> None:
    text = changed(
        (
            "        physicalType: int\n",
            "        physicalType: int\n        primaryKey: true\n        primaryKeyPosition: 2\n",
        )
    )
    rule = parse(text).rule("keys_unique")
    assert (rule.expectation, dict(rule.kwargs)) == (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["visit_id", "age"]},
    )


def test_a_unique_column_beside_the_key_has_a_rule_of_its_own() -> None:
    contract = parse(
        changed(("        physicalType: int\n", "        physicalType: int\n        unique: true\n"))
    )
    assert dict(contract.rule("age_unique").kwargs) == {"column": "age"}


@pytest.mark.parametrize("engine", ["greatExpectations", "great-expectations"])
@pytest.mark.parametrize(
    "implementation",
    [
        "            implementation:\n"
        "              type: expect_column_values_to_be_between\n"
        "              kwargs: {min_value: 1}\n",
        "            implementation: >-\n"
        '              {"type": "expect_column_values_to_be_between", "kwargs": {"min_value": 1}}\n',
        "            implementation: |\n"
        "              expectation_type: expect_column_values_to_be_between\n"
        "              kwargs:\n"
        "                column: age\n"
        "                min_value: 1\n",
    ],
    ids=["object", "json text", "yaml text"],
)
def test_a_custom_rule_is_read_in_every_form(engine: str, implementation: str) -> None:
    contract = parse(
        with_rule(
            ("engine: greatExpectations", f"engine: {engine}"),
            (
                "            implementation:\n"
                "              type: expect_column_values_to_be_between\n"
                "              kwargs: {min_value: 1}\n",
                implementation,
            ),
        )
    )
    rule = contract.rule("my_rule")
    assert (rule.expectation, dict(rule.kwargs)) == (
        "expect_column_values_to_be_between",
        {"column": "age", "min_value": 1},
    )
    assert (rule.domain, rule.severity, rule.column) == (Domain.RECORDS, Severity.ERROR, "age")
    assert rule.path == "schema[0].properties[2].quality[0]"


def test_a_rule_of_type_text_becomes_a_note() -> None:
    contract = parse(with_quality("name: hearsay\ntype: text\ndescription: Ages are what people say."))
    assert contract.notes == (Note("hearsay", "Ages are what people say.", "age"),)


def test_all_keys_of_a_source_are_read() -> None:
    text = changed(
        (
            "schema:\n",
            "customProperties:\n"
            "  - property: sources\n"
            "    value:\n"
            "      - name: shop\n"
            '        glob: "shop/**/*.csv"\n'
            "        encoding: windows-1252\n"
            "        delimiter: ';'\n"
            "        header: false\n"
            '        quote: "\'"\n'
            '        columns: {visit_id: "concat(a, b)", at: when}\n'
            "        dateOrder: DMY\n"
            "        decimalMark: ','\n"
            "        timezone: Europe/London\n"
            "      - {name: rest, glob: '**'}\n"
            "schema:\n",
        )
    )
    contract = parse(text)
    assert contract.sources == (
        Source(
            name="shop",
            glob="shop/**/*.csv",
            encoding="windows-1252",
            delimiter=";",
            header=False,
            quote="'",
            columns={"visit_id": "concat(a, b)", "at": "when"},
            date_order=DateOrder.DMY,
            decimal_mark=",",
            timezone="Europe/London",
        ),
        Source(name="rest", glob="**"),
    )
    assert contract.uncastable_columns == ("visit_id", "at", "age")
    assert contract.rule("visit_id_uncastable").kwargs == {"column": "_uncastable_visit_id"}
    assert (
        contract.rule("visit_id_required").kwargs["row_condition"]
        == "_malformed IS NULL AND _uncastable_visit_id IS NULL"
    )
