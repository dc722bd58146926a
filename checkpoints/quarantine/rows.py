"""The rows that the last run of a dataset rejected, counted by rule, with a few of them whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checkpoints.lake.layout import Lake, Place

_BATCH_ROWS = 8192
_DATA = ".parquet"


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One rejected row, as much as is needed to mend and to replay it."""

    source_file: str
    raw: str
    failed_rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuarantinedRows:
    """What a run rejected of a dataset. ``uri``: the folder with all of it, in Parquet."""

    dataset: str
    run_id: str
    uri: str
    rows: int
    rows_by_rule: Mapping[str, int]
    samples: tuple[QuarantinedRow, ...]


def last_quarantine(
    lake: Lake, dataset: str, *, rule: str | None = None, limit: int = 20
) -> QuarantinedRows | None:
    """Return what the last run of a dataset rejected, None when no run wrote any.

    Memory is bounded: files are read batch by batch, and ``limit`` rows are kept.

    Args:
        lake: whose quarantine.
        dataset: whose rows.
        rule: count and show rows that broke this rule alone.
        limit: how many rows to keep whole.
    """
    import pyarrow.parquet as pq

    folder = _last_run(lake.quarantined_rows(dataset))
    if folder is None:
        return None
    rows, by_rule, run_id = 0, Counter[str](), ""
    samples: list[QuarantinedRow] = []
    for info in folder.list():
        if not info.path.endswith(_DATA):
            continue
        with folder.storage.open(info.path) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(_BATCH_ROWS):
                for row in batch.to_pylist():
                    if rule is not None and rule not in row["failed_rules"]:
                        continue
                    rows, run_id = rows + 1, row["run_id"]
                    by_rule.update(row["failed_rules"])
                    if len(samples) < limit:
                        samples.append(
                            QuarantinedRow(row["source_file"], row["raw"], tuple(row["failed_rules"]))
                        )
    name = run_id or folder.path.rpartition("/")[2]
    return QuarantinedRows(dataset, name, folder.uri, rows, dict(by_rule), tuple(samples))


def last_written(rows: Place) -> dict[str, datetime]:
    """Return the ids of the runs that rejected rows of a dataset, and when each wrote its last file."""
    written: dict[str, datetime] = {}
    for info in rows.list():
        run = rows.relative(info).partition("/")[0]
        written[run] = max(info.modified, written.get(run, info.modified))
    return written


def _last_run(rows: Place) -> Place | None:
    """Return the folder that was written last."""
    written = last_written(rows)
    if not written:
        return None
    return rows.child(max(written, key=lambda run: (written[run], run)))
