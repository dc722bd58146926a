"""A cluster: two workers, processes of their own, against one machine, and the same content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.findings import Findings
from tests.benchmarks.fresh_run import median_of, run_lakegate
from tests.benchmarks.ground import folder_bytes, tell
from tests.benchmarks.promoted import gold_content
from tests.benchmarks.transitions import COLUMNS, as_row

if TYPE_CHECKING:
    from tests.benchmarks.fresh_run import Figures
    from tests.benchmarks.ground import Ground

ONE_MACHINE = "local[2]"
TWO_WORKERS = "local-cluster[2,1,3072]"
MASTERS = {
    ONE_MACHINE: {"spark.master": ONE_MACHINE, "spark.driver.memory": "3g"},
    TWO_WORKERS: {
        "spark.master": TWO_WORKERS,
        "spark.driver.memory": "2g",
        "spark.executor.memory": "3g",
        "spark.executor.cores": "1",
    },
}


def measure_cluster(ground: Ground) -> Findings:
    """Run on both masters in turn, and compare rows, revenue and content of the ten tables."""
    raw = ground.sample()
    found = Findings("cluster", COLUMNS)
    rounds: dict[str, list[Figures]] = {master: [] for master in MASTERS}
    for number in range(ground.rounds):
        contents = {}
        for master, options in MASTERS.items():
            tell(f"cluster, round {number + 1} of {ground.rounds}: {master}")
            lake = ground.fresh("cluster") / "lake"
            figures, _ = run_lakegate(lake, raw, options=options)
            rounds[master].append(figures)
            found.rounds.append({"step": master, **figures.as_values()})
            contents[master] = gold_content(lake)
        unlike = [
            name
            for name, content in contents[ONE_MACHINE].items()
            if contents[TWO_WORKERS].get(name) != content
        ]
        said = f"UNLIKE CONTENT: {', '.join(unlike)}" if unlike else "the same rows, revenue and content"
        found.notes.append(f"round {number + 1}: {len(contents[ONE_MACHINE])} gold tables, {said}")
    found.rows += [as_row(master, median_of(taken), folder_bytes(raw)) for master, taken in rounds.items()]
    return found
