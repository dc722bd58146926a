"""`lakegate run` and `lakegate demo`: run the pipeline and show its report."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dags.cli.console import lake_option, print_json, say
from dags.cli.report_view import show_run
from dags.cli.sample import size_bytes, write_sample
from dags.pipeline.progress import Progress, Quiet
from dags.pipeline.report import RunReport, as_document
from dags.settings import Settings, read_settings
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

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
    _show(report, lake, as_json=as_json)
    return BLOCKED if report.verdict is Verdict.BLOCK else 0


def demo_command(*, lake: str | None, size: str, seed: int, as_json: bool) -> int:
    """Generate a sample in the lake's RAW zone unless it has files, and run all transitions on it."""
    settings = read_settings(lake=lake or "./lake/demo")
    raw = Path(settings.lake.removeprefix("file://")) / "raw"
    if not raw.exists() or not any(raw.iterdir()):
        if not as_json:
            say(f"Generating a messy sample of {size} in {raw} …")
        write_sample(raw, size_bytes(size), seed, as_json=as_json)
    as_of = _sample_clock(raw)
    if as_of is not None and not as_json:
        say(f"The run's clock is {as_of}, the end of the sample's last day.")
    report = _run(settings, only=None, as_of=as_of, run_id=None, force=False, as_json=as_json)
    _show(report, settings.lake, as_json=as_json)
    if not as_json:
        command = _command()
        say(
            f"\nNext steps:\n"
            f"  {command} status --lake {settings.lake}\n"
            f"  {command} quarantine --lake {settings.lake} --dataset events\n"
            f"  {command} docs --lake {settings.lake} --serve"
        )
    return BLOCKED if report.verdict is Verdict.BLOCK else 0


def _sample_clock(raw: Path) -> str | None:
    """Return the clock that belongs to a sample; None for other files."""
    truth = raw.with_name(f"{raw.name}.truth.json")
    if not truth.is_file():
        return None
    as_of: str | None = json.loads(truth.read_text("utf-8")).get("as_of")
    return as_of


def _command() -> str:
    """Return the shell command for lakegate: a relative path if it is installed below the current folder."""
    script = Path(sys.argv[0]).absolute()
    return f"./{script.relative_to(Path.cwd())}" if script.is_relative_to(Path.cwd()) else "lakegate"


def _run(
    settings: Settings, *, only: str | None, as_of: str | None, run_id: str | None, force: bool, as_json: bool
) -> RunReport:
    from dags.notifications.alerts import alert_about
    from dags.pipeline.context import new_run
    from dags.pipeline.run import run_pipeline
    from dags.pipeline.transition_attempt import failure_of
    from dags.pipeline.verdict_file import Outcome, outcomes_of

    run = new_run(as_of=as_of, run_id=run_id, is_forced=force)
    with show_progress(is_quiet=as_json) as progress:
        try:
            report = run_pipeline(settings, run, only=only, progress=progress)
        except Exception as error:
            failed = Outcome(run.id, run.as_of.isoformat(), only or "run", error=failure_of(error))
            alert_about(settings, [failed], progress.note)
            raise
        alert_about(settings, outcomes_of(report), progress.note)
        return report


@contextmanager
def show_progress(*, is_quiet: bool) -> Iterator[Progress]:
    """Show the current step on stderr if it is a terminal, and ``is_quiet`` is not set."""
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
        yield _ProgressLine(bars, bars.add_task("starting", total=None, transition="", count=""))


class _ProgressLine:
    """Shows the current step of a run as one line on the terminal."""

    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def transition(self, name: str) -> None:
        self._update(transition=name, description="", completed=0, total=None, count="")

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None:
        count = "" if done is None else f"{done:,}" + ("" if of is None else f"/{of:,}")
        self._update(description=what, completed=done or 0, total=of, count=count)

    def note(self, what: str) -> None:
        self._bars.console.print(f"lakegate: {what}", markup=False)

    def _update(self, **fields: object) -> None:
        self._bars.update(self._task, **fields)  # type: ignore[arg-type]  # one type each in rich


def _show(report: RunReport, lake: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json(as_document(report))
    else:
        show_run(report, lake_option(lake))
