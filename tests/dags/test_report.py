"""The document of a run: what is left out, what stays, and which verdict stands for the whole."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest

from dags.pipeline.report import (
    DatasetReport,
    FileCounts,
    RunReport,
    Status,
    TransitionReport,
    as_document,
    worst,
)


def run(*verdicts: Status, datasets: tuple[DatasetReport, ...] = ()) -> RunReport:
    transitions = tuple(
        TransitionReport(f"t{n}", verdict, 0.5, datasets) for n, verdict in enumerate(verdicts)
    )
    return RunReport("r1", "2024-05-01T00:00:00+00:00", transitions)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], Status.PASS),
        ([Status.UNCHANGED, Status.PASS], Status.PASS),
        ([Status.WARN, Status.UNCHANGED, Status.PASS], Status.WARN),
        ([Status.WARN, Status.BLOCK, Status.PASS], Status.BLOCK),
        ([Status.UNCHANGED], Status.UNCHANGED),
    ],
)
def test_the_worst_of_some_statuses(statuses: list[Status], expected: Status) -> None:
    assert worst(statuses) is expected


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), Status.PASS),
        ((Status.UNCHANGED, Status.UNCHANGED), Status.PASS),
        ((Status.WARN, Status.UNCHANGED), Status.WARN),
        ((Status.PASS, Status.BLOCK), Status.BLOCK),
    ],
)
def test_a_runs_verdict_is_its_worst_and_never_unchanged(
    verdicts: tuple[Status, ...], expected: Status
) -> None:
    assert run(*verdicts).verdict is expected


def test_a_field_that_does_not_apply_is_left_out_but_promoted_stays_as_null() -> None:
    document = as_document(run(Status.BLOCK, datasets=(DatasetReport("users", Status.BLOCK),)))
    assert document == {
        "run_id": "r1",
        "as_of": "2024-05-01T00:00:00+00:00",
        "verdict": "block",
        "transitions": [
            {
                "name": "t0",
                "verdict": "block",
                "seconds": 0.5,
                "datasets": [{"dataset": "users", "verdict": "block", "promoted": None, "failed": []}],
            }
        ],
    }


def test_a_field_that_is_zero_or_empty_stays() -> None:
    report = DatasetReport(
        "events",
        Status.PASS,
        rows_read=0,
        rows_by_rule=MappingProxyType({}),
        files=FileCounts(valid=1, quarantined=MappingProxyType({"empty": 2})),
        promoted="/lake/bronze/events",
        failed=("volume_drop",),
    )
    (transition,) = as_document(run(Status.PASS, datasets=(report,)))["transitions"]  # type: ignore[misc]
    (found,) = transition["datasets"]  # type: ignore[index]
    assert json.loads(json.dumps(found)) == {
        "dataset": "events",
        "verdict": "pass",
        "rows_read": 0,
        "rows_by_rule": {},
        "files": {"valid": 1, "unchanged": 0, "ignored": 0, "quarantined": {"empty": 2}},
        "promoted": "/lake/bronze/events",
        "failed": ["volume_drop"],
    }
