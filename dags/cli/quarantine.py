"""`lakegate quarantine`: rejected files, quarantined rows, and accepted files that block raw_to_bronze."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from checkpoints.storage.errors import LakeUnreadableError
from dags.cli.console import lake_option, plain_text, print_json
from dags.pipeline.context import find_lake, selected_datasets
from dags.settings import read_settings
from transforms.bronze_to_silver.layouts import layout_of, single_format
from transforms.bronze_to_silver.text_files import as_text
from transforms.formats.json_parser import text_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.table import Table

    from checkpoints.lake.layout import Lake
    from checkpoints.lake.ledger import Ledger
    from checkpoints.quarantine.files import Rejection
    from checkpoints.quarantine.rows import QuarantinedRows
    from contracts.inventory import FileFacts
    from contracts.model import Contract


@dataclass(frozen=True, slots=True)
class BlockingFile:
    """An accepted file without a source for required columns of the current contract."""

    dataset: str
    key: str
    columns: tuple[str, ...]


def quarantine_command(
    *, lake: str | None, dataset: str | None, rule: str | None, limit: int, as_json: bool
) -> int:
    """Show the rejected files, and the quarantined rows of each dataset's last run, by rule.

    Also accepted files that lack required columns of the current contracts, which block raw_to_bronze.
    """
    from checkpoints.gate.measure_files import readability_rules
    from checkpoints.quarantine.rows import last_quarantine
    from contracts.loader import load_contracts

    settings = read_settings(lake=lake)
    found = find_lake(settings)
    found.root.storage.ensure_readable()
    contracts = load_contracts(settings.contracts)
    names = [contract.name for contract in selected_datasets(contracts, dataset)]
    ledgers = {name: _ledger(found, name) for name in names}
    files = [
        rejection
        for name in names
        for rejection in _still_rejected(found, name, ledgers[name])
        if rule is None or rejection.reason.value == rule
    ]
    lacking = (
        [file for name in names for file in _lacking_files(contracts.silver(name), ledgers[name])]
        if rule in (None, *readability_rules(contracts.inventory))
        else []
    )
    summaries = (last_quarantine(found, name, rule=rule, limit=limit) for name in names)
    rows = [summary for summary in summaries if summary is not None]
    if as_json:
        print_json(_document(files, lacking, rows))
    else:
        _show_files(files, lacking, limit)
        for summary in rows:
            _show_rows(found, contracts.silver(summary.dataset), summary, lake_option(lake))
    return 0


def _ledger(lake: Lake, dataset: str) -> Ledger | None:
    """Return the ledger of a dataset's BRONZE; None without one, and for a steward, who may not read it."""
    from checkpoints.lake.bronze import current_ledger

    try:
        return current_ledger(lake, dataset)
    except LakeUnreadableError as error:
        print(f"lakegate: files accepted since their rejection are listed too: {error}", file=sys.stderr)
        return None


def _still_rejected(lake: Lake, dataset: str, ledger: Ledger | None) -> Iterator[Rejection]:
    """Yield the rejected files of a dataset, without those that were corrected and accepted since."""
    from checkpoints.quarantine.files import rejections

    for rejection in rejections(lake, dataset):
        is_accepted_since = (
            ledger is not None
            and rejection.key in ledger.files
            and rejection.key not in ledger.rejected
            and rejection.rejected_at <= ledger.promoted_at
        )
        if not is_accepted_since:
            yield rejection


def _lacking_files(contract: Contract, ledger: Ledger | None) -> list[BlockingFile]:
    from transforms.raw_to_bronze.column_coverage import missing_columns
    from transforms.raw_to_bronze.file_names import match_source

    facts = [entry.facts for entry in ledger.files.values()] if ledger else []
    if contract.sources:
        sources = [match_source(file.key, contract) for file in facts]
        facts = [
            replace(file, source=source.name if source else None)
            for file, source in zip(facts, sources, strict=True)
        ]
    lacking = missing_columns(facts, contract)
    return [BlockingFile(contract.name, key, columns) for key, columns in lacking.items()]


def _document(
    files: Sequence[Rejection], lacking: Sequence[BlockingFile], rows: Sequence[QuarantinedRows]
) -> dict[str, object]:
    return {
        "files": [
            {
                "dataset": file.dataset,
                "key": file.key,
                "reason": file.reason.value,
                "detail": file.detail,
                "hint": file.hint,
            }
            for file in files
        ],
        "files_lacking_columns": [asdict(file) for file in lacking],
        "rows": [
            {
                "dataset": summary.dataset,
                "run_id": summary.run_id,
                "rows": summary.rows,
                "rows_by_rule": dict(summary.rows_by_rule),
                "samples": [
                    {
                        "row_id": row.row_id,
                        "source_file": row.source_file,
                        "failed_rules": list(row.failed_rules),
                        "raw": row.raw,
                    }
                    for row in summary.samples
                ],
            }
            for summary in rows
        ],
    }


def _show_files(files: Sequence[Rejection], lacking: Sequence[BlockingFile], limit: int) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    reasons = Counter(file.reason.value for file in files)
    console.print(f"[bold]rejected files[/]  {len(files):,}  {_listed(reasons.items())}")
    if files:
        table = _table("dataset", "key", "reason", "what was found")
        for file in files:
            table.add_row(*map(escape, (file.dataset, file.key, file.reason.value, file.detail)))
        console.print(table)
    for file in [file for file in files if file.hint][:limit]:
        console.print(f"this entry under sources would accept {escape(file.dataset)}/{escape(file.key)}:")
        console.print(file.hint.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)
        console.print()
    if lacking:
        console.print(f"[bold]accepted files that lack required columns[/]  {len(lacking):,}")
        table = _table("dataset", "key", "required columns without a source")
        for accepted in lacking[:limit]:
            table.add_row(*map(escape, (accepted.dataset, accepted.key, ", ".join(accepted.columns))))
        console.print(table)


def _show_rows(lake: Lake, contract: Contract, summary: QuarantinedRows, option: str) -> None:
    """Show the rules that rows broke, and rows as records."""
    from rich.console import Console
    from rich.markup import escape

    from checkpoints.quarantine.rows import last_facts

    console = Console(highlight=False)
    console.print(f"\n[bold]{contract.name}: quarantined rows[/]  {summary.rows:,} in run {summary.run_id}")
    if not summary.rows:
        return
    meanings = {rule.name: rule.description for rule in contract.rules}
    table = _table("rule", "rows", "share", "what it asks for")
    for rule, rows in sorted(summary.rows_by_rule.items(), key=lambda one: (-one[1], one[0])):
        table.add_row(rule, f"{rows:,}", f"{rows / summary.rows:.1%}", escape(meanings.get(rule, "")))
    console.print(table)
    facts = {as_text(key): one for key, one in last_facts(lake, contract.name).items()}
    for row in summary.samples:
        console.print(
            f"[bold]{row.row_id}[/]  {escape(plain_text(row.source_file))}  {', '.join(row.failed_rules)}",
            soft_wrap=True,
        )
        for name, text in fields_of(row.raw, facts.get(row.source_file)):
            console.print(f"  [dim]{escape(plain_text(name))}[/]  {escape(plain_text(text))}", soft_wrap=True)
    console.print(f"all rows: {summary.uri}", soft_wrap=True)
    of_dataset = f"--dataset {contract.name}"
    console.print(
        "to correct them:\n"
        f"  lakegate quarantine export {of_dataset} --out {contract.name}.csv{option}\n"
        f"  lakegate quarantine waive|discard {of_dataset} --rule RULE --reason '…'{option}",
        soft_wrap=True,
        markup=False,
    )


def fields_of(raw: str, facts: FileFacts | None) -> list[tuple[str, str]]:
    """Return a record's fields as written, by name; the raw text alone where it cannot be parsed."""
    parsed = None if facts is None else next(iter(single_format(layout_of(facts)).parse([raw])), None)
    if parsed is None or parsed.flaw is not None:
        return [("raw", raw)]
    texts = (text_form(value) for value in parsed.values)
    return [(name, "" if text is None else text) for name, text in zip(parsed.keys, texts, strict=True)]


def _table(*headings: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts))
