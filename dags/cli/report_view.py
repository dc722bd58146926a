"""Text view of a run report: counts and broken rules by transition and dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.table import Table

    from dags.pipeline.report import DatasetReport, RunReport, TransitionReport

_COLOURS = {
    Verdict.PASS: "green",
    Verdict.WARN: "yellow",
    Verdict.BLOCK: "bold red",
    Verdict.UNCHANGED: "dim",
}


def show_run(report: RunReport, lake_option: str = "") -> None:
    """Print a run's report on stdout; ``lake_option`` ends the commands that it suggests."""
    from rich.console import Console
    from rich.padding import Padding

    console = Console(highlight=False)
    for transition in report.transitions:
        console.print()
        console.print(
            f"[bold]{transition.name}[/bold]  {_coloured(transition.verdict)}  {transition.seconds:.1f} s"
        )
        if transition.verdict is not Verdict.UNCHANGED:
            console.print(_table(transition))
        for dataset in transition.datasets:
            for line in _details(dataset):
                console.print(Padding(line, (0, 0, 0, 2)))
    console.print(
        f"\nrun {report.run_id}  as of {report.as_of}  verdict {_coloured(report.verdict)}", soft_wrap=True
    )
    if report.docs:
        console.print(f"Data Docs: {report.docs}", soft_wrap=True)
    for name in _with_rejected_rows(report):
        console.print(
            f"rejected rows of {name}: lakegate quarantine --dataset {name}{lake_option}", soft_wrap=True
        )


def _with_rejected_rows(report: RunReport) -> Iterator[str]:
    for transition in report.transitions:
        for dataset in transition.datasets:
            if dataset.rows_quarantined:
                yield dataset.dataset


def _coloured(status: Verdict) -> str:
    return f"[{_COLOURS[status]}]{status.value}[/]"


def _table(transition: TransitionReport) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    numbers = {report.dataset: _numbers(report) for report in transition.datasets}
    headings = list(dict.fromkeys(name for counts in numbers.values() for name in counts))
    table.add_column("files of" if "valid" in headings else "rows of")
    table.add_column("verdict")
    for heading in headings:
        table.add_column(heading, justify="right")
    for report in transition.datasets:
        counts = [numbers[report.dataset].get(heading) for heading in headings]
        table.add_row(
            report.dataset, _coloured(report.verdict), *("" if n is None else f"{n:,}" for n in counts)
        )
    return table


def _numbers(report: DatasetReport) -> Mapping[str, int | None]:
    if report.files is not None:
        rejected = sum(report.files.quarantined.values())
        return {
            "valid": report.files.valid,
            "unchanged": report.files.unchanged,
            "ignored": report.files.ignored,
            "without rows": report.files.without_rows,
            "rejected": rejected,
        }
    if report.rows_read is None:
        return {"promoted": report.rows_promoted}
    return {
        "read": report.rows_read,
        "promoted" if report.promoted else "candidate": report.rows_promoted,
        "quarantined": report.rows_quarantined,
        "deduplicated": report.rows_deduplicated,
    }


def _details(report: DatasetReport) -> Iterator[str]:
    """Yield a line for each kind of rejected, quarantined, conflicting or excluded rows and files."""
    from rich.markup import escape

    counted = (
        ("files rejected", report.files.quarantined if report.files else {}),
        ("rows quarantined", report.rows_by_rule or {}),
        ("rows with warnings", report.rows_warned or {}),
    )
    for what, by_rule in counted:
        if counts := ", ".join(f"{rule} {count:,}" for rule, count in by_rule.items() if count):
            yield f"[bold]{report.dataset}[/] {what}: {counts}"
    if report.rows_conflicting:
        yield (
            f"[bold]{report.dataset}[/] rows conflicting: {report.rows_conflicting:,} of those deduplicated "
            "differ from the row that was kept"
        )
    corrected = {
        "fixed": report.rows_fixed,
        "waived": report.rows_waived,
        "discarded": report.rows_discarded,
        "stale (the row is no longer in its file)": report.stale,
    }
    if counts := ", ".join(f"{what} {count:,}" for what, count in corrected.items() if count):
        yield f"[bold]{report.dataset}[/] corrections: {counts}"
    if report.rows_excluded:
        yield f"[bold]{report.dataset}[/] rows excluded by a source's where: {report.rows_excluded:,}"
    if report.failed:
        yield f"[bold]{report.dataset}[/] [red]broken: {', '.join(report.failed)}[/]"
    if lacking := report.files_lacking_columns:
        named = [f"{escape(file.file)} ({', '.join(file.columns)})" for file in lacking.files]
        if more := lacking.count - len(named):
            named.append(f"and {more:,} more")
        yield (
            f"[bold]{report.dataset}[/] accepted files that lack required columns: {', '.join(named)}. "
            "Add a source that provides them to the contract, or make them optional"
        )
