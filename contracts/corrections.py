"""Corrections of rejected rows: what a steward decides about a record, and what is in effect (spec 8)."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from contracts.model import Contract

ROW_ID_DIGITS = 32


class Action(StrEnum):
    """What a correction does with a record."""

    FIX = "fix"  # read another text in its place
    WAIVE = "waive"  # do not hold it back for some rules
    DISCARD = "discard"  # leave it out
    WITHDRAW = "withdraw"  # undo the correction before


@dataclass(frozen=True, slots=True)
class Correction:
    """A decision about the records of one row id.

    ``source_file``: key of their file. ``raw``: the text that a fix puts in place of theirs. ``rules``: those
    that a waiver lifts. ``until``: the last day of a waiver, in UTC, in ISO 8601; None: no end.
    """

    row_id: str
    source_file: str
    action: Action
    raw: str | None = None
    rules: tuple[str, ...] = ()
    until: str | None = None

    def is_in_effect(self, day: date) -> bool:
        """Whether it changes the reading of its records on a day."""
        return self.action is not Action.WITHDRAW and (self.until is None or day.isoformat() <= self.until)


def why_not_waivable(contract: Contract, rule: str) -> str | None:
    """Return why no waiver lifts a rule, without which a row cannot be in the table; None if one may."""
    required = {column.name for column in contract.columns if column.required}
    if rule == "malformed":
        return "a malformed record has no values"
    if any(rule in (f"{column}_required", f"{column}_uncastable") for column in required):
        return "its column is required"
    if any(rule == f"{column}_too_long" for column in contract.length_limits):
        return "the warehouse cannot hold a longer text"
    return None


Corrections = dict[str, Correction]
"""Corrections of a dataset by row id."""


def row_id(dataset: str, source_file: str, raw: str) -> str:
    r"""Return the id of a record: equal records of one file share it.

    The first 32 hex digits of SHA-256 over dataset, file key and raw text, separated by zero bytes (spec 8).

    >>> row_id("users", "a.csv", "1,Ann")
    '5b713853d07fe2a040a1ac7dce9a246b'
    """
    text = "\0".join((dataset, source_file, raw))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:ROW_ID_DIGITS]


def in_effect(corrections: Iterable[Correction], at: datetime) -> Corrections:
    """Return the corrections in effect at a time: the last one of each row id counts.

    Args:
        corrections: of one dataset, in the order in which they were recorded.
        at: a time in UTC, such as the clock of a run.
    """
    last = {correction.row_id: correction for correction in corrections}
    return {row: last[row] for row in sorted(last) if last[row].is_in_effect(at.date())}


def corrections_digest(corrections: Corrections) -> str:
    """Return the SHA-256 of what corrections in effect do, in hex."""
    ordered = [corrections[row] for row in sorted(corrections)]
    texts = [repr((one.row_id, one.action.value, one.raw, sorted(one.rules))) for one in ordered]
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What becomes of a record by all corrections that apply to it.

    ``applied``: the row ids of these corrections, in order: several where the text of a fix is corrected in
    turn. ``raw``: the text to read in its place; None: its own. ``waived``: rules that do not hold it back.
    """

    applied: tuple[str, ...]
    raw: str | None = None
    waived: tuple[str, ...] = ()
    is_discarded: bool = False

    @property
    def applied_text(self) -> str:
        """The row ids in one text."""
        return " ".join(self.applied)


RecordChanges = dict[str, RecordChange]
"""Changes of a file's records by row id."""


def changes_by_file(dataset: str, corrections: Corrections) -> Mapping[str, RecordChanges]:
    """Return the changes of records by file key and row id; fixes of fixed texts are followed."""
    changes: dict[str, RecordChanges] = defaultdict(dict)
    for row, correction in corrections.items():
        changes[correction.source_file][row] = _change(dataset, correction, corrections)
    return changes


def _change(dataset: str, first: Correction, corrections: Corrections) -> RecordChange:
    """Follow the corrections of a record, each at most once."""
    applied: list[str] = []
    raw, correction = None, first
    while correction.action is Action.FIX:
        applied.append(correction.row_id)
        raw = correction.raw
        following = corrections.get(row_id(dataset, correction.source_file, raw or ""))
        if following is None or following.row_id in applied:
            return RecordChange(tuple(applied), raw)
        correction = following
    applied.append(correction.row_id)
    if correction.action is Action.DISCARD:
        return RecordChange(tuple(applied), raw, is_discarded=True)
    return RecordChange(tuple(applied), raw, correction.rules)


@dataclass(frozen=True, slots=True)
class CorrectionCounts:
    """What the corrections in effect did in a run.

    ``stale``: corrections whose records are no longer in their file. ``rows_by_id``: by row id, the records
    that its correction applied to. A record counts once, as discarded or else as fixed, waived or both.
    """

    rows_fixed: int = 0
    rows_waived: int = 0
    rows_discarded: int = 0
    stale: int = 0
    rows_by_id: Mapping[str, int] = field(default_factory=dict)


def count_corrections(corrections: Corrections, records: Mapping[str, int]) -> CorrectionCounts:
    """Return what corrections did.

    Args:
        corrections: those in effect.
        records: how many records were changed by ``applied_text`` of their changes.
    """
    by_id = Counter[str]()
    rows = Counter[Action]()
    for text, count in records.items():
        applied = text.split()
        by_id.update(dict.fromkeys(applied, count))
        actions = {corrections[row].action for row in applied}
        rows.update(dict.fromkeys({Action.DISCARD} & actions or actions, count))
    return CorrectionCounts(
        rows_fixed=rows[Action.FIX],
        rows_waived=rows[Action.WAIVE],
        rows_discarded=rows[Action.DISCARD],
        stale=len(corrections.keys() - by_id.keys()),
        rows_by_id=by_id,
    )
