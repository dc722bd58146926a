"""The store of corrections: only ever added to, by anyone at any time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from checkpoints.lake.layout import Lake, open_lake
from checkpoints.quarantine.corrections import (
    Decision,
    corrections_in_effect,
    decisions,
    last_applied,
    record,
    record_applied,
)
from checkpoints.storage.errors import DamagedDocumentError
from checkpoints.storage.local import LocalStorage
from contracts.corrections import Action, Correction
from tests.killing import left_behind

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path))


def decision(number: int, action: Action = Action.DISCARD, author: str = "Ann") -> Decision:
    raw = 'x,"ü"\n\u2028' if action is Action.FIX else None
    rules = ("age_range",) if action is Action.WAIVE else ()
    until = "2024-05-01" if action is Action.WAIVE else None
    correction = Correction(f"{number:032x}", "a/ü.csv", action, raw=raw, rules=rules, until=until)
    return Decision.new(
        "events", action.value, (correction,), author=author, reason="why\n<b>", decided_at=NOW, rows=3
    )


def test_decisions_are_read_in_the_order_in_which_they_were_recorded(lake: Lake) -> None:
    recorded = [decision(1, Action.FIX), decision(1, Action.WAIVE), decision(2, Action.WITHDRAW)]
    uris = [record(lake, one) for one in recorded]
    assert [uri.rpartition("/")[2] for uri in uris] == ["00000001.json", "00000002.json", "00000003.json"]
    assert decisions(lake, "events") == recorded
    assert [one.action for one in corrections_in_effect(lake, "events", NOW).values()] == [Action.WAIVE]
    assert decisions(lake, "users") == []


def test_decisions_at_the_same_time_are_all_kept(lake: Lake) -> None:
    everyone = [decision(number, author=f"steward {number}") for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        uris = list(pool.map(lambda one: record(lake, one), everyone))
    assert len(set(uris)) == 24
    assert sorted(one.author for one in decisions(lake, "events")) == sorted(one.author for one in everyone)


def test_a_write_that_succeeded_although_it_failed_is_recorded_once(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = LocalStorage.write_bytes, []

    def answered_twice(self: LocalStorage, path: str, data: bytes, *, expected: Any = None) -> str:
        calls.append(path)
        if len(calls) == 1:  # the storage stores the object, and its client repeats the request
            write(self, path, data, expected=expected)
        return write(self, path, data, expected=expected)

    monkeypatch.setattr(LocalStorage, "write_bytes", answered_twice)
    record(lake, decision(1))
    assert len(decisions(lake, "events")) == 1


def test_a_killed_writer_leaves_a_whole_decision_or_none(tmp_path: Path) -> None:
    lake, both = open_lake(str(tmp_path / "lake")), [decision(1, Action.FIX), decision(2, Action.WAIVE)]
    record(lake, both[0])
    left = left_behind(lambda: record(lake, both[1]), tmp_path / "lake", tmp_path / "copies")
    assert len(left) > 1
    found = [decisions(open_lake(str(folder)), "events") for folder in left]
    assert found[0] == both[:1]
    assert all(one in (both[:1], both) for one in found)
    record(open_lake(str(left[0])), both[1])
    assert decisions(open_lake(str(left[0])), "events") == decisions(lake, "events") == both


def test_other_files_beside_decisions_do_not_matter_and_a_damaged_one_does(lake: Lake) -> None:
    folder = lake.corrections("events")
    record(lake, decision(1))
    for name in (".00000002.json.part", "notes.txt", "x.json"):
        folder.child(name).write_bytes(b"half")
    assert len(decisions(lake, "events")) == 1
    folder.child("00000007.json").write_bytes(b"half")
    with pytest.raises(DamagedDocumentError, match="00000007"):
        decisions(lake, "events")
    assert record(lake, decision(3)).endswith("00000008.json")


def test_what_corrections_did_is_that_of_the_last_run(lake: Lake) -> None:
    assert last_applied(lake, "events") is None
    record_applied(lake, "first", "events", {"a": 1})
    record_applied(lake, "second", "events", {"b": 2})
    found = last_applied(lake, "events")
    assert found is not None
    assert (found.run_id, found.rows) == ("second", {"b": 2})
