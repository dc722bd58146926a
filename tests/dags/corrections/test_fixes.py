"""Rejected rows of every form find their way back: exported, edited, judged, recorded, promoted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from checkpoints.quarantine.rows import last_rows
from tests.dags.corrections.conftest import edited, events, sheet_rows
from tests.dags.lake_runs import dataset

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.dags.lake_runs import CommandResult, LakeRuns

MENDED = {"c1", "c2", "c4", "q1", "j2", "j3", "j6", "j8", "j10", "j11"}


def mended(row: dict[str, str]) -> dict[str, str]:
    """Give each row an age that passes; rows without cells and those without a time stay as they are."""
    return {"age": "33"} if row["event_id"] and row["ts"] else {}


def test_rows_of_every_form_are_fixed_by_their_cells(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.csv"
    metrics = rejected.root / "metrics" / "first" / "bronze_to_silver" / "events.json"
    before = json.loads(metrics.read_text())
    result = quarantine("export", "--dataset", "events", "--out", sheet, "--unmasked", "--reason", "r")
    assert result.status == 0, result.err
    assert {row["event_id"].lstrip("'") for row in sheet_rows(sheet)} == {*MENDED, "", "c5"}
    edited(sheet, mended)

    result = quarantine("fix", sheet, "--reason", "ages from the app", "--yes")

    assert result.status == 0, result.err
    after = dataset(rejected.run(run_id="fixed", only="bronze_to_silver"), "bronze_to_silver", "events")
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


def test_a_fix_that_still_breaks_a_rule_is_refused_and_the_others_are_recorded(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.csv"
    quarantine("export", "--dataset", "events", "--rule", "age_range", "--out", sheet)
    edited(sheet, lambda row: {"age": "-1" if row["event_id"] == "'q1" else "33"})
    result = quarantine("fix", sheet, "--reason", "r", "--yes", "--json")
    document = result.document
    assert result.status == 3
    assert [one["problem"] for one in document["refused"]] == ["still breaks age_range"]
    assert len(document["corrections"][0]["row_ids"]) == 7
    assert (document["corrections"][0]["rows"], len(document["recorded"])) == (8, 1)


@pytest.mark.slow
def test_a_malformed_record_is_fixed_by_its_raw_text(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.csv"
    quarantine(
        "export", "--dataset", "events", "--rule", "malformed", "--out", sheet, "--unmasked", "--reason", "r"
    )
    texts = {
        "'c3,u1,2024-04-01T10:00:00Z,30,1.5,too,many": "c3,u1,2024-04-01T10:00:00Z,30,1.5",
        "no JSON": '{"event_id":"j12","user_id":"u1","ts":"2024-04-01T10:00:00Z"}',
    }
    edited(sheet, lambda row: {"raw": texts[row["raw"]]})
    assert quarantine("fix", sheet, "--reason", "r", "--yes").status == 0
    rejected.run(run_id="fixed")
    assert {"c3", "j12"} <= events(rejected).keys()


@pytest.mark.slow
def test_the_same_sheet_again_changes_nothing(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.csv"
    quarantine("export", "--dataset", "events", "--rule", "age_range", "--out", sheet)
    edited(sheet, lambda _: {"age": "33"})
    first = quarantine("fix", sheet, "--reason", "r", "--yes", "--json").document
    again = quarantine("fix", sheet, "--reason", "r", "--yes", "--json").document
    assert (len(first["recorded"]), again["recorded"]) == (1, [])
    assert (again["corrections"][0]["row_ids"], again["corrections"][0]["unchanged"]) == ([], 8)
    rejected.run(run_id="fixed")
    after = quarantine("fix", sheet, "--reason", "r", "--yes", "--json").document
    assert (after["recorded"], after["not_in_quarantine"]) == ([], 8)
    unchanged = rejected.run(run_id="again", only="bronze_to_silver")
    assert [one["verdict"] for one in unchanged["transitions"]] == ["unchanged"]


def test_a_preview_records_nothing(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult], tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.csv"
    quarantine("export", "--dataset", "events", "--rule", "age_range", "--out", sheet)
    edited(sheet, lambda _: {"age": "33"})
    result = quarantine("fix", sheet, "--reason", "r")
    assert result.status == 2
    assert "add --yes" in result.err
    assert "age: 300 → 33" in result.out
    assert not (rejected.root / "corrections").exists()
