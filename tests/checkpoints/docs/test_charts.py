"""Geometry of the small pictures."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from checkpoints.docs.charts import CELL, WEEKS_SHOWN, calendar, heat_map, level, sparkline, strip
from checkpoints.docs.history import NewResult, ResultHistory, RuleRun, RuleState, RunResult
from contracts.days import DayOutOfLine
from quarantine_policies.decision import Verdict
from tests.checkpoints.docs.given import run


def result(number: int, **broken: int) -> RunResult:
    of = run(number)
    return RunResult(of.run_id, of.as_of, Verdict.WARN, "p.html", "1", broken=broken)


def history(*results: tuple[dict[str, int], int]) -> ResultHistory:
    """Return the history of runs, each with the files of a rule and all its offenders."""
    found = ResultHistory()
    for number, (files, broken) in enumerate(results, 1):
        one = result(number, age=broken) if broken else result(number)
        found = found.with_result(NewResult(one, ["age"], {"age": files}))
    return found


@pytest.mark.parametrize(
    ("value", "largest", "expected"),
    [
        (0, 10, 0),
        (1, 1_000_000, 1),
        (25, 100, 1),
        (26, 100, 2),
        (75, 100, 3),
        (100, 100, 4),
        (Decimal("0.0001"), Decimal(5), 1),
        (Decimal("-3.5"), Decimal(5), 1),
        (Decimal("-3.5"), Decimal("-3.5"), 1),
    ],
)
def test_a_number_above_none_has_a_shade_of_its_part_of_the_largest(
    value: int | Decimal, largest: int | Decimal, expected: int
) -> None:
    assert level(value, largest) == expected


def test_a_strip_is_as_high_as_the_shares_and_shows_runs_without_offenders_and_without_the_rule() -> None:
    runs = [
        RuleRun(result(1), RuleState.ABSENT, 0, 0),
        RuleRun(result(2), RuleState.PASSED, 0, 100),
        RuleRun(result(3), RuleState.BROKEN, 10, 100),
        RuleRun(result(4), RuleState.BROKEN, 5, 100),
        RuleRun(result(5), RuleState.BROKEN, 1, 10_000),
    ]
    drawn = strip(runs, height=50)
    assert [(bar.run.state.value, bar.height) for bar in drawn.bars] == [
        ("absent", 3.0),
        ("passed", 3.0),
        ("broken", 50.0),
        ("broken", 25.0),
        ("broken", 4.0),
    ]
    assert [bar.label for bar in drawn.bars] == [
        "run-1: not judged",
        "run-2: 0 of 100",
        "run-3: 10 of 100",
        "run-4: 5 of 100",
        "run-5: 1 of 10,000",
    ]
    assert drawn.largest == 0.1
    assert (drawn.lines["passed"], drawn.dashes) == ("M9 48.5H16", "7 2")
    assert drawn.lines["broken"].startswith("M21.5 50V0M30.5 50V25")


def test_a_line_goes_through_the_last_thirty_values_from_zero_up() -> None:
    drawn = sparkline([9.0] * 10 + [1.0] * 29 + [2.0])
    assert drawn is not None
    points = [point.split(",") for point in drawn.points.split()]
    assert len(points) == 30
    assert {y for _, y in points[:-1]} == {"12.0"}
    assert drawn.last == (102.0, 2.0)
    assert sparkline([]) is None
    assert sparkline([0.5]) is None, "one value is no line"


def test_a_calendar_has_a_column_a_week_and_shows_holes() -> None:
    drawn = calendar({date(2024, 5, 31): 10, date(2024, 6, 3): 40, date(2024, 6, 2): 0}, ())
    assert drawn is not None
    assert [(cell.x, cell.y, cell.kind) for cell in drawn.cells] == [
        (0, 4 * CELL, "q1"),  # Friday
        (0, 5 * CELL, "hole"),
        (0, 6 * CELL, "hole"),
        (CELL, 0, "q4"),
    ]
    assert drawn.cells[0].label == "Fri 2024-05-31: 10"
    assert (drawn.holes, drawn.largest, drawn.width) == (2, 40, 2 * CELL)
    assert calendar({}, ()) is None
    assert calendar({date(2024, 5, 31): 0}, ()) is None


def test_a_day_out_of_line_is_marked_also_after_the_last_day_with_a_value() -> None:
    missing = DayOutOfLine(date(2024, 6, 2), 0, 1_000, 900, 1_100)
    drawn = calendar({date(2024, 6, 1): 990}, (missing,))
    assert drawn is not None
    assert [(cell.label, cell.is_marked) for cell in drawn.cells] == [
        ("Sat 2024-06-01: 990", False),
        ("Sun 2024-06-02: 0, 1,000 expected", True),
    ]


def test_a_calendar_shows_the_last_weeks_and_counts_earlier_days() -> None:
    days = {date(2024, 12, 29) - timedelta(days=number): 1 for number in range(800)}
    drawn = calendar(days, ())
    assert drawn is not None
    assert drawn.width == WEEKS_SHOWN * CELL
    assert (drawn.first.weekday(), drawn.last) == (0, date(2024, 12, 29))
    assert len(drawn.cells) + drawn.days_before == 800


def test_a_calendar_names_months_and_at_their_turn_the_year() -> None:
    days = {date(2023, 11, 15) + timedelta(days=number): 1 for number in range(110)}
    drawn = calendar(days, ())
    assert drawn is not None
    assert [name for _, name in drawn.months] == ["Nov", "Dec", "2024", "Feb", "Mar"]
    assert [x for x, _ in drawn.months] == sorted(x for x, _ in drawn.months)


def test_a_calendar_takes_sums_that_are_negative_or_below_one() -> None:
    drawn = calendar({date(2024, 6, 1): Decimal("-5.5"), date(2024, 6, 2): Decimal("0.0001")}, ())
    assert drawn is not None
    assert [cell.kind for cell in drawn.cells] == ["q1", "q1"]


def test_a_heat_map_orders_files_by_the_last_run_and_then_by_all() -> None:
    runs = history(({"old.csv": 90, "b.csv": 10}, 100), ({"new.csv": 8, "b.csv": 2}, 10))
    drawn = heat_map(runs, "age", files_shown=3)
    assert [(row.file, row.offenders) for row in drawn] == [("new.csv", 8), ("b.csv", 2), ("old.csv", 0)]
    assert [[cell.kind for cell in row.cells] for row in drawn] == [["q0", "q1"], ["q1", "q1"], ["q4", "q0"]]
    assert len(heat_map(runs, "age", files_shown=1)) == 1


def test_a_heat_map_does_not_call_a_file_clean_that_its_run_does_not_list() -> None:
    runs = history(({"a.csv": 5}, 9), ({"b.csv": 7}, 7), ({}, 0))
    drawn = {row.file: [cell.label for cell in row.cells] for row in heat_map(runs, "age", 9)}
    assert drawn["b.csv"] == ["run-1: not listed", "run-2: 7 rows", "run-3: 0 rows"]
    assert drawn["a.csv"] == ["run-1: 5 rows", "run-2: 0 rows", "run-3: 0 rows"]
