"""The shipped contracts' rules: those of the specification, and every one says what it means."""

from __future__ import annotations

from contracts.measures import LOADED_MEASURES, TABLE_MEASURES
from contracts.model import Contract, Domain, Severity
from contracts.reader import load_contracts

SHIPPED = load_contracts()


def rules(contract: Contract, domain: Domain, severity: Severity) -> set[str]:
    return {rule.name for rule in contract.rules_in(domain) if rule.severity is severity}


def test_row_rules_are_those_of_the_specification() -> None:
    age = {"age_uncastable", "age_range"}
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
            | age,
            {"email_format", "price_negative", "amount_negative"},
        ),
        "users": (
            {"malformed", "user_id_required", "updated_at_uncastable", "updated_at_impossible"} | age,
            {"email_format"},
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
            | age,
            {"email_format", "status_known"},
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
    found = {
        c.name: (rules(c, Domain.TABLE, Severity.ERROR), rules(c, Domain.TABLE, Severity.WARN))
        for c in (*SHIPPED.datasets, SHIPPED.users_history)
    }
    assert found == {
        "events": (errors, {"volume_drop", "date_span", "currency_mixed"}),
        "users": (errors, {"volume_drop", "date_span"}),
        "transactions": (errors, {"volume_drop", "date_span", "currency_mixed"}),
        "users_history": ({"keys_unique", "required_complete", "types"}, set()),
    }
    always = {"keys_unique", "required_complete", "schema"}
    assert {
        c.name: (rules(c, Domain.TABLE, Severity.ERROR) - always, rules(c, Domain.TABLE, Severity.WARN))
        for c in SHIPPED.gold
    } == {
        "dim_users": (set(), set()),
        "dim_country": ({"covers_facts"}, set()),
        "dim_status": ({"covers_facts"}, set()),
        "dim_date": ({"covers_facts"}, set()),
        "fact_events": ({"rows_equal_silver"}, {"unknown_users"}),
        "fact_transactions": ({"rows_equal_silver"}, {"unknown_users"}),
        "fact_user_activity": (set(), set()),
        "daily_revenue": ({"revenue_equals_facts"}, set()),
        "daily_active_users": (set(), set()),
        "user_ltv": ({"revenue_equals_facts"}, set()),
    }
    for contract in SHIPPED.gold:
        assert always <= rules(contract, Domain.TABLE, Severity.ERROR)


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
    assert rules(SHIPPED.inventory, Domain.TABLE, Severity.ERROR) == {"keys_unique", "rejected_bytes_ratio"}


def test_the_inventory_has_a_column_for_every_fact_of_a_file() -> None:
    from dataclasses import fields

    from contracts.inventory import FileFacts

    assert SHIPPED.inventory.column_names == ("dataset", *(f.name for f in fields(FileFacts)))


def test_every_measure_is_judged_by_some_rule() -> None:
    judged = {rule.kwargs.get("column") for contract in SHIPPED.all for rule in contract.rules}
    assert set(TABLE_MEASURES) | set(LOADED_MEASURES) <= judged


def test_every_rule_says_what_it_means_and_what_it_costs() -> None:
    for contract in SHIPPED.all:
        for rule in contract.rules:
            for words in (rule.description, rule.business_impact):
                assert words.endswith(".")
                assert words[0].isupper() or words.startswith(f"{rule.column} "), words
            assert rule.dimension
