"""Reads what Spark did from its event log: jobs, tasks, bytes, CPU."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(slots=True)
class SparkWork:
    """What the jobs of one application came to."""

    jobs: int = 0
    tasks: int = 0
    executor_cpu_seconds: float = 0.0
    bytes_read: int = 0
    bytes_written: int = 0
    shuffle_bytes: int = 0
    spilled_bytes: int = 0
    seconds_by_query: list[tuple[float, str]] = field(default_factory=list)


def event_log_options(folder: Path) -> Mapping[str, str]:
    """Return the Spark options that write the event log of an application below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.dir": folder.as_uri(),
    }


def read_event_log(folder: Path) -> SparkWork:
    """Add up the event logs below a folder; with none, nothing was done."""
    work = SparkWork()
    begun: dict[int, tuple[int, str]] = {}
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and not one.name.startswith(".")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line)
                match event["Event"].rpartition(".")[2]:
                    case "SparkListenerJobStart":
                        work.jobs += 1
                    case "SparkListenerTaskEnd":
                        _add_task(work, event.get("Task Metrics") or {})
                    case "SparkListenerSQLExecutionStart":
                        begun[event["executionId"]] = (event["time"], event["description"])
                    case "SparkListenerSQLExecutionEnd":
                        at, description = begun.pop(event["executionId"], (event["time"], "?"))
                        work.seconds_by_query.append(((event["time"] - at) / 1000, description))
    return work


def _add_task(work: SparkWork, metrics: Mapping[str, object]) -> None:
    def number(*names: str) -> int:
        found: object = metrics
        for name in names:
            found = found.get(name, {}) if isinstance(found, dict) else {}
        return found if isinstance(found, int) else 0

    work.tasks += 1
    work.executor_cpu_seconds += number("Executor CPU Time") / 1e9
    work.bytes_read += number("Input Metrics", "Bytes Read")
    work.bytes_written += number("Output Metrics", "Bytes Written")
    work.shuffle_bytes += number("Shuffle Write Metrics", "Shuffle Bytes Written")
    work.spilled_bytes += number("Disk Bytes Spilled")
