"""Growth: how the seconds of a whole run rise with the size of RAW."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dags.cli.sample import size_bytes
from tests.benchmarks.findings import Findings, Target
from tests.benchmarks.fresh_run import median_of, run_lakegate
from tests.benchmarks.ground import MEGABYTE, folder_bytes, tell
from tests.benchmarks.transitions import COLUMNS, as_row

if TYPE_CHECKING:
    from tests.benchmarks.ground import Ground

FACTORS = (1, 2, 4, 8)
LIMIT = 8.5


def measure_growth(ground: Ground) -> Findings:
    """Run on RAW of 1, 2, 4 and 8 times the base size, each round all four in turn."""
    found = Findings("growth", COLUMNS)
    sizes = {factor: f"{size_bytes(ground.growth_base) * factor // MEGABYTE}MB" for factor in FACTORS}
    samples = {factor: ground.sample(size) for factor, size in sizes.items()}
    rounds = []
    for number in range(ground.rounds):
        taken = {}
        for factor, raw in samples.items():
            tell(f"growth, round {number + 1} of {ground.rounds}: {factor} × {ground.growth_base}")
            taken[factor], _ = run_lakegate(ground.fresh("growth") / "lake", raw)
            found.rounds.append({"step": f"{factor}×", **taken[factor].as_values()})
        rounds.append(taken)
    for factor, raw in samples.items():
        of_factor = median_of([taken[factor] for taken in rounds])
        found.rows.append(as_row(f"{factor}×, {sizes[factor]}", of_factor, folder_bytes(raw)))
    smallest, largest = (median_of([taken[factor] for taken in rounds]) for factor in (1, FACTORS[-1]))
    each = tuple(taken[FACTORS[-1]].seconds / taken[1].seconds for taken in rounds)
    ratio = largest.seconds / smallest.seconds
    found.targets.append(Target("growth, 8× against 1×", ratio, LIMIT, "×", rounds=each))
    return found
