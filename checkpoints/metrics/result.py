"""The metrics of one result: one dataset or table in one transition of one run, as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checkpoints.gate.measures import FileAccount
    from checkpoints.metrics.drift import DriftColumn
    from quarantine_policies.decision import Verdict

Write = Callable[[str, bytes], None]  # path below metrics/, content

FILES_IN_JSON = 1000  # more of them go to a Parquet file beside it


@dataclass(frozen=True, slots=True)
class ResultMetrics:
    """What was counted for one result. A number that does not apply is None and left out of the JSON.

    ``rows_by_rule``: offenders of the rules that quarantine; ``rows_warned``: of those that only warn.
    ``undated_rows``: rows without a date of their own (event_date 1900-01-01).
    """

    run_id: str
    as_of: datetime
    started_at: datetime
    transition: str
    dataset: str
    verdict: Verdict
    seconds: float
    contract_version: str
    rows_read: int | None = None
    rows_promoted: int | None = None
    rows_quarantined: int | None = None
    rows_deduplicated: int | None = None
    undated_rows: int | None = None
    files_by_outcome: Mapping[str, int] = field(default_factory=dict)  # valid, unchanged, ignored, a reason
    rows_by_rule: Mapping[str, int] = field(default_factory=dict)
    rows_warned: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)  # quarantine_ratio, volume_ratio, …
    currencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    drift: tuple[DriftColumn, ...] = ()
    files: tuple[FileAccount, ...] = ()
    promoted: str | None = None


def result_path(run_id: str, transition: str, dataset: str) -> str:
    """Return where a result's JSON lies, below metrics/."""
    return f"{run_id}/{transition}/{dataset}.json"


def publish_result(write: Write, metrics: ResultMetrics) -> str:
    """Write a result's JSON and return its path; the accounts of very many files go to Parquet beside it."""
    path = result_path(metrics.run_id, metrics.transition, metrics.dataset)
    document = as_document(metrics)
    if len(metrics.files) > FILES_IN_JSON:
        beside = path.removesuffix(".json") + ".files.parquet"
        write(beside, _files_as_parquet(metrics.files))
        document["files"] = {"count": len(metrics.files), "parquet": beside}
    write(path, json.dumps(document, indent=1).encode())  # ASCII: a key may be no valid Unicode
    return path


def as_document(metrics: ResultMetrics) -> dict[str, object]:
    """Return the metrics as plain JSON types; what does not apply is left out."""
    document: dict[str, object] = {
        "run_id": metrics.run_id,
        "as_of": metrics.as_of.isoformat(),
        "started_at": metrics.started_at.isoformat(),
        "transition": metrics.transition,
        "dataset": metrics.dataset,
        "verdict": metrics.verdict.value,
        "seconds": round(metrics.seconds, 3),
        "contract_version": metrics.contract_version,
        "rows_read": metrics.rows_read,
        "rows_promoted": metrics.rows_promoted,
        "rows_quarantined": metrics.rows_quarantined,
        "rows_deduplicated": metrics.rows_deduplicated,
        "undated_rows": metrics.undated_rows,
        "files_by_outcome": dict(metrics.files_by_outcome) or None,
        "rows_by_rule": dict(metrics.rows_by_rule),
        "rows_warned": dict(metrics.rows_warned),
        "failed": list(metrics.failed),
        "measures": dict(metrics.measures),
        "currencies": {column: list(found) for column, found in metrics.currencies.items()} or None,
        "drift": [
            {
                "name": column.name,
                "rows": column.rows,
                "first_seen": column.first_seen.isoformat(),
                "first_file": column.first_file,
            }
            for column in metrics.drift
        ],
        "files": [
            {
                "file": file.file,
                "rows_read": file.rows_read,
                "rows_promoted": file.rows_promoted,
                "rows_quarantined": file.rows_quarantined,
                "rows_deduplicated": file.rows_deduplicated,
            }
            for file in metrics.files
        ]
        if len(metrics.files) <= FILES_IN_JSON
        else None,
        "promoted": metrics.promoted,
    }
    return {name: value for name, value in document.items() if value is not None}


def _files_as_parquet(files: Sequence[FileAccount]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [file.file.encode("utf-8", "replace").decode() for file in files]
    counts = ("rows_read", "rows_promoted", "rows_quarantined", "rows_deduplicated")
    columns = {"file": pa.array(names, pa.string())}
    columns |= {name: pa.array([getattr(file, name) for file in files], pa.int64()) for name in counts}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return bytes(sink.getvalue())
