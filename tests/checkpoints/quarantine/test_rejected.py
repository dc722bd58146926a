"""What tasks reject appears in the quarantine, and a run that rejects nothing leaves its mark there too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from checkpoints.lake.layout import open_lake
from checkpoints.quarantine.rejected import Rejection
from checkpoints.quarantine.rows import last_quarantine
from contracts.model import Zone

if TYPE_CHECKING:
    from pathlib import Path

    from checkpoints.lake.layout import Lake

AS_OF = datetime(2024, 5, 1, tzinfo=UTC)


def rejection(lake: Lake, run_id: str) -> Rejection:
    return Rejection(run_id, "events", "1.0.0", AS_OF, lake.staging(Zone.SILVER, run_id).child("rejected"))


def write(rejection: Rejection, raw: str) -> list[str]:
    """What one task writes: one row."""
    with rejection.files() as files:
        files.add(rejection.rows(pa.array(["a.csv"]), pa.array([raw]), pa.array([["r1", "r2"]])))
    return files.written


def test_only_files_of_tasks_that_came_to_their_end_are_published(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path))
    rejects = rejection(lake, "run")
    names = write(rejects, "one") + write(rejects, "two")
    write(rejects, "of a task that was tried again")
    rejects.publish(names, lake.quarantined_rows("events", "run"))
    found = last_quarantine(lake, "events")
    assert found is not None
    assert (found.run_id, found.rows, found.rows_by_rule) == ("run", 2, {"r1": 2, "r2": 2})
    assert {(row.source_file, row.raw, row.failed_rules) for row in found.samples} == {
        ("a.csv", "one", ("r1", "r2")),
        ("a.csv", "two", ("r1", "r2")),
    }


def test_a_run_that_rejects_nothing_is_the_last_one_too(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path))
    first, second = rejection(lake, "first"), rejection(lake, "second")
    first.publish(write(first, "one"), lake.quarantined_rows("events", "first"))
    second.publish([], lake.quarantined_rows("events", "second"))
    found = last_quarantine(lake, "events")
    assert found is not None
    assert (found.run_id, found.rows, found.samples) == ("second", 0, ())
