"""Policies: what they may say, and what is refused so that a typing error switches no rule off."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import quarantine_policies
from contracts.errors import ConfigurationError
from contracts.loader import load_contracts
from quarantine_policies.model import Action, DatasetPolicy, GoldPolicy
from quarantine_policies.reader import (
    PolicyError,
    check_policies,
    load_policies,
    parse_policy,
    policy_errors,
    validate_policy,
)

CONTRACTS = load_contracts()


def test_the_shipped_policies_hold_the_specifications_limits() -> None:
    policies = load_policies()
    limits = {
        "max_quarantine_ratio": 0.25,
        "min_volume_ratio": 0.5,
        "max_conflicting_ratio": 0.05,
        "max_rejected_bytes_ratio": None,
        "max_expanded_bytes": 256 * 1024 * 1024,
        "max_expansion_ratio": 200,
        "retention_days": 90,
    }
    assert policies.datasets == {
        "events": DatasetPolicy(masked_columns=("message",), **limits),
        "users": DatasetPolicy(**limits),
        "transactions": DatasetPolicy(**limits),
    }
    assert policies.gold == GoldPolicy(max_unknown_user_ratio=0.05, retention_days=90)
    assert set(policies.checksums) == {"events", "users", "transactions", "gold"}
    check_policies(policies, CONTRACTS)


def test_what_the_files_say_is_what_holds_without_them() -> None:
    assert parse_policy("", DatasetPolicy, "users.yaml") == load_policies().of("users")
    assert parse_policy("", GoldPolicy, "gold.yaml") == load_policies().gold


def test_a_history_follows_the_policy_of_its_dataset() -> None:
    policies = load_policies()
    assert policies.of(CONTRACTS.silver("users_history").dataset) is policies.of("users")
    with pytest.raises(KeyError, match="no policy for 'visits'; available: events, transactions, users"):
        policies.of("visits")


def test_limits_are_handed_to_rules_by_name_and_a_limit_that_is_off_is_never_exceeded() -> None:
    policies = load_policies()
    days = {"days": 7, "weeks": 8, "sensitivity": 4.0, "min_change": 0.1, "ignore": []}
    assert policies.of("events").parameters == {
        "days_out_of_line": days,
        "max_quarantine_ratio": 0.25,
        "min_volume_ratio": 0.5,
        "max_conflicting_ratio": 0.05,
        "max_rejected_bytes_ratio": 1.0,
    }
    assert policies.gold.parameters == {"days_out_of_line": days, "max_unknown_user_ratio": 0.05}
    assert DatasetPolicy(max_rejected_bytes_ratio=0.1).parameters["max_rejected_bytes_ratio"] == 0.1


def test_the_days_that_a_policy_ignores_are_handed_on_as_texts() -> None:
    text = "days_out_of_line: {weeks: 4, ignore: [2024-12-25, 2024-12-26]}"
    settings = parse_policy(text, DatasetPolicy, "events.yaml").parameters["days_out_of_line"]
    assert settings == {
        "days": 7,
        "weeks": 4,
        "sensitivity": 4.0,
        "min_change": 0.1,
        "ignore": ["2024-12-25", "2024-12-26"],
    }


def test_every_parameter_of_a_rule_is_one_that_a_policy_the_contract_or_the_clock_gives() -> None:
    policies = load_policies()
    given = {
        "as_of",
        "as_of_limit",
        "latency_hours",
        *policies.of("events").parameters,
        *policies.gold.parameters,
    }
    for contract in CONTRACTS.all:
        for rule in contract.rules:
            for value in rule.kwargs.values():
                assert not isinstance(value, dict) or value["$PARAMETER"] in given


def test_overrides_are_read_as_actions() -> None:
    policy = parse_policy(
        "overrides: {age_range: warn, email_format: quarantine, volume_drop: block, date_span: off, "
        "freshness: 'off'}",
        DatasetPolicy,
        "events.yaml",
    )
    assert dict(policy.overrides) == {
        "age_range": Action.WARN,
        "email_format": Action.QUARANTINE,
        "volume_drop": Action.BLOCK,
        "date_span": Action.OFF,  # which YAML reads as false
        "freshness": Action.OFF,
    }
    assert policy.override("malformed") is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "max_quarantine_ration: 0.1",
            "events.yaml, max_quarantine_ration: unknown key 'max_quarantine_ration' (expected one of ",
        ),
        (
            "max_unknown_user_ratio: 0.1",
            "events.yaml, max_unknown_user_ratio: unknown key 'max_unknown_user_ratio'",
        ),
        (
            "max_quarantine_ratio: 1.5",
            "events.yaml, max_quarantine_ratio: invalid max_quarantine_ratio",
        ),
        ("max_quarantine_ratio: 25%", "found '25%'"),
        ("max_quarantine_ratio: true", "found True"),
        ("retention_days: 0", "greater than or equal to 1"),
        ("retention_days: 1.5", "found 1.5"),
        ("overrides: [age_range]", "invalid overrides"),
        ("overrides: {age_range: ignore}", "must be warn, quarantine, block or off, found 'ignore'"),
        ("overrides: {age_range: on}", "must be warn, quarantine, block or off, found True"),
        ("days_out_of_line: {week: 4}", "unknown key 'days_out_of_line.week' (expected one of days,"),
        ("days_out_of_line: {weeks: 3}", "greater than or equal to 4"),
        ("days_out_of_line: {sensitivity: 0}", "greater than 0"),
        ("days_out_of_line: {ignore: [Christmas]}", "invalid days_out_of_line.ignore.0"),
        ("days_out_of_line: {ignore: 2024-12-25}", "invalid days_out_of_line.ignore"),
        ("masked_columns: message", "invalid masked_columns"),
        ("masked_columns: [1]", "invalid masked_columns.0"),
        ("[1]", "events.yaml: a policy must be a mapping (expected key: value, found [1])"),
        ("a: [", "events.yaml: invalid YAML"),
        ("retention_days: 1\nretention_days: 2", "duplicate key 'retention_days'"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, DatasetPolicy, "events.yaml")
    assert sentence in str(caught.value)


def test_a_policy_error_is_a_configuration_error() -> None:
    assert issubclass(PolicyError, ConfigurationError)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped policies."""
    for path in Path(quarantine_policies.__file__).parent.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_a_copy_of_the_shipped_policies_reads_as_the_shipped_ones(folder: Path) -> None:
    assert load_policies(folder) == load_policies()


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        (
            "events.yaml",
            "overrides: {age_rage: warn}",
            "events.yaml, overrides.age_rage: no contract has a rule",
        ),
        (
            "users.yaml",
            "overrides: {status_known: warn}",
            "users.yaml, overrides.status_known: no contract has",
        ),
        ("events.yaml", "overrides: {volume_drop: quarantine}", "volume_drop is a table rule"),
        ("events.yaml", "overrides: {age_range: off}", "age_range cannot be switched off"),
        ("events.yaml", "overrides: {corrupt_gzip: off}", "corrupt_gzip cannot be switched off"),
        ("gold.yaml", "overrides: {rows_loaded: off}", "rows_loaded cannot be switched off"),
        (
            "events.yaml",
            "masked_columns: [body]",
            "events.yaml, masked_columns[0]: no contract has a column 'body'",
        ),
        (
            "gold.yaml",
            "overrides: {strict_fail: warn}",
            "gold.yaml, overrides.strict_fail: no contract has a rule",
        ),
        (
            "visits.yaml",
            "",
            "visits.yaml: no contract declares visits (expected one of events, transactions, users)",
        ),
    ],
)
def test_a_policy_that_names_what_is_not_there_is_refused(
    folder: Path, file: str, text: str, sentence: str
) -> None:
    (folder / file).write_text(text)
    with pytest.raises(PolicyError) as caught:
        check_policies(load_policies(folder), CONTRACTS)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("events.yaml", "overrides: {amount_negative: quarantine, corrupt_gzip: block, keys_unique: warn}"),
        ("users.yaml", "overrides: {email_format: block}\nmasked_columns: [city, valid_from]"),
        ("gold.yaml", "overrides: {unknown_users: block, rows_loaded: warn}\nmasked_columns: [user_city]"),
    ],
)
def test_a_policy_may_override_rules_of_rows_tables_files_and_loads(
    folder: Path, file: str, text: str
) -> None:
    (folder / file).write_text(text)
    check_policies(load_policies(folder), CONTRACTS)


def test_a_dataset_without_a_policy_is_refused(folder: Path) -> None:
    (folder / "users.yaml").unlink()
    with pytest.raises(PolicyError, match=r"users.yaml: missing policy"):
        check_policies(load_policies(folder), CONTRACTS)


def test_gold_without_a_policy_is_refused(folder: Path) -> None:
    (folder / "gold.yaml").unlink()
    with pytest.raises(PolicyError, match=r"gold.yaml: missing policy"):
        load_policies(folder)


def test_two_policies_for_one_dataset_are_refused(folder: Path) -> None:
    (folder / "users.yml").write_text("")
    with pytest.raises(PolicyError, match=r"users.yml: users has a second policy"):
        load_policies(folder)


def test_a_policy_that_is_no_text_or_no_folder_is_refused(folder: Path) -> None:
    (folder / "users.yaml").write_bytes(b"\xff")
    with pytest.raises(PolicyError, match="cannot read the policy"):
        load_policies(folder)
    with pytest.raises(PolicyError, match="policy folder not found"):
        load_policies(folder / "none")


def test_all_errors_of_a_policy_are_found_at_once() -> None:
    text = "max_quarantine_ratio: 7\nretention_days: 0\nlimit: 1\noverrides: {age_range: ignore}\n"
    policy, errors = validate_policy(text, DatasetPolicy, "events.yaml")
    assert policy is None
    assert sorted(error.path for error in errors) == [
        "limit",
        "max_quarantine_ratio",
        "overrides",
        "retention_days",
    ]


def test_all_that_no_contract_has_is_found_at_once(folder: Path) -> None:
    (folder / "events.yaml").write_text(
        "overrides: {no_rule: warn, strict_fail: quarantine}\nmasked_columns: [x]\n"
    )
    (folder / "visits.yaml").write_text("")
    (folder / "users.yaml").unlink()
    assert [(error.file, error.path) for error in policy_errors(load_policies(folder), CONTRACTS)] == [
        ("users.yaml", ""),
        ("visits.yaml", ""),
        ("events.yaml", "overrides.no_rule"),
        ("events.yaml", "overrides.strict_fail"),
        ("events.yaml", "masked_columns[0]"),
    ]
