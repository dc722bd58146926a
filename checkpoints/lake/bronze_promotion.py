"""Promotion of an ingestion to BRONZE: copy valid files, replace the ledgers in one write, remove leftovers.

The order makes a kill at any point harmless: first the copies, each atomic; then one write that names them;
then the removal of files that nothing refers to. Repeating a step has no further effect.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from checkpoints.lake.bronze import list_files
from checkpoints.lake.commit import PendingVersion, commit
from checkpoints.lake.layout import document_path, new_version
from checkpoints.lake.ledger import BronzeEntry, Ledger, Stamp, key_order, write_ledger
from checkpoints.lake.pointer import VersionRef
from checkpoints.storage.errors import ObjectNotFoundError, PreconditionFailedError
from checkpoints.storage.local import LocalStorage
from checkpoints.storage.local_atomic import translate_errors
from checkpoints.storage.place import Place
from checkpoints.storage.thread_pool import THREADS, Progress, map_in_threads, progress_counter
from contracts.inventory import FileFacts, FileFormat
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from checkpoints.lake.ingestion import Ingestion, InspectedFile
    from checkpoints.lake.layout import Lake
    from checkpoints.lake.pointer import Seen


NeedsAlias = Callable[[str], bool]
"""Returns whether Spark or Hadoop would skip or misread a file with that key."""

IsForeign = Callable[[FileFacts, Callable[[], BinaryIO]], bool]
"""Returns, from a valid file's facts and an opener of its content, whether Spark cannot read it as it is."""

Rewrite = Callable[[BinaryIO, IO[bytes]], None]
"""Writes the rows of a foreign file so that Spark can read them."""

_REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class AliasWriter:
    """Policy and writer for aliased copies. The byte-identical copy is always kept as well."""

    needs_alias: NeedsAlias
    is_foreign: IsForeign
    rewrite: Rewrite

    def write(
        self, lake: Lake, dataset: str, facts: FileFacts, origin: Place, version: str | None = None
    ) -> str | None:
        """Write a file's alias, if it needs one, and return its path relative to the zone's root.

        ``origin``: the file in RAW or BRONZE. Raises ``ObjectNotFoundError``, or ``PreconditionFailedError``
        if it is not of that version.
        """
        place = lake.bronze_alias(dataset, facts.key, facts.checksum)
        open_origin = partial(origin.storage.open, origin.path, version=version)
        if self.is_foreign(facts, open_origin):
            self._rewrite(open_origin, place)
        elif self.needs_alias(facts.key):
            place.copy_from(origin, source_version=version)
        else:
            return None
        return lake.area(Zone.BRONZE).below(place)

    def _rewrite(self, open_origin: Callable[[], BinaryIO], place: Place) -> None:
        with tempfile.TemporaryDirectory(prefix="lakegate-") as folder:
            with (
                open_origin() as source,
                translate_errors("cannot write", folder),
                (Path(folder) / _REWRITTEN).open("wb") as target,
            ):
                self.rewrite(source, target)
            place.copy_from(Place(LocalStorage(Path(folder)), _REWRITTEN))


@dataclass(frozen=True, slots=True)
class JudgedIngestion:
    """An ingestion that was not blocked. ``expected``: the current version when the run began."""

    ingestion: Ingestion
    inspected_by: str
    verdict: str
    expected: Seen


@dataclass(frozen=True, slots=True)
class BronzePromotion:
    """The result of promoting one dataset's ingestion.

    ``missed``: files that changed in RAW after they were inspected; the next run ingests them.
    """

    dataset: str
    ledger: Ledger
    missed: tuple[str, ...]


def promote_bronze(
    lake: Lake,
    judged: Sequence[JudgedIngestion],
    *,
    run_id: str,
    alias_writer: AliasWriter,
    now: datetime,
    threads: int = THREADS,
    progress: Progress | None = None,
) -> tuple[BronzePromotion, ...]:
    """Copy the valid files to BRONZE, make the new ledgers current together, and remove leftovers.

    A dataset without changes keeps its ledger. Raises ``PromotionConflictError``.
    """
    on_done = progress_counter(progress, sum(len(one.ingestion.to_copy) for one in judged))
    promotions, pending = [], []
    for one in judged:
        promotion = _copy_all(lake, one, run_id, alias_writer, now, threads, on_done)
        _restore_aliases(lake, promotion.ledger, alias_writer)
        if promotion.ledger is not one.ingestion.before:
            pending.append(_pending_version(promotion.ledger, one.expected))
        promotions.append(promotion)
    if pending:
        commit(lake, Zone.BRONZE, pending, now=now)
    for one, promotion in zip(judged, promotions, strict=True):
        _remove_leftovers(lake, one.ingestion, promotion.ledger)
    return tuple(promotions)


def _copy_all(
    lake: Lake,
    judged: JudgedIngestion,
    run_id: str,
    alias_writer: AliasWriter,
    now: datetime,
    threads: int,
    on_done: Callable[[], None],
) -> BronzePromotion:
    ingestion = judged.ingestion

    def copy(file: InspectedFile) -> BronzeEntry | None:
        return _copy(lake, ingestion.dataset, file, alias_writer)

    results = map_in_threads(copy, ingestion.to_copy, threads, on_done)
    copied = [entry for entry in results if entry is not None]
    done = {entry.key for entry in copied}
    missed = tuple(f.facts.key for f in ingestion.to_copy if f.facts.key not in done)
    before = ingestion.before
    kept = [before.files[key] for key in missed if before and key in before.files]
    ledger = Ledger(
        dataset=ingestion.dataset,
        version=new_version(run_id),
        run_id=run_id,
        promoted_at=now,
        verdict=judged.verdict,
        inspected_by=judged.inspected_by,
        files=_in_order([*_known_entries(lake, judged, alias_writer).values(), *kept, *copied]),
        rejected=ingestion.rejected,
        previous=judged.expected.version,
    )
    if before is not None and (before.files, before.rejected, before.inspected_by) == (
        ledger.files,
        ledger.rejected,
        ledger.inspected_by,
    ):
        ledger = before
    return BronzePromotion(ingestion.dataset, ledger, missed)


def _in_order(entries: Iterable[BronzeEntry]) -> dict[str, BronzeEntry]:
    return {entry.key: entry for entry in sorted(entries, key=lambda one: key_order(one.key))}


def _copy(lake: Lake, dataset: str, file: InspectedFile, alias_writer: AliasWriter) -> BronzeEntry | None:
    """Copy a file to BRONZE, and write its alias if needed; None if it changed in RAW since inspected."""
    key = file.facts.key
    origin = lake.raw(dataset).child(key)
    try:
        alias = alias_writer.write(lake, dataset, file.facts, origin, file.stamp.version)
        copy = lake.bronze(dataset).child(key).copy_from(origin, source_version=file.stamp.version)
    except (PreconditionFailedError, ObjectNotFoundError):
        return None
    return BronzeEntry(file.facts, file.stamp, Stamp(copy.size_bytes, copy.version), alias)


def _known_entries(
    lake: Lake, judged: JudgedIngestion, alias_writer: AliasWriter
) -> Mapping[str, BronzeEntry]:
    """Return the entries that need no copy. After an upgrade, other Parquet files may need an alias."""
    before, known = judged.ingestion.before, judged.ingestion.known
    if before is None or before.inspected_by == judged.inspected_by:
        return known
    bronze = lake.bronze(before.dataset)
    updated = {
        key: replace(entry, alias=alias_writer.write(lake, before.dataset, entry.facts, bronze.child(key)))
        for key, entry in known.items()
        if entry.facts.format is FileFormat.PARQUET
    }
    return {**known, **updated}


def _restore_aliases(lake: Lake, ledger: Ledger, alias_writer: AliasWriter) -> None:
    """Write the aliases again that are missing in BRONZE."""
    wanted = {entry.alias: entry for entry in ledger.files.values() if entry.alias}
    if wanted:
        folder, bronze = lake.bronze_aliases(ledger.dataset), lake.bronze(ledger.dataset)
        root = lake.area(Zone.BRONZE)
        present = {root.below(folder.child(file.key)) for file in list_files(folder)}
        for alias, entry in wanted.items():
            if alias not in present:
                alias_writer.write(lake, ledger.dataset, entry.facts, bronze.child(entry.key))


def _remove_leftovers(lake: Lake, ingestion: Ingestion, ledger: Ledger) -> None:
    """Remove copies of files that are no longer valid, and aliases of superseded ones."""
    root, bronze = lake.area(Zone.BRONZE), lake.bronze(ledger.dataset)
    for key in ingestion.strays:
        if key not in ledger.files:
            bronze.child(key).delete()
    before = ingestion.before.files.values() if ingestion.before else ()
    current = {entry.alias for entry in ledger.files.values()}
    for entry in before:
        if entry.alias and entry.alias not in current:
            root.child(entry.alias).delete()


def _pending_version(ledger: Ledger, expected: Seen) -> PendingVersion:
    rows = [entry.facts.rows for entry in ledger.files.values()]
    ref = VersionRef(
        version=ledger.version,
        run_id=ledger.run_id,
        promoted_at=ledger.promoted_at,
        verdict=ledger.verdict,
        fingerprint=ledger.fingerprint(),
        files=len(ledger.files),
        size_bytes=ledger.size_bytes,
        rows=None if None in rows else sum(count for count in rows if count is not None),
        folders=(),
        document=document_path(ledger.dataset, ledger.version, ".jsonl.gz"),
        checksum="",
    )
    return PendingVersion(ledger.dataset, ref, write_ledger(ledger), expected)
