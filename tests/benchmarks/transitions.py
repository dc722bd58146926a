"""What each transition costs, and a whole run: fresh processes, medians of the rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dags.pipeline.run import TRANSITIONS
from tests.benchmarks.findings import Findings, Target
from tests.benchmarks.fresh_run import Figures, median_of, run_lakegate
from tests.benchmarks.ground import MEGABYTE, folder_bytes, tell

if TYPE_CHECKING:
    from pathlib import Path

    from tests.benchmarks.ground import Ground

TOTAL = "all, one process"
COLUMNS = ("step", "seconds", "MB/s", "CPU s", "peak MB", "jobs", "read MB", "written MB", "spilled MB")


def measure_transitions(ground: Ground) -> Findings:
    """Run each transition in a process of its own, then all four in one, each round on an empty lake."""
    raw = ground.sample()
    raw_bytes = folder_bytes(raw)
    found = Findings("transitions", COLUMNS)
    rounds: dict[str, list[Figures]] = {}
    for number in range(ground.rounds):
        lake = ground.fresh("transitions") / "lake"
        for name in TRANSITIONS:
            tell(f"round {number + 1} of {ground.rounds}: {name}")
            figures, _ = run_lakegate(lake, raw, "--only", name)
            rounds.setdefault(name, []).append(_with_files(name, figures, lake, raw_bytes))
        lake = ground.fresh("whole") / "lake"
        tell(f"round {number + 1} of {ground.rounds}: the whole run")
        figures, _ = run_lakegate(lake, raw)
        rounds.setdefault(TOTAL, []).append(figures)
    for name, taken in rounds.items():
        found.rows.append(as_row(name, median_of(taken), raw_bytes))
        found.rounds += [{"step": name, **one.as_values()} for one in taken]
    total = median_of(rounds[TOTAL])
    rates = tuple(raw_bytes / MEGABYTE / one.seconds for one in rounds[TOTAL])
    rate = raw_bytes / MEGABYTE / total.seconds
    found.targets.append(Target("end to end", rate, 10.0, "MB/s of RAW", is_ceiling=False, rounds=rates))
    found.targets.append(Target("peak memory", total.peak_bytes / 1024**3, 10.0, "GB"))
    found.notes.append(
        f"RAW: {raw_bytes / MEGABYTE:,.0f} MB in {sum(1 for p in raw.rglob('*') if p.is_file()):,} files"
    )
    found.notes.append("not counted: what workers stage, in any step; the texts that they read, in the last")
    return found


def as_row(name: str, figures: Figures, raw_bytes: int) -> tuple[object, ...]:
    """Return one line of the table; MB/s are of RAW, whatever the step reads."""
    return (
        name,
        figures.seconds,
        raw_bytes / MEGABYTE / figures.seconds,
        figures.cpu_seconds,
        figures.peak_bytes / MEGABYTE,
        figures.jobs,
        figures.bytes_read / MEGABYTE,
        figures.bytes_written / MEGABYTE,
        figures.spilled_bytes / MEGABYTE,
    )


def _with_files(name: str, figures: Figures, lake: Path, raw_bytes: int) -> Figures:
    """Put in what was not moved by Spark: the files of two transitions, and the texts that workers read."""
    values = figures.as_values()
    if name == "raw_to_bronze":
        values |= {"bytes_read": raw_bytes, "bytes_written": folder_bytes(lake / "bronze")}
    elif name == "bronze_to_silver":
        texts = (path for path in (lake / "bronze").rglob("*") if path.suffix.lower() != ".parquet")
        values["bytes_read"] += sum(path.stat().st_size for path in texts if path.is_file())
    elif name == "gold_to_redshift":
        warehouse = sum(path.stat().st_size for path in lake.glob("warehouse.duckdb*"))
        values |= {"bytes_read": folder_bytes(lake / "gold"), "bytes_written": warehouse}
    return Figures(**values)  # type: ignore[arg-type]
