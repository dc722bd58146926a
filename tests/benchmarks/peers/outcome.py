"""What a contestant wrote and counted, and how that compares with what the floor did."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from tests.benchmarks.peers.job import ROW_ID

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one output: how many, and which, by the sum of their numbers."""

    count: int
    sum_of_ids: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one contestant handed back."""

    seconds: float  # of the job alone
    good: Rows
    bad: Rows
    counts: Mapping[str, int]


def read_outcome(stdout: str) -> Outcome:
    """Read what a contestant told in its last line, and what lies where it says."""
    told = json.loads(stdout.splitlines()[-1])
    return Outcome(told["seconds"], _rows(Path(told["good"])), _rows(Path(told["bad"])), told["counts"])


def _rows(folder: Path) -> Rows:
    if not folder.exists():
        return Rows(0, 0)
    asked = f"SELECT count(*), coalesce(sum({ROW_ID}), 0)::BIGINT FROM read_parquet(?)"
    row = duckdb.execute(asked, [str(folder / "**" / "*.parquet")]).fetchone()
    assert row is not None
    return Rows(*row)


def differences(outcome: Outcome, floor: Outcome, rows: int) -> list[str]:
    """Say in which rows and counts a contestant differs from the floor; nothing when all is the same."""
    said = []
    if lost := rows - outcome.good.count - outcome.bad.count:
        said.append(f"{lost:,} rows are in neither output")
    said += [
        f"{abs(difference):,} {kind} rows {'more' if difference > 0 else 'less'}"
        for kind, difference in (
            ("good", outcome.good.count - floor.good.count),
            ("bad", outcome.bad.count - floor.bad.count),
        )
        if difference
    ]
    if not said and (outcome.good, outcome.bad) != (floor.good, floor.bad):
        said.append("as many rows, but others")
    unlike = [
        f"{rule} {outcome.counts.get(rule, 0):,} for {count:,}"
        for rule, count in floor.counts.items()
        if outcome.counts.get(rule, 0) != count
    ]
    if unlike:
        said.append(f"counts {', '.join(unlike)}")
    return said
