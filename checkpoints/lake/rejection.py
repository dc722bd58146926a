"""Keep what was rejected: a copy of the file and beside it the reason, for the steward who mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.lake.crew import THREADS, counted, in_threads
from checkpoints.lake.errors import ObjectNotFound, PreconditionFailed, StorageError, StorageFull
from checkpoints.lake.strict_json import Fields, read_document, write_document
from contracts.inventory import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from checkpoints.lake.ingestion import Ingestion, Inspected
    from checkpoints.lake.layout import Lake

_FORMAT = 1
_SUFFIX = ".reason.json"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a file is in quarantine. ``has_copy``: False for a file that could not be read."""

    dataset: str
    key: str
    reason: Reason
    detail: str
    size_bytes: int
    checksum: str
    raw_uri: str
    run_id: str
    rejected_at: datetime
    has_copy: bool


def quarantine_files(
    lake: Lake, ingestion: Ingestion, *, run_id: str, now: datetime, threads: int = THREADS
) -> tuple[Rejection, ...]:
    """Copy the newly rejected files to quarantine with their reasons, also when the run is blocked."""

    def quarantine(found: Inspected) -> Rejection:
        return _quarantined(lake, ingestion.dataset, found, run_id, now)

    files: Sequence[Inspected] = ingestion.to_quarantine
    return tuple(in_threads(quarantine, files, threads, counted(None, len(files))))


def rejections(lake: Lake, dataset: str) -> Iterator[Rejection]:
    """Yield the reasons kept in quarantine, also of files mended since. Raises ``DocumentDamaged``."""
    folder = lake.quarantined_files(dataset)
    for info in folder.list():
        if info.path.endswith(_SUFFIX):
            place = folder.child(folder.relative(info))
            yield read_document(place.read_bytes(), place.uri, "rejection", _FORMAT, _read_rejection)


def _quarantined(lake: Lake, dataset: str, found: Inspected, run_id: str, now: datetime) -> Rejection:
    facts = found.facts
    origin = lake.raw(dataset).child(facts.key)
    try:
        lake.quarantined_file(dataset, facts.key).copy_from(origin, source_version=found.stamp.version)
        has_copy = True
    except (ObjectNotFound, PreconditionFailed):
        has_copy = False  # it is gone, or was changed since: the next run sees what is there then
    except StorageError as error:
        if facts.reason is not Reason.UNREADABLE or isinstance(error, StorageFull):
            raise
        has_copy = False
    rejection = Rejection(
        dataset=dataset,
        key=facts.key,
        reason=facts.reason or Reason.UNREADABLE,
        detail=facts.detail,
        size_bytes=facts.size_bytes,
        checksum=facts.checksum,
        raw_uri=origin.uri,
        run_id=run_id,
        rejected_at=now,
        has_copy=has_copy,
    )
    lake.quarantined_file_reason(dataset, facts.key).write_bytes(_write_rejection(rejection))
    return rejection


def _write_rejection(rejection: Rejection) -> bytes:
    return write_document(
        "rejection",
        _FORMAT,
        {
            "dataset": rejection.dataset,
            "key": rejection.key,
            "reason": rejection.reason.value,
            "detail": rejection.detail,
            "size_bytes": rejection.size_bytes,
            "checksum": rejection.checksum,
            "raw_uri": rejection.raw_uri,
            "run_id": rejection.run_id,
            "rejected_at": rejection.rejected_at.isoformat(),
            "copy": "yes" if rejection.has_copy else "no",
        },
    )


def _read_rejection(fields: Fields) -> Rejection:
    return Rejection(
        dataset=fields.text("dataset"),
        key=fields.text("key"),
        reason=Reason(fields.text("reason")),
        detail=fields.text("detail"),
        size_bytes=fields.number("size_bytes"),
        checksum=fields.text("checksum"),
        raw_uri=fields.text("raw_uri"),
        run_id=fields.text("run_id"),
        rejected_at=fields.time("rejected_at"),
        has_copy=fields.text("copy") == "yes",
    )
