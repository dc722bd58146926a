"""Plan of an ingestion: what to do with each file of RAW, from the listings and the ledger. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.lake.ledger import BronzeEntry, RejectedEntry, Stamp, key_order
from checkpoints.storage.errors import DamagedBronzeError
from contracts.inventory import FileFormat, Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from checkpoints.lake.ledger import Ledger
    from contracts.inventory import FileFacts

IsIgnored = Callable[[str, int], bool]
"""Returns, from a key and a size in bytes, whether a file is no data (a marker, a temporary file)."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A listed file; ``key`` is relative to the dataset's folder."""

    key: str
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class IngestionPlan:
    """The files of a dataset by what to do with them, before any is read. Ordered by the keys' bytes."""

    dataset: str
    unchanged: tuple[BronzeEntry, ...]  # recognised, and their copies match the ledger
    rejected_again: tuple[RejectedEntry, ...]  # recognised
    to_inspect: tuple[ListedFile, ...]  # new, changed, or last inspected under another contract
    to_copy_again: tuple[BronzeEntry, ...]  # recognised, but the copy in BRONZE differs from the ledger
    to_recheck: tuple[
        ListedFile, ...
    ]  # RAW may hold them no more: their copies in BRONZE have to be looked at
    lost: tuple[str, ...]  # in the ledger, but neither in RAW nor in BRONZE
    vanished: tuple[BronzeEntry, ...]  # removed from RAW; BRONZE keeps them
    ignored: int


@dataclass(frozen=True, slots=True)
class InspectedFile:
    """A file's facts, and its stamp when it was read."""

    facts: FileFacts
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Ingestion:
    """The findings of a run for one dataset, to be judged and then promoted.

    ``inventory``: every file in RAW in this run, one per key, in order.
    ``refused_anew``: reasons to reject files that were accepted before; these files stay accepted.
    ``to_copy``: files of RAW without a copy of this content in BRONZE.
    ``to_quarantine``: files rejected for the first time, or with new content.
    """

    dataset: str
    inventory: tuple[FileFacts, ...]
    valid: int
    unchanged: int
    ignored: int
    quarantined: Mapping[Reason, int]
    to_copy: tuple[InspectedFile, ...]
    to_quarantine: tuple[InspectedFile, ...]
    known: Mapping[str, BronzeEntry]  # entries of the next ledger that need no copy
    rejected: Mapping[str, RejectedEntry]  # of the next ledger
    strays: tuple[str, ...]  # copies in BRONZE of rejected files that are not in the ledger
    before: Ledger | None
    refused_anew: tuple[FileFacts, ...] = ()

    @property
    def accepted_before(self) -> tuple[FileFacts, ...]:
        """The facts of the next ledger's files whose content is in the last ledger too, in order."""
        before = self.before.files if self.before else {}
        kept = [entry.facts for entry in self.known.values()]
        kept += [
            one.facts
            for one in self.to_copy
            if one.facts.key in before and before[one.facts.key].facts.checksum == one.facts.checksum
        ]
        return tuple(sorted(kept, key=lambda facts: key_order(facts.key)))

    @property
    def without_rows(self) -> tuple[FileFacts, ...]:
        """The valid files of the inventory without a record."""
        return tuple(facts for facts in self.inventory if facts.is_valid and facts.rows == 0)


def plan_ingestion(
    dataset: str,
    listing: Iterable[ListedFile],
    ledger: Ledger | None,
    copies: Mapping[str, Stamp],
    inspected_by: str,
    is_ignored: IsIgnored,
) -> IngestionPlan:
    """Return the plan for the files of RAW (spec 3's ledger).

    ``copies``: the files now in BRONZE, by key. If the ledger was written under another ``inspected_by``, no
    file is recognised, as its facts may have changed. A file that could not be read is inspected again.
    """
    files = ledger.files if ledger else {}
    rejected = ledger.rejected if ledger else {}
    trusts_facts = ledger is not None and ledger.inspected_by == inspected_by
    unchanged: list[BronzeEntry] = []
    to_copy_again: list[BronzeEntry] = []
    rejected_again: list[RejectedEntry] = []
    to_inspect: list[ListedFile] = []
    raw_stamps: dict[str, Stamp] = {}
    ignored = 0
    for file in sorted(listing, key=lambda one: key_order(one.key)):
        if is_ignored(file.key, file.stamp.size_bytes):
            ignored += 1
            continue
        raw_stamps[file.key] = file.stamp
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
    vanished = tuple(entry for key, entry in files.items() if key not in raw_stamps)
    # Content that RAW no longer holds can only be checked in BRONZE.
    only_here = [*vanished, *(files[entry.key] for entry in rejected_again if entry.key in files)]
    doubtful = [e.key for e in only_here if not trusts_facts or copies.get(e.key) != e.copy]
    to_recheck = [ListedFile(key, copies[key]) for key in doubtful if key in copies]
    if not trusts_facts:
        # If the new content in RAW is rejected, the copy stays, under facts of this contract.
        changed = [files[file.key] for file in to_inspect if file.key in files]
        to_recheck += [
            ListedFile(entry.key, entry.copy)
            for entry in changed
            if entry.raw != raw_stamps[entry.key] and copies.get(entry.key) == entry.copy
        ]
    return IngestionPlan(
        dataset=dataset,
        unchanged=tuple(unchanged),
        rejected_again=tuple(rejected_again),
        to_inspect=tuple(to_inspect),
        to_copy_again=tuple(to_copy_again),
        to_recheck=tuple(to_recheck),
        lost=tuple(key for key in doubtful if key not in copies),
        vanished=vanished,
        ignored=ignored,
    )


def settle_ingestion(
    plan: IngestionPlan,
    inspected: Iterable[InspectedFile],
    rechecked: Iterable[InspectedFile],
    ledger: Ledger | None,
    copies: Mapping[str, Stamp],
    cutting_sources: Collection[str] = frozenset(),
) -> Ingestion:
    """Return the findings of a run, after the planned files have been inspected and rechecked.

    Accepted content stays accepted, whatever the inspection of the same content finds now (``merge_facts``,
    also for ``cutting_sources``).

    Raises ``DamagedBronzeError`` if a file that only BRONZE holds is missing there or no longer valid.
    """
    if plan.lost:
        raise _lost_error(plan)
    files = ledger.files if ledger else {}
    recognised = (*plan.unchanged, *plan.to_copy_again)
    inventory = [entry.facts for entry in recognised] + [entry.facts for entry in plan.rejected_again]
    rechecks = {found.facts.key: found for found in rechecked}
    refused_anew: list[FileFacts] = []

    def merged(accepted: FileFacts, found: FileFacts) -> FileFacts:
        if found.reason is not None:
            refused_anew.append(found)
        return merge_facts(accepted, found, cutting_sources)

    def rechecked_entry(entry: BronzeEntry) -> BronzeEntry:
        """Return the next entry of a file whose content only BRONZE holds."""
        found = rechecks.get(entry.key)
        if found is None:
            return entry
        if found.facts.checksum == entry.facts.checksum:
            return replace(entry, facts=merged(entry.facts, found.facts), copy=found.stamp)
        if found.facts.reason is not None:
            raise _invalid_copy_error(plan, found)
        return replace(entry, facts=found.facts, copy=found.stamp)

    known = {entry.key: entry for entry in plan.unchanged}
    known |= {entry.key: rechecked_entry(entry) for entry in plan.vanished}
    rejected = dict(ledger.rejected) if ledger else {}
    to_copy = [InspectedFile(entry.facts, entry.raw) for entry in plan.to_copy_again]
    to_quarantine, valid, unchanged = [], 0, len(recognised)
    quarantined = Counter(refusal.facts.reason for refusal in plan.rejected_again if refusal.facts.reason)
    for refusal in plan.rejected_again:
        if refusal.key in files:
            known[refusal.key] = rechecked_entry(files[refusal.key])  # its older, valid content stays
    for entry in recognised:
        rejected.pop(entry.key, None)  # RAW holds the valid content again
    for found in inspected:
        key, before = found.facts.key, files.get(found.facts.key)
        is_same = before is not None and before.facts.checksum == found.facts.checksum
        facts = merged(before.facts, found.facts) if before is not None and is_same else found.facts
        inventory.append(facts)
        if facts.reason is not None:
            quarantined[facts.reason] += 1
            to_quarantine.append(found)
            rejected[key] = RejectedEntry(facts, found.stamp)
            if before is not None:
                known[key] = rechecked_entry(before)
            continue
        rejected.pop(key, None)
        valid, unchanged = valid + (not is_same), unchanged + is_same
        if before is not None and is_same and copies.get(key) == before.copy:
            known[key] = replace(before, facts=facts, raw=found.stamp)
            continue
        to_copy.append(InspectedFile(facts, found.stamp))
    return Ingestion(
        dataset=plan.dataset,
        inventory=tuple(sorted(inventory, key=lambda facts: key_order(facts.key))),
        valid=valid,
        unchanged=unchanged,
        ignored=plan.ignored,
        quarantined=dict(quarantined),
        to_copy=tuple(to_copy),
        to_quarantine=tuple(to_quarantine),
        known=known,
        rejected={key: rejected[key] for key in sorted(rejected, key=key_order)},
        strays=tuple(key for key in copies if key in rejected and key not in known),
        before=ledger,
        refused_anew=tuple(refused_anew),
    )


def _lost_error(plan: IngestionPlan) -> DamagedBronzeError:
    return DamagedBronzeError(
        f"{len(plan.lost)} files are missing in RAW and BRONZE",
        f"bronze/{plan.dataset}/{plan.lost[0]}",
        expected="the copy in the ledger",
        found="nothing there",
        next_step="restore them in RAW or BRONZE",
    )


def _invalid_copy_error(plan: IngestionPlan, found: InspectedFile) -> DamagedBronzeError:
    return DamagedBronzeError(
        "a file that only BRONZE holds was changed and is no longer valid",
        f"bronze/{plan.dataset}/{found.facts.key}",
        found=f"{found.facts.reason} ({found.facts.detail})",
        next_step="restore it in RAW or BRONZE",
    )


def merge_facts(
    accepted: FileFacts, found: FileFacts, cutting_sources: Collection[str] = frozenset()
) -> FileFacts:
    """Return the facts of an accepted file after another inspection of the same content (spec 3).

    Valid facts replace the accepted ones, so that a new source, or a better parser, takes effect. But names
    by position stay those of the contract under which the file was first accepted. Facts with a reason to
    reject only replace the source, unless the former or the new source defines how text is cut: the accepted
    facts describe how this file is cut under the former source.

    Args:
        accepted: the valid facts of the ledger.
        found: the facts of the inspection: valid, or with a reason.
        cutting_sources: the names of the contract's sources that define how text is cut.
    """
    if found.reason is not None:
        is_cut_by_source = not {accepted.source, found.source}.isdisjoint(cutting_sources)
        return accepted if is_cut_by_source else replace(accepted, source=found.source)
    if (
        _has_contract_names(accepted)
        and _has_contract_names(found)
        and len(accepted.names) == len(found.names)
    ):
        return replace(found, names=accepted.names)
    return found


def _has_contract_names(facts: FileFacts) -> bool:
    """Return whether a file has no names of its own, and takes the contract's by position."""
    return facts.format is FileFormat.DELIMITED and not facts.header and not facts.has_given_names
