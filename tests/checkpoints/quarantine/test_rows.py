"""What the last run of a dataset rejected, read back from the quarantine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from checkpoints.lake.layout import Lake, open_lake
from checkpoints.quarantine.rows import QuarantinedRow, last_quarantine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path))


def reject(lake: Lake, run_id: str, *rows: tuple[str, list[str]], file: str = "part-0", at: int = 0) -> None:
    """Write a file of rejected rows, each its raw text and the rules it broke, at an epoch second."""
    place = lake.quarantined_rows("events", run_id).child(f"{file}.parquet")
    table = pa.table(
        {
            "run_id": pa.array([run_id] * len(rows), pa.string()),
            "source_file": pa.array(["a.csv"] * len(rows), pa.string()),
            "raw": pa.array([raw for raw, _ in rows], pa.string()),
            "failed_rules": pa.array([rules for _, rules in rows], pa.list_(pa.string())),
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    place.write_bytes(sink.getvalue().to_pybytes())
    os.utime(place.uri, (at, at))


def test_a_dataset_that_never_rejected_a_row_has_no_quarantine(lake: Lake) -> None:
    assert last_quarantine(lake, "events") is None


def test_rows_are_counted_under_every_rule_that_they_broke(lake: Lake) -> None:
    reject(lake, "r1", ("x", ["age_range", "ts_required"]), ("y", ["age_range"]))
    found = last_quarantine(lake, "events")
    assert found is not None
    assert (found.run_id, found.rows) == ("r1", 2)
    assert found.rows_by_rule == {"age_range": 2, "ts_required": 1}
    assert found.samples == (
        QuarantinedRow("a.csv", "x", ("age_range", "ts_required")),
        QuarantinedRow("a.csv", "y", ("age_range",)),
    )


def test_all_files_of_a_run_count(lake: Lake) -> None:
    reject(lake, "r1", ("x", ["malformed"]), file="part-0")
    reject(lake, "r1", ("y", ["malformed"]), file="part-1")
    found = last_quarantine(lake, "events", limit=1)
    assert found is not None
    assert (found.rows, len(found.samples)) == (2, 1)


def test_the_run_that_wrote_last_is_shown_whatever_its_name(lake: Lake) -> None:
    reject(lake, "a-new", ("x", ["malformed"]), at=2_000)
    reject(lake, "z-old", ("y", ["malformed"]), at=1_000)
    found = last_quarantine(lake, "events")
    assert found is not None
    assert found.run_id == "a-new"


def test_a_run_that_rejected_nothing_hides_what_an_earlier_one_rejected(lake: Lake) -> None:
    reject(lake, "r1", ("x", ["malformed"]), at=1_000)
    reject(lake, "r2", at=2_000)
    found = last_quarantine(lake, "events")
    assert found is not None
    assert (found.run_id, found.rows, found.samples) == ("r2", 0, ())


def test_rows_of_one_rule_are_counted_alone(lake: Lake) -> None:
    reject(lake, "r1", ("x", ["age_range", "ts_required"]), ("y", ["malformed"]))
    found = last_quarantine(lake, "events", rule="ts_required")
    assert found is not None
    assert (found.rows, [row.raw for row in found.samples]) == (1, ["x"])
    none = last_quarantine(lake, "events", rule="no_such_rule")
    assert none is not None
    assert none.rows == 0


def test_a_run_whose_id_is_no_folders_name_is_shown_by_its_id(lake: Lake) -> None:
    reject(lake, "manual__2024-05-01T00:00:00+00:00", ("x", ["malformed"]))
    found = last_quarantine(lake, "events")
    assert found is not None
    assert found.run_id == "manual__2024-05-01T00:00:00+00:00"
