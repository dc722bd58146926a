"""Carry an ingestion out: copy what is valid, replace the ledgers in one write, tidy up.

The order makes a kill at any point harmless: copies first, each whole or not at all; then one write names
them; only then is removed what nobody refers to any more. What was done twice is done once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.lake.bronze import list_files
from checkpoints.lake.commit import Change, commit
from checkpoints.lake.crew import THREADS, Progress, counted, in_threads
from checkpoints.lake.errors import ObjectNotFound, PreconditionFailed
from checkpoints.lake.layout import new_version
from checkpoints.lake.ledger import BronzeEntry, Ledger, Stamp, key_order, write_ledger
from checkpoints.lake.pointer import GRACE, KEPT_VERSIONS, VersionRef
from contracts.inventory import FileFormat
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from checkpoints.lake.aliases import Aliasing
    from checkpoints.lake.ingestion import Ingestion, Inspected
    from checkpoints.lake.layout import Lake
    from checkpoints.lake.pointer import Seen


@dataclass(frozen=True, slots=True)
class JudgedIngestion:
    """An ingestion that was not blocked. ``expected``: what the pointer said when the run began."""

    ingestion: Ingestion
    inspected_by: str
    verdict: str
    expected: Seen


@dataclass(frozen=True, slots=True)
class BronzePromotion:
    """What became of one dataset's ingestion.

    ``missed``: files that were changed in RAW after they were inspected; the next run takes them in.
    """

    dataset: str
    ledger: Ledger
    copied: int
    missed: tuple[str, ...]


def promote_bronze(
    lake: Lake,
    judged: Sequence[JudgedIngestion],
    *,
    run_id: str,
    aliasing: Aliasing,
    now: datetime,
    threads: int = THREADS,
    progress: Progress | None = None,
) -> tuple[BronzePromotion, ...]:
    """Copy the valid files to BRONZE and make the new ledgers current together; then tidy up.

    A dataset of which nothing changed keeps its ledger. Raises ``PromotionConflict``.
    """
    told = counted(progress, sum(len(one.ingestion.to_copy) for one in judged))
    promotions, changes = [], []
    for one in judged:
        promotion = _copy_all(lake, one, run_id, aliasing, now, threads, told)
        _mend_aliases(lake, promotion.ledger, aliasing)
        if promotion.ledger is not one.ingestion.before:
            changes.append(_change(promotion.ledger, one.expected))
        promotions.append(promotion)
    if changes:
        commit(lake, Zone.BRONZE, changes, now=now, kept=KEPT_VERSIONS, grace=GRACE)
    for one, promotion in zip(judged, promotions, strict=True):
        _tidy(lake, one.ingestion, promotion.ledger)
    return tuple(promotions)


def forget(
    lake: Lake, ledger: Ledger, keys: Collection[str], expected: Seen, *, run_id: str, now: datetime
) -> Ledger:
    """Let the ledger forget files that were erased from RAW and BRONZE on purpose; return the new one."""
    files = {key: entry for key, entry in ledger.files.items() if key not in keys}
    rejected = {key: entry for key, entry in ledger.rejected.items() if key not in keys}
    shorter = replace(
        ledger,
        files=files,
        rejected=rejected,
        version=new_version(run_id),
        run_id=run_id,
        promoted_at=now,
        previous=ledger.version,
    )
    commit(lake, Zone.BRONZE, [_change(shorter, expected)], now=now, kept=KEPT_VERSIONS, grace=GRACE)
    return shorter


def _copy_all(
    lake: Lake,
    judged: JudgedIngestion,
    run_id: str,
    aliasing: Aliasing,
    now: datetime,
    threads: int,
    told: Callable[[], None],
) -> BronzePromotion:
    ingestion = judged.ingestion

    def copy(found: Inspected) -> BronzeEntry | None:
        return _copied(lake, ingestion.dataset, found, aliasing)

    copied = [entry for entry in in_threads(copy, ingestion.to_copy, threads, told) if entry is not None]
    done = {entry.key for entry in copied}
    missed = tuple(f.facts.key for f in ingestion.to_copy if f.facts.key not in done)
    before = ingestion.before
    old = [before.files[key] for key in missed if before and key in before.files]
    ledger = Ledger(
        dataset=ingestion.dataset,
        version=new_version(run_id),
        run_id=run_id,
        promoted_at=now,
        verdict=judged.verdict,
        inspected_by=judged.inspected_by,
        files=_in_order([*_known(lake, judged, aliasing).values(), *old, *copied]),
        rejected=ingestion.rejected,
        previous=judged.expected.version,
    )
    if before is not None and (before.files, before.rejected, before.inspected_by) == (
        ledger.files,
        ledger.rejected,
        ledger.inspected_by,
    ):
        ledger = before
    return BronzePromotion(ingestion.dataset, ledger, len(copied), missed)


def _in_order(entries: Iterable[BronzeEntry]) -> dict[str, BronzeEntry]:
    return {entry.key: entry for entry in sorted(entries, key=lambda one: key_order(one.key))}


def _copied(lake: Lake, dataset: str, found: Inspected, aliasing: Aliasing) -> BronzeEntry | None:
    """Copy a file to BRONZE, and to its alias if it needs one; None when RAW holds another by now."""
    key = found.facts.key
    origin = lake.raw(dataset).child(key)
    try:
        alias = aliasing.make(lake, dataset, found.facts, origin, found.stamp.version)
        copy = lake.bronze(dataset).child(key).copy_from(origin, source_version=found.stamp.version)
    except (PreconditionFailed, ObjectNotFound):
        return None
    return BronzeEntry(found.facts, found.stamp, Stamp(copy.size_bytes, copy.version), alias)


def _known(lake: Lake, judged: JudgedIngestion, aliasing: Aliasing) -> Mapping[str, BronzeEntry]:
    """Return the entries that need no copy. After an upgrade, Spark may be trusted with other files."""
    before, known = judged.ingestion.before, judged.ingestion.known
    if before is None or before.inspected_by == judged.inspected_by:
        return known
    bronze = lake.bronze(before.dataset)
    again = {
        key: replace(entry, alias=aliasing.make(lake, before.dataset, entry.facts, bronze.child(key)))
        for key, entry in known.items()
        if entry.facts.format is FileFormat.PARQUET
    }
    return {**known, **again}


def _mend_aliases(lake: Lake, ledger: Ledger, aliasing: Aliasing) -> None:
    """Make the aliases again that somebody removed."""
    root = lake.area(Zone.BRONZE)
    wanted = {entry.alias: entry for entry in ledger.files.values() if entry.alias}
    if wanted:
        folder = f"_aliases/{ledger.dataset}"
        there = {f"{folder}/{file.key}" for file in list_files(root.child(folder))}
        for alias, entry in wanted.items():
            if alias not in there:
                aliasing.make(lake, ledger.dataset, entry.facts, lake.bronze(ledger.dataset).child(entry.key))


def _tidy(lake: Lake, ingestion: Ingestion, ledger: Ledger) -> None:
    """Remove the copies of what is no longer valid, and the aliases of what was superseded."""
    root, bronze = lake.area(Zone.BRONZE), lake.bronze(ledger.dataset)
    for key in ingestion.strays:
        if key not in ledger.files:
            bronze.child(key).delete()
    before = ingestion.before.files.values() if ingestion.before else ()
    still = {entry.alias for entry in ledger.files.values()}
    for entry in before:
        if entry.alias and entry.alias not in still:
            root.child(entry.alias).delete()


def _change(ledger: Ledger, expected: Seen) -> Change:
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
        document=f"_manifests/{ledger.dataset}/{ledger.version}.jsonl.gz",
        checksum="",
    )
    return Change(ledger.dataset, ref, write_ledger(ledger), expected)
