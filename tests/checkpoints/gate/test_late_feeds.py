"""Freshness is judged by the clock alone where nothing was promoted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from checkpoints.gate.late_feeds import late_rules
from checkpoints.metrics.result import ResultMetrics
from contracts.loader import load_contracts
from quarantine_policies.decision import Verdict
from quarantine_policies.model import Action
from quarantine_policies.reader import load_policies

if TYPE_CHECKING:
    from contracts.model import Contract

LATEST = datetime(2024, 6, 1, 12, tzinfo=UTC)
METRICS = ResultMetrics(
    run_id="r1",
    as_of=LATEST,
    started_at=LATEST,
    transition="bronze_to_silver",
    dataset="events",
    verdict=Verdict.PASS,
    seconds=1,
    contract_version="1.0.0",
    latest=LATEST,
)
POLICY = load_policies().of("events")
DAY = timedelta(days=1)
LATE = "latest 2024-06-01 12:00:00 UTC, expected 2024-06-01 12:00:01 UTC or later"


@pytest.fixture(scope="module")
def events() -> Contract:
    return next(contract for contract in load_contracts().datasets if contract.name == "events")


@pytest.mark.parametrize(("after", "late"), [(DAY, {}), (DAY + timedelta(seconds=1), {"freshness": LATE})])
def test_a_feed_is_late_when_its_latest_row_is_older_than_the_latency(
    events: Contract, after: timedelta, late: dict[str, str]
) -> None:
    assert events.slas["latency"] == "1 d"
    assert late_rules(events, POLICY, {"as_of": LATEST + after}, METRICS) == late


def test_a_rule_may_allow_another_age_than_the_latency(events: Contract) -> None:
    kwargs = {"as_of": {"$PARAMETER": "as_of"}, "max_age_hours": 1}
    rules = tuple(replace(one, kwargs=kwargs) if one.name == "freshness" else one for one in events.rules)
    strict = replace(events, rules=rules)
    assert late_rules(strict, POLICY, {"as_of": LATEST + DAY}, METRICS).keys() == {"freshness"}


def test_nothing_is_late_without_a_dated_row_without_metrics_or_with_the_rule_off(events: Contract) -> None:
    given = {"as_of": LATEST + 30 * DAY}
    off = POLICY.model_copy(update={"overrides": {"freshness": Action.OFF}})
    assert late_rules(events, POLICY, given, replace(METRICS, latest=None)) == {}
    assert late_rules(events, POLICY, given, None) == {}
    assert late_rules(events, off, given, METRICS) == {}
