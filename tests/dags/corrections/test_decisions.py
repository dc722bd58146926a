"""Waivers, discards, withdrawals and the log, on a lake whose last run rejected rows."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from checkpoints.quarantine.rows import last_rows
from contracts.corrections import Action, Correction, row_id
from dags.corrections.decide import Draft, Signature, record_draft
from tests.dags.corrections.conftest import events
from tests.dags.lake_runs import AS_OF, LakeRuns, dataset, lakegate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from tests.dags.lake_runs import CommandResult


def silver(lake: LakeRuns, run_id: str, **how: Any) -> dict[str, Any]:
    return dataset(lake.run(run_id=run_id, only="bronze_to_silver", **how), "bronze_to_silver", "events")


def id_of(lake: LakeRuns, raw: str) -> str:
    return next(row.row_id for row in last_rows(lake.lake, "events") if row.raw.startswith(raw))


@pytest.mark.slow
def test_waived_rows_pass_and_an_uncastable_value_is_null(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult]
) -> None:
    before = rejected.rows("silver/events")
    for rule in ("age_range", "age_uncastable"):
        result = quarantine("waive", "--dataset", "events", "--rule", rule, "--reason", "r", "--yes")
        assert result.status == 0, result.err
    after = silver(rejected, "waived")
    assert (after["rows_waived"], after["rows_fixed"], after["rows_quarantined"]) == (11, 0, 3)
    assert after["rows_by_rule"] == {"malformed": 2, "ts_required": 1}
    found = events(rejected)
    assert (found["c1"]["age"], found["c2"]["age"], found["j10"]["age"]) == (300, None, 1000)

    quarantine("withdraw", "--dataset", "events", "--file", "*", "--reason", "r", "--yes")
    silver(rejected, "withdrawn")
    assert rejected.rows("silver/events") == before


@pytest.mark.slow
def test_a_waiver_ends(rejected: LakeRuns, quarantine: Callable[..., CommandResult]) -> None:
    quarantine(
        "waive",
        "--dataset",
        "events",
        "--rule",
        "age_range",
        "--until",
        "2099-05-01",
        "--reason",
        "r",
        "--yes",
    )
    until = silver(rejected, "until", as_of="2099-05-01T23:59:59+00:00")
    later = silver(rejected, "later", as_of="2099-05-02T00:00:00+00:00")
    assert (until["rows_waived"], later["rows_waived"], later["stale"]) == (9, 0, 0)
    assert later["rows_quarantined"] == until["rows_quarantined"] + 9


@pytest.mark.parametrize(
    ("rule", "reason"),
    [("ts_required", "its column is required"), ("malformed", "a malformed record has no values")],
)
def test_a_rule_without_which_a_row_has_no_place_cannot_be_waived(
    quarantine: Callable[..., CommandResult], rule: str, reason: str
) -> None:
    result = quarantine("waive", "--dataset", "events", "--rule", rule, "--reason", "r", "--yes")
    assert (result.status, reason in result.err) == (2, True)


@pytest.mark.slow
def test_discarded_rows_are_accounted_for(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult]
) -> None:
    read = silver(rejected, "before", force=True)["rows_read"]
    quarantine("discard", "--dataset", "events", "--file", "*", "--reason", "r", "--yes")
    after = silver(rejected, "discarded")
    assert (after["rows_discarded"], after["rows_quarantined"], after["rows_read"]) == (14, 0, read)
    assert after["rows_promoted"] + after["rows_deduplicated"] + 14 == read
    assert after["failed"] == ["freshness"]  # of the rows that are left; no row warns any more


@pytest.mark.slow
def test_a_superseded_file_makes_its_corrections_stale(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult]
) -> None:
    quarantine("discard", "--dataset", "events", "--file", "*.json*", "--reason", "r", "--yes")
    rejected.drop("events/array.json", '[{"event_id":"j6","user_id":"u1","ts":"2024-04-01T10:00:00Z"}]')
    rejected.run(run_id="mended", only="raw_to_bronze")
    after = silver(rejected, "mended")
    assert (after["rows_discarded"], after["stale"]) == (4, 1)
    assert "j6" in events(rejected)
    assert (
        "1 corrections whose rows are no longer in their file"
        in lakegate("status", "--lake", rejected.root).out
    )
    (entry,) = quarantine("log", "--json").document["decisions"]
    assert (entry["rows_in_last_run"], entry["stale"], entry["last_run"]) == (4, 1, "mended")


@pytest.mark.slow
def test_a_run_from_scratch_with_the_same_corrections_gives_the_same_lake(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult], tmp_path: Path
) -> None:
    quarantine("waive", "--dataset", "events", "--rule", "age_range", "--reason", "r", "--yes")
    quarantine("discard", "--dataset", "events", "--rule", "malformed", "--reason", "r", "--yes")
    silver(rejected, "corrected")
    roots = {f"{name}_root": str(rejected.root / name) for name in ("raw", "corrections")}
    fresh = LakeRuns(tmp_path / "fresh", rejected.spark, roots)
    fresh.root.mkdir()
    for only in ("raw_to_bronze", "bronze_to_silver"):
        fresh.run(run_id="fresh", only=only)
    assert fresh.rows("silver/events") == rejected.rows("silver/events")


@pytest.mark.slow
def test_the_fixed_text_can_be_corrected_in_turn(
    rejected: LakeRuns, quarantine: Callable[..., CommandResult]
) -> None:
    broken = "c1,u1,2024-04-01T10:00:00Z,400,1.5"
    fix = Correction(id_of(rejected, "c1"), "plain.csv", Action.FIX, raw=broken)
    signature = Signature("ann", "typed wrong", datetime.fromisoformat(AS_OF))
    record_draft(rejected.lake, Draft("events", Action.FIX, (fix,), 1), signature)
    silver(rejected, "fixed-wrong")
    of_broken = row_id("events", "plain.csv", broken)
    assert id_of(rejected, "c1") == of_broken

    quarantine("waive", "--dataset", "events", "--row", of_broken, "--reason", "r", "--yes")
    after = silver(rejected, "waived")
    assert (after["rows_fixed"], after["rows_waived"], after["stale"]) == (1, 1, 0)
    assert events(rejected)["c1"]["age"] == 400


def test_who_and_why_are_shown_as_text(rejected: LakeRuns, quarantine: Callable[..., CommandResult]) -> None:
    row = id_of(rejected, "c5")
    why = "<script>alert(1)</script>\n\x1b[31m=1+1"
    result = quarantine(
        "discard", "--dataset", "events", "--row", row, "--reason", why, "--author", "Ann", "--yes"
    )
    assert result.status == 0, result.err
    shown = quarantine("log").out
    assert "\x1b" not in shown
    assert "Ann" in shown
    (entry,) = quarantine("log", "--json").document["decisions"]
    assert (entry["reason"], entry["author"], entry["action"]) == (why, "Ann", "discard")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--reason", "r"], "no rows are selected"),
        (["--rule", "age_rang", "--reason", "r"], "events has no row rule of this name"),
        (["--row", "0" * 32, "--reason", "r"], "not among the selected rows"),
        (["--rule", "age_range", "--reason", " "], "must not be empty"),
        (["--rule", "age_range", "--reason", "r"], "add --yes to record"),
    ],
)
def test_what_cannot_be_decided_is_one_sentence(
    quarantine: Callable[..., CommandResult], rejected: LakeRuns, arguments: list[str], message: str
) -> None:
    result = quarantine("discard", "--dataset", "events", *arguments)
    assert (result.status, message in result.err, result.err.count("\n")) == (2, True, 1)
    assert not (rejected.root / "corrections").exists()


def test_masked_values_leave_only_with_a_reason_and_are_logged(
    quarantine: Callable[..., CommandResult], tmp_path: Path
) -> None:
    masked, unmasked = tmp_path / "masked.ndjson", tmp_path / "unmasked.ndjson"
    quarantine("export", "--dataset", "events", "--out", masked)
    assert not {"raw", "email", "name"} & {name for line in masked.open() for name in json.loads(line)}
    assert quarantine("export", "--dataset", "events", "--out", unmasked, "--unmasked").status == 2
    assert not unmasked.exists()
    result = quarantine(
        "export",
        "--dataset",
        "events",
        "--out",
        unmasked,
        "--unmasked",
        "--reason",
        "audit",
        "--author",
        "Ann",
    )
    assert result.status == 0
    (entry,) = quarantine("log", "--json").document["decisions"]
    assert (entry["action"], entry["author"], entry["rows"]) == ("export", "Ann", 13)
    assert {"raw", "email", "name"} <= {name for line in unmasked.open() for name in json.loads(line)}
