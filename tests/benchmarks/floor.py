"""The floor ratio: bronze_to_silver against the least that Spark must do for the same files."""

from __future__ import annotations

import json
import sys
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.findings import Findings, Target
from tests.benchmarks.fresh_run import Figures, median_of, run_lakegate, run_with_event_log
from tests.benchmarks.ground import folder_bytes, tell
from tests.benchmarks.transitions import COLUMNS, as_row

if TYPE_CHECKING:
    from tests.benchmarks.ground import Ground

LIMIT = 2.0


def measure_floor(ground: Ground) -> Findings:
    """Take pairs of processes, ours and the floor in turn, and the median of the pairs' ratios."""
    raw = ground.sample()
    raw_bytes = folder_bytes(raw)
    lake = ground.fresh("floor") / "lake"
    tell("floor: raw_to_bronze, once for all pairs")
    run_lakegate(lake, raw, "--only", "raw_to_bronze")
    found = Findings("floor", COLUMNS)
    ours: list[Figures] = []
    floor: list[Figures] = []
    rows: dict[str, int] = {}
    for number in range(ground.rounds):
        tell(f"floor, pair {number + 1} of {ground.rounds}: bronze_to_silver")
        ours.append(run_lakegate(lake, raw, "--only", "bronze_to_silver", "--force")[0])
        tell(f"floor, pair {number + 1} of {ground.rounds}: the bare Spark job")
        folder = ground.fresh("floor-job")
        command = [sys.executable, "-m", "tests.benchmarks.floor_job", str(lake), str(folder / "out")]
        figures, stdout = run_with_event_log(command, folder)
        floor.append(figures)
        rows = json.loads(stdout)
    ratios = tuple(one.seconds / other.seconds for one, other in zip(ours, floor, strict=True))
    found.rows += [
        as_row("bronze_to_silver", median_of(ours), raw_bytes),
        as_row("the floor", median_of(floor), raw_bytes),
    ]
    found.rounds += [{"step": "bronze_to_silver", **one.as_values()} for one in ours]
    found.rounds += [{"step": "the floor", **one.as_values()} for one in floor]
    found.targets.append(Target("floor ratio", median(ratios), LIMIT, "×", rounds=ratios))
    found.notes.append(
        f"the floor wrote {', '.join(f'{name} {count:,}' for name, count in rows.items())} rows"
    )
    return found
