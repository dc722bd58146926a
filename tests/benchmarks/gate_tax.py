"""The gate's tax: a gated transition against its bare transforms, which write the same rows."""

from __future__ import annotations

import json
import sys
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.findings import Findings, Target
from tests.benchmarks.fresh_run import Figures, median_of, run_lakegate, run_with_event_log
from tests.benchmarks.ground import folder_bytes, tell
from tests.benchmarks.promoted import promoted_rows
from tests.benchmarks.transitions import COLUMNS, as_row

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.ground import Ground

GATED = ("bronze_to_silver", "silver_to_gold")
LIMIT = 1.10


def measure_gate_tax(ground: Ground) -> Findings:
    """Take pairs of processes, gated and bare in turn, and the median of the pairs' ratios."""
    raw = ground.sample()
    raw_bytes = folder_bytes(raw)
    folder = ground.fresh("gate-tax")
    lake = folder / "lake"
    tell("gate tax: raw_to_bronze, once for all pairs")
    run_lakegate(lake, raw, "--only", "raw_to_bronze")
    found = Findings("gate tax", COLUMNS)
    for name in GATED:
        gated: list[Figures] = []
        bare: list[Figures] = []
        rows: dict[str, int] = {}
        for number in range(ground.rounds):
            tell(f"gate tax, pair {number + 1} of {ground.rounds}: {name}, gated")
            gated.append(run_lakegate(lake, raw, "--only", name, "--force")[0])
            tell(f"gate tax, pair {number + 1} of {ground.rounds}: {name}, bare")
            figures, rows = run_bare(name, lake, ground.fresh("bare"))
            bare.append(figures)
        ratios = tuple(one.seconds / other.seconds for one, other in zip(gated, bare, strict=True))
        found.rows += [
            as_row(f"{name}, gated", median_of(gated), raw_bytes),
            as_row(f"{name}, bare", median_of(bare), raw_bytes),
        ]
        found.rounds += [{"step": name, "side": "gated", **one.as_values()} for one in gated]
        found.rounds += [{"step": name, "side": "bare", **one.as_values()} for one in bare]
        found.targets.append(Target(f"gate tax, {name}", median(ratios), LIMIT, "×", rounds=ratios))
        found.notes.append(f"{name}: {_compared(promoted_rows(lake, name), rows)}")
    return found


def run_bare(name: str, lake: Path, folder: Path) -> tuple[Figures, dict[str, int]]:
    """Run a bare transition in a fresh process; return its cost and the rows of its tables."""
    command = [sys.executable, "-m", "tests.benchmarks.bare_transition", name, str(lake), str(folder / "out")]
    figures, stdout = run_with_event_log(command, folder)
    return figures, json.loads(stdout)


def _compared(gated: dict[str, int], bare: dict[str, int]) -> str:
    """Say whether both sides wrote the same number of rows to every table."""
    unlike = [
        f"{table}: {gated.get(table)} gated, {bare.get(table)} bare"
        for table in sorted({*gated, *bare})
        if gated.get(table) != bare.get(table)
    ]
    return (
        f"UNLIKE ROWS, the ratio says nothing: {'; '.join(unlike)}"
        if unlike
        else (f"both wrote the same {sum(bare.values()):,} rows to {len(bare)} tables")
    )
