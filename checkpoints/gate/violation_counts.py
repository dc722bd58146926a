"""Counts of rule violations by file and by rule, made on the workers and added up on the driver."""

from __future__ import annotations

import heapq
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from checkpoints.gate.measures import Offender, RejectedRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Marks = NDArray[np.bool_]


FILES_BY_RULE = 30  # kept of each rule: those with the most offenders
_FILES_PER_TASK = 10_000  # of each rule, that a task returns: those with the most offenders
_OFFENDERS_KEPT = 5  # of each rule
_REJECTED_KEPT = 20
_MAX_SAMPLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class RuleViolations:
    """Rules broken by each row of a batch: error rules by an invalid row, warn rules by a valid one.

    ``marks``: a column for each of ``names``, which are sorted by UTF-8 bytes.
    """

    names: Sequence[str]
    is_valid: Marks
    marks: Marks

    @classmethod
    def of(cls, breaks: Mapping[str, pa.BooleanArray], errors: Iterable[str], rows: int) -> RuleViolations:
        """Return the violations of ``rows`` rows.

        Args:
            breaks: by rule, true for a row that breaks it.
            errors: the error rules among them.
            rows: number of rows, also if there are no rules.
        """
        names = sorted(breaks, key=str.encode)
        marks = np.zeros((rows, len(names)), np.bool_)
        for position, name in enumerate(names):
            marks[:, position] = breaks[name].to_numpy(zero_copy_only=False)
        is_error = np.isin(names, list(errors))
        is_valid: Marks = np.logical_not(np.any(marks[:, is_error], axis=1))
        return cls(names, is_valid, marks & (is_error != is_valid[:, None]))

    def broken_rules(self) -> pa.ListArray:
        """Return the names of the rules that each invalid row broke, sorted."""
        broken = self.marks[~self.is_valid]
        offsets = np.append(0, np.cumsum(broken.sum(axis=1))).astype(np.int32)
        names = pa.array(self.names, pa.string()).take(pa.array(np.nonzero(broken)[1]))
        return pa.ListArray.from_arrays(pa.array(offsets), names)


@dataclass
class ViolationCounts:
    """Counts of rule violations; counts of tasks can be added.

    ``samples``: by rule, the least and the greatest offending text.
    """

    by_file: Counter[str] = field(default_factory=Counter)  # invalid rows
    by_rule: Counter[str] = field(default_factory=Counter)
    files_by_rule: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    samples: dict[str, tuple[str, str]] = field(default_factory=dict)
    currencies: set[tuple[str, str]] = field(default_factory=set)  # column, as written in a valid row
    written: list[str] = field(default_factory=list)  # names of quarantine files
    rejected: list[RejectedRow] = field(default_factory=list)  # the least by row id
    offenders: dict[str, list[Offender]] = field(default_factory=dict)  # by rule, the least by row id

    def count(
        self,
        violations: RuleViolations,
        sources: pa.StringArray,
        texts: Mapping[str, pa.StringArray],
        currencies: Mapping[str, pa.StringArray],
    ) -> None:
        """Count the rows of a batch.

        Args:
            violations: of the rows.
            sources: the rows' files.
            texts: by rule, the values that it judges.
            currencies: by column, the currencies as written.
        """
        invalid = pc.value_counts(sources.filter(pa.array(~violations.is_valid)))
        self.by_file.update({one["values"]: one["counts"] for one in invalid.to_pylist()})
        for position, name in enumerate(violations.names):
            is_broken = violations.marks[:, position]
            if not is_broken.any():
                continue
            self.by_rule[name] += int(is_broken.sum())
            offending = pc.value_counts(sources.filter(pa.array(is_broken)))
            self.files_by_rule[name].update({one["values"]: one["counts"] for one in offending.to_pylist()})
            if name in texts:
                found = pc.min_max(texts[name].filter(pa.array(is_broken))).as_py()
                self._sample(name, found["min"], found["max"])
        for column, written in currencies.items():
            valid = pc.drop_null(written.filter(pa.array(violations.is_valid)))
            self.currencies.update((column, currency) for currency in pc.unique(valid).to_pylist())

    def add_rejected(self, rows: pa.RecordBatch) -> None:
        """Keep the least of the rows of a batch for quarantine, by row id."""
        columns = (rows[name].to_pylist() for name in ("row_id", "source_file", "failed_rules"))
        found = {RejectedRow(id_, file, ", ".join(rules)) for id_, file, rules in zip(*columns, strict=True)}
        self.rejected = heapq.nsmallest(_REJECTED_KEPT, {*self.rejected, *found})

    def add_offenders(
        self, rows: pa.RecordBatch, violations: RuleViolations, texts: Mapping[str, pa.StringArray]
    ) -> None:
        """Keep the least of the rows of a batch for quarantine, by rule and row id.

        Args:
            rows: for quarantine: the invalid rows.
            violations: of all rows of the batch.
            texts: by rule, the values of the invalid rows that it judges.
        """
        broken = violations.marks[~violations.is_valid]
        for position, name in enumerate(violations.names):
            at = np.flatnonzero(broken[:, position])
            if not at.size:
                continue
            found = pa.table(
                {
                    "id": rows["row_id"],
                    "file": rows["source_file"],
                    "value": texts.get(name, pa.nulls(len(rows), pa.string())),
                }
            ).take(at)
            least = pc.select_k_unstable(found, k=_OFFENDERS_KEPT, sort_keys=[("id", "ascending")])
            for one in found.take(least).to_pylist():
                value = (one["value"] or "")[:_MAX_SAMPLE_CHARACTERS]
                self._offender(name, Offender(one["id"], one["file"], value))

    def files_of(self, rule: str) -> dict[str, int]:
        """Return the files with the most offenders of a rule, and their numbers, most first."""
        found = ((-rows, file) for file, rows in self.files_by_rule[rule].items())
        return {file: -rows for rows, file in heapq.nsmallest(FILES_BY_RULE, found)}

    def add(self, kind: str, name: str, rows: int, low: str | None, high: str | None) -> None:
        """Add one row of another task's ``batch``."""
        match kind:
            case "file":
                self.by_file[name] += rows
            case "rule":
                self.by_rule[name] += rows
                self._sample(name, low, high)
            case "rule and file":
                self.files_by_rule[name][low or ""] += rows
            case "offender":
                id_, file, value = json.loads(low or "[]")
                self._offender(name, Offender(id_, file, value))
            case "currency":
                self.currencies.add((name, low or ""))
            case "written":
                self.written.append(name)
            case "rejected":
                of_task = RejectedRow(name, low or "", high or "")
                self.rejected = heapq.nsmallest(_REJECTED_KEPT, {*self.rejected, of_task})

    def batch(self) -> pa.RecordBatch:
        """Return the counts as rows of ``_COUNTS_SCHEMA``."""
        rows: list[tuple[str, str, int, str | None, str | None]] = []
        rows += [("file", name, count, None, None) for name, count in self.by_file.items()]
        rows += [
            ("rule", name, count, *self.samples.get(name, (None, None)))
            for name, count in self.by_rule.items()
        ]
        for name, files in self.files_by_rule.items():
            most = files.most_common(_FILES_PER_TASK)
            rows += [("rule and file", name, count, file, None) for file, count in most]
        rows += [
            ("offender", name, 0, json.dumps([one.row_id, one.source_file, one.value]), None)
            for name, offenders in self.offenders.items()
            for one in offenders
        ]
        rows += [("currency", column, 0, written, None) for column, written in self.currencies]
        rows += [("written", name, 0, None, None) for name in self.written]
        rows += [("rejected", row.row_id, 0, row.source_file, row.rules) for row in self.rejected]
        names = ("kind", "name", "rows", "low", "high")
        types = (pa.string(), pa.string(), pa.int64(), pa.string(), pa.string())
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        return pa.RecordBatch.from_arrays(
            [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)], names
        )

    def _sample(self, rule: str, low: str | None, high: str | None) -> None:
        """Keep the least and the greatest text, by code points, truncated."""
        if low is None or high is None:
            return
        lowest, highest = self.samples.get(rule, (low, high))
        self.samples[rule] = (
            min(low, lowest)[:_MAX_SAMPLE_CHARACTERS],
            max(high, highest)[:_MAX_SAMPLE_CHARACTERS],
        )

    def _offender(self, rule: str, offender: Offender) -> None:
        kept = {*self.offenders.get(rule, ()), offender}
        self.offenders[rule] = heapq.nsmallest(_OFFENDERS_KEPT, kept)
