"""Decisions about quarantined rows: the corrections that a command would record, and why others are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.quarantine.corrections import Decision, corrections_in_effect, record
from contracts.corrections import Action, Correction, why_not_waivable
from contracts.errors import ConfigurationError
from dags.corrections.selection import selected_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from checkpoints.lake.layout import Lake
    from contracts.corrections import Corrections
    from contracts.model import Contract
    from dags.corrections.selection import SelectedRow, Selection


@dataclass(frozen=True, slots=True)
class Signature:
    """Who decides, why and when."""

    author: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """What a command would record about a dataset.

    ``rows``: the records that ``corrections`` are about. ``unchanged``: selected row ids for which the same
    is in effect.
    """

    dataset: str
    action: Action
    corrections: tuple[Correction, ...]
    rows: int
    unchanged: int = 0


def waivers(lake: Lake, contract: Contract, selection: Selection, at: datetime, until: str | None) -> Draft:
    """Return waivers for the selected rows: of the selected rule, or of all rules that a row breaks.

    A row keeps the waivers that are in effect.

    Raises:
        ConfigurationError: a rule cannot be waived.
    """
    current = corrections_in_effect(lake, contract.name, at)
    rows = selected_rows(lake, contract, selection)
    wanted: list[tuple[SelectedRow, Correction]] = []
    for one in rows:
        rules = (selection.rule,) if selection.rule else one.row.failed_rules
        for rule in rules:
            _check_waivable(contract, rule)
        before = current.get(one.row.row_id)
        kept = before.rules if before is not None and before.action is Action.WAIVE else ()
        all_rules = tuple(sorted({*rules, *kept}))
        correction = Correction(
            one.row.row_id, one.row.source_file, Action.WAIVE, rules=all_rules, until=until
        )
        wanted.append((one, correction))
    return draft(contract.name, Action.WAIVE, wanted, current)


def discards(lake: Lake, contract: Contract, selection: Selection, at: datetime) -> Draft:
    """Return corrections that leave the selected rows out. Raises ConfigurationError."""
    rows = selected_rows(lake, contract, selection)
    wanted = [(one, Correction(one.row.row_id, one.row.source_file, Action.DISCARD)) for one in rows]
    return draft(contract.name, Action.DISCARD, wanted, corrections_in_effect(lake, contract.name, at))


def withdrawals(lake: Lake, contract: Contract, selection: Selection, at: datetime) -> Draft:
    """Return corrections that undo those in effect which are selected.

    Raises:
        ConfigurationError: no correction of a selected row id is in effect.
    """
    current = corrections_in_effect(lake, contract.name, at)
    found = [correction for correction in current.values() if selection.has_correction(correction)]
    ids = {correction.row_id for correction in found}
    if missing := [row for row in selection.row_ids if row not in ids]:
        raise ConfigurationError(
            f"no selected correction of {contract.name} is in effect",
            where="--row",
            found=", ".join(missing[:10]),
            next_step=f"see lakegate quarantine log --dataset {contract.name}",
        )
    undone = tuple(Correction(one.row_id, one.source_file, Action.WITHDRAW) for one in found)
    return Draft(contract.name, Action.WITHDRAW, undone, len(undone))


def draft(
    dataset: str, action: Action, wanted: Iterable[tuple[SelectedRow, Correction]], current: Corrections
) -> Draft:
    """Return a draft of the corrections that are not in effect already."""
    pairs = list(wanted)
    new = [(one, correction) for one, correction in pairs if current.get(correction.row_id) != correction]
    return Draft(
        dataset,
        action,
        tuple(correction for _, correction in new),
        sum(one.records for one, _ in new),
        len(pairs) - len(new),
    )


def record_draft(lake: Lake, found: Draft, signature: Signature) -> str | None:
    """Record a draft as one decision and return its URI; None where it changes nothing."""
    if not found.corrections:
        return None
    decision = Decision.new(
        found.dataset,
        found.action.value,
        found.corrections,
        author=signature.author,
        reason=signature.reason,
        decided_at=signature.decided_at,
        rows=found.rows,
    )
    return record(lake, decision)


def _check_waivable(contract: Contract, rule: str) -> None:
    problem = why_not_waivable(contract, rule)
    if problem is not None:
        raise ConfigurationError(
            f"the rule {rule} cannot be waived, since {problem}",
            where=contract.name,
            next_step="fix the rows, or discard them",
        )
