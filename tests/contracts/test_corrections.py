"""Corrections: row ids, what is in effect, and what becomes of a record."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from contracts.corrections import (
    Action,
    Correction,
    CorrectionCounts,
    RecordChange,
    changes_by_file,
    corrections_digest,
    count_corrections,
    in_effect,
    row_id,
)

NOW = datetime(2024, 5, 1, 23, 59, tzinfo=UTC)


def fix(raw: str, new: str) -> Correction:
    return Correction(row_id("d", "f", raw), "f", Action.FIX, raw=new)


def discard(raw: str) -> Correction:
    return Correction(row_id("d", "f", raw), "f", Action.DISCARD)


def waive(raw: str, *rules: str, until: str | None = None) -> Correction:
    return Correction(row_id("d", "f", raw), "f", Action.WAIVE, rules=rules, until=until)


def withdraw(raw: str) -> Correction:
    return Correction(row_id("d", "f", raw), "f", Action.WITHDRAW)


def changes(*corrections: Correction) -> dict[str, RecordChange]:
    return dict(changes_by_file("d", in_effect(corrections, NOW)).get("f", {}))


def test_a_row_id_is_the_digest_of_dataset_file_and_raw_text() -> None:
    expected = hashlib.sha256("events\0a/b ü.csv\0x,1".encode()).hexdigest()[:32]
    assert row_id("events", "a/b ü.csv", "x,1") == expected


def test_the_last_correction_of_a_row_counts() -> None:
    last = waive("a", "r")
    assert in_effect([fix("a", "b"), discard("a"), last], NOW) == {last.row_id: last}
    assert in_effect([fix("a", "b"), withdraw("a")], NOW) == {}
    assert in_effect([withdraw("a"), last], NOW) == {last.row_id: last}


@pytest.mark.parametrize(("until", "holds"), [("2024-05-01", True), ("2024-04-30", False), (None, True)])
def test_a_waiver_holds_through_its_last_day(until: str | None, *, holds: bool) -> None:
    assert bool(in_effect([waive("a", "r", until=until)], NOW)) is holds


def test_the_correction_before_does_not_return_when_a_waiver_ends() -> None:
    assert in_effect([discard("a"), waive("a", "r", until="2024-04-30")], NOW) == {}


def test_fixes_are_followed_to_the_last_correction() -> None:
    a, b, c = (row_id("d", "f", raw) for raw in "abc")
    assert changes(fix("a", "b"), fix("b", "c"), waive("c", "r1", "r2")) == {
        a: RecordChange((a, b, c), "c", ("r1", "r2")),
        b: RecordChange((b, c), "c", ("r1", "r2")),
        c: RecordChange((c,), None, ("r1", "r2")),
    }
    assert changes(fix("a", "b"), discard("b"))[a] == RecordChange((a, b), "b", is_discarded=True)


def test_fixes_in_a_circle_are_each_applied_once() -> None:
    a, b = row_id("d", "f", "a"), row_id("d", "f", "b")
    both = changes(fix("a", "b"), fix("b", "a"))
    assert both == {a: RecordChange((a, b), "a"), b: RecordChange((b, a), "b")}
    assert changes(fix("a", "a")) == {a: RecordChange((a,), "a")}


def test_the_digest_depends_on_what_corrections_do_alone() -> None:
    def digest(*corrections: Correction) -> str:
        return corrections_digest(in_effect(corrections, NOW))

    assert digest(waive("a", "r")) == digest(waive("a", "r", until="2099-01-01"))
    assert digest(fix("a", "b"), discard("c")) == digest(discard("c"), fix("a", "b"))
    assert len({digest(), digest(fix("a", "b")), digest(fix("a", "c")), digest(discard("a"))}) == 4


def test_each_record_counts_once_and_unused_corrections_are_stale() -> None:
    corrections = in_effect(
        [fix("a", "b"), waive("b", "r"), fix("c", "d"), discard("d"), discard("e"), waive("f", "r")], NOW
    )
    applied = {"ab": 2, "cd": 3, "d": 1}
    records = {" ".join(row_id("d", "f", raw) for raw in chain): rows for chain, rows in applied.items()}
    found = count_corrections(corrections, records)
    assert (found.rows_fixed, found.rows_waived, found.rows_discarded, found.stale) == (2, 2, 4, 2)
    assert found.rows_by_id[row_id("d", "f", "d")] == 4
    assert count_corrections({}, {}) == CorrectionCounts()
