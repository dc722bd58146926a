"""Quarantine of rejected files: a copy of each, and beside it a document with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, PlainSerializer

from checkpoints.lake.json_documents import KNOWN_FIELDS_ONLY, DocumentCodec, Integer, Timestamp
from checkpoints.lake.layout import REASON_SUFFIX
from checkpoints.storage.errors import (
    ObjectNotFoundError,
    PreconditionFailedError,
    StorageError,
    StorageFullError,
)
from checkpoints.storage.thread_pool import THREADS, map_in_threads
from contracts.inventory import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from checkpoints.lake.ingestion import Ingestion, InspectedFile
    from checkpoints.lake.layout import Lake

_YesNo = Annotated[bool, PlainSerializer(lambda value: "yes" if value else "no")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a file is in quarantine. The order of the fields is that of the document."""

    __pydantic_config__ = KNOWN_FIELDS_ONLY

    dataset: str
    key: str
    reason: Reason
    detail: str
    hint: str = ""  # the ``sources`` entry, as YAML, under which the file would be accepted; empty: unknown
    size_bytes: Integer
    checksum: str
    raw_uri: str
    run_id: str
    rejected_at: Timestamp
    has_copy: Annotated[_YesNo, Field(alias="copy")]  # False: the file could not be read


def quarantine_files(
    lake: Lake, ingestion: Ingestion, *, run_id: str, now: datetime, threads: int = THREADS
) -> tuple[Rejection, ...]:
    """Copy the newly rejected files to quarantine and write their reasons, even if the run is blocked."""

    def quarantine(found: InspectedFile) -> Rejection:
        return _quarantine(lake, ingestion.dataset, found, run_id, now)

    return tuple(map_in_threads(quarantine, ingestion.to_quarantine, threads))


def rejections(lake: Lake, dataset: str) -> Iterator[Rejection]:
    """Yield the reasons in quarantine, also of files repaired since. Raises ``DamagedDocumentError``."""
    folder = lake.quarantined_files(dataset)
    for info in folder.list():
        if info.path.endswith(REASON_SUFFIX):
            place = folder.child(folder.relative(info))
            yield _REJECTION.read(place.read_bytes(), place.uri)


def _quarantine(lake: Lake, dataset: str, found: InspectedFile, run_id: str, now: datetime) -> Rejection:
    facts = found.facts
    origin = lake.raw(dataset).child(facts.key)
    try:
        lake.quarantined_file(dataset, facts.key).copy_from(origin, source_version=found.stamp.version)
        has_copy = True
    except (ObjectNotFoundError, PreconditionFailedError):
        has_copy = False  # deleted or changed since it was inspected: the next run inspects it again
    except StorageError as error:
        if facts.reason is not Reason.UNREADABLE or isinstance(error, StorageFullError):
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
        hint=facts.hint,
    )
    lake.quarantined_file_reason(dataset, facts.key).write_bytes(_REJECTION.write(rejection))
    return rejection


_REJECTION = DocumentCodec[Rejection]("rejection", 1, Rejection)
