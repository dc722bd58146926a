"""Geometry of the small pictures: numbers to shapes, which the templates draw as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from html import escape
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from checkpoints.docs.history import RUNS_WITH_FILES, RuleState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from checkpoints.docs.history import ResultHistory, RuleRun
    from contracts.days import DayOutOfLine, ValuesByDay

LEVELS = 4  # shades for numbers above 0
WEEKS_SHOWN = 53
CELL = 13  # pixels from one cell of a calendar or heat map to the next
SPARKLINE_RUNS = 30
_PASSED_HEIGHT = 3.0  # pixels of the bar of a run that did not break the rule


class Bar(NamedTuple):
    """One run in a strip. ``height``: pixels."""

    x: int
    height: float
    run: RuleRun

    @property
    def label(self) -> str:
        """What it stands for, in words."""
        return f"{self.run.run.run_id}: {_outcome(self.run)}"


@dataclass(frozen=True)
class Strip:
    """A rule's share by run, oldest first; the highest bar is that of the largest share."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    step: int  # from one bar to the next
    bar_width: int
    largest: float  # share

    @property
    def dashes(self) -> str:
        """SVG's dash array that divides a line into bars."""
        return f"{self.bar_width} {self.step - self.bar_width}"

    @cached_property
    def lines(self) -> dict[str, str]:
        """All bars of a state as one SVG path, by its name: shorter than single bars.

        A vertical line for each broken run, which differ in height; a dashed one through others in a row.
        """
        found: dict[str, str] = {}
        for state, group in groupby(self.bars, key=lambda bar: bar.run.state):
            bars = list(group)
            if state is RuleState.BROKEN:
                line = "".join(
                    f"M{bar.x + self.bar_width / 2:g} {self.height}V{self.height - bar.height:.3g}"
                    for bar in bars
                )
            else:
                y = self.height - bars[0].height / 2
                line = f"M{bars[0].x} {y:g}H{bars[-1].x + self.bar_width}"
            found[state.value] = found.get(state.value, "") + line
        return found


def strip(runs: Sequence[RuleRun], height: int = 56, step: int = 9) -> Strip:
    """Return the bars of a rule's runs: as high as its share, relative to the largest one."""
    largest = max((run.share for run in runs), default=0.0)
    bars = [
        Bar(
            number * step,
            max(4.0, height * run.share / largest) if run.state is RuleState.BROKEN else _PASSED_HEIGHT,
            run,
        )
        for number, run in enumerate(runs)
    ]
    bar_width = step - (2 if step > 4 else 1)  # less the gap
    return Strip(tuple(bars), max(len(bars), 1) * step, height, step, bar_width, largest)


def bars(strip: Strip) -> str:
    """Return the bars as SVG, their labels escaped. A loop in a template is slower, and strips are many."""
    return "".join(
        f'<rect class="{bar.run.state.value}" x="{bar.x}" y="{strip.height - bar.height:.1f}" '
        f'width="{strip.bar_width}" height="{bar.height:.1f}"><title>{escape(bar.label)}</title></rect>'
        for bar in strip.bars
    )


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
    """Return the line through the last ``SPARKLINE_RUNS`` values, from 0 up; None for less than two values.

    >>> sparkline([0.0, 0.5, 0.25], width=20, height=14).points
    '2.0,12.0 10.0,2.0 18.0,7.0'
    """
    shown = values[-SPARKLINE_RUNS:]
    if len(shown) < 2:
        return None
    largest = max(shown) or 1.0
    step = (width - 4) / (len(shown) - 1)
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


class Cell(NamedTuple):
    """One day or run. ``kind``: the CSS class of its shade. ``label``: what it holds, in words."""

    x: int
    y: int
    kind: str
    label: str
    is_marked: bool = False


def rectangles(cells: Iterable[Cell], size: int) -> str:
    """Return cells as SVG, their labels escaped. A loop in a template is slower, and heat maps are large."""
    return "".join([_rectangle(cell, size) for cell in cells])


@lru_cache(maxsize=4096)  # a run's cells of many files and rules are alike
def _rectangle(cell: Cell, size: int) -> str:
    return (
        f'<rect class="{cell.kind}" x="{cell.x + 0.5}" y="{cell.y + 0.5}" '
        f'width="{size}" height="{size}" rx="2"><title>{escape(cell.label)}</title></rect>'
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


def heat_map(history: ResultHistory, rule: str, files_shown: int) -> list[HeatRow]:
    """Return the files with the most offenders of a rule in the last runs, those of the last run first.

    A run that lists as many files as are kept may have had further ones: a file that it lacks is then marked
    ``unknown`` instead of having none.
    """
    runs = history.runs[-RUNS_WITH_FILES:]
    counts = {
        file: [0] * (len(runs) - len(newest_first)) + newest_first[::-1]
        for file, newest_first in history.files.get(rule, {}).items()
    }
    if not counts:
        return []
    order = sorted(counts, key=lambda file: (-counts[file][-1], -sum(counts[file]), file))[:files_shown]
    largest = max(map(max, counts.values()))
    # The files that such a run lists have all of its offenders.
    listed = map(sum, zip(*counts.values(), strict=True))
    is_complete = [count == run.broken.get(rule, 0) for run, count in zip(runs, listed, strict=True)]
    kinds = {count: f"q{level(count, largest)}" for file in order for count in counts[file]}
    rows = []
    for file in order:
        of_runs = zip(runs, counts[file], is_complete, strict=True)
        cells = tuple(
            Cell(number * CELL, 0, kinds[count], f"{run.run_id}: {count:,} rows")
            if count or is_whole
            else Cell(number * CELL, 0, "unknown", f"{run.run_id}: not listed")
            for number, (run, count, is_whole) in enumerate(of_runs)
        )
        rows.append(HeatRow(file, cells, counts[file][-1]))
    return rows
