"""The rules of the shipped contracts, compared with the specification."""

from __future__ import annotations

from contracts.expectation_catalog import MEASURED_EXPECTATIONS
from contracts.loader import load_contracts
from contracts.measures import LOADED_MEASURES, TABLE_MEASURES
from contracts.model import Contract, Domain, Severity
from contracts.rule_domains import columns_of

SHIPPED = load_contracts()


def rules(contract: Contract, domain: Domain, severity: Severity) -> set[str]:
    return {rule.name for rule in contract.rules_in(domain) if rule.severity is severity}


def test_row_rules_are_those_of_the_specification() -> None:
    age = {"age_uncastable", "age_range"}

    def too_long(*columns: str) -> set[str]:
        return {f"{column}_too_long" for column in columns}

    expected = {
        "events": (
            {
                "malformed",
                "event_id_required",
                "user_id_required",
                "ts_required",
                "ts_uncastable",
                "ts_impossible",
            }
            | {"price_uncastable", "amount_uncastable", "temperature_uncastable"}
            | too_long("event_id", "user_id", "country", "email", "name", "message")
            | age,
            {"event_id_mangled", "user_id_mangled", "email_format", "price_negative", "amount_negative"},
        ),
        "users": (
            {"malformed", "user_id_required", "updated_at_uncastable", "updated_at_impossible"}
            | too_long("user_id", "name", "email", "phone", "city")
            | age,
            {"user_id_mangled", "email_format"},
        ),
        "transactions": (
            {"malformed", "tx_id_required", "user_id_required", "amount_required", "amount_uncastable"}
            | {"created_at_required", "created_at_uncastable", "created_at_impossible"}
            | {
                "delivered_at_uncastable",
                "delivered_at_impossible",
                "amount_negative",
                "delivery_before_creation",
            }
            | too_long("tx_id", "user_id", "status", "email", "name")
            | age,
            {"tx_id_mangled", "user_id_mangled", "email_format", "status_known"},
        ),
    }
    found = {
        c.name: (rules(c, Domain.RECORDS, Severity.ERROR), rules(c, Domain.VALID_ROWS, Severity.WARN))
        for c in SHIPPED.datasets
    }
    assert found == expected
    for contract in SHIPPED.datasets:
        assert rules(contract, Domain.RECORDS, Severity.WARN) == set()
        assert rules(contract, Domain.VALID_ROWS, Severity.ERROR) == set()


def test_table_rules_are_those_of_the_specification() -> None:
    errors = {"strict_fail", "keys_unique", "required_complete", "types", "quarantine_ratio", "accounting"}
    warnings = {"volume_drop", "freshness", "date_span", "source_column_missing"}
    unmerged = {"volume_by_day", "currency_mixed", "duplicates_conflicting"}
    found = {
        c.name: (rules(c, Domain.TABLE, Severity.ERROR), rules(c, Domain.TABLE, Severity.WARN))
        for c in SHIPPED.silver_tables
    }
    assert found == {
        "events": (errors, warnings | unmerged),
        "users": (errors, warnings),
        "transactions": (errors, warnings | unmerged),
        "users_history": ({"keys_unique", "required_complete", "types"}, set()),
    }
    always = {"keys_unique", "required_complete", "schema"}
    assert {
        c.name: (
            rules(c, Domain.TABLE, Severity.ERROR) - always - {"lengths"},
            rules(c, Domain.TABLE, Severity.WARN),
        )
        for c in SHIPPED.gold
    } == {
        "dim_users": (set(), set()),
        "dim_country": ({"covers_facts"}, set()),
        "dim_status": ({"covers_facts"}, set()),
        "dim_date": ({"covers_facts"}, set()),
        "fact_events": ({"rows_equal_silver"}, {"unknown_users"}),
        "fact_transactions": ({"rows_equal_silver"}, {"unknown_users"}),
        "fact_user_activity": (set(), set()),
        "daily_revenue": (
            {"revenue_equals_facts"},
            {"transaction_count_by_day", "total_revenue_by_day"},
        ),
        "daily_active_users": (set(), {"total_active_users_by_day"}),
        "user_ltv": ({"revenue_equals_facts"}, set()),
    }
    for contract in SHIPPED.gold:
        found_always = always | ({"lengths"} if contract.length_limits else set())
        assert found_always <= rules(contract, Domain.TABLE, Severity.ERROR)


def test_gold_strings_are_as_long_as_those_of_silver() -> None:
    silver = {
        "event_id": 1024,
        "tx_id": 1024,
        "user_id": 1024,
        **dict.fromkeys(("name", "email", "phone", "city", "country", "status"), 4096),
    }
    read = {name: most for contract in SHIPPED.datasets for name, most in contract.length_limits.items()}
    assert read == {**silver, "message": 65_535}
    calendar = {"day_of_week": 16, "month_name": 16}
    assert {name: most for contract in SHIPPED.gold for name, most in contract.length_limits.items()} == {
        **silver,
        **calendar,
        "user_city": silver["city"],
        "user_email": silver["email"],
    }
    assert all(
        column.type.max_bytes for of in SHIPPED.gold for column in of.columns if column.type.kind == "string"
    )


def test_the_warehouse_is_compared_with_the_release_in_rows_and_revenue() -> None:
    with_revenue = {"fact_transactions", "daily_revenue", "user_ltv"}
    for contract in SHIPPED.gold:
        revenue = {"revenue_loaded"} if contract.name in with_revenue else set()
        assert rules(contract, Domain.LOADED, Severity.ERROR) == {"release_fits", "rows_loaded"} | revenue


def test_every_reason_to_reject_a_file_is_a_rule_that_warns() -> None:
    from contracts.inventory import Reason

    found = {rule.name: rule.kwargs for rule in SHIPPED.inventory.rules_in(Domain.RECORDS)}
    assert found == {reason: {"column": "reason", "value_set": [reason]} for reason in Reason}
    assert rules(SHIPPED.inventory, Domain.RECORDS, Severity.WARN) == set(Reason)
    assert rules(SHIPPED.inventory, Domain.TABLE, Severity.ERROR) == {
        "keys_unique",
        "rejected_bytes_ratio",
        "accepted_files_readable",
    }


def test_the_inventory_has_a_column_for_every_fact_of_a_file() -> None:
    from dataclasses import fields

    from contracts.inventory import FileFacts

    assert SHIPPED.inventory.column_names == ("dataset", *(f.name for f in fields(FileFacts)))


def test_every_measure_is_used_by_a_rule() -> None:
    judged = {
        MEASURED_EXPECTATIONS.get(rule.expectation) for contract in SHIPPED.all for rule in contract.rules
    }
    assert {*TABLE_MEASURES, *LOADED_MEASURES} == {*MEASURED_EXPECTATIONS.values()}
    assert {*TABLE_MEASURES, *LOADED_MEASURES} <= judged


def test_no_rule_is_about_a_column_that_no_table_has() -> None:
    for contract in SHIPPED.all:
        stored = {column.name for column in contract.silver_columns}
        for rule in contract.rules:
            if not rule.is_row_rule:
                kwargs = (rule.kwargs, *(of for _, of in rule.further))
                assert {column for of in kwargs for column in columns_of(of)} <= stored


def test_every_rule_has_a_description_and_a_business_impact() -> None:
    for contract in SHIPPED.all:
        for rule in contract.rules:
            for words in (rule.description, rule.business_impact):
                assert words.endswith(".")
                assert words[0].isupper() or words.startswith(f"{rule.column} "), words
            assert rule.dimension
