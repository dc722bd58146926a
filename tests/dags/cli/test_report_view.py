"""The text view of a run report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dags.cli.report_view import show_run
from dags.pipeline.report import DatasetReport, RunReport, TransitionReport
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    import pytest


def shown(report: DatasetReport, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the words of each line; the verdict of the transition is that of its dataset."""
    transition = TransitionReport("bronze_to_silver", report.verdict, 1.5, (report,))
    show_run(RunReport("r1", "2024-05-01T00:00:00+00:00", (transition,)))
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def events(conflicting: int, excluded: int) -> DatasetReport:
    return DatasetReport(
        "events",
        Verdict.WARN,
        rows_read=10,
        rows_promoted=7,
        rows_quarantined=0,
        rows_deduplicated=3,
        rows_conflicting=conflicting,
        rows_excluded=excluded,
        promoted="/lake/silver/events/v1",
    )


def test_conflicting_and_excluded_rows_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(events(conflicting=2, excluded=1500), capsys)
    assert "events warn 10 7 0 3" in lines
    text = " ".join(lines)
    assert "events rows conflicting: 2 of those deduplicated differ from the row that was kept" in text
    assert "events rows excluded by a source's where: 1,500" in text


def test_counts_of_zero_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(shown(events(conflicting=0, excluded=0), capsys))
    assert "conflicting" not in text
    assert "excluded" not in text


def test_an_unchanged_transition_is_one_line_and_one_for_each_late_feed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fresh = DatasetReport("events", Verdict.UNCHANGED, promoted="/lake/silver/events/v1")
    late = DatasetReport("users", Verdict.UNCHANGED, promoted="/lake/silver/users/v1", failed=("freshness",))
    for report, broken in ((fresh, []), (late, ["users broken: freshness"])):
        lines = shown(report, capsys)
        assert lines[: 2 + len(broken)] == ["", "bronze_to_silver unchanged 1.5 s", *broken]
