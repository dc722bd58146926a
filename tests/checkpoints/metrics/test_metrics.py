"""Metrics of a result and of all runs, at a cost that does not grow with the number of runs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq
import pytest

from checkpoints.gate.measures import FileAccount, UnknownColumn
from checkpoints.metrics.history import is_load_published, record_drift, record_load
from checkpoints.metrics.result import (
    FILES_IN_JSON,
    DriftColumn,
    ResultMetrics,
    publish_metrics,
    read_metrics,
)
from checkpoints.metrics.tidy import append_metrics
from checkpoints.storage.errors import DamagedDocumentError
from checkpoints.storage.place import Place
from quarantine_policies.decision import Verdict
from tests.checkpoints.recording import RecordingStorage
from tests.test_papers import COMMANDS

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


def test_it_is_read_again_without_the_accounts_of_its_files(folder: Place) -> None:
    publish_metrics(folder, RESULT)
    read = read_metrics(folder, "run-1", "bronze_to_silver", "events")
    assert read == replace(RESULT, seconds=1.235, files=(), currencies={"price": ["$"]})
    assert read_metrics(folder, "run-2", "bronze_to_silver", "events") is None


@pytest.mark.parametrize("content", [b"", b'{"run_id": "run-1"', b'{"run_id": "run-1"}', b"[]"])
def test_one_that_is_damaged_says_where_it_is(folder: Place, tmp_path: Path, content: bytes) -> None:
    path = publish_metrics(folder, RESULT)
    (tmp_path / path).write_bytes(content)
    with pytest.raises(DamagedDocumentError, match=r"events\.json, expected the metrics of a result, found "):
        read_metrics(folder, "run-1", "bronze_to_silver", "events")


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


def rows(folder: Place, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the table ``tidy``."""
    return duckdb.sql(f"with tidy as (from '{folder.uri}/tidy/*.parquet') {sql}").fetchall()


def test_every_number_of_a_result_is_a_row_of_one_table(folder: Place) -> None:
    result = replace(
        RESULT,
        rows_promoted=None,
        files_by_outcome={"corrupt_json": 2},
        latest=datetime(1970, 1, 2, 0, 0, 0, 500_000, tzinfo=UTC),
        days_out_of_line={"volume_by_day": [{"day": "2024-05-31"}, {"day": "2024-05-30"}]},
    )
    append_metrics(folder, [result])
    assert rows(folder, "select metric, label, value from tidy order by all") == [
        ("days_out_of_line", "volume_by_day", 2.0),
        ("failed", "volume_drop", 1.0),
        ("files", "corrupt_json", 2.0),
        ("latest", None, 86_400.5),
        ("measure", "quarantine_ratio", 0.2),
        ("rows_by_rule", "age_range", 2.0),
        ("rows_conflicting", None, 1.0),
        ("rows_deduplicated", None, 1.0),
        ("rows_excluded", None, 4.0),
        ("rows_quarantined", None, 2.0),
        ("rows_read", None, 10.0),
        ("rows_warned", "email_format", 1.0),
        ("seconds", None, 1.23456),
        ("undated_rows", None, 0.0),
        ("unknown_columns", "x ü", 3.0),
    ]
    (shared,) = rows(folder, "select distinct run_id, transition, dataset, verdict, promoted from tidy")
    assert shared == ("run-1", "bronze_to_silver", "events", "warn", "/lake/silver/events/v1")


def test_runs_transitions_and_datasets_are_told_apart(folder: Place, storage: RecordingStorage) -> None:
    append_metrics(folder, [RESULT, replace(RESULT, dataset="users", rows_read=3)])
    append_metrics(folder, [replace(RESULT, transition="raw_to_bronze", rows_read=None)])
    append_metrics(folder, [replace(RESULT, run_id="run-2", verdict=Verdict.BLOCK, rows_read=11)])
    read = "select run_id, dataset, verdict, value from tidy where metric = 'rows_read' order by all"
    assert rows(folder, read) == [
        ("run-1", "events", "warn", 10.0),
        ("run-1", "users", "warn", 3.0),
        ("run-2", "events", "block", 11.0),
    ]
    assert len(storage.written) == 3  # one write for each transition


def test_results_that_are_published_again_replace_themselves_alone(folder: Place) -> None:
    append_metrics(folder, [RESULT])
    append_metrics(folder, [replace(RESULT, dataset="users")])  # ingested by itself, in the same run
    append_metrics(folder, [replace(RESULT, verdict=Verdict.PASS, started_at=AS_OF + timedelta(hours=1))])
    assert rows(folder, "select distinct dataset, verdict from tidy order by all") == [
        ("events", "pass"),
        ("users", "warn"),
    ]


def test_the_recipe_finds_what_is_in_quarantine_now(folder: Place) -> None:
    later = {"run_id": "run-2", "started_at": AS_OF + timedelta(days=1)}
    append_metrics(folder, [RESULT, replace(RESULT, dataset="users", rows_by_rule={"phone": 5})])
    append_metrics(folder, [replace(RESULT, **later, rows_by_rule={"ts_range": 1, "age_range": 3})])
    append_metrics(folder, [replace(RESULT, **later, dataset="users", rows_by_rule={})])
    (query,) = [command.words[-1] for command in COMMANDS if "is_newest" in command.text]
    found = duckdb.sql(query.replace("lake/demo/metrics", folder.uri)).fetchall()
    assert found == [("events", "age_range", 3), ("events", "ts_range", 1)]


def test_nothing_is_written_without_results(folder: Place, storage: RecordingStorage) -> None:
    assert append_metrics(folder, []) is None
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
