"""Startup: what a command costs that has nothing to compute, against the least that a process costs."""

from __future__ import annotations

import json
import os
import sys
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.event_log import event_log_options
from tests.benchmarks.findings import Findings, Target
from tests.benchmarks.fresh_run import OPTIONS, run_lakegate
from tests.benchmarks.ground import AS_OF, MEGABYTE, lakegate, tell
from tests.benchmarks.process import Cost, run_measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.benchmarks.ground import Ground

SAMPLE = "5MB"  # a look's cost does not depend on it
TURNS_A_ROUND = 5  # a process of a tenth of a second needs more than three
COLUMNS = ("command", "ms", "CPU ms", "peak MB", "a JVM")
LOOK_LIMIT, RERUN_LIMIT = 0.5, 2.0
PROCESSES_LIMIT = 8.0  # of a look, in starts of a bare process
PROCESS = "python -c pass"
STATUS = "lakegate status"
PATH = "lakegate path silver/events"
RERUN = "lakegate run, unchanged"


def measure_startup(ground: Ground) -> Findings:
    """Fill a lake once; then take every command in turn, each in a fresh process."""
    raw = ground.sample(SAMPLE)
    folder = ground.fresh("startup")
    lake, log = folder / "lake", folder / "rerun-log"
    tell("startup: a whole run, once, so that there is something to look at")
    run_lakegate(lake, raw)
    commands = {
        PROCESS: [sys.executable, "-c", "pass"],
        "lakegate --help": [lakegate(), "--help"],
        STATUS: [lakegate(), "status", "--lake", str(lake)],
        PATH: [lakegate(), "path", "silver/events", "--lake", str(lake)],
        RERUN: [lakegate(), "run", "--lake", str(lake), "--as-of", AS_OF, "--json"],
    }
    # A session that starts at all begins an event log.
    env = {"LAKEGATE_RAW_ROOT": str(raw), OPTIONS: json.dumps(event_log_options(log))}
    taken: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(ground.rounds * TURNS_A_ROUND):
        tell(f"startup, turn {number + 1} of {ground.rounds * TURNS_A_ROUND}")
        for name, command in commands.items():
            taken[name].append(_taken(command, env))
    found = Findings("startup", COLUMNS)
    found.rows += [_as_row(name, costs) for name, costs in taken.items()]
    found.rounds += [
        {"step": name, "seconds": one.seconds, "cpu_seconds": one.cpu_seconds, "peak_bytes": one.peak_bytes}
        for name, costs in taken.items()
        for one in costs
    ]
    found.targets += [
        Target(name, _seconds(costs), LOOK_LIMIT, "s", rounds=tuple(one.seconds for one in costs))
        for name, costs in taken.items()
        if name not in (PROCESS, RERUN)
    ]
    for name in (STATUS, PATH):
        ratios = tuple(
            one.seconds / other.seconds for one, other in zip(taken[name], taken[PROCESS], strict=True)
        )
        found.targets.append(
            Target(f"{name} / {PROCESS}", median(ratios), PROCESSES_LIMIT, "×", rounds=ratios)
        )
    beyond = tuple(
        one.seconds - other.seconds for one, other in zip(taken[RERUN], taken[PROCESS], strict=True)
    )
    found.targets.append(
        Target("unchanged rerun beyond process start", median(beyond), RERUN_LIMIT, "s", rounds=beyond)
    )
    found.notes += [
        f"process start is `{PROCESS}`",
        f"rerun: {_transitions(taken[RERUN][-1])}; "
        + ("A SPARK SESSION BEGAN" if any(log.iterdir()) else "no Spark session began an event log"),
    ]
    return found


def _taken(command: Sequence[str], env: Mapping[str, str]) -> Cost:
    cost = run_measured(command, {**os.environ, **env})
    if cost.status:
        raise RuntimeError(f"{' '.join(command)}: status {cost.status}\n{cost.stderr}")
    return cost


def _as_row(name: str, costs: Sequence[Cost]) -> tuple[object, ...]:
    return (
        name,
        round(_seconds(costs) * 1000),
        round(median(one.cpu_seconds for one in costs) * 1000),
        median(one.peak_bytes for one in costs) / MEGABYTE,
        "SEEN" if any("java" in one.names for one in costs) else "none",
    )


def _seconds(costs: Sequence[Cost]) -> float:
    return median(one.seconds for one in costs)


def _transitions(rerun: Cost) -> str:
    """Return the verdict of each transition; raw_to_bronze warns of its rejected files every time."""
    report = json.loads(rerun.stdout)
    return ", ".join(f"{one['name']} {one['verdict']}" for one in report["transitions"])
