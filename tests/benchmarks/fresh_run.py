"""One `lakegate run` in a fresh process, and what it cost: time, CPU, memory, Spark's jobs and bytes."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks.event_log import event_log_options, read_event_log
from tests.benchmarks.ground import AS_OF, lakegate
from tests.benchmarks.process import run_measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OPTIONS = "LAKEGATE_SPARK_OPTIONS"
_BLOCKED = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """What one process, or the median of several, came to."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    jobs: int
    bytes_read: int
    bytes_written: int
    shuffle_bytes: int
    spilled_bytes: int

    def as_values(self) -> dict[str, float]:
        """Return the figures by name."""
        return asdict(self)


def run_lakegate(
    lake: Path, raw: Path, *arguments: str, options: Mapping[str, str] | None = None
) -> tuple[Figures, dict[str, object]]:
    """Run `lakegate run` on a RAW zone that is not copied, and return its cost and its report.

    Raises:
        RuntimeError: it ended with an error, or a gate blocked; what it wrote to stderr is in the message.
    """
    command = [lakegate(), "run", "--lake", str(lake), "--as-of", AS_OF, "--json", *arguments]
    figures, stdout = run_with_event_log(command, lake.parent, {"LAKEGATE_RAW_ROOT": str(raw)}, options)
    report: dict[str, object] = json.loads(stdout)
    return figures, report


def run_with_event_log(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> tuple[Figures, str]:
    """Run a command whose Spark options come from ``LAKEGATE_SPARK_OPTIONS``; return its cost and stdout."""
    log = folder / "event-log"
    shutil.rmtree(log, ignore_errors=True)
    given = json.loads(os.environ.get(OPTIONS, "{}"))
    asked = {**given, **(options or {}), **event_log_options(log)}
    cost = run_measured(command, {**os.environ, **(env or {}), OPTIONS: json.dumps(asked)})
    if cost.status:
        why = "a gate blocked" if cost.status == _BLOCKED else f"status {cost.status}"
        raise RuntimeError(f"{' '.join(command)}: {why}\n{cost.stderr}{cost.stdout[-2000:]}")
    work = read_event_log(log)
    figures = Figures(
        cost.seconds,
        cost.cpu_seconds,
        cost.peak_bytes,
        work.jobs,
        work.bytes_read,
        work.bytes_written,
        work.shuffle_bytes,
        work.spilled_bytes,
    )
    return figures, cost.stdout


def median_of(rounds: Sequence[Figures]) -> Figures:
    """Return the median of each figure on its own."""
    values = {name: median(one.as_values()[name] for one in rounds) for name in rounds[0].as_values()}
    return Figures(
        seconds=values["seconds"],
        cpu_seconds=values["cpu_seconds"],
        **{name: int(value) for name, value in values.items() if name not in ("seconds", "cpu_seconds")},
    )
