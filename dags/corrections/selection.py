"""Quarantined rows to correct: selected by rule, file or id, with the facts of their files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from checkpoints.lake.bronze import current_ledger
from checkpoints.quarantine.rows import last_facts, last_rows
from contracts.errors import ConfigurationError, LakegateError
from transforms.bronze_to_silver.layouts import layout_of
from transforms.bronze_to_silver.record_editing import RecordEditor
from transforms.bronze_to_silver.source_columns import is_parsed
from transforms.bronze_to_silver.source_plan import source_plans
from transforms.bronze_to_silver.text_files import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from pyspark.sql import SparkSession

    from checkpoints.lake.layout import Lake
    from checkpoints.quarantine.rows import QuarantinedRow
    from contracts.corrections import Correction
    from contracts.inventory import FileFacts
    from contracts.model import Contract


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a dataset: those of all conditions that are given; none given: all.

    ``file``: a pattern of file keys, in which ``*`` and ``?`` stand for any characters.
    """

    rule: str | None = None
    file: str | None = None
    row_ids: tuple[str, ...] = ()

    def has_row(self, row: QuarantinedRow) -> bool:
        """Whether a quarantined row is selected."""
        is_of_rule = self.rule is None or self.rule in row.failed_rules
        return is_of_rule and self._has(row.row_id, row.source_file)

    def has_correction(self, correction: Correction) -> bool:
        """Whether a correction is selected: by rule, the waivers of that rule."""
        is_of_rule = self.rule is None or self.rule in correction.rules
        return is_of_rule and self._has(correction.row_id, correction.source_file)

    def _has(self, row_id: str, source_file: str) -> bool:
        is_of_file = self.file is None or fnmatchcase(source_file, self.file)
        return is_of_file and (not self.row_ids or row_id in self.row_ids)


@dataclass(frozen=True, slots=True)
class SelectedRow:
    """The quarantined records of one row id, and how many there are."""

    row: QuarantinedRow
    records: int


def selected_rows(lake: Lake, contract: Contract, selection: Selection) -> list[SelectedRow]:
    """Return the rows that the last run quarantined and that are selected, one for each row id.

    Raises:
        ConfigurationError: the contract has no such rule, or a row id is not in quarantine.
    """
    known = [rule.name for rule in contract.rules if rule.is_row_rule]
    if selection.rule is not None and selection.rule not in known:
        raise ConfigurationError(
            f"{contract.name} has no row rule of this name",
            where="--rule",
            expected=", ".join(known),
            found=repr(selection.rule),
        )
    found = _by_row_id(filter(selection.has_row, last_rows(lake, contract.name)))
    if missing := [row for row in selection.row_ids if row not in found]:
        raise ConfigurationError(
            f"not among the selected rows that the last run quarantined of {contract.name}",
            where="--row",
            found=", ".join(missing[:10]),
            next_step=f"see lakegate quarantine --dataset {contract.name}",
        )
    return list(found.values())


def rows_with_ids(lake: Lake, dataset: str, row_ids: Container[str]) -> dict[str, SelectedRow]:
    """Return, by row id, the rows among some ids that the last run quarantined."""
    return _by_row_id(row for row in last_rows(lake, dataset) if row.row_id in row_ids)


def _by_row_id(rows: Iterable[QuarantinedRow]) -> dict[str, SelectedRow]:
    first: dict[str, QuarantinedRow] = {}
    records = Counter[str]()
    for row in rows:
        first.setdefault(row.row_id, row)
        records[row.row_id] += 1
    return {id_: SelectedRow(row, records[id_]) for id_, row in first.items()}


def facts_of(lake: Lake, dataset: str, rows: Iterable[SelectedRow]) -> Mapping[str, FileFacts]:
    """Return the facts of the files of quarantined rows, by ``_source_file``.

    Raises:
        LakegateError: an earlier version of lakegate quarantined the rows, and their file is gone since.
    """
    facts = last_facts(lake, dataset)
    if not facts and (ledger := current_ledger(lake, dataset)) is not None:
        facts = {key: entry.facts for key, entry in ledger.files.items()}
    known = {as_text(key): file for key, file in facts.items()}
    wanted = {one.row.source_file for one in rows}
    if missing := sorted(wanted - known.keys()):
        raise LakegateError(
            "the form of the files of quarantined rows is unknown",
            where=f"{dataset}: {', '.join(missing[:5])}",
            next_step="run lakegate run --only bronze_to_silver --force",
        )
    return {key: known[key] for key in wanted}


def editors_of(
    contract: Contract, facts: Iterable[FileFacts], start_spark: Callable[[], SparkSession]
) -> Mapping[str, RecordEditor]:
    """Return the editor of each file's records, by ``_source_file``.

    Args:
        contract: of the files' dataset.
        facts: of the files.
        start_spark: called only where a source of the files renames, computes or filters columns.

    Raises:
        ContractError: a source's expression cannot be computed.
    """
    files = list(facts)
    used = {file.source for file in files}
    needs_spark = any(is_parsed(source) for source in contract.sources if source.name in used)
    plans = source_plans(start_spark() if needs_spark else None, contract, files)
    return {as_text(file.key): RecordEditor(layout_of(file), plans[file.source]) for file in files}
