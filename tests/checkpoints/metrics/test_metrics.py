"""Every run leaves its numbers, at the same cost whether it is the first or the thousandth."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq

from checkpoints.gate.measures import FileAccount, UnknownColumn
from checkpoints.metrics.drift import DriftColumn, record_drift
from checkpoints.metrics.history import append_history, read_last
from checkpoints.metrics.result import FILES_IN_JSON, ResultMetrics, publish_result
from quarantine_policies.decision import Verdict

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
    undated_rows=0,
    rows_by_rule={"age_range": 2},
    rows_warned={"email_format": 1},
    failed=("volume_drop",),
    measures={"quarantine_ratio": 0.2},
    currencies={"price": ("$",)},
    drift=(DriftColumn("x ü", 3, AS_OF, "a.csv"),),
    files=(FileAccount("a.csv", 10, 7, 2, 1),),
    promoted="/lake/silver/events/v1",
)


class Folder:
    """A folder of metrics on disk, and what was read and written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.touched: list[str] = []

    def write(self, path: str, content: bytes) -> None:
        self.touched.append(path)
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content)

    def read(self, path: str) -> bytes | None:
        self.touched.append(path)
        file = self.root / path
        return file.read_bytes() if file.exists() else None

    def history(self) -> list[str]:
        return [path.relative_to(self.root).as_posix() for path in (self.root / "history").iterdir()]


def test_a_result_is_one_json_document(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = publish_result(folder.write, RESULT)
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
            }
        ],
        "promoted": "/lake/silver/events/v1",
    }


def test_very_many_files_go_to_parquet_beside_the_json(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    files = tuple(FileAccount(f"{n}.csv", 3, 2, 1, 0) for n in range(FILES_IN_JSON + 1))
    path = publish_result(folder.write, replace(RESULT, files=files))
    document = json.loads((tmp_path / path).read_bytes())
    assert document["files"] == {
        "count": FILES_IN_JSON + 1,
        "parquet": "run-1/bronze_to_silver/events.files.parquet",
    }
    table = pq.read_table(tmp_path / document["files"]["parquet"])
    assert table.num_rows == FILES_IN_JSON + 1
    assert table.slice(1, 1).to_pylist() == [
        {"file": "1.csv", "rows_read": 3, "rows_promoted": 2, "rows_quarantined": 1, "rows_deduplicated": 0}
    ]


def test_the_history_is_one_table_to_duckdb(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    append_history(folder.write, [RESULT, replace(RESULT, dataset="users", rows_by_rule={})])
    append_history(folder.write, [replace(RESULT, run_id="run-2", verdict=Verdict.BLOCK, rows_read=None)])
    columns = "run_id, dataset, verdict, rows_read, rows_by_rule"
    found = duckdb.sql(f"select {columns} from '{tmp_path}/history/*.parquet' order by all")
    assert found.fetchall() == [
        ("run-1", "events", "warn", 10, {"age_range": 2}),
        ("run-1", "users", "warn", 10, {}),
        ("run-2", "events", "block", None, {"age_range": 2}),
    ]


def test_a_transition_that_is_published_again_is_there_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    append_history(folder.write, [RESULT])
    append_history(folder.write, [replace(RESULT, verdict=Verdict.PASS)])
    assert [each.verdict for each in read_last(folder.history, folder.read)] == [Verdict.PASS]


def test_the_last_results_are_read_without_the_older_files(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for number in range(30):
        moment = AS_OF + timedelta(hours=number)
        append_history(folder.write, [replace(RESULT, run_id=f"run-{number}", started_at=moment)])
    folder.touched.clear()
    found = read_last(folder.history, folder.read, results=3)
    assert [each.run_id for each in found] == ["run-29", "run-28", "run-27"]
    assert len(folder.touched) == 3
    assert found[0] == replace(
        RESULT, run_id="run-29", started_at=AS_OF + timedelta(hours=29), currencies={}, drift=(), files=()
    )


def test_nothing_is_written_for_nothing(tmp_path: Path) -> None:
    assert append_history(Folder(tmp_path).write, []) is None
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_column_keeps_the_moment_when_it_was_first_seen(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first, second, third = (AS_OF + timedelta(days=day) for day in range(3))
    x, y = UnknownColumn("x", 3, "a.csv"), UnknownColumn("y", 1, "b.csv")
    record_drift(folder.read, folder.write, "events", [x], first)
    assert record_drift(folder.read, folder.write, "events", [y], second) == (
        DriftColumn("y", 1, second, "b.csv"),
    )
    assert record_drift(folder.read, folder.write, "events", [x, y], third) == (
        DriftColumn("x", 3, first, "a.csv"),
        DriftColumn("y", 1, second, "b.csv"),
    )
    assert folder.touched.count("drift/events.json") == 3 + 2  # three reads; the last run wrote nothing
