"""Random rows from a seed, written to files of all formats that an upstream may send."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.contract import COLUMNS, DATASETS
from tests.oracle.gold import COLUMNS as GOLD_COLUMNS
from tests.oracle.mess_values import bad, good

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.dags.lake_runs import LakeRuns

Row = dict[str, str | None]

FORMATS = (
    "csv",
    "semicolon.csv",
    "tsv",
    "pipe.txt",
    "utf16.csv",
    "csv.gz",
    "jsonl",
    "ndjson.gz",
    "json",
    "lines.json",
    "parquet",
)
_DELIMITERS = {
    "csv": ",",
    "semicolon.csv": ";",
    "tsv": "\t",
    "pipe.txt": "|",
    "utf16.csv": ",",
    "csv.gz": ",",
}
_DATING = {"events": "ts", "users": "updated_at", "transactions": "created_at"}
_SHARE_OF_BAD = 0.18
TABLES = (
    *(f"silver/{name}" for name in (*DATASETS, "users_history")),
    *(f"gold/{name}" for name in GOLD_COLUMNS),
)


def make_rows(seed: int, count: int = 40) -> dict[str, list[Row]]:
    """Return rows of the three datasets, some bad, many of one key; no two of one instant but true twins.

    So the file never settles a tie between rows, which it may, by its name.
    """
    rng = Random(seed)
    made: dict[str, list[Row]] = {}
    for dataset in DATASETS:
        rows: list[Row] = []
        for number in range(count):
            row: Row = {column.name: good(rng, column.name, column.type) for column in COLUMNS[dataset]}
            for column in COLUMNS[dataset]:
                if not column.is_required and rng.random() < 0.2:
                    row[column.name] = None
            row[COLUMNS[dataset][0].name] = f"{dataset[0]}{rng.randrange(count // 2)}"
            row[_DATING[dataset]] = f"{datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=7 * number):%FT%TZ}"
            row["favourite"] = rng.choice(["tea", "1.50", None])
            if rng.random() < _SHARE_OF_BAD:
                column = rng.choice(COLUMNS[dataset])
                row[column.name] = bad(rng, column.name, column.type)
            rows.append(row)
            if rng.random() < 0.1:
                rows.append(dict(row))
        made[dataset] = rows
    return made


def write(form: str, rows: Sequence[Row]) -> bytes:
    """Return rows as the content of a file of one of FORMATS."""
    names = list(rows[0])
    if form in _DELIMITERS:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=_DELIMITERS[form], lineterminator="\n")
        writer.writerow(names)
        writer.writerows([row[name] or "" for name in names] for row in rows)
        content = text.getvalue().encode("utf-16" if form.startswith("utf16") else "utf-8")
    elif form == "parquet":
        binary = io.BytesIO()
        table = {name: pa.array([row[name] for row in rows], pa.string()) for name in names}
        pq.write_table(pa.table(table), binary)
        content = binary.getvalue()
    elif form == "json":
        content = json.dumps(rows).encode()
    else:
        content = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    return gzip.compress(content, mtime=0) if form.endswith(".gz") else content


def drop(runs: LakeRuns, dataset: str, rows: Sequence[Row], names: Sequence[str]) -> None:
    """Write rows into files of these names, in turn; behind its first dot a name is one of FORMATS."""
    for number, name in enumerate(names):
        if own := rows[number :: len(names)]:
            runs.drop(f"{dataset}/{name}", write(name.rpartition("/")[2].partition(".")[2], own))


def outcome(runs: LakeRuns, document: dict[str, Any], *, with_files: bool) -> dict[str, Any]:
    """Return the results of a run: counts, rejected rows by rules, and the rows of every table."""
    silver = next(t for t in document["transitions"] if t["name"] == "bronze_to_silver")
    counts = {
        entry["dataset"]: {name: value for name, value in entry.items() if name != "promoted"}
        for entry in silver["datasets"]
    }
    hidden = set() if with_files else {"_source_file"}
    rows = {
        table: Counter(
            tuple((name, value) for name, value in row.items() if name not in hidden)
            for row in runs.rows(table)
        )
        for table in TABLES
    }
    return {"counts": counts, **rows}


def accounts(runs: LakeRuns, document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return by dataset where the rows of each file went, as published."""
    folder = runs.root / "metrics" / document["run_id"] / "bronze_to_silver"
    return {name: json.loads((folder / f"{name}.json").read_text())["files"] for name in DATASETS}
