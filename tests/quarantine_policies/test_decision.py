"""The decision: outcomes and a policy give a verdict, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.loader import load_contracts
from contracts.model import Domain, Severity
from quarantine_policies.decision import Decision, RuleOutcome, Verdict, counted_rules, decide, routed_rules
from quarantine_policies.model import Action, DatasetPolicy

CONTRACTS = load_contracts()
SHIPPED = DatasetPolicy()


def outcome(domain: Domain, severity: Severity, *, passed: bool = False, rule: str = "r") -> RuleOutcome:
    return RuleOutcome(rule, domain, severity, passed, evaluated=10, failed=0 if passed else 1)


def policy(action: str | None) -> DatasetPolicy:
    return SHIPPED if action is None else DatasetPolicy(overrides={"r": action})


@pytest.mark.parametrize(
    ("domain", "severity", "override", "verdict"),
    [
        (Domain.TABLE, Severity.ERROR, None, Verdict.BLOCK),
        (Domain.LOADED, Severity.ERROR, None, Verdict.BLOCK),
        (Domain.TABLE, Severity.WARN, None, Verdict.WARN),
        (Domain.RECORDS, Severity.ERROR, None, Verdict.WARN),
        (Domain.RECORDS, Severity.WARN, None, Verdict.WARN),
        (Domain.VALID_ROWS, Severity.WARN, None, Verdict.WARN),
        (Domain.TABLE, Severity.ERROR, "warn", Verdict.WARN),
        (Domain.TABLE, Severity.WARN, "block", Verdict.BLOCK),
        (Domain.LOADED, Severity.ERROR, "warn", Verdict.WARN),
        (Domain.RECORDS, Severity.ERROR, "warn", Verdict.WARN),
        (Domain.RECORDS, Severity.ERROR, "block", Verdict.BLOCK),
        (Domain.RECORDS, Severity.WARN, "block", Verdict.BLOCK),
        (Domain.VALID_ROWS, Severity.WARN, "quarantine", Verdict.WARN),
        (Domain.VALID_ROWS, Severity.WARN, "block", Verdict.BLOCK),
    ],
)
def test_a_broken_rule_weighs_what_contract_and_override_say(
    domain: Domain, severity: Severity, override: str | None, verdict: Verdict
) -> None:
    is_block = verdict is Verdict.BLOCK
    assert decide([outcome(domain, severity)], policy(override)) == Decision(
        verdict=verdict,
        failed=("r",) if domain in (Domain.TABLE, Domain.LOADED) else (),
        warned=() if is_block else ("r",),
        blocked_by=("r",) if is_block else (),
    )
    assert decide([outcome(domain, severity, passed=True)], policy(override)).verdict is Verdict.PASS


def test_a_rejected_file_or_a_quarantined_row_warns() -> None:
    assert decide([], SHIPPED).verdict is Verdict.PASS
    assert decide([], SHIPPED, files_rejected=1).verdict is Verdict.WARN
    assert decide([], SHIPPED, rows_quarantined=1).verdict is Verdict.WARN


def test_the_decision_lists_every_broken_rule_in_its_order() -> None:
    outcomes = [
        outcome(Domain.RECORDS, Severity.ERROR, rule="malformed"),
        outcome(Domain.TABLE, Severity.WARN, rule="volume_drop"),
        outcome(Domain.TABLE, Severity.ERROR, rule="strict_fail"),
        outcome(Domain.TABLE, Severity.ERROR, rule="types", passed=True),
        outcome(Domain.TABLE, Severity.ERROR, rule="accounting"),
    ]
    assert decide(outcomes, SHIPPED) == Decision(
        verdict=Verdict.BLOCK,
        failed=("volume_drop", "strict_fail", "accounting"),
        warned=("malformed", "volume_drop"),
        blocked_by=("strict_fail", "accounting"),
    )


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], Verdict.PASS),
        ([Verdict.UNCHANGED, Verdict.PASS], Verdict.PASS),
        ([Verdict.WARN, Verdict.UNCHANGED, Verdict.PASS], Verdict.WARN),
        ([Verdict.WARN, Verdict.BLOCK, Verdict.PASS], Verdict.BLOCK),
        ([Verdict.UNCHANGED], Verdict.UNCHANGED),
    ],
)
def test_the_worst_of_some_verdicts(verdicts: list[Verdict], expected: Verdict) -> None:
    assert Verdict.worst(verdicts) is expected


VERDICTS = st.lists(st.sampled_from(list(Verdict)), min_size=1)


@given(VERDICTS, VERDICTS)
def test_the_worst_of_two_lists_is_the_worst_of_their_worsts(
    left: list[Verdict], right: list[Verdict]
) -> None:
    assert Verdict.worst(left + right) is Verdict.worst([Verdict.worst(left), Verdict.worst(right)])


OUTCOMES = st.lists(
    st.builds(
        RuleOutcome,
        st.sampled_from("abc"),
        st.sampled_from(list(Domain)),
        st.sampled_from(list(Severity)),
        st.booleans(),
    )
)
POLICIES = st.builds(
    DatasetPolicy,
    overrides=st.dictionaries(st.sampled_from("abc"), st.sampled_from([a.value for a in Action])),
)


@given(OUTCOMES, POLICIES)
def test_a_verdict_is_as_heavy_as_what_is_listed_under_it(
    outcomes: list[RuleOutcome], policy: DatasetPolicy
) -> None:
    found = decide(outcomes, policy)
    assert (found.verdict is Verdict.BLOCK) is bool(found.blocked_by)
    assert (found.verdict is Verdict.PASS) is not any(not o.passed for o in outcomes)
    assert len(found.warned) + len(found.blocked_by) == sum(not o.passed for o in outcomes)


@given(OUTCOMES, OUTCOMES, POLICIES)
def test_more_outcomes_never_make_a_verdict_lighter(
    some: list[RuleOutcome], more: list[RuleOutcome], policy: DatasetPolicy
) -> None:
    both = decide(some + more, policy).verdict
    assert both is Verdict.worst([decide(some, policy).verdict, decide(more, policy).verdict])


def test_errors_on_records_are_routed_and_warnings_counted() -> None:
    for contract in CONTRACTS.datasets:
        assert routed_rules(contract, SHIPPED) == contract.rules_in(Domain.RECORDS)
        assert counted_rules(contract, SHIPPED) == contract.rules_in(Domain.VALID_ROWS)


def test_overrides_move_rules_between_quarantine_and_counting() -> None:
    events = CONTRACTS.silver("events")
    overriding = DatasetPolicy(
        overrides={
            "age_range": "warn",
            "email_format": "quarantine",
            "price_negative": "block",
            "malformed": "block",
        }
    )
    shipped = {rule.name for rule in routed_rules(events, SHIPPED)}
    routed, counted = routed_rules(events, overriding), counted_rules(events, overriding)
    assert {rule.name for rule in routed} == shipped - {"age_range"} | {"email_format", "price_negative"}
    assert [rule.name for rule in counted] == [
        "event_id_mangled",
        "user_id_mangled",
        "age_range",
        "amount_negative",
    ]
    assert {(rule.domain, rule.severity) for rule in routed} == {(Domain.RECORDS, Severity.ERROR)}
    assert {(rule.domain, rule.severity) for rule in counted} == {(Domain.VALID_ROWS, Severity.WARN)}


def test_neither_files_nor_computed_tables_have_rows_to_route() -> None:
    for contract in (CONTRACTS.inventory, *CONTRACTS.histories, *CONTRACTS.gold):
        assert routed_rules(contract, SHIPPED) == counted_rules(contract, SHIPPED) == ()
