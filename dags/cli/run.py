"""`lakegate run` and `lakegate demo`: carry out a run, show it, and turn its verdict into an exit status."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dags.cli.console import print_json, say
from dags.cli.sample import size_bytes, write_sample
from dags.pipeline.progress import Progress, Quiet
from dags.pipeline.report import RunReport, Status, as_document
from dags.pipeline.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars
    from rich.progress import TaskID
    from rich.table import Table

BLOCKED = 3


def run_command(
    *,
    lake: str | None,
    only: str | None,
    as_of: str | None,
    run_id: str | None,
    warehouse: str | None,
    force: bool,
    as_json: bool,
) -> int:
    """Run the pipeline and return the exit status."""
    settings = read_settings(lake=lake, warehouse=warehouse)
    report = _run(settings, only=only, as_of=as_of, run_id=run_id, force=force, as_json=as_json)
    _show(report, as_json=as_json)
    return BLOCKED if report.verdict is Status.BLOCK else 0


def demo_command(*, lake: str | None, size: str, seed: int, as_json: bool) -> int:
    """Make a sample in the lake's RAW zone, if there is none yet, and run everything on it."""
    settings = read_settings(lake=lake or "./lake/demo")
    raw = Path(settings.lake.removeprefix("file://")) / "raw"
    if not raw.exists() or not any(raw.iterdir()):
        if not as_json:
            say(f"Making a messy sample of {size} in {raw} …")
        write_sample(raw, size_bytes(size), seed, as_json=as_json)
    report = _run(settings, only=None, as_of=None, run_id=None, force=False, as_json=as_json)
    _show(report, as_json=as_json)
    if not as_json:
        say(
            f"\nWhat next:\n"
            f"  lakegate status --lake {settings.lake}\n"
            f"  lakegate quarantine --lake {settings.lake} --dataset events\n"
            f"  lakegate docs --lake {settings.lake} --serve"
        )
    return BLOCKED if report.verdict is Status.BLOCK else 0


def _run(
    settings: Settings, *, only: str | None, as_of: str | None, run_id: str | None, force: bool, as_json: bool
) -> RunReport:
    from dags.pipeline.run import run_pipeline
    from dags.pipeline.setup import new_run

    run = new_run(as_of=as_of, run_id=run_id, is_forced=force)
    with _progress(is_quiet=as_json) as progress:
        return run_pipeline(settings, run, only=only, progress=progress)


@contextmanager
def _progress(*, is_quiet: bool) -> Iterator[Progress]:
    if is_quiet or not sys.stderr.isatty():
        yield Quiet()
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("[bold]{task.fields[transition]}"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Shown(bars, bars.add_task("starting", total=None, transition="", count=""))


class _Shown:
    """Shows a run's steps as one line on the terminal."""

    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def transition(self, name: str) -> None:
        self._update(transition=name, description="", completed=0, total=None, count="")

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None:
        count = "" if done is None else f"{done:,}" + ("" if of is None else f"/{of:,}")
        self._update(description=what, completed=done or 0, total=of, count=count)

    def note(self, what: str) -> None:
        self._bars.console.print(f"lakegate: {what}", markup=False)

    def _update(self, **shown: object) -> None:
        self._bars.update(self._task, **shown)  # type: ignore[arg-type]


def _show(report: RunReport, *, as_json: bool) -> None:
    if as_json:
        print_json(as_document(report))
        return
    from rich.console import Console

    console = Console()
    for transition in report.transitions:
        console.print()
        console.print(
            f"[bold]{transition.name}[/bold]  {_coloured(transition.verdict)}  {transition.seconds:.1f} s"
        )
        if transition.verdict is not Status.UNCHANGED:
            console.print(_table(transition.name, transition.datasets))
    console.print(
        f"\nrun {report.run_id}  as of {report.as_of}  verdict {_coloured(report.verdict)}", soft_wrap=True
    )
    if report.docs:
        console.print(f"Data Docs: {report.docs}", soft_wrap=True)


def _coloured(status: Status) -> str:
    colour = {Status.PASS: "green", Status.WARN: "yellow", Status.BLOCK: "bold red", Status.UNCHANGED: "dim"}
    return f"[{colour[status]}]{status.value}[/]"


def _table(transition: str, datasets: object) -> Table:
    from rich import box
    from rich.table import Table

    from dags.pipeline.report import DatasetReport

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    counts = ["valid", "unchanged", "ignored", "rejected"] if transition == "raw_to_bronze" else []
    counts = counts or (
        ["read", "promoted", "quarantined", "deduplicated"] if transition == "bronze_to_silver" else ["rows"]
    )
    table.add_column("files" if transition == "raw_to_bronze" else "dataset")
    table.add_column("verdict")
    for name in counts:
        table.add_column(name, justify="right")
    table.add_column("by rule", overflow="fold")
    for one in datasets:  # type: ignore[attr-defined]
        assert isinstance(one, DatasetReport)  # noqa: S101
        if one.files is not None:
            rejected = sum(one.files.quarantined.values())
            numbers: list[int | None] = [one.files.valid, one.files.unchanged, one.files.ignored, rejected]
            rules = dict(one.files.quarantined)
        elif len(counts) > 1:
            numbers = [one.rows_read, one.rows_promoted, one.rows_quarantined, one.rows_deduplicated]
            rules = dict(one.rows_by_rule or {}) | {
                f"{k} (warn)": n for k, n in (one.rows_warned or {}).items()
            }
        else:
            numbers, rules = [one.rows_promoted], {}
        told = [f"{name} {count:,}" for name, count in rules.items() if count]
        told += [f"[red]{name}[/]" for name in one.failed]
        table.add_row(
            one.dataset,
            _coloured(one.verdict),
            *("" if n is None else f"{n:,}" for n in numbers),
            ", ".join(told),
        )
    return table
