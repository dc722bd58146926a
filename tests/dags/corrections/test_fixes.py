"""Rejected rows of every form find their way back: exported, edited, judged, recorded, promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.quarantine.rows import last_rows
from tests.dags.corrections.conftest import edited, events, sheet_rows
from tests.dags.lake_runs import dataset

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.dags.lake_runs import CommandResult, LakeRuns

Quarantine = "Callable[..., CommandResult]"
MENDED = {"c1", "c2", "c4", "q1", "j2", "j3", "j6", "j8", "j10", "j11"}


def mended(row: dict[str, str]) -> dict[str, str]:
    """Give each row an age that passes; rows without cells and those without a time stay as they are."""
    return {"age": "33"} if row["event_id"] and row["ts"] else {}


def test_rows_of_every_form_are_fixed_by_their_cells(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.csv"
    before = dataset(rejected.run(run_id="again", force=True), "bronze_to_silver", "events")
    result = quarantine("export", "--dataset", "events", "--out", sheet, "--unmasked", "--reason", "r")
    assert result.status == 0, result.err
    assert {row["event_id"].lstrip("'") for row in sheet_rows(sheet)} == {*MENDED, "", "c5"}
    edited(sheet, mended)

    result = quarantine("fix", sheet, "--reason", "ages from the app", "--yes", "--debug")

    assert result.status == 0, result.err
    after = dataset(rejected.run(run_id="fixed"), "bronze_to_silver", "events")
    assert after["rows_fixed"] == 11  # c4 is there twice
    assert after["rows_read"] == before["rows_read"]
    assert after["rows_quarantined"] == before["rows_quarantined"] - 11
    assert after["rows_promoted"] + after["rows_deduplicated"] == (
        before["rows_promoted"] + before["rows_deduplicated"] + 11
    )
    found = events(rejected)
    assert {key: found[key]["age"] for key in MENDED} == dict.fromkeys(MENDED, 33)
    assert found["q1"]["message"] == 'two\nlines; "said"'
    assert found["j2"]["name"] == "Ann"
    assert sorted(row.raw for row in last_rows(rejected.lake, "events")) == sorted(
        ["c3,u1,2024-04-01T10:00:00Z,30,1.5,too,many", "c5,u1,,30,1.5", "no JSON"]
    )
