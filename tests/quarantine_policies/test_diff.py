"""Changes of policies, as far as they change what a contract promises."""

from __future__ import annotations

import pytest

from contracts.changes import Bump
from contracts.loader import load_contracts
from quarantine_policies.diff import diff_operation, diff_policies
from quarantine_policies.model import DatasetPolicy, GoldPolicy
from quarantine_policies.reader import parse_policy

CONTRACTS = load_contracts()
EVENTS = CONTRACTS.silver("events")


def policy(text: str) -> DatasetPolicy:
    return parse_policy(text, DatasetPolicy, "events.yaml")


@pytest.mark.parametrize(
    ("before", "after", "path", "bump"),
    [
        ("", "max_quarantine_ratio: 0.3", "max_quarantine_ratio", Bump.MAJOR),
        ("", "max_quarantine_ratio: 0.2", "max_quarantine_ratio", Bump.MAJOR),
        ("", "min_volume_ratio: 0.7", "min_volume_ratio", Bump.MINOR),
        ("overrides: {volume_drop: block}", "overrides: {volume_drop: block}\nmin_volume_ratio: 0.7",
         "min_volume_ratio", Bump.MAJOR),
        ("", "max_expanded_bytes: 1000", "max_expanded_bytes", Bump.MAJOR),
        ("", "max_expanded_bytes: 1000000000", "max_expanded_bytes", Bump.MINOR),
        ("", "overrides: {email_format: quarantine}", "overrides.email_format", Bump.MAJOR),
        ("", "overrides: {email_format: warn}", "overrides.email_format", Bump.MINOR),
        ("", "overrides: {age_range: warn}", "overrides.age_range", Bump.MAJOR),
        ("", "overrides: {age_range: block}", "overrides.age_range", Bump.MAJOR),
        ("", "overrides: {date_span: block}", "overrides.date_span", Bump.MAJOR),
        ("", "masked_columns: [message]", "masked_columns.message", Bump.MINOR),
        ("masked_columns: [message]", "", "masked_columns.message", Bump.MAJOR),
        ("masked_columns: [email]", "", "masked_columns.email", Bump.MINOR),  # personal data: masked anyway
    ],
)  # fmt: skip
def test_a_change_is_breaking_if_rows_or_tables_fare_differently(
    before: str, after: str, path: str, bump: Bump
) -> None:
    changes = diff_policies(policy(before), policy(after), EVENTS)
    assert [(change.path, change.bump) for change in changes] == [(f"policy.{path}", bump)]


def test_a_limit_of_gold_concerns_the_tables_whose_rules_use_it() -> None:
    before, after = GoldPolicy(), GoldPolicy(max_unknown_user_ratio=0.1)
    changed = [table.name for table in CONTRACTS.gold if list(diff_policies(before, after, table))]
    assert changed == ["fact_events", "fact_transactions"]


def test_how_long_rejected_rows_are_kept_is_no_promise() -> None:
    before, after = policy("retention_days: 90"), policy("retention_days: 30")
    assert list(diff_policies(before, after, EVENTS)) == []
    ((change,),) = [list(diff_operation(before, after))]
    assert (change.path, change.before, change.after, change.bump) == (
        "policy.retention_days",
        "90",
        "30",
        Bump.NONE,
    )
