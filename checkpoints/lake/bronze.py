"""Inspection of RAW and BRONZE: new files and their facts, and the integrity of BRONZE."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from checkpoints.lake.commit import read_pointer, read_version_document
from checkpoints.lake.ingestion import (
    Ingestion,
    IngestionPlan,
    InspectedFile,
    IsIgnored,
    ListedFile,
    plan_ingestion,
    settle_ingestion,
)
from checkpoints.lake.ledger import Ledger, Stamp, read_ledger
from checkpoints.storage.errors import DamagedBronzeError, PreconditionFailedError
from checkpoints.storage.thread_pool import THREADS, Progress, map_in_threads, progress_counter
from checkpoints.storage.versioned_stream import open_with_retries
from contracts.inventory import FileFacts, Reason
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from checkpoints.lake.layout import Lake
    from checkpoints.lake.pointer import Pointer
    from checkpoints.storage.place import Place


Inspect = Callable[[str, int, Callable[[], BinaryIO]], FileFacts]
"""Returns a file's facts from its key, its size in bytes and an opener of its content; called in threads."""

_READS_OF_CHANGING_FILE = 3


def current_ledger(lake: Lake, dataset: str, pointer: Pointer | None = None) -> Ledger | None:
    """Return a dataset's current ledger, or None before the first. Raises ``DamagedDocumentError``."""
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
    known_facts: Mapping[ListedFile, FileFacts] | None = None,
    cutting_sources: Collection[str] = frozenset(),
) -> Ingestion:
    """List a dataset's RAW files, inspect the new ones, and return the plan. Writes nothing.

    Args:
        lake: to read RAW and BRONZE from.
        dataset: to ingest.
        ledger: its current one.
        inspected_by: fingerprint of the contract and of ``inspect``.
        inspect: returns a file's facts.
        is_ignored: returns whether a file is no data.
        threads: number of files inspected at once.
        progress: receives the number of inspected files.
        known_facts: results of the same ``inspect`` from before; those files are not read.
        cutting_sources: names of the contract's sources that define how text is cut.

    Raises:
        DamagedBronzeError: BRONZE lost a file that RAW no longer holds, or its content is invalid.
    """
    raw, bronze = lake.raw(dataset), lake.bronze(dataset)
    plan, copies = plan_files(lake, dataset, ledger, inspected_by=inspected_by, is_ignored=is_ignored)
    known = {file: InspectedFile(facts, file.stamp) for file, facts in (known_facts or {}).items()}
    unknown = [file for file in plan.to_inspect if file not in known]
    on_done = progress_counter(progress, len(unknown) + len(plan.to_recheck))
    results = map_in_threads(lambda file: inspect_listed(raw, file, inspect), unknown, threads, on_done)
    known |= dict(zip(unknown, results, strict=True))
    inspected = [known[file] for file in plan.to_inspect]
    rechecked = map_in_threads(
        lambda file: inspect_listed(bronze, file, inspect), plan.to_recheck, threads, on_done
    )
    return settle_ingestion(plan, inspected, rechecked, ledger, copies, cutting_sources)


def plan_files(
    lake: Lake, dataset: str, ledger: Ledger | None, *, inspected_by: str, is_ignored: IsIgnored
) -> tuple[IngestionPlan, dict[str, Stamp]]:
    """Return the plan for a dataset's RAW files, and the files now in BRONZE by key. Lists both folders."""
    copies = {file.key: file.stamp for file in list_files(lake.bronze(dataset))}
    return plan_ingestion(
        dataset, list_files(lake.raw(dataset)), ledger, copies, inspected_by, is_ignored
    ), copies


def list_files(folder: Place) -> Iterator[ListedFile]:
    """Yield the files below a folder by their keys."""
    for info in folder.list():
        yield ListedFile(folder.relative(info), Stamp(info.size_bytes, info.version))


def verify_bronze(lake: Lake, ledger: Ledger) -> None:
    """Raise ``DamagedBronzeError`` unless every file of BRONZE is the one in the ledger.

    Compares sizes and versions from one listing; reads no content.
    """
    copies = {file.key: file.stamp for file in list_files(lake.bronze(ledger.dataset))}
    wrong = [entry for entry in ledger.files.values() if copies.get(entry.key) != entry.copy]
    if wrong:
        found = copies.get(wrong[0].key)
        raise DamagedBronzeError(
            f"{len(wrong)} files of BRONZE differ from the ledger",
            lake.bronze(ledger.dataset).child(wrong[0].key).uri,
            expected=f"{wrong[0].copy.size_bytes} bytes of version {wrong[0].copy.version}",
            found=f"{found.size_bytes} bytes of version {found.version}" if found else "nothing there",
            next_step="run raw_to_bronze again: it checks them and copies them again",
        )


def readable_place(lake: Lake, ledger: Ledger, key: str) -> Place:
    """Return the place where Spark reads a file of BRONZE: the file itself, or its alias."""
    alias = ledger.files[key].alias
    return lake.area(Zone.BRONZE).child(alias) if alias else lake.bronze(ledger.dataset).child(key)


def inspect_listed(folder: Place, file: ListedFile, inspect: Inspect) -> InspectedFile:
    """Return a file's facts; inspect it again if it changes meanwhile, and reject it if it keeps changing."""
    place = folder.child(file.key)
    stamp = file.stamp
    for _ in range(_READS_OF_CHANGING_FILE):
        try:
            open_version = partial(open_with_retries, place.storage, place.path, stamp.version)
            facts = inspect(file.key, stamp.size_bytes, open_version)
        except PreconditionFailedError:
            current = place.stat()
            if current is None:
                break
            stamp = Stamp(current.size_bytes, current.version)
            continue
        after = place.stat()
        if after is None or after.version == stamp.version:
            return InspectedFile(facts, stamp)
        stamp = Stamp(after.size_bytes, after.version)
    detail = "it keeps changing while it is read"
    return InspectedFile(
        FileFacts(file.key, stamp.size_bytes, "", reason=Reason.UNREADABLE, detail=detail), stamp
    )
