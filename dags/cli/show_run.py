"""A run's report for a person: by transition, what went in, what came out, what was held back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dags.pipeline.report import DatasetReport, RunReport, Status, TransitionReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.table import Table

_COLOURS = {Status.PASS: "green", Status.WARN: "yellow", Status.BLOCK: "bold red", Status.UNCHANGED: "dim"}


def show_run(report: RunReport) -> None:
    """Print a run's report on stdout."""
    from rich.console import Console
    from rich.padding import Padding

    console = Console(highlight=False)
    for transition in report.transitions:
        console.print()
        console.print(
            f"[bold]{transition.name}[/bold]  {_coloured(transition.verdict)}  {transition.seconds:.1f} s"
        )
        if transition.verdict is Status.UNCHANGED:
            continue
        console.print(_table(transition))
        for one in transition.datasets:
            for told in _reasons(one):
                console.print(Padding(told, (0, 0, 0, 2)))
    console.print(
        f"\nrun {report.run_id}  as of {report.as_of}  verdict {_coloured(report.verdict)}", soft_wrap=True
    )
    if report.docs:
        console.print(f"Data Docs: {report.docs}", soft_wrap=True)


def _coloured(status: Status) -> str:
    return f"[{_COLOURS[status]}]{status.value}[/]"


def _table(transition: TransitionReport) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    numbers = {one.dataset: _numbers(one) for one in transition.datasets}
    headings = list(dict.fromkeys(name for of in numbers.values() for name in of))
    table.add_column("files of" if "valid" in headings else "rows of")
    table.add_column("verdict")
    for heading in headings:
        table.add_column(heading, justify="right")
    for one in transition.datasets:
        counts = [numbers[one.dataset].get(heading) for heading in headings]
        table.add_row(one.dataset, _coloured(one.verdict), *("" if n is None else f"{n:,}" for n in counts))
    return table


def _numbers(one: DatasetReport) -> Mapping[str, int | None]:
    if one.files is not None:
        rejected = sum(one.files.quarantined.values())
        return {
            "valid": one.files.valid,
            "unchanged": one.files.unchanged,
            "ignored": one.files.ignored,
            "rejected": rejected,
        }
    if one.rows_read is None:
        return {"promoted": one.rows_promoted}
    return {
        "read": one.rows_read,
        "promoted" if one.promoted else "candidate": one.rows_promoted,
        "quarantined": one.rows_quarantined,
        "deduplicated": one.rows_deduplicated,
    }


def _reasons(one: DatasetReport) -> Iterator[str]:
    """Yield a sentence for each way in which files or rows broke a rule."""
    counted = (
        ("files rejected", one.files.quarantined if one.files else {}),
        ("rows quarantined", one.rows_by_rule or {}),
        ("rows warned of", one.rows_warned or {}),
    )
    for what, by_rule in counted:
        if told := ", ".join(f"{rule} {count:,}" for rule, count in by_rule.items() if count):
            yield f"[bold]{one.dataset}[/] {what}: {told}"
    if one.failed:
        yield f"[bold]{one.dataset}[/] [red]broke: {', '.join(one.failed)}[/]"
