"""Metrics across runs: history table, published warehouse loads, first sight of unknown columns."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.metrics.result import DriftColumn

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from checkpoints.gate.measures import UnknownColumn
    from checkpoints.metrics.result import ResultMetrics
    from checkpoints.storage.place import Place

FOLDER = "history"
_NUMBERS = (
    "rows_read",
    "rows_promoted",
    "rows_quarantined",
    "rows_deduplicated",
    "rows_conflicting",
    "rows_discarded",
    "rows_fixed",
    "rows_waived",
    "stale",
    "rows_excluded",
    "undated_rows",
)


def schema() -> pa.Schema:
    """Return the history table's schema. Grain: one row per run, transition and dataset.

    A column that is newer than a file is null in the file's rows.
    """
    import pyarrow as pa

    moment = pa.timestamp("us", tz="UTC")
    counts = pa.map_(pa.string(), pa.int64())
    return pa.schema(
        [
            ("run_id", pa.string()),
            ("as_of", moment),
            ("started_at", moment),
            ("transition", pa.string()),
            ("dataset", pa.string()),
            ("verdict", pa.string()),
            ("seconds", pa.float64()),
            ("contract_version", pa.string()),
            *((name, pa.int64()) for name in _NUMBERS),
            ("files_by_outcome", counts),
            ("rows_by_rule", counts),
            ("rows_warned", counts),
            ("failed", pa.list_(pa.string())),
            ("measures", pa.map_(pa.string(), pa.float64())),
            ("unknown_columns", pa.list_(pa.string())),
            ("promoted", pa.string()),
        ]
    )


def append_history(folder: Place, results: Sequence[ResultMetrics]) -> str | None:
    """Add one transition's results to the history table; return the file's path, or None without results.

    The table is a folder of Parquet files, one a transition of a run, so that appending is one write however
    many runs there were. Writing the same transition of the same run again replaces its file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not results:
        return None
    first = results[0]
    rows = [
        {
            **{name: getattr(each, name) for name in schema().names if hasattr(each, name)},
            "verdict": each.verdict.value,
            "failed": list(each.failed),
            "files_by_outcome": list(each.files_by_outcome.items()),
            "rows_by_rule": list(each.rows_by_rule.items()),
            "rows_warned": list(each.rows_warned.items()),
            "measures": [(name, float(value)) for name, value in each.measures.items()],
            "unknown_columns": [column.name.encode("utf-8", "replace").decode() for column in each.drift],
        }
        for each in results
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema()), sink, compression="zstd")
    started = first.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    path = f"{FOLDER}/{started}_{first.run_id}_{first.transition}.parquet"  # sorts by time
    folder.child(path).write_bytes(bytes(sink.getvalue()))
    return path


def record_drift(place: Place, found: Sequence[UnknownColumn], as_of: datetime) -> tuple[DriftColumn, ...]:
    """Return the unknown columns with the moment when each first appeared, and record that moment.

    A column that disappears and returns keeps its first moment. Reads one small file, and writes it only when
    a column is new; the cost does not depend on the number of runs.

    Args:
        place: of that file, one per dataset.
        found: the dataset's unknown columns.
        as_of: the run's clock.
    """
    recorded = place.storage.read_versioned(place.path)
    before: dict[str, str] = json.loads(recorded[0]) if recorded else {}
    seen = {column.name: before.get(column.name, as_of.isoformat()) for column in found}
    if seen.keys() - before.keys():
        place.write_bytes(json.dumps({**before, **seen}, indent=1, sort_keys=True).encode())
    return tuple(
        DriftColumn(column.name, column.rows, datetime.fromisoformat(seen[column.name]), column.first_file)
        for column in found
    )


def record_load(folder: Place, release: str, loaded_at: datetime, run_id: str) -> None:
    """Record that the metrics and pages of a warehouse load are published.

    Args:
        folder: of the metrics.
        release: checksum of the release.
        loaded_at: load time according to the warehouse; distinguishes loads and warehouses.
        run_id: of the run that published them.
    """
    record = {"release": release, "loaded_at": loaded_at.astimezone(UTC).isoformat(), "run_id": run_id}
    _load_place(folder, release, loaded_at).write_bytes(json.dumps(record, indent=1).encode())


def is_load_published(folder: Place, release: str, loaded_at: datetime) -> bool:
    """Return whether a load is published; False after a run that was killed between load and publication."""
    return _load_place(folder, release, loaded_at).stat() is not None


def _load_place(folder: Place, release: str, loaded_at: datetime) -> Place:
    return folder.child(f"loads/{loaded_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{release[:16]}.json")
