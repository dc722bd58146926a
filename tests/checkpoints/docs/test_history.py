"""The history of results: bounded, and what it tells of each rule."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checkpoints.docs.history import (
    RUNS_KEPT,
    RUNS_WITH_FILES,
    NewResult,
    ResultHistory,
    RuleState,
    RunResult,
    add_to_history,
)
from contracts.model import Domain, Severity
from quarantine_policies.decision import Verdict
from tests.checkpoints.docs.given import rule, run

if TYPE_CHECKING:
    from checkpoints.storage.place import Place

AGE = rule("age", Domain.RECORDS, Severity.ERROR, "expect_column_values_to_be_between", column="age")
CITY = replace(AGE, name="city")


def result(number: int, broken: dict[str, int] | None = None, **values: object) -> RunResult:
    of = run(number)
    given = {"evaluated": {"records": 100}, **values}
    return RunResult(of.run_id, of.as_of, Verdict.PASS, "p.html", "1.0.0", broken=broken or {}, **given)


def new(result: RunResult, rules: list[str]) -> NewResult:
    """Return a result whose broken rules were broken by one file."""
    return NewResult(result, rules, {name: {"a.csv": failed} for name, failed in result.broken.items()})


def history(*results: tuple[RunResult, list[str]]) -> ResultHistory:
    found = ResultHistory()
    for one, rules in results:
        found = found.with_result(new(one, rules))
    return found


def test_it_keeps_the_last_runs_and_the_files_of_fewer() -> None:
    kept = history(*[(result(number, {"age": number}), ["age"]) for number in range(1, 102)])
    assert [one.run_id for one in kept.runs] == [f"run-{number}" for number in range(12, 102)]
    assert len(kept.runs) == RUNS_KEPT
    assert kept.files == {"age": {"a.csv": list(range(101, 101 - RUNS_WITH_FILES, -1))}}


def test_files_are_kept_while_a_run_that_lists_them_is() -> None:
    broken = {"age": 3}
    kept = history((result(1, broken), ["age"]), (result(2), ["age"]), (result(3, broken), ["age"]))
    assert kept.files == {"age": {"a.csv": [3, 0, 3]}}
    for number in range(4, 4 + RUNS_WITH_FILES):
        kept = kept.with_result(new(result(number), ["age"]))
    assert kept.files == {}


def test_a_run_published_again_replaces_its_first_result() -> None:
    first = (result(1, {"age": 1}), ["age"])
    others = [(result(number, {"age": number}), ["age"]) for number in (2, 3)]
    kept = history(first, *others, (result(1), ["age"]))
    assert [(one.run_id, one.broken.get("age")) for one in kept.runs] == [
        ("run-2", 2),
        ("run-3", 3),
        ("run-1", None),
    ]
    assert kept.files == {"age": {"a.csv": [0, 3, 2]}}


def test_a_rule_is_absent_before_the_run_that_first_judged_it() -> None:
    kept = history(
        (result(1), ["age"]), (result(2), ["age", "city"]), (result(3, {"city": 4}), ["age", "city"])
    )
    assert [one.state for one in kept.of_rule(AGE)] == [RuleState.PASSED] * 3
    assert [(one.state, one.share) for one in kept.of_rule(CITY)] == [
        (RuleState.ABSENT, 0.0),
        (RuleState.PASSED, 0.0),
        (RuleState.BROKEN, 0.04),
    ]


def test_a_rule_whose_first_run_is_no_longer_kept_was_judged_in_all_that_are() -> None:
    kept = history(*[(result(number), ["age"]) for number in range(1, RUNS_KEPT + 5)])
    assert {one.state for one in kept.of_rule(AGE)} == {RuleState.PASSED}


def test_a_rule_is_absent_in_a_run_that_did_not_judge_its_domain() -> None:
    kept = history((result(1), ["age"]), (result(2, evaluated={}), ["age"]))
    assert [one.state for one in kept.of_rule(AGE)] == [RuleState.PASSED, RuleState.ABSENT]


@pytest.mark.parametrize(
    ("broken", "since"),
    [("XX", "run-1"), (".XX", "run-2"), ("X.X", "run-3"), ("XX.", "run-3"), ("...", "run-3")],
)
def test_a_rule_is_broken_since_the_first_of_the_last_runs_that_all_broke_it(broken: str, since: str) -> None:
    results = [
        result(number, {"age": 1} if mark == "X" else {}) for number, mark in enumerate(broken, start=1)
    ]
    assert history(*[(one, ["age"]) for one in results]).broken_since("age").run_id == since


def test_files_are_rejected_since_the_first_of_the_last_runs_that_all_rejected_some() -> None:
    rejected = [result(number, files_rejected=count) for number, count in ((1, 1), (2, 0), (3, 2), (4, 1))]
    assert history(*[(one, []) for one in rejected]).rejecting_since().run_id == "run-3"


def test_the_share_of_a_broken_rule_that_counts_no_rows_is_one() -> None:
    (only,) = history((result(1, {"age": 0}), ["age"])).of_rule(AGE)
    assert only.share == 1.0


def test_runs_without_rows_have_no_share_of_quarantined_rows() -> None:
    counts = ({"rows_read": 10, "rows_quarantined": 1}, {"rows_read": 0}, {})
    kept = history(*[(result(number, counts=each), []) for number, each in enumerate(counts, start=1)])
    assert kept.quarantined_shares == (0.1,)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"kind": "docs history", "format": 99, "results": {}}']
)
def test_a_damaged_document_begins_anew(docs: Place, content: bytes) -> None:
    docs.child("history/bronze_to_silver.json").write_bytes(content)
    kept = add_to_history(docs, "bronze_to_silver", {"users": new(result(1), ["age"])})
    assert [one.run_id for one in kept["users"].runs] == ["run-1"]


def test_what_was_added_is_read_again_and_other_datasets_stay(docs: Place) -> None:
    first = result(1, {"age": 3}, nulls={"age": 1}, promoted="/lake/v1", rows=100)
    add_to_history(docs, "bronze_to_silver", {"users": new(first, ["age"])})
    add_to_history(docs, "bronze_to_silver", {"events": new(result(2), [])})
    kept = add_to_history(docs, "bronze_to_silver", {"users": new(result(2), ["age"])})
    assert kept["users"].runs == (first, result(2))
    assert kept["users"].first_runs == {"age": "run-1"}


def test_keys_that_are_not_utf_8_survive(docs: Place) -> None:
    odd = NewResult(result(1, {"age": 1}), ["age"], {"age": {"bad\udcff.csv": 1}})
    add_to_history(docs, "bronze_to_silver", {"users": odd})
    kept = add_to_history(docs, "bronze_to_silver", {"users": new(result(2), ["age"])})
    assert kept["users"].files == {"age": {"bad\udcff.csv": [0, 1]}}
