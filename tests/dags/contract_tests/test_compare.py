"""Comparison of expectations with an outcome: what differs, with both values and the line."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from checkpoints.gate.measures import Accounting, FileAccount, RecordsMeasured, RuleCount
from contracts.inventory import Reason
from dags.contract_tests.compare import compare
from dags.contract_tests.evaluate import CaseOutcome, SilverOutcome
from dags.contract_tests.rows import QuarantinedRecord
from quarantine_policies.decision import Decision, Verdict
from tests.dags.contract_tests.conftest import cases_of

if TYPE_CHECKING:
    from pathlib import Path

    from dags.contract_tests.evaluate import Installation
    from dags.contract_tests.model import Case

# Seven lines, so that what is expected begins in line 8.
CASE = """\
dataset: users
cases:
  - name: one
    given:
      a.csv: "user_id\\n"
      b.csv: "user_id\\n"
    expect:
"""
KEYS = {"users": ("user_id",), "users_history": ("user_id", "valid_from")}
ADA = {
    "user_id": "u1",
    "name": "Ada",
    "email": None,
    "phone": None,
    "city": "Berlin",
    "age": 36,
    "updated_at": datetime(2024, 5, 1, tzinfo=UTC),
    "_extra": '{"score": "1"}',
    "_source_file": "a.csv",
    "event_date": datetime(2024, 5, 1, tzinfo=UTC).date(),
}
BOB = {**ADA, "user_id": "u2", "name": "Bob", "city": "Paris", "_extra": None}
VERSION = {
    "user_id": "u1",
    "valid_from": datetime(2024, 5, 1, tzinfo=UTC),
    "valid_to": None,
    "is_current": True,
    "name": "Ada",
}
# Five rows: two promoted, two quarantined, one deduplicated.
SILVER = SilverOutcome(
    tables={"users": [ADA, BOB], "users_history": [VERSION]},
    quarantined=(
        QuarantinedRecord("a.csv", "u3,200", ("age_range",)),
        QuarantinedRecord("b.csv", ",old", ("age_uncastable", "user_id_required")),
    ),
    records=RecordsMeasured(
        5, 2, {"age_range": RuleCount(1)}, {"email_format": RuleCount(2)}, {}, {}, (), {"a.csv": 3}
    ),
    accounting=Accounting((FileAccount("a.csv", 4, 1, 2, 1), FileAccount("b.csv", 1, 1, 0, 0))),
    rows_conflicting=None,
    decision=Decision(Verdict.WARN, ("volume_drop",), ("email_format", "volume_drop"), ()),
)


@pytest.fixture
def differences(installation: Installation, tmp_path: Path) -> Differences:
    """Return a function that compares a case's expectation with an outcome."""
    return Differences(installation, tmp_path)


class Differences:
    """Compares expectations with outcomes; each difference as its four parts."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self._installation, self._folder = installation, folder

    def case(self, expectation: str) -> Case:
        (case,) = cases_of(self._installation, self._folder, f"{CASE}{expectation}\n")
        return case

    def __call__(
        self,
        expectation: str,
        silver: SilverOutcome | None = SILVER,
        verdict: Verdict = Verdict.PASS,
        rejected: dict[str, Reason] | None = None,
    ) -> list[tuple[str, str, str, int]]:
        case = self.case(expectation)
        result = compare(case, CaseOutcome(case, rejected or {}, verdict, silver), KEYS)
        assert result.has_passed is not bool(result.differences)
        return [(one.what, one.expected, one.found, one.line) for one in result.differences]


def test_an_outcome_as_expected_differs_in_nothing(differences: Differences) -> None:
    expectation = """\
      silver:
        - {user_id: u2, city: Paris, _extra: null}
        - {user_id: u1, _extra: {score: "1"}, updated_at: 2024-05-01}
      histories:
        users_history: [{user_id: u1, valid_to: null, is_current: true}]
      quarantined:
        - {rules: [user_id_required, age_uncastable]}
        - {rules: [age_range], file: a.csv, raw: "u3,200"}
      accounting: {rows_read: 5, rows_promoted: 2, rows_quarantined: 2, rows_excluded: 3}
      rejected: {}
      rules: {age_range: 1, email_format: 2, volume_drop: broken, date_span: holds}
      verdict: warn"""
    assert differences(expectation) == []


@pytest.mark.parametrize(
    ("expectation", "found"),
    [
        (
            "      silver:\n        - {user_id: u1, city: Rome, age: 37}\n        - {user_id: u2}",
            [
                ("silver[0].city of 'u1'", "'Rome'", "'Berlin'", 9),
                ("silver[0].age of 'u1'", "37", "36", 9),
            ],
        ),
        (
            "      silver:\n        - user_id: u1\n          _extra: {score: '2'}\n        - user_id: u2\n"
            "          updated_at: 2024-05-02",
            [
                ("silver[0]._extra of 'u1'", '{"score": "2"}', '{"score": "1"}', 10),
                ("silver[1].updated_at of 'u2'", "2024-05-02T00:00:00Z", "2024-05-01T00:00:00Z", 12),
            ],
        ),
        (
            "      silver:\n        - {user_id: u1}\n        - {user_id: u2}\n        - {user_id: u3}",
            [("silver[2]", "{user_id: 'u3'}", "no such row", 11)],
        ),
        (
            "      silver:\n        - {user_id: u1}",
            [
                (
                    "silver",
                    "nothing",
                    "a further row {user_id: 'u2', name: 'Bob', city: 'Paris', age: 36, "
                    "updated_at: 2024-05-01T00:00:00Z, _source_file: 'a.csv', event_date: 2024-05-01}",
                    8,
                )
            ],
        ),
        (
            "      histories:\n        users_history:\n          - {user_id: u1, is_current: false}",
            [("users_history[0].is_current of 'u1' / 2024-05-01T00:00:00Z", "false", "true", 10)],
        ),
        (
            "      histories:\n        users_history: []",
            [
                (
                    "users_history",
                    "nothing",
                    "a further row {user_id: 'u1', valid_from: 2024-05-01T00:00:00Z, is_current: true, "
                    "name: 'Ada'}",
                    9,
                )
            ],
        ),
    ],
)
def test_rows_that_differ(
    differences: Differences, expectation: str, found: list[tuple[str, str, str, int]]
) -> None:
    assert differences(expectation) == found


def test_expected_rows_are_matched_by_their_key_first(differences: Differences) -> None:
    expectation = "      silver:\n        - {user_id: u2, name: Ada, city: Berlin}\n        - {name: Ada}"
    assert differences(expectation) == [
        ("silver[0].name of 'u2'", "'Ada'", "'Bob'", 9),
        ("silver[0].city of 'u2'", "'Berlin'", "'Paris'", 9),
    ]


def test_a_found_row_meets_one_expected_row_alone(differences: Differences) -> None:
    expectation = "      silver:\n        - {user_id: u1}\n        - {user_id: u1}\n        - {user_id: u2}"
    assert differences(expectation) == [("silver[1]", "{user_id: 'u1'}", "no such row", 10)]


@pytest.mark.parametrize(
    ("expectation", "found"),
    [
        (
            "      quarantined:\n        - {raw: 'u3,200', rules: [age_range, malformed]}\n"
            "        - {rules: [age_uncastable, user_id_required]}",
            [("quarantined[0].rules", "[age_range, malformed]", "[age_range]", 9)],
        ),
        (
            "      quarantined:\n        - {raw: 'u3,200', rules: [age_range], file: b.csv}\n"
            "        - {rules: [age_uncastable, user_id_required]}",
            [("quarantined[0].file", "'b.csv'", "'a.csv'", 9)],
        ),
        (
            "      quarantined:\n        - {rules: [age_range]}",
            [
                (
                    "quarantined",
                    "nothing",
                    "a further row {rules: [age_uncastable, user_id_required], file: 'b.csv', raw: ',old'}",
                    8,
                )
            ],
        ),
        (
            "      quarantined:\n        - {rules: [age_range]}\n"
            "        - {rules: [age_uncastable, user_id_required]}\n"
            "        - {raw: 'u4,300', rules: [age_range]}",
            [("quarantined[2]", "{rules: [age_range], raw: 'u4,300'}", "no such row", 11)],
        ),
    ],
)
def test_quarantined_rows_that_differ(
    differences: Differences, expectation: str, found: list[tuple[str, str, str, int]]
) -> None:
    assert differences(expectation) == found


def test_counts_that_differ(differences: Differences) -> None:
    expectation = """\
      accounting:
        rows_read: 6
        rows_promoted: 1
        rows_quarantined: 3
        rows_deduplicated: 0
        rows_conflicting: 1
        rows_excluded: 2"""
    assert differences(expectation) == [
        ("accounting.rows_read", "6", "5", 9),
        ("accounting.rows_promoted", "1", "2", 10),
        ("accounting.rows_quarantined", "3", "2", 11),
        ("accounting.rows_deduplicated", "0", "1", 12),
        ("accounting.rows_conflicting", "1", "not counted", 13),
        ("accounting.rows_excluded", "2", "3", 14),
    ]


def test_rules_that_differ(differences: Differences) -> None:
    expectation = """\
      rules:
        age_range: 0
        email_format: 1
        volume_drop: holds
        date_span: broken"""
    assert differences(expectation) == [
        ("rules.age_range", "0", "1", 9),
        ("rules.email_format", "1", "2", 10),
        ("rules.volume_drop", "holds", "broken", 11),
        ("rules.date_span", "broken", "holds", 12),
    ]


def test_rejected_files_that_differ(differences: Differences) -> None:
    expectation = "      rejected:\n        a.csv: unreadable"
    assert differences(expectation, rejected={"a.csv": Reason.CONTENT_MISMATCH, "b.csv": Reason.EMPTY}) == [
        ("rejected[a.csv]", "unreadable", "content_mismatch", 9),
        ("rejected[b.csv]", "a valid file", "empty", 8),
    ]
    assert differences(expectation) == [("rejected[a.csv]", "unreadable", "a valid file", 9)]


def test_the_verdict_is_the_worse_of_both_transitions(differences: Differences) -> None:
    assert differences("      verdict: pass") == [("verdict", "pass", "warn (email_format, volume_drop)", 8)]
    assert differences("      verdict: warn") == []
    assert differences("      verdict: warn", verdict=Verdict.BLOCK, silver=None) == [
        ("verdict", "warn", "block", 8)
    ]


def test_the_verdicts_of_both_transitions_differ_one_by_one(differences: Differences) -> None:
    expectation = "      verdict:\n        raw_to_bronze: warn\n        bronze_to_silver: pass"
    assert differences(expectation) == [
        ("verdict.raw_to_bronze", "warn", "pass", 9),
        ("verdict.bronze_to_silver", "pass", "warn (email_format, volume_drop)", 10),
    ]
    assert differences(expectation, verdict=Verdict.BLOCK, silver=None) == [
        ("verdict.raw_to_bronze", "warn", "block", 9),
        ("verdict.bronze_to_silver", "pass", "not run", 10),
    ]
    assert differences("      verdict: {bronze_to_silver: warn}", verdict=Verdict.WARN) == []


def test_rows_of_a_transition_that_does_not_begin_differ(differences: Differences) -> None:
    assert differences("      silver: []", verdict=Verdict.BLOCK, silver=None) == [
        ("expect", "bronze_to_silver's outcome", "raw_to_bronze is blocked", 7)
    ]
    assert differences("      rejected: {}", verdict=Verdict.BLOCK, silver=None) == []


def test_amounts_are_compared_as_numbers(installation: Installation, tmp_path: Path) -> None:
    text = """\
    dataset: transactions
    cases:
      - name: one
        given: {a.csv: ""}
        expect:
          silver: [{tx_id: t1, amount: 1.50}, {tx_id: t2, amount: 2}]
    """
    (case,) = cases_of(installation, tmp_path, text)
    rows = [{"tx_id": "t1", "amount": Decimal("1.5000")}, {"tx_id": "t2", "amount": Decimal("2.0100")}]
    silver = SilverOutcome({"transactions": rows}, (), SILVER.records, SILVER.accounting, 0, SILVER.decision)
    result = compare(case, CaseOutcome(case, {}, Verdict.PASS, silver), {"transactions": ("tx_id",)})
    assert [(one.what, one.expected, one.found) for one in result.differences] == [
        ("silver[1].amount of 't2'", "2", "2.01")
    ]
