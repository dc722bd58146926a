"""Metrics of one result: one dataset or table in one transition of one run, as a JSON document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence  # noqa: TC003  pydantic evaluates annotations
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from operator import not_
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PlainSerializer, TypeAdapter

from checkpoints.gate.measures import FileAccount  # noqa: TC001  pydantic, as above
from checkpoints.storage.errors import DamagedDocumentError, ObjectNotFoundError
from quarantine_policies.decision import Verdict  # noqa: TC001  pydantic, as above

if TYPE_CHECKING:
    from checkpoints.storage.place import Place

_FILE_COUNTS = (
    "rows_read",
    "rows_promoted",
    "rows_quarantined",
    "rows_deduplicated",
    "rows_discarded",
    "rows_excluded",
)
ROW_COUNTS = (
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
FILES_IN_JSON = 1000  # beyond this number, the accounts of files go to a Parquet file beside the JSON

_Moment = Annotated[datetime, PlainSerializer(datetime.isoformat)]
_Seconds = Annotated[float, PlainSerializer(lambda seconds: round(seconds, 3))]
_OmittedIfEmpty = Field(exclude_if=not_)


@dataclass(frozen=True, slots=True)
class DriftColumn:
    """An unknown column: rows that hold it now, when a run first saw it (its clock), and in which file."""

    name: str
    rows: int
    first_seen: _Moment
    first_file: str


@dataclass(frozen=True, slots=True)
class ResultMetrics:
    """Metrics of one result. A number that does not apply is None and left out of the JSON.

    ``rows_by_rule``: rows that break each error rule; ``rows_warned``: each warn rule. ``undated_rows``: rows
    without a date (event_date 1900-01-01). ``rows_conflicting``: deduplicated rows that differ from the row
    that was kept. ``rows_excluded``: records that a source's ``where`` leaves out, not part of the rows read.
    ``rows_discarded``, ``rows_fixed``, ``rows_waived``: records that corrections left out, put another text
    in place of, or did not hold back; ``stale``: corrections whose records are no longer in their file.
    ``latest``: the latest timestamp that dates a row. ``days_out_of_line``: by rule, the days that broke it,
    numbers as text (``DayOutOfLine.as_json``). ``rules_off``: rules that the policy switches off.
    """

    run_id: str
    as_of: _Moment
    started_at: _Moment
    transition: str
    dataset: str
    verdict: Verdict
    seconds: _Seconds
    contract_version: str
    rows_read: int | None = None
    rows_promoted: int | None = None
    rows_quarantined: int | None = None
    rows_deduplicated: int | None = None
    rows_conflicting: int | None = None
    rows_discarded: int | None = None
    rows_fixed: int | None = None
    rows_waived: int | None = None
    stale: int | None = None
    rows_excluded: int | None = None
    undated_rows: int | None = None
    # valid, unchanged, ignored, each rejection reason; and without_rows, a part of valid and unchanged
    files_by_outcome: Annotated[Mapping[str, int], _OmittedIfEmpty] = field(default_factory=dict)
    rows_by_rule: Mapping[str, int] = field(default_factory=dict)
    rows_warned: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    rules_off: Annotated[tuple[str, ...], _OmittedIfEmpty] = ()
    latest: _Moment | None = None
    days_out_of_line: Annotated[Mapping[str, Sequence[Mapping[str, str]]], _OmittedIfEmpty] = field(
        default_factory=dict
    )
    measures: Mapping[str, float] = field(default_factory=dict)  # quarantine_ratio, volume_ratio, …
    currencies: Annotated[Mapping[str, Sequence[str]], _OmittedIfEmpty] = field(default_factory=dict)
    drift: tuple[DriftColumn, ...] = ()
    files: tuple[FileAccount, ...] = ()
    promoted: str | None = None

    @property
    def rows_by_outcome(self) -> dict[str, int]:
        """The numbers of rows that apply, by their names here."""
        return {name: value for name in ROW_COUNTS if (value := getattr(self, name)) is not None}


def publish_metrics(folder: Place, metrics: ResultMetrics) -> str:
    """Write a result's JSON below ``folder`` and return its path.

    More than ``FILES_IN_JSON`` accounts of files go to a Parquet file beside it.
    """
    stem = f"{metrics.run_id}/{metrics.transition}/{metrics.dataset}"
    are_files_beside = len(metrics.files) > FILES_IN_JSON
    document: dict[str, object] = _adapter().dump_python(
        metrics, mode="json", exclude_none=True, exclude={"files"} if are_files_beside else None
    )
    if are_files_beside:
        beside = f"{stem}.files.parquet"
        folder.child(beside).write_bytes(_files_as_parquet(metrics.files))
        document["files"] = {"count": len(metrics.files), "parquet": beside}
    path = f"{stem}.json"
    # Escaped to ASCII, since an object key may be invalid Unicode.
    folder.child(path).write_bytes(json.dumps(document, indent=1).encode())
    return path


def read_metrics(folder: Place, run_id: str, transition: str, dataset: str) -> ResultMetrics | None:
    """Return a result's metrics without the accounts of its files; None if they were never published.

    Raises:
        DamagedDocumentError: the document is not one of metrics.
    """
    place = folder.child(f"{run_id}/{transition}/{dataset}.json")
    try:
        document = json.loads(place.read_bytes())
        if isinstance(document, dict):
            document.pop("files", None)  # a list, or where the list is
        return _adapter().validate_python(document)
    except ObjectNotFoundError:
        return None
    except ValueError as error:
        raise DamagedDocumentError(
            "a damaged document",
            place.uri,
            expected="the metrics of a result",
            found=str(error).splitlines()[0],
            next_step="delete it: its numbers are then unknown, and nothing else depends on it",
        ) from error


@cache
def _adapter() -> TypeAdapter[ResultMetrics]:
    return TypeAdapter(ResultMetrics)


def _files_as_parquet(files: Sequence[FileAccount]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [file.file.encode("utf-8", "replace").decode() for file in files]
    columns = {"file": pa.array(names, pa.string())}
    columns |= {name: pa.array([getattr(file, name) for file in files], pa.int64()) for name in _FILE_COUNTS}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return bytes(sink.getvalue())
