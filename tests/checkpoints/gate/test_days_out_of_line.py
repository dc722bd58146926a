"""Faults of single days and late feeds, judged by a GX checkpoint on measured numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from string import Template
from typing import TYPE_CHECKING

import pytest

from checkpoints.docs.gx_page import render_gx_page
from checkpoints.gate.checkpoint import GateResult, judge
from checkpoints.gate.gx_expectations import build_expectation
from checkpoints.gate.masking import Masking
from checkpoints.gate.measures import Measures
from checkpoints.gate.rule_judge import RuleJudge
from contracts.loader import load_contracts
from contracts.model import Domain
from quarantine_policies.reader import load_policies
from tests.sample_days import END, Values, sampled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from contracts.model import Rule
    from quarantine_policies.decision import RuleOutcome

CONTRACTS, POLICIES = load_contracts(), load_policies()
SEED = 7
DAY = timedelta(days=1)
LAST = END - DAY  # a Friday


def judged(
    table: str, measure: str, values: Values, *, today: date = END, latest: datetime | None = None
) -> GateResult:
    """Judge the rules on days and on freshness, by the shipped contracts and policies."""
    contract = next(contract for contract in CONTRACTS.all if contract.name == table)
    policy = POLICIES.datasets.get(table, POLICIES.gold)
    as_of = datetime.combine(today, time(), UTC)
    measured = {Domain.TABLE: Measures(1, by_day={measure: values}, latest=latest or as_of)}
    rules = [
        rule for rule in contract.rules if rule.name == "freshness" or rule.kwargs.get("measure") == measure
    ]
    arguments = (
        table,
        contract,
        rules,
        measured,
        {**policy.parameters, "as_of": as_of},
        Masking(frozenset()),
    )
    found = judge(*arguments, "run", as_of)
    assert RuleJudge().judge(*arguments, "run", as_of).outcomes == found.outcomes
    return found


def outcome(result: GateResult, rule: str) -> RuleOutcome:
    return next(one for one in result.outcomes if one.rule == rule)


def without(values: Values, *days: date) -> Values:
    return {day: value for day, value in values.items() if day not in days}


def times(values: Values, day: date, factor: str) -> Values:
    return {**values, day: values[day] * Decimal(factor)}


def declining(values: Values) -> Values:
    """A decline of 60 % over the last five days."""
    for left, factor in enumerate(("0.4", "0.52", "0.64", "0.76", "0.88")):
        values = times(values, LAST - left * DAY, factor)
    return values


WEEKEND = (LAST - 6 * DAY, LAST - 5 * DAY)
FAULTS: dict[str, tuple[str, str, str, str, Callable[[Values], Values], tuple[date, ...]]] = {
    # name: (dataset, its values, table, measure, fault, the days to be told)
    "a missing day": ("events", "rows", "events", "rows", lambda v: without(v, LAST), (LAST,)),
    "a doubled day": ("events", "rows", "events", "rows", lambda v: times(v, LAST - DAY, "2"), (LAST - DAY,)),
    "half a day": ("transactions", "rows", "transactions", "rows", lambda v: times(v, LAST, "0.5"), (LAST,)),
    "a dead weekend": (
        "transactions",
        "rows",
        "daily_revenue",
        "transaction_count",
        lambda v: without(v, *WEEKEND),
        WEEKEND,
    ),
    "revenue times 100": (
        "transactions",
        "revenue",
        "daily_revenue",
        "total_revenue",
        lambda v: times(v, LAST - 3 * DAY, "100"),
        (LAST - 3 * DAY,),
    ),
    "users at zero": (
        "events",
        "users",
        "daily_active_users",
        "total_active_users",
        lambda v: {**v, LAST: 0},
        (LAST,),
    ),
    "a decline of 60 % over five days": (
        "events",
        "rows",
        "events",
        "rows",
        declining,
        tuple(LAST - left * DAY for left in (3, 2, 1, 0)),  # 12 % less, on the first day, is not much
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_on_the_right_day(fault: str) -> None:
    dataset, of, table, measure, inject, days = FAULTS[fault]
    clean = sampled(dataset, SEED)[of]
    rule = "volume_by_day" if measure == "rows" else f"{measure}_by_day"
    assert outcome(judged(table, measure, clean), rule).passed
    found = outcome(judged(table, measure, inject(clean)), rule)
    assert (found.passed, tuple(day.day for day in found.days)) == (False, days)
    assert str(found.observed) == "; ".join(map(str, found.days))
    # The day before it was told nothing of it, and it is told again for a week.
    before = judged(
        table, measure, without(inject(clean), *(d for d in clean if d >= days[0])), today=days[0]
    )
    assert outcome(before, rule).passed


def test_a_feed_that_is_one_day_late_is_told_on_the_day_it_is_late() -> None:
    rows = sampled("events", SEED)["rows"]
    last_row = datetime.combine(LAST, time(23, 59, 50), UTC)
    in_time = judged("events", "rows", rows, latest=last_row)
    assert outcome(in_time, "freshness").observed == (
        "latest 2024-06-28 23:59:50 UTC, expected 2024-06-28 00:00:00 UTC or later"
    )
    assert outcome(in_time, "freshness").passed
    late = judged("events", "rows", rows, today=END + DAY, latest=last_row)
    assert not outcome(late, "freshness").passed
    assert [day.day for day in outcome(late, "volume_by_day").days] == [END]


def test_a_latest_timestamp_is_fresh_until_the_latency_is_exceeded() -> None:
    limit = datetime.combine(LAST, time(), UTC)
    assert outcome(judged("users", "rows", {}, latest=limit), "freshness").passed
    late = outcome(judged("users", "rows", {}, latest=limit - timedelta(microseconds=1)), "freshness")
    assert not late.passed


def test_the_documents_name_the_days_with_found_and_expected() -> None:
    rows = {**sampled("events", SEED)["rows"], LAST: 12}
    result = judged("events", "rows", rows)
    (day,) = outcome(result, "volume_by_day").days
    told = f"2024-06-28: 12 found, {day.expected:,} expected"
    by_rule = {each.expectation_config.meta["rule"]: each for each in result.results[Domain.TABLE].results}
    found = by_rule["volume_by_day"].to_json_dict()["result"]
    assert found["observed_value"] == told
    assert found["details"] == {"days_judged": 7, "days_out_of_line": [day.as_json()]}
    page = render_gx_page(result.results[Domain.TABLE], "runs/r/t/gx.html", "x.html").decode()
    assert told in page
    assert "no older than the latency that the contract promises" in page


def test_an_expectation_without_a_description_is_shown_with_its_arguments() -> None:
    rules = {rule.name: rule for rule in CONTRACTS.silver("events").rules}
    parameters = {**POLICIES.of("events").parameters, "as_of": datetime(2024, 6, 29, 9, tzinfo=UTC)}
    assert shown(rules["volume_by_day"], parameters) == (
        "rows: each of the 7 days before 2024-06-29 must be in line with the same weekday of the 8 weeks "
        "before it."
    )
    assert shown(rules["freshness"], parameters) == (
        "The latest timestamp must be at most 24.0 hours older than 2024-06-29 09:00:00+00:00."
    )


def shown(rule: Rule, parameters: Mapping[str, object]) -> str:
    """Return what GX shows of an expectation that has no description."""
    from great_expectations.expectations.registry import get_renderer_impl

    configuration = build_expectation(CONTRACTS.silver("events"), rule, parameters).configuration
    configuration.description = None
    _, renderer = get_renderer_impl(rule.expectation, "renderer.prescriptive")
    (content,) = renderer(configuration=configuration)
    template = content.to_json_dict()["string_template"]
    return Template(template["template"]).substitute(template["params"])
