"""Geometry of the small pictures: numbers to shapes, which the templates draw as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from math import ceil
from typing import TYPE_CHECKING

from checkpoints.docs.history import RuleState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from checkpoints.docs.history import RuleRun, RunResult
    from contracts.days import DayOutOfLine, ValuesByDay

LEVELS = 4  # shades for numbers above 0
WEEKS_SHOWN = 53
CELL = 13  # pixels from one cell of a calendar or heat map to the next
SPARKLINE_RUNS = 30


@dataclass(frozen=True, slots=True)
class Bar:
    """One run in a strip. ``height``: pixels. ``label``: what it stands for, in words."""

    x: int
    height: float
    state: RuleState
    label: str


@dataclass(frozen=True, slots=True)
class Strip:
    """A rule's share by run, oldest first; the highest bar is that of the largest share."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    bar_width: int
    largest: float  # share

    @property
    def lines(self) -> dict[str, str]:
        """All bars of a state as one SVG path of vertical lines, by its name: shorter than single bars."""
        found: dict[str, str] = {}
        for bar in self.bars:
            line = f"M{bar.x + self.bar_width / 2:g} {self.height}V{self.height - bar.height:.3g}"
            found[bar.state.value] = found.get(bar.state.value, "") + line
        return found


def strip(runs: Sequence[RuleRun], height: int = 56, step: int = 9) -> Strip:
    """Return the bars of a rule's runs: as high as its share, relative to the largest one."""
    largest = max((run.share for run in runs), default=0.0)
    bars = [
        Bar(
            number * step,
            max(4.0, height * run.share / largest) if run.state is RuleState.BROKEN else 3.0,
            run.state,
            f"{run.run.run_id}: {_outcome(run)}",
        )
        for number, run in enumerate(runs)
    ]
    bar_width = step - (2 if step > 4 else 1)  # less the gap
    return Strip(tuple(bars), max(len(bars), 1) * step, height, bar_width, largest)


def _outcome(run: RuleRun) -> str:
    if run.state is not RuleState.BROKEN:
        return "not judged" if run.state is RuleState.ABSENT else f"0 of {run.evaluated:,}"
    return f"{run.failed:,} of {run.evaluated:,}" if run.failed else "broken"


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A line through the last values. ``points``: of an SVG polyline. ``last``: its end."""

    points: str
    last: tuple[float, float]
    width: int
    height: int


def sparkline(values: Sequence[float], width: int = 104, height: int = 24) -> Sparkline | None:
    """Return the line through the last ``SPARKLINE_RUNS`` values, from 0 up; None without a value.

    >>> sparkline([0.0, 0.5, 0.25], width=20, height=14).points
    '2.0,12.0 10.0,2.0 18.0,7.0'
    """
    shown = values[-SPARKLINE_RUNS:]
    if not shown:
        return None
    largest = max(shown) or 1.0
    step = (width - 4) / max(1, len(shown) - 1)
    points = [
        (round(2 + step * number, 1), round(height - 2 - (height - 4) * value / largest, 1))
        for number, value in enumerate(shown)
    ]
    return Sparkline(" ".join(f"{x},{y}" for x, y in points), points[-1], width, height)


def level(value: int | Decimal, largest: int | Decimal) -> int:
    """Return the shade of a number: 0 for 0, else 1 to ``LEVELS`` by its part of the largest.

    >>> [level(value, 100) for value in (0, 1, 26, 100)]
    [0, 1, 2, 4]
    """
    return 0 if not value else max(1, min(LEVELS, ceil(LEVELS * value / max(1, largest))))


@dataclass(frozen=True, slots=True)
class Cell:
    """One day or run. ``kind``: the CSS class of its shade. ``label``: what it holds, in words."""

    x: int
    y: int
    kind: str
    label: str
    is_marked: bool = False


def rectangles(cells: Iterable[Cell], size: int) -> str:
    """Return cells as SVG, their labels escaped. A loop in a template is slower, and heat maps are large."""
    return "".join(
        f'<rect class="{cell.kind}" x="{cell.x + 0.5}" y="{cell.y + 0.5}" '
        f'width="{size}" height="{size}" rx="2"><title>{escape(cell.label)}</title></rect>'
        for cell in cells
    )


@dataclass(frozen=True, slots=True)
class Calendar:
    """Values by day: a column a week, Monday on top. ``months``: (x, name) above their first day.

    ``holes``: days without a value from ``first`` to ``last``. ``days_before``: earlier days with one.
    """

    cells: tuple[Cell, ...]
    months: tuple[tuple[int, str], ...]
    width: int
    height: int
    first: date
    last: date
    holes: int
    days_before: int
    largest: int | Decimal
    out_of_line: tuple[DayOutOfLine, ...]


def calendar(values: ValuesByDay, out_of_line: Sequence[DayOutOfLine]) -> Calendar | None:
    """Return the last ``WEEKS_SHOWN`` weeks from the first to the last day with a value; None without any.

    Args:
        values: by day.
        out_of_line: days that a rule names; the last of them may be after the last day with a value.
    """
    named = {one.day: one for one in out_of_line}
    filled = {day for day, value in values.items() if value} | set(named)
    if not filled:
        return None
    last = max(filled)
    monday = last - timedelta(days=last.weekday()) - timedelta(weeks=WEEKS_SHOWN - 1)
    first = max(min(filled), monday)
    start = first - timedelta(days=first.weekday())
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    largest = max(values.get(day, 0) for day in days)
    cells = []
    for day in days:
        value, odd = values.get(day, 0), named.get(day)
        kind = f"q{level(value, largest)}" if value else "hole"
        label = f"{day:%a} {day}: {value:,}{f', {odd.expected:,} expected' if odd else ''}"
        week = (day - start).days // 7
        cells.append(Cell(week * CELL, day.weekday() * CELL, kind, label, odd is not None))
    months = [
        ((day - start).days // 7 * CELL, f"{day:%b}" if day.month > 1 or day == first else f"{day:%Y}")
        for day in days
        if day.day == 1 or (day == first and day.day < 20)
    ]
    weeks = (last - start).days // 7 + 1
    return Calendar(
        cells=tuple(cells),
        months=tuple(months),
        width=weeks * CELL,
        height=7 * CELL,
        first=first,
        last=last,
        holes=sum(not values.get(day) for day in days),
        days_before=sum(day < first for day in filled),
        largest=largest,
        out_of_line=tuple(out_of_line),
    )


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One file in the heat map of a rule: a cell a run, oldest first, and its offenders in the last run."""

    file: str
    cells: tuple[Cell, ...]
    offenders: int


def heat_map(runs: Sequence[RunResult], rule: str, files_shown: int) -> list[HeatRow]:
    """Return the files with the most offenders of a rule in the given runs, those of the last run first.

    A run that lists as many files as are kept may have had further ones: a file that it lacks is then marked
    ``unknown`` instead of having none.
    """
    counts = [run.files.get(rule, {}) for run in runs]
    last = counts[-1] if counts else {}
    totals: dict[str, int] = {}
    for of_run in counts:
        for file, count in of_run.items():
            totals[file] = totals.get(file, 0) + count
    order = sorted(totals, key=lambda file: (-last.get(file, 0), -totals[file], file))[:files_shown]
    largest = max((count for of_run in counts for count in of_run.values()), default=0)
    # The files that such a run lists have all of its offenders.
    is_complete = [
        sum(of_run.values()) == run.broken.get(rule, 0) for run, of_run in zip(runs, counts, strict=True)
    ]
    rows = []
    for file in order:
        cells = []
        for number, (run, of_run) in enumerate(zip(runs, counts, strict=True)):
            is_listed = is_complete[number] or file in of_run
            count = of_run.get(file, 0)
            kind = f"q{level(count, largest)}" if is_listed else "unknown"
            label = f"{run.run_id}: {f'{count:,} rows' if is_listed else 'not listed'}"
            cells.append(Cell(number * CELL, 0, kind, label))
        rows.append(HeatRow(file, tuple(cells), last.get(file, 0)))
    return rows
