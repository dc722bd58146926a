"""Metrics of all runs as one tidy table: one number per row, for BI tools and trends."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from checkpoints.metrics.result import ROW_COUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from checkpoints.metrics.result import ResultMetrics
    from checkpoints.storage.place import Place

FOLDER: Final = "tidy"
_OF_RESULT: Final = (
    *("run_id", "as_of", "started_at", "transition", "dataset"),
    *("contract_version", "promoted"),
)


def schema() -> pa.Schema:
    """Return the table's schema. Grain: one row per run, transition, dataset, metric and label.

    ``metric`` and, in brackets, what ``label`` names; it is null for metrics without:

    - ``rows_read``, ``rows_promoted``, ``rows_quarantined``, … as in ``ResultMetrics``; ``seconds``
    - ``rows_by_rule``: rows that break an error rule [rule]; ``rows_warned``: a warn rule [rule]
    - ``failed``: 1 for a table rule that is broken [rule]
    - ``latest``: the latest timestamp that dates a row, in seconds since 1970 in UTC
    - ``days_out_of_line``: number of days that break a rule [rule]
    - ``files``: number of files [``valid``, ``unchanged``, … or the reason for the rejection]
    - ``measure``: a measured number, such as ``quarantine_ratio`` [its name]
    - ``unknown_columns``: rows that hold the column [column]

    ``as_of`` is the run's clock, ``started_at`` when the result was published: the latest of a transition and
    dataset is the current state. ``promoted`` is the version's URI, null if nothing was promoted.
    """
    import pyarrow as pa

    moment = pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            ("run_id", pa.string()),
            ("as_of", moment),
            ("started_at", moment),
            ("transition", pa.string()),
            ("dataset", pa.string()),
            ("verdict", pa.string()),
            ("contract_version", pa.string()),
            ("promoted", pa.string()),
            ("metric", pa.string()),
            ("label", pa.string()),
            ("value", pa.float64()),
        ]
    )


def append_metrics(folder: Place, results: Sequence[ResultMetrics]) -> str | None:
    """Add one transition's results to the table; return the file's path, or None without results.

    The table is a folder of Parquet files, one per transition of a run: appending is one write however many
    runs there were. Publishing the same results again replaces their file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not results:
        return None
    rows = [
        {
            **{name: getattr(each, name) for name in _OF_RESULT},
            "verdict": each.verdict.value,
            "metric": metric,
            "label": None if label is None else label.encode("utf-8", "replace").decode(),
            "value": float(value),
        }
        for each in results
        for metric, label, value in _numbers(each)
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema()), sink, compression="zstd")
    first = results[0]
    # One run may publish a transition in parts: Airflow ingests each dataset by itself.
    datasets = hashlib.sha256("/".join(each.dataset for each in results).encode()).hexdigest()[:8]
    path = f"{FOLDER}/{first.run_id}_{first.transition}_{datasets}.parquet"
    folder.child(path).write_bytes(bytes(sink.getvalue()))
    return path


def _numbers(result: ResultMetrics) -> Iterator[tuple[str, str | None, float]]:
    """Yield metric, label and value of every number of a result that applies."""
    for name in ROW_COUNTS:
        count = getattr(result, name)
        if count is not None:
            yield name, None, count
    yield "seconds", None, result.seconds
    if result.latest is not None:
        yield "latest", None, result.latest.timestamp()
    labelled = {
        "rows_by_rule": result.rows_by_rule,
        "rows_warned": result.rows_warned,
        "failed": dict.fromkeys(result.failed, 1),
        "days_out_of_line": {rule: len(days) for rule, days in result.days_out_of_line.items()},
        "files": result.files_by_outcome,
        "measure": result.measures,
        "unknown_columns": {column.name: column.rows for column in result.drift},
    }
    for metric, values in labelled.items():
        for label, value in values.items():
            yield metric, label, value
