"""One Parquet table over all runs: a folder of small files of one schema, one file a transition of a run.

Appending is one write and reading the last runs a few reads, however many runs there were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC
from typing import TYPE_CHECKING

from checkpoints.metrics.result import ResultMetrics
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

Write = Callable[[str, bytes], None]  # path below metrics/, content
Read = Callable[[str], bytes | None]
List = Callable[[], Iterable[str]]  # the paths below metrics/history/, as they are below metrics/

FOLDER = "history"
_NUMBERS = ("rows_read", "rows_promoted", "rows_quarantined", "rows_deduplicated", "undated_rows")


def schema() -> pa.Schema:
    """Return the table's schema. Grain: one row a run, transition and dataset."""
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


def append_history(write: Write, results: Sequence[ResultMetrics]) -> str | None:
    """Add one transition's results to the table; return the file's path, or None when there is nothing.

    Called again for the same transition of the same run, it replaces what it wrote.
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
    write(path, bytes(sink.getvalue()))
    return path


def read_last(paths: List, read: Read, results: int = 200) -> tuple[ResultMetrics, ...]:
    """Return the newest results, newest transition first, from as few files as hold that many.

    Only names are listed; files are read from the newest on. What the JSON alone has (accounts of files,
    drift in full, currencies) is left empty.
    """
    found: list[ResultMetrics] = []
    for path in sorted((path for path in paths() if path.endswith(".parquet")), reverse=True):
        if len(found) >= results:
            break
        content = read(path)
        if content is not None:  # retention may remove a file between listing and reading
            found += _results(content)
    return tuple(found[:results])


def _results(content: bytes) -> list[ResultMetrics]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = pq.read_table(pa.BufferReader(content), schema=schema()).to_pylist()
    return [
        ResultMetrics(
            run_id=row["run_id"],
            as_of=row["as_of"],
            started_at=row["started_at"],
            transition=row["transition"],
            dataset=row["dataset"],
            verdict=Verdict(row["verdict"]),
            seconds=row["seconds"],
            contract_version=row["contract_version"],
            files_by_outcome=dict(row["files_by_outcome"]),
            rows_by_rule=dict(row["rows_by_rule"]),
            rows_warned=dict(row["rows_warned"]),
            failed=tuple(row["failed"]),
            measures=dict(row["measures"]),
            promoted=row["promoted"],
            **{name: row[name] for name in _NUMBERS},
        )
        for row in rows
    ]
