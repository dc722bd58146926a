"""Counts rows that something is to be told of, on Spark's workers: by file, by rule, by currency.

A task's counts are a few rows themselves, and add up to those of a dataset without a shuffle.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Marks = NDArray[np.bool_]

COUNTED = "kind string, name string, rows bigint, low string, high string"
_SAMPLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows and the rules they broke: an invalid row its error rules, a valid one its warn rules.

    ``marks``: a column for each of ``names``, which are sorted by UTF-8 bytes.
    """

    names: Sequence[str]
    is_valid: Marks
    marks: Marks

    @classmethod
    def of(cls, breaks: Mapping[str, pa.BooleanArray], errors: Iterable[str], rows: int) -> Judged:
        """Judge so many rows by what is true for those that break each rule. ``errors``: the error rules."""
        names = sorted(breaks, key=str.encode)
        marks = np.zeros((rows, len(names)), np.bool_)
        for place, name in enumerate(names):
            marks[:, place] = breaks[name].to_numpy(zero_copy_only=False)
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
class RecordCounts:
    """Counts of rows, which add up. ``samples``: by rule the least and the greatest offending text."""

    by_file: Counter[str] = field(default_factory=Counter)  # invalid rows
    by_rule: Counter[str] = field(default_factory=Counter)
    samples: dict[str, tuple[str, str]] = field(default_factory=dict)
    currencies: set[tuple[str, str]] = field(default_factory=set)  # column, as written in a valid row
    written: list[str] = field(default_factory=list)  # names of files
    without_raw: int = 0  # invalid rows whose raw text was not kept

    def count(
        self,
        judged: Judged,
        sources: pa.StringArray,
        texts: Mapping[str, pa.StringArray],
        money: Mapping[str, pa.StringArray],
    ) -> None:
        """Count rows: what they broke; their files; by rule what it looked at; by column the currency."""
        invalid = pc.value_counts(sources.filter(pa.array(~judged.is_valid)))
        self.by_file.update({one["values"]: one["counts"] for one in invalid.to_pylist()})
        for place, name in enumerate(judged.names):
            is_broken = judged.marks[:, place]
            if not is_broken.any():
                continue
            self.by_rule[name] += int(is_broken.sum())
            if name in texts:
                found = pc.min_max(texts[name].filter(pa.array(is_broken))).as_py()
                self._sample(name, found["min"], found["max"])
        for column, written in money.items():
            named = pc.drop_null(written.filter(pa.array(judged.is_valid)))
            self.currencies.update((column, one) for one in pc.unique(named).to_pylist())

    def add(self, kind: str, name: str, rows: int, low: str | None, high: str | None) -> None:
        """Add one row of counts: of a task, as ``batch`` gives them."""
        match kind:
            case "file":
                self.by_file[name] += rows
            case "rule":
                self.by_rule[name] += rows
                self._sample(name, low, high)
            case "currency":
                self.currencies.add((name, low or ""))
            case "written":
                self.written.append(name)
            case "without_raw":
                self.without_raw += rows

    def batch(self) -> pa.RecordBatch:
        """Return the counts as rows of ``COUNTED``."""
        rows: list[tuple[str, str, int, str | None, str | None]] = []
        rows += [("file", name, rows, None, None) for name, rows in self.by_file.items()]
        rows += [
            ("rule", name, rows, *self.samples.get(name, (None, None))) for name, rows in self.by_rule.items()
        ]
        rows += [("currency", column, 0, written, None) for column, written in self.currencies]
        rows += [("written", name, 0, None, None) for name in self.written]
        rows.append(("without_raw", "", self.without_raw, None, None))
        names = ("kind", "name", "rows", "low", "high")
        types = (pa.string(), pa.string(), pa.int64(), pa.string(), pa.string())
        columns = zip(*rows, strict=True) if rows else ((),) * len(names)
        return pa.RecordBatch.from_arrays(
            [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)], names
        )

    def _sample(self, rule: str, low: str | None, high: str | None) -> None:
        """Keep the least and the greatest text, by code points, cut to a bounded length."""
        if low is None or high is None:
            return
        lowest, highest = self.samples.get(rule, (low, high))
        self.samples[rule] = (
            min(low, lowest)[:_SAMPLE_CHARACTERS],
            max(high, highest)[:_SAMPLE_CHARACTERS],
        )
