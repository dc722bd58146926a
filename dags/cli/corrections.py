"""`lakegate quarantine export | fix | waive | discard | withdraw | log`."""

from __future__ import annotations

import getpass
import os
import sys
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

from checkpoints.gate.masking import Masking, mask
from checkpoints.quarantine.corrections import (
    EXPORT,
    Decision,
    corrections_in_effect,
    decisions,
    last_applied,
    record,
)
from contracts.corrections import Action
from contracts.errors import ConfigurationError
from dags.cli.console import lake_option, plain_text, print_json, say, say_table
from dags.cli.run import show_progress
from dags.corrections.decide import Signature, discards, record_draft, waivers, withdrawals
from dags.corrections.fixes import FixRequest
from dags.corrections.selection import Selection, editors_of, facts_of, selected_rows
from dags.corrections.sheet import FILE, RAW, ROW_ID, RULES, read_sheet, write_sheet
from dags.pipeline.context import new_run, read_setup, selected_datasets
from dags.settings import read_settings
from dags.spark.errors import translate_errors
from dags.spark.local import spark_for_few_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from contracts.corrections import Correction
    from contracts.model import Contract
    from dags.corrections.decide import Draft
    from dags.corrections.fixes import Edit, Fixes
    from dags.corrections.selection import SelectedRow
    from dags.pipeline.context import Setup
    from transforms.bronze_to_silver.record_editing import RecordEditor

REFUSED = 3  # exit status where the gate refuses a row
_SHOWN = 20


def export_command(
    *,
    dataset: str,
    rule: str | None,
    file: str | None,
    out: Path,
    unmasked: bool,
    author: str | None,
    reason: str | None,
    lake: str | None,
    as_json: bool,
) -> int:
    """Write the quarantined rows of a dataset to a sheet."""
    setup, contract = _open(lake, dataset)
    rows = selected_rows(setup.lake, contract, Selection(rule, file))
    used = facts_of(setup.lake, dataset, rows)
    start = partial(spark_for_few_rows, setup.settings)
    with translate_errors("quarantine export"):
        editors = editors_of(contract, used.values(), start)
    hidden = frozenset() if unmasked else _masking(setup, contract).columns
    shown = [column for column in contract.column_names if column not in hidden]
    columns = [ROW_ID, FILE, RULES, *([] if hidden else [RAW]), *shown]
    if unmasked:  # recorded before the sheet exists: none leaves unnoticed
        signature = _signature(author, reason or "")
        decision = Decision.new(
            dataset,
            EXPORT,
            (),
            author=signature.author,
            reason=signature.reason,
            decided_at=signature.decided_at,
            rows=len(rows),
        )
        record(setup.lake, decision)
    count = write_sheet(out, columns, (_sheet_row(one, editors[one.row.source_file]) for one in rows))
    if as_json:
        print_json({"dataset": dataset, "rows": count, "sheet": str(out), "hidden": sorted(hidden)})
        return 0
    say(f"{count:,} rows of {dataset} are in {out}")
    if hidden:
        say(f"Without the masked columns {', '.join(sorted(hidden))} and the raw text; --unmasked adds them.")
    say("Next: edit the cells, then:")
    say(f"  lakegate quarantine fix {out} --reason '…'{lake_option(lake)}")
    return 0


def fix_command(
    *, sheet: Path, author: str | None, reason: str, yes: bool, lake: str | None, as_json: bool
) -> int:
    """Judge the changed rows of a sheet, and record the fixes of those that break no rule."""
    signature = _signature(author, reason)
    settings = read_settings(lake=lake)
    setup = read_setup(settings)
    rows = {row.row_id: row for row in read_sheet(sheet)}
    start = partial(spark_for_few_rows, settings)
    request = FixRequest(setup, new_run(), rows, start)
    with show_progress(is_quiet=as_json) as progress, translate_errors("quarantine fix"):
        progress.transition("quarantine fix")
        progress.step(f"judging {len(rows):,} rows")
        found = [(contract, request.fixes_of(contract)) for contract in setup.contracts.datasets]
    fixes = [(contract, one) for contract, one in found if one is not None]
    not_found = len(rows) - sum(len(one.edits) + one.untouched for _, one in fixes)
    if not as_json:
        for contract, one in fixes:
            _show_fixes(one, _masking(setup, contract))
        if not_found:
            say(f"{not_found:,} rows of the sheet are not among those that the last run quarantined.")
    drafts = [one.draft for _, one in fixes]
    recorded = _record(setup, drafts, signature, lake=lake, yes=yes, as_json=as_json)
    refused = [edit for _, one in fixes for edit in one.refused]
    if as_json:
        document = _draft_document(drafts, recorded)
        document["refused"] = [
            {"row_id": edit.row_id, "line": edit.line, "problem": edit.problem} for edit in refused
        ]
        document["not_in_quarantine"] = not_found
        print_json(document)
    return REFUSED if refused else 0


def decide_command(
    *,
    action: Action,
    dataset: str,
    selection: Selection,
    author: str | None,
    reason: str,
    until: str | None,
    yes: bool,
    lake: str | None,
    as_json: bool,
) -> int:
    """Record a waiver, a discard or a withdrawal of the selected rows."""
    if selection == Selection():
        raise ConfigurationError(
            "no rows are selected", next_step="give --rule, --file or --row; --file '*' selects all"
        )
    signature = _signature(author, reason)
    setup, contract = _open(lake, dataset)
    match action:
        case Action.WAIVE:
            found = waivers(setup.lake, contract, selection, signature.decided_at, _last_day(until))
        case Action.DISCARD:
            found = discards(setup.lake, contract, selection, signature.decided_at)
        case _:
            found = withdrawals(setup.lake, contract, selection, signature.decided_at)
    if not as_json:
        _show_draft(found)
    recorded = _record(setup, [found], signature, lake=lake, yes=yes, as_json=as_json)
    if as_json:
        print_json(_draft_document([found], recorded))
    return 0


def log_command(*, dataset: str | None, lake: str | None, as_json: bool) -> int:
    """Show every decision, and what its corrections did in the last run."""
    settings = read_settings(lake=lake)
    setup = read_setup(settings)
    datasets = selected_datasets(setup.contracts, dataset)
    entries = [entry for contract in datasets for entry in _log(setup, contract.name)]
    entries.sort(key=lambda entry: str(entry["decided_at"]))
    if as_json:
        print_json({"decisions": entries})
        return 0
    if not entries:
        say("No decision is recorded yet.")
        return 0
    headings = ("when", "who", "what", "dataset", "rows", "last run", "why")
    lines = [
        (
            str(entry["decided_at"])[:16].replace("T", " "),
            plain_text(str(entry["author"])),
            str(entry["action"]),
            str(entry["dataset"]),
            f"{entry['rows']:,}",
            _effect(entry),
            plain_text(str(entry["reason"])),
        )
        for entry in entries
    ]
    say_table(headings, lines, right=("rows",))
    return 0


def _log(setup: Setup, dataset: str) -> Iterator[dict[str, object]]:
    current = corrections_in_effect(setup.lake, dataset, datetime.now(UTC))
    applied = last_applied(setup.lake, dataset)
    for decision in decisions(setup.lake, dataset):
        in_effect = [one for one in decision.corrections if current.get(one.row_id) == one]
        entry: dict[str, object] = {
            "id": decision.id,
            "dataset": dataset,
            "action": decision.action,
            "author": decision.author,
            "reason": decision.reason,
            "decided_at": decision.decided_at.isoformat(),
            "rows": decision.rows,
            "corrections": [_correction_document(one) for one in decision.corrections],
            "in_effect": len(in_effect),
        }
        if applied is not None and in_effect:
            done = {one.row_id: applied.rows.get(one.row_id, 0) for one in in_effect}
            entry["last_run"] = applied.run_id
            entry["rows_in_last_run"] = sum(done.values())
            entry["stale"] = sum(not rows for rows in done.values())
        yield entry


def _effect(entry: Mapping[str, object]) -> str:
    if entry["action"] in (EXPORT, Action.WITHDRAW):
        return ""
    if not entry["in_effect"]:
        return "no longer in effect"
    if "last_run" not in entry:
        return "not run yet"
    stale = f", {entry['stale']:,} stale" if entry["stale"] else ""
    return f"{entry['rows_in_last_run']:,} rows{stale}"


def _correction_document(one: Correction) -> dict[str, object]:
    found: dict[str, object] = {"row_id": one.row_id, "source_file": one.source_file}
    if one.rules:
        found["rules"] = list(one.rules)
    if one.until is not None:
        found["until"] = one.until
    return found


def _record(
    setup: Setup,
    drafts: Sequence[Draft],
    signature: Signature,
    *,
    lake: str | None,
    yes: bool,
    as_json: bool,
) -> list[str]:
    """Record what there is to record, once it is confirmed; return the URIs of the decisions."""
    rows = sum(len(one.corrections) for one in drafts)
    if not rows:
        if not as_json:
            say("Nothing to record.")
        return []
    if not yes:
        if as_json:
            return []
        if not sys.stdin.isatty():
            raise ConfigurationError(
                "nothing was recorded: confirmation needs a terminal",
                where="stdin",
                next_step="add --yes to record without asking",
            )
        import typer

        if not typer.confirm(f"Record {drafts[0].action.value} for {rows:,} row ids?"):
            say("Nothing was recorded.")
            return []
    recorded = [uri for one in drafts if (uri := record_draft(setup.lake, one, signature)) is not None]
    if not as_json:
        say(f"Recorded in {', '.join(recorded)}. Next: lakegate run{lake_option(lake)}")
    return recorded


def _draft_document(drafts: Sequence[Draft], recorded: Sequence[str]) -> dict[str, object]:
    return {
        "corrections": [
            {
                "dataset": one.dataset,
                "action": one.action.value,
                "rows": one.rows,
                "row_ids": [correction.row_id for correction in one.corrections],
                "unchanged": one.unchanged,
            }
            for one in drafts
        ],
        "recorded": list(recorded),
    }


def _show_draft(found: Draft) -> None:
    say(f"{found.dataset}: {found.action.value} {len(found.corrections):,} row ids, {found.rows:,} rows")
    for one in found.corrections[:_SHOWN]:
        until = f" until {one.until}" if one.until else ""
        say(f"  {one.row_id}  {plain_text(one.source_file)}  {', '.join(one.rules)}{until}")
    if (more := len(found.corrections) - _SHOWN) > 0:
        say(f"  and {more:,} more")
    if found.unchanged:
        say(f"  {found.unchanged:,} row ids are so already")


def _show_fixes(found: Fixes, masking: Masking) -> None:
    draft = found.draft
    say(
        f"{draft.dataset}: {len(draft.corrections):,} row ids to fix, {len(found.refused):,} refused, "
        f"{draft.unchanged:,} fixed so already, {found.untouched:,} not edited"
    )
    refused = found.refused
    for edit in (*refused[:_SHOWN], *[one for one in found.edits if one.problem is None][:_SHOWN]):
        _show_edit(edit, masking)
    if (more := len(found.edits) - 2 * _SHOWN) > 0:
        say(f"  and {more:,} more")


def _show_edit(edit: Edit, masking: Masking) -> None:
    say(f"  line {edit.line}  {edit.row_id}  {plain_text(edit.source_file)}")
    for column, old, new in edit.changes:
        is_masked = column in masking.columns or (column == RAW and bool(masking.columns))
        texts = [mask(text) if is_masked and text else plain_text(text) or "(empty)" for text in (old, new)]
        say(f"    {column}: {texts[0]} → {texts[1]}")
    if edit.problem is not None:
        say(f"    refused: {edit.problem}")


def _sheet_row(one: SelectedRow, editor: RecordEditor) -> dict[str, str]:
    row = one.row
    cells = {column: text or "" for column, text in (editor.cells(row.raw) or {}).items()}
    rules = ", ".join(row.failed_rules)
    return {**cells, ROW_ID: row.row_id, FILE: row.source_file, RULES: rules, RAW: row.raw}


def _open(lake: str | None, dataset: str) -> tuple[Setup, Contract]:
    setup = read_setup(read_settings(lake=lake))
    (contract,) = selected_datasets(setup.contracts, dataset)
    return setup, contract


def _masking(setup: Setup, contract: Contract) -> Masking:
    return Masking.of(contract, setup.policies.of(contract.name).masked_columns)


def _signature(author: str | None, reason: str) -> Signature:
    """Return who decides and why; both must be said.

    Raises:
        ConfigurationError: one of them is empty.
    """
    who = author or os.environ.get("LAKEGATE_AUTHOR") or _login()
    for option, text in (("--author", who), ("--reason", reason)):
        if not text.strip():
            raise ConfigurationError("must not be empty", where=option, next_step="the log shows it")
    return Signature(who.strip(), reason.strip(), datetime.now(UTC))


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # of a user without a name, as in a container
        return ""


def _last_day(until: str | None) -> str | None:
    if until is None:
        return None
    try:
        day = date.fromisoformat(until)
    except ValueError:
        raise ConfigurationError(
            "not a date", where="--until", expected="YYYY-MM-DD", found=repr(until)
        ) from None
    if day < datetime.now(UTC).date():
        raise ConfigurationError(
            "the day has passed", where="--until", expected="today or later", found=until
        )
    return day.isoformat()
