"""The run's document: omitted fields, kept fields, and the verdict of the whole."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest

from checkpoints.gate.measure_files import MOST_LACKING
from dags.pipeline.report import (
    DatasetReport,
    FileCounts,
    LackingFile,
    LackingFiles,
    RunReport,
    TransitionReport,
    as_document,
    count_files,
    name_lacking,
)
from quarantine_policies.decision import Verdict
from tests.checkpoints.gate.test_measure_files import FILES


def run(*verdicts: Verdict, datasets: tuple[DatasetReport, ...] = ()) -> RunReport:
    transitions = tuple(
        TransitionReport(f"t{n}", verdict, 0.5, datasets) for n, verdict in enumerate(verdicts)
    )
    return RunReport("r1", "2024-05-01T00:00:00+00:00", transitions)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), Verdict.PASS),
        ((Verdict.UNCHANGED, Verdict.UNCHANGED), Verdict.PASS),
        ((Verdict.WARN, Verdict.UNCHANGED), Verdict.WARN),
        ((Verdict.PASS, Verdict.BLOCK), Verdict.BLOCK),
    ],
)
def test_a_runs_verdict_is_its_worst_and_never_unchanged(
    verdicts: tuple[Verdict, ...], expected: Verdict
) -> None:
    assert run(*verdicts).verdict is expected


def test_a_field_that_does_not_apply_is_left_out_but_promoted_stays_as_null() -> None:
    document = as_document(run(Verdict.BLOCK, datasets=(DatasetReport("users", Verdict.BLOCK),)))
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
        Verdict.PASS,
        rows_read=0,
        rows_by_rule=MappingProxyType({}),
        files=FileCounts(valid=1, quarantined=MappingProxyType({"empty": 2})),
        promoted="/lake/bronze/events",
        failed=("volume_drop",),
    )
    (transition,) = as_document(run(Verdict.PASS, datasets=(report,)))["transitions"]  # type: ignore[misc]
    (found,) = transition["datasets"]  # type: ignore[index]
    assert json.loads(json.dumps(found)) == {
        "dataset": "events",
        "verdict": "pass",
        "rows_read": 0,
        "rows_by_rule": {},
        "files": {"valid": 1, "unchanged": 0, "ignored": 0, "without_rows": 0, "quarantined": {"empty": 2}},
        "promoted": "/lake/bronze/events",
        "failed": ["volume_drop"],
    }


def test_files_without_rows_are_counted_beside_what_became_of_them() -> None:
    assert count_files(FILES) == FileCounts(
        valid=1, unchanged=1, without_rows=1, quarantined={"unsupported_format": 2}
    )


def test_the_report_names_the_first_files_that_lack_columns_and_counts_all() -> None:
    assert name_lacking({}) is None
    lacking = {f"{number:03}.csv": ("amount",) for number in range(MOST_LACKING + 5)}
    named = name_lacking(lacking)
    assert named == LackingFiles(
        MOST_LACKING + 5,
        tuple(LackingFile(f"{number:03}.csv", ("amount",)) for number in range(MOST_LACKING)),
    )
