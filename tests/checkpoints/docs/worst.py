"""The largest and most hostile results that a page can be asked to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from checkpoints.docs.facts import ResultFacts
from checkpoints.gate.checkpoint import GateResult, judge
from checkpoints.gate.masking import Masking
from checkpoints.gate.measures import (
    FileAccount,
    Measures,
    Offender,
    RejectedRow,
    RuleCount,
    UnknownColumn,
)
from checkpoints.metrics.result import DriftColumn
from contracts.days import DayOutOfLine
from contracts.model import Column, Contract, Domain, Severity, Zone
from quarantine_policies.decision import Decision, RuleOutcome, Verdict, effect_of
from quarantine_policies.model import DatasetPolicy
from tests.checkpoints.docs.given import AS_OF, ODD, TEXT, metrics, rule, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult

    from checkpoints.docs.site import RunFacts

RULES, FILES, UNKNOWN, DAYS = 150, 50, 300, 3_650
KEY_CHARACTERS = 1_000


def long_text(number: int = 0) -> str:
    """Return a hostile text of 1,000 characters that begins with its number."""
    return (f"{number:03} {ODD} " + "w" * KEY_CHARACTERS)[:KEY_CHARACTERS]


WORST_RULES = tuple(
    replace(
        rule(
            f"rule_{number:03}_{'x' * 50}", domain, severity, "expect_column_values_to_be_null", column="id"
        ),
        description=long_text(number)[:400],
        business_impact=long_text(number)[:400],
    )
    for number, (domain, severity) in enumerate(
        [
            *[(Domain.RECORDS, Severity.ERROR)] * 100,
            *[(Domain.VALID_ROWS, Severity.WARN)] * 30,
            *[(Domain.TABLE, Severity.ERROR)] * 20,
        ]
    )
)
WORST_CONTRACT = Contract(
    "users",
    Zone.SILVER,
    "1.2.0",
    long_text(),
    "Ada",
    "Customer data",
    (
        Column("id", TEXT, required=True, unique=True, primary_key_position=1, description=long_text()),
        *(Column(f"column_{number}", TEXT, description=long_text()[:300]) for number in range(40)),
    ),
    WORST_RULES,
)
assert len(WORST_RULES) == RULES


@cache
def _worst_results() -> Mapping[Domain, ExpectationSuiteValidationResult]:
    """Return results of Great Expectations in which every rule is broken."""
    samples = tuple(long_text(number)[:200] for number in range(20))
    measured = {
        domain: Measures(
            1_000_000, {one.name: RuleCount(999_999, samples) for one in WORST_RULES if one.domain is domain}
        )
        for domain in (Domain.RECORDS, Domain.VALID_ROWS, Domain.TABLE)
    }
    masking = Masking(frozenset())
    return judge("c", WORST_CONTRACT, WORST_RULES, measured, {}, masking, "run-1", AS_OF).results


def worst_facts(of: RunFacts | None = None) -> ResultFacts:
    """Return a result in which every rule is broken, by many files with long and hostile keys."""
    of = of or run(1)
    files = [long_text(number) for number in range(FILES)]
    days = {date(2014, 6, 4) + timedelta(days=number): 1 + number % 977 for number in range(DAYS)}
    odd_days = tuple(DayOutOfLine(day, 3, 1_000, 900, 1_100) for day in sorted(days)[-7:])
    outcomes = tuple(
        RuleOutcome(
            rule=one.name,
            domain=one.domain,
            severity=one.severity,
            passed=False,
            evaluated=1_000_000,
            failed=999_999,
            observed=long_text() if one.domain is Domain.TABLE else None,
            samples=tuple(long_text(number)[:200] for number in range(20)),
            days=odd_days if one.domain is Domain.TABLE else (),
        )
        for one in WORST_RULES
    )
    broken = tuple(one.name for one in WORST_RULES if one.domain is Domain.TABLE)
    warned = tuple(one.name for one in WORST_RULES if one.domain is not Domain.TABLE)
    offenders = tuple(
        Offender(f"{number:032}", file, long_text(number)[:200]) for number, file in enumerate(files[:5])
    )
    return ResultFacts(
        transition="bronze_to_silver",
        dataset="users",
        contract=WORST_CONTRACT,
        rules=WORST_RULES,
        effects={one.name: effect_of(one, DatasetPolicy()) for one in WORST_RULES},
        gate_result=GateResult(outcomes, _worst_results()),
        decision=Decision(Verdict.BLOCK, broken, warned, broken),
        metrics=metrics(
            of,
            rows_read=1_000_000,
            rows_promoted=1,
            rows_quarantined=999_999,
            rows_deduplicated=0,
            files=tuple(FileAccount(file, 20_000, 1, 19_999, 0) for file in files),
            drift=tuple(DriftColumn(long_text(number), 3, AS_OF, files[0]) for number in range(UNKNOWN)),
        ),
        unknown_columns=tuple(UnknownColumn(long_text(number), 3, files[0]) for number in range(UNKNOWN)),
        rejected=tuple(
            RejectedRow(f"{number:032}", file, broken[0]) for number, file in enumerate(files[:20])
        ),
        offenders={one.name: offenders for one in WORST_RULES},
        files_by_rule={
            one.name: {file: 19_999 + number for number, file in enumerate(files[:30])} for one in WORST_RULES
        },
        nulls={column.name: 1 for column in WORST_CONTRACT.columns},
        by_day={"rows": days},
    )
