"""Rejected rows: written by tasks, published, read back and expired."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from checkpoints.lake.layout import Lake, open_lake
from checkpoints.quarantine.rows import (
    QuarantinedRow,
    QuarantineWriter,
    expire_rows,
    last_facts,
    last_quarantine,
)
from contracts.corrections import row_id
from contracts.inventory import FileFacts, FileFormat
from contracts.model import Zone

if TYPE_CHECKING:
    from pathlib import Path


LIMIT = datetime.fromtimestamp(1_000, UTC)
AS_OF = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path))


def reject(lake: Lake, run_id: str, *rows: tuple[str, list[str]], file: str = "part-0", at: int = 0) -> None:
    """Write a file of rejected rows, each its raw text and the rules it violates, at an epoch second."""
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


def test_rows_are_counted_under_every_rule_that_they_violate(lake: Lake) -> None:
    reject(lake, "r1", ("x", ["age_range", "ts_required"]), ("y", ["age_range"]))
    found = last_quarantine(lake, "events")
    assert found is not None
    assert (found.run_id, found.rows) == ("r1", 2)
    assert found.rows_by_rule == {"age_range": 2, "ts_required": 1}
    assert found.samples == (
        QuarantinedRow(row_id("events", "a.csv", "x"), "a.csv", "x", ("age_range", "ts_required"), "r1"),
        QuarantinedRow(row_id("events", "a.csv", "y"), "a.csv", "y", ("age_range",), "r1"),
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


def runs(lake: Lake) -> list[str]:
    rows = lake.quarantined_rows("events")
    return sorted({rows.relative(info).partition("/")[0] for info in rows.list()})


def test_rows_rejected_before_the_limit_expire(lake: Lake) -> None:
    for run, at in (("old", 999), ("young", 1_000), ("last", 2_000)):
        reject(lake, run, ("x", ["malformed"]), at=at)
    assert expire_rows(lake, "events", before=LIMIT) == (lake.quarantined_rows("events", "old").uri,)
    assert runs(lake) == ["last", "young"]


def test_rows_of_the_last_run_never_expire(lake: Lake) -> None:
    reject(lake, "older", ("x", ["malformed"]), at=1)
    reject(lake, "last", ("y", ["malformed"]), at=2)
    expire_rows(lake, "events", before=LIMIT)
    found = last_quarantine(lake, "events")
    assert found is not None
    assert (found.run_id, found.rows) == ("last", 1)
    assert runs(lake) == ["last"]


def test_a_dataset_without_rejected_rows_has_nothing_to_expire(lake: Lake) -> None:
    assert expire_rows(lake, "events", before=LIMIT) == ()


def writer_of(lake: Lake, run_id: str) -> QuarantineWriter:
    return QuarantineWriter(
        run_id, "events", "1.0.0", AS_OF, lake.staging(Zone.SILVER, run_id).child("rejected")
    )


def write(writer: QuarantineWriter, raw: str) -> list[str]:
    """Write one row as a task does, and return the names of its files."""
    with writer.files() as files:
        files.add(writer.rows(pa.array(["a.csv"]), pa.array([raw]), pa.array([["r1", "r2"]])))
    return files.written


def test_only_files_of_completed_tasks_are_published(lake: Lake) -> None:
    writer = writer_of(lake, "run")
    names = write(writer, "one") + write(writer, "two")
    write(writer, "of a task that was retried")
    facts = FileFacts("a.csv", 10, "0" * 64, FileFormat.DELIMITED, delimiter=";", names=("id", "age"))
    writer.publish(names, lake.quarantined_rows("events", "run"), [facts])
    assert last_facts(lake, "events") == {"a.csv": facts}
    found = last_quarantine(lake, "events")
    assert found is not None
    assert (found.run_id, found.rows, found.rows_by_rule) == ("run", 2, {"r1": 2, "r2": 2})
    assert {(row.source_file, row.raw, row.failed_rules) for row in found.samples} == {
        ("a.csv", "one", ("r1", "r2")),
        ("a.csv", "two", ("r1", "r2")),
    }


def test_a_run_that_rejects_nothing_becomes_the_last_run(lake: Lake) -> None:
    first, second = writer_of(lake, "first"), writer_of(lake, "second")
    first.publish(write(first, "one"), lake.quarantined_rows("events", "first"), [])
    second.publish([], lake.quarantined_rows("events", "second"), [])
    found = last_quarantine(lake, "events")
    assert found is not None
    assert (found.run_id, found.rows, found.samples) == ("second", 0, ())
