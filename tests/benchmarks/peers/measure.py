"""The peers: our gate, plain Spark and other checkers on one job, each in a fresh process, in turn."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from dags.spark.java import ensure_java
from tests.benchmarks.findings import Findings, Target
from tests.benchmarks.fresh_run import Figures, median_of, run_with_event_log
from tests.benchmarks.ground import MEGABYTE, SEED, folder_bytes, must_succeed, tell
from tests.benchmarks.peers.contestants import (
    COPY,
    FLOOR,
    GX_COMPLETE,
    NOT_RUN,
    OURS,
    PEERS,
    Contestant,
)
from tests.benchmarks.peers.environment import python_with
from tests.benchmarks.peers.outcome import Outcome, differences, read_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.benchmarks.ground import Ground

COLUMNS = (
    "contestant",
    "seconds",
    "× copy",
    "whole process s",
    "CPU s",
    "peak MB",
    "jobs",
    "good rows",
    "bad rows",
)
_PACKAGE = "tests.benchmarks.peers"


@dataclass(frozen=True, slots=True)
class Turn:
    """One contestant's process in one round."""

    figures: Figures
    outcome: Outcome


def measure_peers(ground: Ground) -> Findings:
    """Let every contestant do the job once a round; a peer that cannot is listed with its reason."""
    ensure_java()
    rows = make_rows(ground)
    found = Findings("peers", COLUMNS)
    missing = dict(NOT_RUN)
    pythons = _environments(ground, missing)
    turns: dict[Contestant, list[Turn]] = {}
    for number in range(ground.rounds):
        for contestant, python in pythons.items():
            if contestant.name in missing:
                continue
            tell(f"peers, round {number + 1} of {ground.rounds}: {contestant.name}")
            try:
                turn = take_turn(ground, contestant, python, rows)
            except RuntimeError as error:
                if contestant not in PEERS:
                    raise
                missing[contestant.name] = f"ended with an error: {_last_line(error)}"
                continue
            turns.setdefault(contestant, []).append(turn)
            found.rounds.append(
                {
                    "step": contestant.name,
                    "job_seconds": turn.outcome.seconds,
                    **turn.figures.as_values(),
                    "counts": dict(turn.outcome.counts),
                }
            )
    ran = {contestant: taken for contestant, taken in turns.items() if contestant.name not in missing}
    found.rows += [_as_row(contestant, ran) for contestant in ran]
    found.rows += [(name, "not run", *[""] * (len(COLUMNS) - 2)) for name in missing]
    unlike = {
        contestant: differences(turns[-1].outcome, ran[FLOOR][-1].outcome, ground.peer_rows)
        for contestant, turns in ran.items()
        if contestant not in (COPY, FLOOR)
    }
    found.targets += _targets(ran, unlike)
    found.notes += [
        f"{ground.peer_rows:,} rows, {folder_bytes(rows) / MEGABYTE:,.0f} MB; seconds are of the job, from a "
        "running session with everything imported; CPU and memory are of the whole process",
        *_against_the_floor(unlike),
        *(f"{name}: {why}" for name, why in missing.items()),
    ]
    return found


def make_rows(ground: Ground) -> Path:
    """Return the table of the job; it is made once and kept for the next bench."""
    folder = ground.scratch / "samples" / f"peers-{ground.peer_rows}-{SEED}"
    if not (folder / "_SUCCESS").exists():  # Spark writes it last
        tell(f"writing a table of {ground.peer_rows:,} rows")
        command = [sys.executable, "-m", f"{_PACKAGE}.make_rows", str(ground.peer_rows), str(SEED)]
        must_succeed([*command, str(folder)])
    return folder


def take_turn(ground: Ground, contestant: Contestant, python: str, rows: Path) -> Turn:
    """Run a contestant in a fresh process. Raises RuntimeError with its words when it fails."""
    folder = ground.fresh("peer")
    command = [python, "-m", f"{_PACKAGE}.{contestant.module}", str(rows), str(folder / "out")]
    figures, stdout = run_with_event_log([*command, *contestant.arguments], folder)
    outcome = read_outcome(stdout)
    shutil.rmtree(folder / "out")
    return Turn(figures, outcome)


def _environments(ground: Ground, missing: dict[str, str]) -> dict[Contestant, str]:
    """Return each contestant's Python; what cannot be installed is noted as missing."""
    pythons = {}
    for contestant in (COPY, FLOOR, OURS, *PEERS):
        try:
            asked = contestant.requirements
            pythons[contestant] = python_with(ground, asked) if asked else sys.executable
        except RuntimeError as error:
            missing[contestant.name] = f"cannot be installed: {_last_line(error)}"
    return pythons


def _seconds(turns: list[Turn]) -> float:
    return median(turn.outcome.seconds for turn in turns)


def _as_row(contestant: Contestant, ran: Mapping[Contestant, list[Turn]]) -> tuple[object, ...]:
    turns = ran[contestant]
    figures, outcome = median_of([turn.figures for turn in turns]), turns[-1].outcome
    seconds = _seconds(turns)
    return (
        contestant.name,
        seconds,
        seconds / _seconds(ran[COPY]),
        figures.seconds,
        figures.cpu_seconds,
        figures.peak_bytes / MEGABYTE,
        figures.jobs,
        outcome.good.count,
        outcome.bad.count,
    )


def _against_the_floor(unlike: Mapping[Contestant, list[str]]) -> list[str]:
    same = [contestant.name for contestant, said in unlike.items() if not said]
    return [
        f"the same rows and counts as the floor: {', '.join(same) or 'none'}",
        *(
            f"{contestant.name} against the floor: {'; '.join(said)}"
            for contestant, said in unlike.items()
            if said
        ),
    ]


def _targets(ran: Mapping[Contestant, list[Turn]], unlike: Mapping[Contestant, list[str]]) -> list[Target]:
    """Return the three ratios, each the median of the rounds' own; who loses rows has not done the job."""
    targets = [_ratio("peers, ours against the floor", ran[OURS], ran[FLOOR], 1.10, is_ceiling=True)]
    splitting = [contestant for contestant in ran if contestant.is_splitting and not unlike[contestant]]
    if splitting:
        fastest = min(splitting, key=lambda contestant: _seconds(ran[contestant]))
        name = "peers, fastest that splits every row right against ours"
        targets.append(_ratio(name, ran[fastest], ran[OURS], 1.5, note=fastest.name))
    if GX_COMPLETE in ran:
        targets.append(_ratio("peers, GX COMPLETE against ours", ran[GX_COMPLETE], ran[OURS], 5.0))
    return targets


def _ratio(
    name: str, of: list[Turn], to: list[Turn], limit: float, *, is_ceiling: bool = False, note: str = ""
) -> Target:
    each = tuple(one.outcome.seconds / other.outcome.seconds for one, other in zip(of, to, strict=True))
    return Target(name, median(each), limit, "×", is_ceiling, each, note)


def _last_line(error: RuntimeError) -> str:
    return str(error).rstrip().splitlines()[-1]
