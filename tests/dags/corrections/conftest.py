"""A lake with rejected rows in files of every form."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.dags.lake_runs import LakeRuns, lakegate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    from tests.dags.lake_runs import CommandResult

GOOD = "e{n},u1,2024-04-01T10:00:00Z,30,{n}.5\n"
HEADER = "event_id,user_id,ts,age,price\n"


def _event(number: int, age: object, **more: object) -> dict[str, object]:
    return {
        "event_id": f"j{number}",
        "user_id": "u1",
        "ts": "2024-04-01T10:00:00Z",
        "age": age,
        **more,
    }


@pytest.fixture(scope="session")
def _rejected_rows(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> LakeRuns:
    lake = LakeRuns(tmp_path_factory.mktemp("rejected") / "lake", spark)
    lake.drop_shop()
    good = "".join(GOOD.format(n=n) for n in range(40))
    lake.drop(
        "events/plain.csv",
        f"{HEADER}{good}c1,u1,2024-04-01T10:00:00Z,300,1.5\nc2,u1,2024-04-01T10:00:00Z,old,1.5\n"
        "c3,u1,2024-04-01T10:00:00Z,30,1.5,too,many\nc4,u1,2024-04-01T10:00:00Z,301,1.5\n"
        "c4,u1,2024-04-01T10:00:00Z,301,1.5\nc5,u1,,30,1.5\n",
    )
    lake.drop(
        "events/quoted.csv",
        'event_id;user_id;ts;message;age\n"q1";u1;2024-04-01T10:00:00Z;"two\nlines; ""said""";999\n'
        '"q2";u1;2024-04-01T10:00:00Z;"fine\nthere";9\n',
    )
    lines = [_event(1, 20), _event(2, 200, name="Ann"), _event(3, "x"), _event(4, 40)]
    lake.drop("events/lines.jsonl", "\n".join(map(json.dumps, lines)) + "\nno JSON\n")
    lake.drop("events/array.json", json.dumps([_event(5, 50), _event(6, 600)], indent=1))
    lake.drop("events/glued.json", json.dumps(_event(7, 70)) + json.dumps(_event(8, 800)))
    rows = pa.Table.from_pylist([_event(9, 90), _event(10, 1000), _event(11, 1100)])
    lake.root.joinpath("raw/events").mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, lake.root / "raw/events/rows.parquet")
    for only in ("raw_to_bronze", "bronze_to_silver"):
        lake.run(run_id="first", only=only)
    return lake


@pytest.fixture
def rejected(_rejected_rows: LakeRuns, tmp_path: Path) -> LakeRuns:
    """A copy of a lake after a run that quarantined rows of events in files of every form."""
    return _rejected_rows.copied_to(tmp_path / "lake")


@pytest.fixture
def quarantine(rejected: LakeRuns) -> Callable[..., CommandResult]:
    """Runs a command below `lakegate quarantine` on that lake."""

    def run(command: str, *arguments: object) -> CommandResult:
        return lakegate("quarantine", command, *arguments, "--lake", rejected.root)

    return run


def sheet_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV sheet as they are in the file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def edited(path: Path, edit: Callable[[dict[str, str]], Mapping[str, str]]) -> None:
    """Change the rows of a CSV sheet: ``edit`` returns the cells to replace in a row."""
    rows = [row | edit(row) for row in sheet_rows(path)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def events(lake: LakeRuns) -> dict[str, Any]:
    """Return the rows of silver/events by key."""
    return {row["event_id"]: row for row in lake.rows("silver/events")}
