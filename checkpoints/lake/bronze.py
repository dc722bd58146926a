"""Look at RAW and BRONZE: what is new there, what each new file is, and whether BRONZE is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from checkpoints.lake.commit import read_pointer, read_version_document
from checkpoints.lake.crew import THREADS, Progress, counted, in_threads
from checkpoints.lake.errors import BronzeDamaged, PreconditionFailed
from checkpoints.lake.ingestion import (
    Ingestion,
    IngestionPlan,
    Inspected,
    IsIgnored,
    SeenFile,
    plan_ingestion,
    settle_ingestion,
)
from checkpoints.lake.ledger import Ledger, Stamp, read_ledger
from checkpoints.lake.patient import open_patiently
from contracts.inventory import FileFacts, Reason
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checkpoints.lake.layout import Lake, Place
    from checkpoints.lake.pointer import Pointer

Inspect = Callable[[str, int, Callable[[], BinaryIO]], FileFacts]
"""Tells a file's facts from its key, its size in bytes and an opener of its content; called in threads."""

_READS_OF_A_CHANGING_FILE = 3


def current_ledger(lake: Lake, dataset: str, pointer: Pointer | None = None) -> Ledger | None:
    """Return a dataset's current ledger, None when there was none yet. Raises ``DocumentDamaged``."""
    line = (pointer or read_pointer(lake, Zone.BRONZE)).line(dataset)
    if line is None:
        return None
    where = lake.area(Zone.BRONZE).child(line.current.document).uri
    return read_ledger(read_version_document(lake, Zone.BRONZE, line.current), where)


def ingest(
    lake: Lake,
    dataset: str,
    ledger: Ledger | None,
    *,
    inspected_by: str,
    inspect: Inspect,
    is_ignored: IsIgnored,
    threads: int = THREADS,
    progress: Progress | None = None,
    noted: Mapping[SeenFile, FileFacts] | None = None,
) -> Ingestion:
    """Look at a dataset's RAW files, read the new ones, and say what is to be done. Writes nothing.

    ``noted``: facts that were found out before, by the very same ``inspect``; those files are not read.

    Raises ``BronzeDamaged`` when BRONZE lost or spoilt what RAW no longer holds.
    """
    raw, bronze = lake.raw(dataset), lake.bronze(dataset)
    plan, copies = plan_files(lake, dataset, ledger, inspected_by=inspected_by, is_ignored=is_ignored)
    known = {file: Inspected(facts, file.stamp) for file, facts in (noted or {}).items()}
    unknown = [file for file in plan.to_inspect if file not in known]
    told = counted(progress, len(unknown) + len(plan.to_recheck))
    read = in_threads(lambda file: inspect_seen(raw, file, inspect), unknown, threads, told)
    known |= dict(zip(unknown, read, strict=True))
    inspected = [known[file] for file in plan.to_inspect]
    rechecked = in_threads(lambda file: inspect_seen(bronze, file, inspect), plan.to_recheck, threads, told)
    return settle_ingestion(plan, inspected, rechecked, ledger, copies)


def plan_files(
    lake: Lake, dataset: str, ledger: Ledger | None, *, inspected_by: str, is_ignored: IsIgnored
) -> tuple[IngestionPlan, dict[str, Stamp]]:
    """Return what is to be done with a dataset's RAW files, and what now lies in BRONZE. Two listings."""
    copies = {file.key: file.stamp for file in list_files(lake.bronze(dataset))}
    return plan_ingestion(
        dataset, list_files(lake.raw(dataset)), ledger, copies, inspected_by, is_ignored
    ), copies


def list_files(folder: Place) -> Iterator[SeenFile]:
    """Yield the files below a folder by their keys."""
    for info in folder.list():
        yield SeenFile(folder.relative(info), Stamp(info.size_bytes, info.version))


def verify_bronze(lake: Lake, ledger: Ledger) -> None:
    """Raise ``BronzeDamaged`` unless every file of BRONZE is the one that the ledger vouches for.

    Looks at sizes and versions only: one listing, nothing is read.
    """
    copies = {file.key: file.stamp for file in list_files(lake.bronze(ledger.dataset))}
    wrong = [entry for entry in ledger.files.values() if copies.get(entry.key) != entry.copy]
    if wrong:
        found = copies.get(wrong[0].key)
        raise BronzeDamaged(
            f"{len(wrong)} files of BRONZE are not those of the ledger",
            lake.bronze(ledger.dataset).child(wrong[0].key).uri,
            expected=f"{wrong[0].copy.size_bytes} bytes of version {wrong[0].copy.version}",
            found=f"{found.size_bytes} bytes of version {found.version}" if found else "nothing there",
            next_step="run raw_to_bronze again: it checks them, and copies them anew",
        )


def readable_place(lake: Lake, ledger: Ledger, key: str) -> Place:
    """Return where Spark reads a file of BRONZE: itself, or its alias."""
    alias = ledger.files[key].alias
    return lake.area(Zone.BRONZE).child(alias) if alias else lake.bronze(ledger.dataset).child(key)


def inspect_seen(folder: Place, file: SeenFile, inspect: Inspect) -> Inspected:
    """Read a file that nobody changes while it is read."""
    place = folder.child(file.key)
    stamp = file.stamp
    for _ in range(_READS_OF_A_CHANGING_FILE):
        try:
            facts = inspect(
                file.key,
                stamp.size_bytes,
                lambda: open_patiently(place.storage, place.path, stamp.version),  # noqa: B023 - used in this turn
            )
        except PreconditionFailed:
            now_there = place.stat()
            if now_there is None:
                break
            stamp = Stamp(now_there.size_bytes, now_there.version)
            continue
        after = place.stat()
        if after is None or after.version == stamp.version:
            return Inspected(facts, stamp)
        stamp = Stamp(after.size_bytes, after.version)
    detail = "it is changed again and again while it is read"
    return Inspected(
        FileFacts(file.key, stamp.size_bytes, "", reason=Reason.UNREADABLE, detail=detail), stamp
    )
