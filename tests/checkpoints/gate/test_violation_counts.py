"""Rows are judged by all rules at once, and counts of parts add up to the counts of the whole."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as some

from checkpoints.gate.violation_counts import RuleViolations, ViolationCounts

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[str, bool, bool, bool, str | None, str | None]  # file, three rules, offending text, currency
RULES, ERRORS = ("é_late", "zero", "above"), ("zero", "é_late")
ROWS = some.lists(
    some.tuples(
        some.sampled_from("fg"),
        some.booleans(),
        some.booleans(),
        some.booleans(),
        some.one_of(some.none(), some.text("aé😀", max_size=3)),
        some.sampled_from([None, "$", "EUR"]),
    ),
    max_size=8,
)


def violations(rows: Sequence[Row]) -> RuleViolations:
    breaks = {name: pa.array([row[n] for row in rows], pa.bool_()) for n, name in enumerate(RULES, start=1)}
    return RuleViolations.of(breaks, ERRORS, len(rows))


def counted(rows: Sequence[Row]) -> ViolationCounts:
    counts = ViolationCounts()
    texts = pa.array([row[4] for row in rows], pa.string())
    files, money = (pa.array([row[n] for row in rows], pa.string()) for n in (0, 5))
    counts.count(violations(rows), files, dict.fromkeys(RULES[:2], texts), {"price": money})
    return counts


def test_an_invalid_row_breaks_error_rules_and_a_valid_one_warn_rules() -> None:
    rows: list[Row] = [
        ("f", False, False, False, None, None),
        ("f", False, False, True, None, None),
        ("f", True, True, True, None, None),
        ("f", False, True, False, None, None),
    ]
    found = violations(rows)
    assert found.is_valid.tolist() == [True, True, False, False]
    assert found.names == ["above", "zero", "é_late"]
    assert found.marks.tolist() == [
        [False, False, False],
        [True, False, False],
        [False, True, True],
        [False, True, False],
    ]
    assert found.broken_rules().to_pylist() == [["zero", "é_late"], ["zero"]]


@given(ROWS)
def test_counts_match_a_naive_count(rows: list[Row]) -> None:
    found = counted(rows)
    invalid = [row for row in rows if row[1] or row[2]]
    valid = [row for row in rows if not (row[1] or row[2])]
    late, zero = ([row for row in invalid if row[n]] for n in (1, 2))
    above = [row for row in valid if row[3]]
    assert found.by_file == Counter(row[0] for row in invalid)
    by_rule = {"é_late": len(late), "zero": len(zero), "above": len(above)}
    assert found.by_rule == {name: rows for name, rows in by_rule.items() if rows}
    assert found.currencies == {("price", row[5]) for row in valid if row[5] is not None}
    files = {"é_late": late, "zero": zero, "above": above}
    assert found.files_by_rule == {name: Counter(row[0] for row in of) for name, of in files.items() if of}
    for name, of in (("é_late", late), ("zero", zero)):
        texts = [row[4] for row in of if row[4] is not None]
        assert found.samples.get(name) == ((min(texts), max(texts)) if texts else None)


@given(ROWS, ROWS)
def test_the_counts_of_two_tasks_add_up(some_rows: list[Row], others: list[Row]) -> None:
    added = ViolationCounts()
    for part in (counted(some_rows), counted(others)):
        for row in part.batch().to_pylist():
            added.add(*row.values())
    assert added == counted([*some_rows, *others])


def test_a_long_sample_is_truncated() -> None:
    counts = counted([("f", True, False, False, "x" * 300, None)])
    assert counts.samples == {"é_late": ("x" * 200, "x" * 200)}
