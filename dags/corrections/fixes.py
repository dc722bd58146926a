"""Fixes from an edited sheet: the new text of each row, judged before it is recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.quarantine.corrections import corrections_in_effect
from contracts.corrections import Action, Correction
from contracts.inventory import FileFormat
from dags.corrections.decide import Draft, draft
from dags.corrections.selection import editors_of, facts_of, rows_with_ids
from dags.corrections.sheet import LONGEST_CELL, RAW
from dags.corrections.trial import Replacement, rules_still_broken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import SparkSession

    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from dags.corrections.selection import SelectedRow
    from dags.corrections.sheet import SheetRow
    from dags.pipeline.context import Run, Setup
    from transforms.bronze_to_silver.record_editing import RecordEditor


@dataclass(frozen=True, slots=True)
class Edit:
    """One row of a sheet that changes a quarantined record.

    ``changes``: (column or ``raw``, old, new). ``problem``: why it cannot be recorded, or None.
    """

    row_id: str
    source_file: str
    line: int
    changes: tuple[tuple[str, str, str], ...] = ()
    new_raw: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Fixes:
    """What a sheet changes in a dataset.

    ``draft``: the fixes to record. ``edits``: all changed rows; those with a problem are not in the draft.
    ``untouched``: rows of the sheet as they were exported.
    """

    draft: Draft
    edits: tuple[Edit, ...]
    untouched: int = 0

    @property
    def refused(self) -> tuple[Edit, ...]:
        """The changed rows that cannot be recorded."""
        return tuple(edit for edit in self.edits if edit.problem is not None)


@dataclass(frozen=True)
class FixRequest:
    """The rows of a sheet by row id, to be turned into fixes.

    ``start_spark`` is called if there is anything to judge.
    """

    setup: Setup
    run: Run
    rows: Mapping[str, SheetRow]
    start_spark: Callable[[], SparkSession]

    def fixes_of(self, contract: Contract) -> Fixes | None:
        """Return the fixes of a dataset; None if the sheet has no row that its last run quarantined.

        Raises:
            ContractError: a rule cannot be judged.
        """
        lake, dataset = self.setup.lake, contract.name
        found = rows_with_ids(lake, dataset, self.rows)
        if not found:
            return None
        used = facts_of(lake, dataset, found.values())
        editors = editors_of(contract, used.values(), self.start_spark)
        edits = [_edit(one, self.rows[id_], used[one.row.source_file], editors) for id_, one in found.items()]
        changed = [edit for edit in edits if edit.changes or edit.problem]
        judged = self._judged(contract, changed, found, used)
        wanted = [
            (
                found[edit.row_id],
                Correction(edit.row_id, edit.source_file, Action.FIX, raw=edit.new_raw),
            )
            for edit in judged
            if edit.problem is None
        ]
        current = corrections_in_effect(lake, dataset, self.run.as_of)
        return Fixes(draft(dataset, Action.FIX, wanted, current), tuple(judged), len(edits) - len(changed))

    def _judged(
        self,
        contract: Contract,
        edits: Sequence[Edit],
        found: Mapping[str, SelectedRow],
        facts: Mapping[str, FileFacts],
    ) -> list[Edit]:
        """Return the edits with the problem of those that would still be quarantined."""
        replacements = [
            Replacement(
                edit.row_id,
                facts[edit.source_file],
                found[edit.row_id].row.raw,
                found[edit.row_id].row.failed_rules,
                edit.new_raw,
            )
            for edit in edits
            if edit.problem is None
        ]
        if not replacements:
            return list(edits)
        broken = rules_still_broken(self.start_spark(), self.setup, self.run, contract, replacements)
        return [edit if edit.problem else _with_problem(edit, broken[edit.row_id]) for edit in edits]


def _with_problem(edit: Edit, broken: tuple[str, ...] | None) -> Edit:
    if broken is None:
        problem = "the new text is no record"
    elif broken:
        problem = f"still breaks {', '.join(broken)}"
    else:
        return edit
    return replace(edit, problem=problem)


def _edit(one: SelectedRow, sheet: SheetRow, facts: FileFacts, editors: Mapping[str, RecordEditor]) -> Edit:
    """Return what a row of the sheet changes in a record."""
    row, editor = one.row, editors[one.row.source_file]
    changes: list[tuple[str, str, str]] = []
    new_raw, problem = row.raw, None
    raw = sheet.cells.get(RAW, "")
    if raw and _is_changed(row.raw, raw):
        changes.append((RAW, row.raw, raw))
        new_raw = raw
    cells = editor.cells(row.raw) or {}
    by_column = {
        column: (cells.get(column) or "", text)
        for column, text in sheet.cells.items()
        if column in editor.columns and _is_changed(cells.get(column) or "", text)
    }
    if by_column and changes:
        problem = f"both the raw text and {', '.join(by_column)} are changed: change one of them"
    elif by_column:
        try:
            new_raw = editor.with_cells(row.raw, {column: new for column, (_, new) in by_column.items()})
        except ValueError as error:
            problem = str(error)
    changes += [(column, old, new) for column, (old, new) in by_column.items()]
    if changes and facts.format is FileFormat.PARQUET and editor.plan.specs.fill_down:
        problem = (
            "a row of a Parquet file whose source fills down cannot be fixed: discard it, or mend the file"
        )
    return Edit(row.row_id, row.source_file, sheet.line, tuple(changes), new_raw, problem)


def _is_changed(old: str, new: str) -> bool:
    """Return whether a cell was edited, rather than altered by a spreadsheet: other line ends, or cut."""
    if len(old) >= LONGEST_CELL and (not new or old.startswith(new)):
        return False
    return "\n".join(old.splitlines()) != "\n".join(new.splitlines())
