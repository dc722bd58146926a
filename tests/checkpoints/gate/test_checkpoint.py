"""A real checkpoint judges measured numbers and reads no data."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking
from checkpoints.gate.measures import Measured, Measures, RuleCount
from contracts.errors import ContractError
from contracts.model import Contract, Domain, Rule, Severity, Zone
from quarantine_policies.decision import RuleOutcome

CONTRACT = Contract("events", Zone.SILVER, "1.0.0", "", "", "", (), (), path="silver/events.yaml")
AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
PARAMETERS = {"as_of_limit": datetime(2024, 6, 2, tzinfo=UTC), "max_quarantine_ratio": 0.25}


def rule(
    name: str, domain: Domain, expectation: str, severity: Severity = Severity.ERROR, **kwargs: object
) -> Rule:
    return Rule(name, domain, severity, "validity", "What is promised.", "Why.", expectation, kwargs)


RULES = (
    rule("id_required", Domain.RECORDS, "expect_column_values_to_not_be_null", column="id"),
    rule("id_format", Domain.RECORDS, "expect_column_values_to_match_regex", column="id", regex="^e"),
    rule(
        "ts_impossible",
        Domain.RECORDS,
        "expect_column_values_to_be_between",
        column="ts",
        min_value="2000-01-01",
        max_value={"$PARAMETER": "as_of_limit"},
    ),
    rule("age_range", Domain.RECORDS, "expect_column_values_to_be_between", column="age", max_value=120),
    rule(
        "email_format",
        Domain.VALID_ROWS,
        "expect_column_values_to_match_regex",
        Severity.WARN,
        column="email",
        regex="@",
    ),
    rule("keys_unique", Domain.TABLE, "expect_column_values_to_be_unique", column="id"),
    rule("pair_unique", Domain.TABLE, "expect_compound_columns_to_be_unique", column_list=["id", "ts"]),
    rule("strict_fail", Domain.TABLE, "expect_table_row_count_to_be_between", min_value=1),
    rule(
        "quarantine_ratio",
        Domain.TABLE,
        "expect_quarantine_ratio_to_be_at_most",
        max_value={"$PARAMETER": "max_quarantine_ratio"},
    ),
    rule(
        "revenue_loaded",
        Domain.LOADED,
        "expect_loaded_revenue_to_equal_release",
    ),
)


def measured(**changes: Measures) -> Measured:
    clean = {
        "records": Measures(
            10, {name: RuleCount(0) for name in ("id_required", "id_format", "ts_impossible", "age_range")}
        ),
        "valid_rows": Measures(10, {"email_format": RuleCount(0)}),
        "table": Measures(
            9,
            {"keys_unique": RuleCount(0), "pair_unique": RuleCount(0)},
            {"quarantine_ratio": 0.0},
        ),
    }
    return {Domain(name): measures for name, measures in {**clean, **changes}.items()}


def outcomes(found: Measured, masked: frozenset[str] = frozenset()) -> dict[str, RuleOutcome]:
    gate_result = judge(
        "bronze_to_silver.events", CONTRACT, RULES, found, PARAMETERS, Masking(masked), "run-1", AS_OF
    )
    return {outcome.rule: outcome for outcome in gate_result.outcomes}


def test_all_rules_of_the_measured_domains_pass_when_nothing_is_wrong() -> None:
    found = outcomes(measured())
    assert list(found) == [r.name for r in RULES if r.domain is not Domain.LOADED]
    assert all(outcome.passed for outcome in found.values())


def test_a_rule_fails_by_its_own_count_alone() -> None:
    counts = {"id_required": 0, "id_format": 2, "ts_impossible": 1, "age_range": 0}
    found = outcomes(
        measured(
            records=Measures(10, {name: RuleCount(n, ("x",) if n else ()) for name, n in counts.items()}),
            table=Measures(
                9,
                {"keys_unique": RuleCount(2, ("e1",)), "pair_unique": RuleCount(0)},
                {"quarantine_ratio": 0.26},
            ),
        )
    )
    assert {name for name, outcome in found.items() if not outcome.passed} == {
        "id_format",
        "ts_impossible",
        "keys_unique",
        "quarantine_ratio",
    }
    assert found["id_format"] == RuleOutcome(
        "id_format", Domain.RECORDS, Severity.ERROR, False, evaluated=10, failed=2, samples=("x",)
    )
    assert found["quarantine_ratio"] == RuleOutcome(
        "quarantine_ratio", Domain.TABLE, Severity.ERROR, False, evaluated=9, failed=0, observed=0.26
    )


def test_a_rule_fails_when_every_row_breaks_it() -> None:
    nulls, others = RuleCount(10), RuleCount(0)
    names = ("id_required", "id_format", "ts_impossible", "age_range")
    all_null = outcomes(
        measured(records=Measures(10, {n: nulls if n == "id_required" else others for n in names}))
    )
    assert [name for name, outcome in all_null.items() if not outcome.passed] == ["id_required"]
    all_wrong = outcomes(
        measured(records=Measures(10, {n: others if n == "id_required" else nulls for n in names}))
    )
    assert [name for name, outcome in all_wrong.items() if not outcome.passed] == list(names[1:])


def test_an_empty_dataset_breaks_strict_fail_alone() -> None:
    empty = measured()
    none = {domain: replace(measures, rows=0) for domain, measures in empty.items()}
    assert [name for name, outcome in outcomes(none).items() if not outcome.passed] == ["strict_fail"]


def test_money_is_compared_to_the_last_digit() -> None:
    loaded = {Domain.LOADED: Measures(5, values={"loaded_revenue_difference": Decimal("0.0001")})}
    found = outcomes(loaded)
    assert not found["revenue_loaded"].passed
    assert outcomes({Domain.LOADED: Measures(5, values={"loaded_revenue_difference": Decimal("0.0000")})})[
        "revenue_loaded"
    ].passed


def test_a_rule_over_what_was_not_measured_is_an_error_and_no_silent_pass() -> None:
    with pytest.raises(ContractError, match="not measured of valid_rows") as caught:
        outcomes(measured(valid_rows=Measures(10)))
    assert "rule email_format" in str(caught.value)
    with pytest.raises(ContractError, match=r"lakegate\.quarantine_ratio, not measured of table"):
        outcomes(measured(table=Measures(9, {"keys_unique": RuleCount(0), "pair_unique": RuleCount(0)})))


def test_samples_of_masked_columns_never_reach_great_expectations() -> None:
    warned = Measures(10, {"email_format": RuleCount(1, ("jane.doe",))})
    gate_result = judge(
        "c",
        CONTRACT,
        RULES,
        measured(valid_rows=warned),
        PARAMETERS,
        Masking(frozenset({"email"})),
        "r",
        AS_OF,
    )
    result = gate_result.results[Domain.VALID_ROWS].to_json_dict()
    assert "jane" not in str(result)
    assert result["results"][0]["result"]["partial_unexpected_list"] == ["‹5-16 characters: letters, other›"]


def test_judging_takes_well_under_a_second_once_great_expectations_is_loaded() -> None:
    outcomes(measured())
    started = time.process_time()
    outcomes(measured())
    assert time.process_time() - started < 1
