"""What ingestion is to do with each file of RAW, decided from listings and ledger alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.lake.errors import BronzeDamaged
from checkpoints.lake.ledger import BronzeEntry, RejectedEntry, Stamp, key_order
from contracts.inventory import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checkpoints.lake.ledger import Ledger
    from contracts.inventory import FileFacts

IsIgnored = Callable[[str, int], bool]
"""Tells from a key and its size in bytes whether it is no data at all (a marker, a temporary file)."""


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as a listing shows it; ``key`` is relative to the dataset's folder."""

    key: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class IngestionPlan:
    """What a run will do, before it has read a byte. Every list is in the order of the keys' bytes."""

    dataset: str
    unchanged: tuple[BronzeEntry, ...]  # recognised, and their copies are as the ledger says
    rejected_again: tuple[RejectedEntry, ...]  # recognised
    to_inspect: tuple[SeenFile, ...]  # new, changed, or judged by another contract before
    to_copy_again: tuple[BronzeEntry, ...]  # recognised, but the copy in BRONZE is not the ledger's
    to_recheck: tuple[SeenFile, ...]  # not in RAW any more: their copies in BRONZE have to be looked at
    lost: tuple[str, ...]  # not in RAW any more, and not in BRONZE either
    vanished: tuple[BronzeEntry, ...]  # gone from RAW; BRONZE keeps them
    ignored: int


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file that was read: its facts, and how it was stamped when it was."""

    facts: FileFacts
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What a run found of one dataset, to be judged, and then carried out. Nothing is done yet.

    ``inventory``: every file seen in RAW in this run, grain one per key, in order.
    ``to_copy``: files of RAW whose copies BRONZE lacks; ``superseding``: those of them that replace another.
    ``to_quarantine``: the files rejected for the first time, or with new content.
    """

    dataset: str
    inventory: tuple[FileFacts, ...]
    valid: int
    unchanged: int
    ignored: int
    quarantined: Mapping[Reason, int]
    to_copy: tuple[Inspected, ...]
    superseding: tuple[str, ...]
    to_quarantine: tuple[Inspected, ...]
    known: Mapping[str, BronzeEntry]  # entries of the next ledger that need no copy
    rejected: Mapping[str, RejectedEntry]  # of the next ledger
    strays: tuple[str, ...]  # copies in BRONZE of files that are no longer valid
    before: Ledger | None


def plan_ingestion(
    dataset: str,
    listing: Iterable[SeenFile],
    ledger: Ledger | None,
    copies: Mapping[str, Stamp],
    inspected_by: str,
    is_ignored: IsIgnored,
) -> IngestionPlan:
    """Sort the files of RAW by what is to be done with them (spec 3's ledger).

    ``copies``: the files now in BRONZE, by key. When the ledger was written under another ``inspected_by``,
    no file is recognised: its facts could be others today. A file that could not be read is tried again.
    """
    files = ledger.files if ledger else {}
    rejected = ledger.rejected if ledger else {}
    trusts_facts = ledger is not None and ledger.inspected_by == inspected_by
    unchanged: list[BronzeEntry] = []
    to_copy_again: list[BronzeEntry] = []
    rejected_again: list[RejectedEntry] = []
    to_inspect: list[SeenFile] = []
    seen: set[str] = set()
    ignored = 0
    for file in sorted(listing, key=lambda one: key_order(one.key)):
        if is_ignored(file.key, file.stamp.size_bytes):
            ignored += 1
            continue
        seen.add(file.key)
        entry, refusal = files.get(file.key), rejected.get(file.key)
        if trusts_facts and refusal is not None and refusal.raw == file.stamp:
            if refusal.facts.reason is Reason.UNREADABLE:
                to_inspect.append(file)
            else:
                rejected_again.append(refusal)
        elif trusts_facts and entry is not None and entry.raw == file.stamp:
            (unchanged if copies.get(file.key) == entry.copy else to_copy_again).append(entry)
        else:
            to_inspect.append(file)
    vanished = tuple(entry for key, entry in files.items() if key not in seen)
    # What RAW no longer holds can only be checked where it is.
    only_here = [*vanished, *(files[entry.key] for entry in rejected_again if entry.key in files)]
    doubtful = [e.key for e in only_here if not trusts_facts or copies.get(e.key) != e.copy]
    return IngestionPlan(
        dataset=dataset,
        unchanged=tuple(unchanged),
        rejected_again=tuple(rejected_again),
        to_inspect=tuple(to_inspect),
        to_copy_again=tuple(to_copy_again),
        to_recheck=tuple(SeenFile(key, copies[key]) for key in doubtful if key in copies),
        lost=tuple(key for key in doubtful if key not in copies),
        vanished=vanished,
        ignored=ignored,
    )


def settle_ingestion(
    plan: IngestionPlan,
    inspected: Iterable[Inspected],
    rechecked: Iterable[Inspected],
    ledger: Ledger | None,
    copies: Mapping[str, Stamp],
) -> Ingestion:
    """Say what the run found, now that the files to inspect and to recheck have been read.

    Raises ``BronzeDamaged`` when a file that only BRONZE holds is gone from there, or no longer valid.
    """
    if plan.lost:
        raise _lost(plan)
    files = ledger.files if ledger else {}
    recognised = (*plan.unchanged, *plan.to_copy_again)
    inventory = [entry.facts for entry in recognised] + [entry.facts for entry in plan.rejected_again]
    known = {entry.key: entry for entry in (*plan.unchanged, *plan.vanished)}
    rejected = dict(ledger.rejected) if ledger else {}
    to_copy = [Inspected(entry.facts, entry.raw) for entry in plan.to_copy_again]
    to_quarantine, superseding, valid, unchanged = [], [], 0, len(recognised)
    quarantined = Counter(refusal.facts.reason for refusal in plan.rejected_again if refusal.facts.reason)
    for refusal in plan.rejected_again:
        if refusal.key in files:
            known[refusal.key] = files[refusal.key]  # its older, valid content stays
    for entry in recognised:
        rejected.pop(entry.key, None)  # RAW holds the valid content again
    for found in inspected:
        key, facts = found.facts.key, found.facts
        before = files.get(key)
        is_same = before is not None and before.facts.checksum == facts.checksum
        inventory.append(facts)
        if facts.reason is not None:
            quarantined[facts.reason] += 1
            to_quarantine.append(found)
            rejected[key] = RejectedEntry(facts, found.stamp)
            if before is not None and not is_same:
                known[key] = before
            continue
        rejected.pop(key, None)
        valid, unchanged = valid + (not is_same), unchanged + is_same
        if before is not None and is_same and copies.get(key) == before.copy:
            known[key] = replace(before, facts=facts, raw=found.stamp)
            continue
        to_copy.append(found)
        if before is not None and not is_same:
            superseding.append(key)
    for found in rechecked:
        before = files[found.facts.key]
        if found.facts.reason is None:
            known[before.key] = replace(before, facts=found.facts, copy=found.stamp)
        elif found.facts.checksum != before.facts.checksum:
            raise _spoilt(plan, found)
        else:  # today's contract refuses it, but RAW no longer holds it: the old copy and its facts stay
            quarantined[found.facts.reason] += 1
    return Ingestion(
        dataset=plan.dataset,
        inventory=tuple(sorted(inventory, key=lambda facts: key_order(facts.key))),
        valid=valid,
        unchanged=unchanged,
        ignored=plan.ignored,
        quarantined=dict(quarantined),
        to_copy=tuple(to_copy),
        superseding=tuple(superseding),
        to_quarantine=tuple(to_quarantine),
        known=known,
        rejected={key: rejected[key] for key in sorted(rejected, key=key_order)},
        strays=tuple(key for key in copies if key in rejected and key not in known),
        before=ledger,
    )


def _lost(plan: IngestionPlan) -> BronzeDamaged:
    return BronzeDamaged(
        f"{len(plan.lost)} files are gone from RAW and BRONZE",
        f"bronze/{plan.dataset}/{plan.lost[0]}",
        expected="the copy that the ledger vouches for",
        found="nothing there",
        next_step="put them back under RAW or BRONZE, or let the ledger forget them",
    )


def _spoilt(plan: IngestionPlan, found: Inspected) -> BronzeDamaged:
    return BronzeDamaged(
        "a file that only BRONZE holds was changed and is no longer valid",
        f"bronze/{plan.dataset}/{found.facts.key}",
        found=f"{found.facts.reason} ({found.facts.detail})",
        next_step="put it back under RAW or BRONZE, or let the ledger forget it",
    )
