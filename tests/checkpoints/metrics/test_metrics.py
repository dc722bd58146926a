"""Metrics of a result, and their history, at a cost that does not grow with the number of runs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq
import pytest

from checkpoints.gate.measures import FileAccount, UnknownColumn
from checkpoints.metrics.history import append_history, is_load_published, record_drift, record_load
from checkpoints.metrics.result import FILES_IN_JSON, DriftColumn, ResultMetrics, publish_metrics
from checkpoints.storage.place import Place
from quarantine_policies.decision import Verdict
from tests.checkpoints.recording import RecordingStorage

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
RESULT = ResultMetrics(
    run_id="run-1",
    as_of=AS_OF,
    started_at=AS_OF + timedelta(seconds=5),
    transition="bronze_to_silver",
    dataset="events",
    verdict=Verdict.WARN,
    seconds=1.23456,
    contract_version="1.0.0",
    rows_read=10,
    rows_promoted=7,
    rows_quarantined=2,
    rows_deduplicated=1,
    rows_conflicting=1,
    rows_excluded=4,
    undated_rows=0,
    rows_by_rule={"age_range": 2},
    rows_warned={"email_format": 1},
    failed=("volume_drop",),
    measures={"quarantine_ratio": 0.2},
    currencies={"price": ("$",)},
    drift=(DriftColumn("x ü", 3, AS_OF, "a.csv"),),
    files=(FileAccount("a.csv", 10, 7, 2, 1, rows_excluded=4),),
    promoted="/lake/silver/events/v1",
)


@pytest.fixture
def storage(tmp_path: Path) -> RecordingStorage:
    return RecordingStorage(tmp_path)


@pytest.fixture
def folder(storage: RecordingStorage) -> Place:
    return Place(storage)


def test_a_result_is_one_json_document(folder: Place, tmp_path: Path) -> None:
    path = publish_metrics(folder, RESULT)
    assert path == "run-1/bronze_to_silver/events.json"
    assert json.loads((tmp_path / path).read_bytes()) == {
        "run_id": "run-1",
        "as_of": "2024-06-01T00:00:00+00:00",
        "started_at": "2024-06-01T00:00:05+00:00",
        "transition": "bronze_to_silver",
        "dataset": "events",
        "verdict": "warn",
        "seconds": 1.235,
        "contract_version": "1.0.0",
        "rows_read": 10,
        "rows_promoted": 7,
        "rows_quarantined": 2,
        "rows_deduplicated": 1,
        "rows_conflicting": 1,
        "rows_excluded": 4,
        "undated_rows": 0,
        "rows_by_rule": {"age_range": 2},
        "rows_warned": {"email_format": 1},
        "failed": ["volume_drop"],
        "measures": {"quarantine_ratio": 0.2},
        "currencies": {"price": ["$"]},
        "drift": [
            {"name": "x ü", "rows": 3, "first_seen": "2024-06-01T00:00:00+00:00", "first_file": "a.csv"}
        ],
        "files": [
            {
                "file": "a.csv",
                "rows_read": 10,
                "rows_promoted": 7,
                "rows_quarantined": 2,
                "rows_deduplicated": 1,
                "rows_discarded": 0,
                "rows_excluded": 4,
            }
        ],
        "promoted": "/lake/silver/events/v1",
    }


def test_very_many_files_go_to_parquet_beside_the_json(folder: Place, tmp_path: Path) -> None:
    files = tuple(FileAccount(f"{n}.csv", 3, 2, 1, 0) for n in range(FILES_IN_JSON + 1))
    path = publish_metrics(folder, replace(RESULT, files=files))
    document = json.loads((tmp_path / path).read_bytes())
    assert document["files"] == {
        "count": FILES_IN_JSON + 1,
        "parquet": "run-1/bronze_to_silver/events.files.parquet",
    }
    table = pq.read_table(tmp_path / document["files"]["parquet"])
    assert table.num_rows == FILES_IN_JSON + 1
    assert table.slice(1, 1).to_pylist() == [
        {
            "file": "1.csv",
            "rows_read": 3,
            "rows_promoted": 2,
            "rows_quarantined": 1,
            "rows_deduplicated": 0,
            "rows_discarded": 0,
            "rows_excluded": 0,
        }
    ]


def test_the_history_is_one_table_to_duckdb(folder: Place, tmp_path: Path) -> None:
    append_history(folder, [RESULT, replace(RESULT, dataset="users", rows_by_rule={})])
    append_history(folder, [replace(RESULT, run_id="run-2", verdict=Verdict.BLOCK, rows_read=None)])
    columns = "run_id, dataset, verdict, rows_read, rows_by_rule"
    found = duckdb.sql(f"select {columns} from '{tmp_path}/history/*.parquet' order by all")
    assert found.fetchall() == [
        ("run-1", "events", "warn", 10, {"age_range": 2}),
        ("run-1", "users", "warn", 10, {}),
        ("run-2", "events", "block", None, {"age_range": 2}),
    ]


def test_a_transition_that_is_published_again_is_there_once(folder: Place, tmp_path: Path) -> None:
    append_history(folder, [RESULT])
    append_history(folder, [replace(RESULT, verdict=Verdict.PASS)])
    found = duckdb.sql(f"select verdict from '{tmp_path}/history/*.parquet'")
    assert found.fetchall() == [("pass",)]


def test_nothing_is_written_without_results(folder: Place, storage: RecordingStorage) -> None:
    assert append_history(folder, []) is None
    assert storage.written == []


def test_a_load_is_published_once_it_is_recorded(folder: Place) -> None:
    assert not is_load_published(folder, "abc", AS_OF)
    record_load(folder, "abc", AS_OF, "run-1")
    assert is_load_published(folder, "abc", AS_OF)
    assert not is_load_published(folder, "abc", AS_OF + timedelta(seconds=1))


def test_an_unknown_column_keeps_the_moment_when_it_was_first_seen(
    folder: Place, storage: RecordingStorage
) -> None:
    first, second, third = (AS_OF + timedelta(days=day) for day in range(3))
    x, y = UnknownColumn("x", 3, "a.csv"), UnknownColumn("y", 1, "b.csv")
    place = folder.child("_drift/events.json")
    record_drift(place, [x], first)
    assert record_drift(place, [y], second) == (DriftColumn("y", 1, second, "b.csv"),)
    assert record_drift(place, [x, y], third) == (
        DriftColumn("x", 3, first, "a.csv"),
        DriftColumn("y", 1, second, "b.csv"),
    )
    assert storage.read == ["_drift/events.json"] * 3
    assert storage.written == ["_drift/events.json"] * 2  # the last run found no new column
