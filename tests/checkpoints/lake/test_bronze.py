"""Ingestion is idempotent: the ledger has every file, BRONZE has byte-identical copies of the valid ones."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import pytest

from checkpoints.lake.bronze import current_ledger, readable_place, verify_bronze
from checkpoints.lake.bronze_promotion import AliasWriter, JudgedIngestion, promote_bronze
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.layout import Lake
from checkpoints.lake.ledger import BronzeEntry, Ledger, Stamp, read_ledger, write_ledger
from checkpoints.lake.pointer import Seen
from checkpoints.quarantine.files import Rejection, rejections
from checkpoints.storage.errors import DamagedBronzeError, PromotionConflictError
from checkpoints.storage.place import Place
from contracts.inventory import FileFacts, FileFormat, Reason
from contracts.model import Zone
from tests.checkpoints.lake.ingesting import (
    ALIAS_WRITER,
    NOON,
    bronze_content,
    carry_out,
    counts,
    inspect,
    inspect_as,
    look,
    rewrite,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkpoints.storage.storage import Storage


@pytest.fixture
def lake(storage: Storage) -> Lake:
    return Lake(Place(storage))


def drop(lake: Lake, key: str, content: str, dataset: str = "events") -> None:
    lake.raw(dataset).child(key).write_bytes(content.encode())


def test_valid_files_are_copied_under_their_keys_and_a_second_run_changes_nothing(lake: Lake) -> None:
    keys = ["a.csv", "b/a.csv", "year=2024/\u00fc\n%41.csv", "c/a.csv"]
    for key in keys:
        drop(lake, key, f"content of {key}" if "c/" not in key else "content of a.csv")
    drop(lake, "b/_SUCCESS", "")
    first = run(lake)
    assert counts(first) == {"valid": 4, "ignored": 1}
    assert [facts.key for facts in first.inventory] == sorted(keys, key=str.encode)
    assert bronze_content(lake) == {key: lake.raw("events").child(key).read_bytes() for key in keys}
    version = read_pointer(lake, Zone.BRONZE).seen("events")
    second = run(lake)
    assert counts(second) == {"unchanged": 4, "ignored": 1}
    assert second.inventory == first.inventory
    assert read_pointer(lake, Zone.BRONZE).seen("events") == version


def test_a_file_rewritten_with_the_same_content_is_unchanged(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    drop(lake, "b.csv", "!empty")
    run(lake)
    lake.raw("events").child("a.csv").write_bytes(b"one")
    lake.raw("events").child("b.csv").write_bytes(b"!empty")
    assert counts(run(lake)) == {"unchanged": 1, "empty": 1}


def test_new_content_under_the_same_key_supersedes_the_old_copy(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    run(lake)
    drop(lake, "a.csv", "second")
    found = run(lake)
    assert counts(found) == {"valid": 1}
    assert bronze_content(lake) == {"a.csv": b"second"}
    assert counts(run(lake)) == {"unchanged": 1}


def test_new_content_that_is_rejected_leaves_the_old_copy(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    run(lake)
    drop(lake, "a.csv", "!corrupt_json")
    assert counts(run(lake)) == {"corrupt_json": 1}
    assert bronze_content(lake) == {"a.csv": b"one"}
    assert counts(run(lake)) == {"corrupt_json": 1}
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    assert list(ledger.files) == ["a.csv"]
    assert list(ledger.rejected) == ["a.csv"]
    verify_bronze(lake, ledger)
    drop(lake, "a.csv", "one")
    assert counts(run(lake)) == {"unchanged": 1}


def test_a_rejected_file_is_kept_with_its_reason_and_counted_in_every_run(lake: Lake) -> None:
    drop(lake, "x/bad.csv", "!undecodable")
    drop(lake, "good.csv", "good")
    assert counts(run(lake)) == {"valid": 1, "undecodable": 1}
    assert counts(run(lake)) == {"unchanged": 1, "undecodable": 1}
    assert bronze_content(lake) == {"good.csv": b"good"}
    assert lake.quarantined_file("events", "x/bad.csv").read_bytes() == b"!undecodable"
    assert list(rejections(lake, "events")) == [
        Rejection(
            dataset="events",
            key="x/bad.csv",
            reason=Reason.UNDECODABLE,
            detail="by its content",
            size_bytes=12,
            checksum=hashlib.sha256(b"!undecodable").hexdigest(),
            raw_uri=lake.raw("events").child("x/bad.csv").uri,
            run_id="run",
            rejected_at=NOON,
            has_copy=True,
        )
    ]
    drop(lake, "x/bad.csv", "mended")
    assert counts(run(lake)) == {"valid": 1, "unchanged": 1}


def test_a_file_that_vanished_from_raw_stays(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    drop(lake, "bad.csv", "!empty")
    run(lake)
    lake.raw("events").child("a.csv").delete()
    lake.raw("events").child("bad.csv").delete()
    assert counts(run(lake)) == {}
    assert bronze_content(lake) == {"a.csv": b"one"}
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    assert list(ledger.files) == ["a.csv"]
    drop(lake, "a.csv", "one")
    assert counts(run(lake)) == {"unchanged": 1}


def test_a_change_of_the_contract_has_every_file_inspected_again(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    drop(lake, "gone.csv", "two")
    run(lake, contract="1")
    lake.raw("events").child("gone.csv").delete()
    found = look(lake, contract="2")
    assert counts(found) == {"unchanged": 1}
    carry_out(lake, [found], contract="2")
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    assert (ledger.inspected_by, list(ledger.files)) == ("2", ["a.csv", "gone.csv"])
    assert counts(look(lake, contract="2")) == {"unchanged": 1}


def test_a_blocked_ingestion_writes_nothing_to_bronze(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    run(lake)
    drop(lake, "a.csv", "two")
    drop(lake, "b.csv", "new")
    look(lake)
    assert bronze_content(lake) == {"a.csv": b"one"}


def test_the_ledgers_of_all_datasets_are_replaced_in_one_write(lake: Lake) -> None:
    drop(lake, "a.csv", "one", "events")
    drop(lake, "a.csv", "two", "users")
    found = [look(lake, "events"), look(lake, "users")]
    run(lake, "users")  # another run is faster with one of them
    seen = read_pointer(lake, Zone.BRONZE)
    assert seen.line("events") is None
    judged = [JudgedIngestion(one, "1", "pass", Seen(0, None)) for one in found]
    with pytest.raises(PromotionConflictError, match="bronze/users"):
        promote_bronze(lake, judged, run_id="late", alias_writer=ALIAS_WRITER, now=NOON)
    assert read_pointer(lake, Zone.BRONZE) == seen


def test_a_name_that_spark_cannot_open_gets_an_alias_of_the_same_bytes(lake: Lake) -> None:
    drop(lake, "x/_late.csv.GZ", "one")
    drop(lake, "a.csv", "plain")
    run(lake)
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    assert readable_place(lake, ledger, "a.csv") == lake.bronze("events").child("a.csv")
    alias = readable_place(lake, ledger, "x/_late.csv.GZ")
    assert alias.path.startswith("bronze/_aliases/events/")
    assert alias.path.endswith(".csv.gz")
    assert alias.read_bytes() == b"one"
    assert set(bronze_content(lake)) == {"a.csv", "x/_late.csv.GZ"}
    alias.delete()
    run(lake)
    assert alias.read_bytes() == b"one"
    drop(lake, "x/_late.csv.GZ", "other")
    run(lake)
    assert alias.stat() is None


def test_a_file_that_spark_cannot_read_gets_an_alias_that_it_can(lake: Lake) -> None:
    drop(lake, "a.parquet", "foreign rows")
    drop(lake, "b.parquet", "rows")
    drop(lake, "c.csv", "foreign rows")
    run(lake)
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    read = {key: readable_place(lake, ledger, key).read_bytes() for key in ledger.files}
    assert read == {"a.parquet": b"FOREIGN ROWS", "b.parquet": b"rows", "c.csv": b"foreign rows"}
    assert bronze_content(lake)["a.parquet"] == b"foreign rows"
    alias = readable_place(lake, ledger, "a.parquet")
    alias.delete()
    run(lake)
    assert alias.read_bytes() == b"FOREIGN ROWS"


def test_an_upgrade_decides_again_which_files_spark_can_read(lake: Lake) -> None:
    drop(lake, "a.parquet", "foreign rows")
    found = look(lake)
    trusting = AliasWriter(lambda _: False, lambda *_: False, rewrite)
    judged = [JudgedIngestion(found, "1", "pass", Seen(0, None))]
    (first,) = promote_bronze(lake, judged, run_id="r", alias_writer=trusting, now=NOON)
    assert first.ledger.files["a.parquet"].alias is None
    run(lake, contract="2")
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    assert readable_place(lake, ledger, "a.parquet").read_bytes() == b"FOREIGN ROWS"


def test_a_changed_or_missing_copy_is_an_error_for_readers_and_is_made_again(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    drop(lake, "b.csv", "two")
    run(lake)
    lake.bronze("events").child("a.csv").write_bytes(b"tampered")
    lake.bronze("events").child("b.csv").delete()
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    with pytest.raises(DamagedBronzeError, match=r"2 files of BRONZE.*a\.csv.*run raw_to_bronze again"):
        verify_bronze(lake, ledger)
    assert counts(run(lake)) == {"unchanged": 2}
    assert bronze_content(lake) == {"a.csv": b"one", "b.csv": b"two"}
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    verify_bronze(lake, ledger)


def test_the_loss_of_a_file_that_only_bronze_held_is_an_error(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    run(lake)
    lake.raw("events").child("a.csv").delete()
    lake.bronze("events").child("a.csv").write_bytes(b"!empty")
    with pytest.raises(DamagedBronzeError, match=r"no longer valid: bronze/events/a\.csv, found empty"):
        run(lake)
    lake.bronze("events").child("a.csv").delete()
    with pytest.raises(DamagedBronzeError, match="1 files are missing in RAW and BRONZE"):
        run(lake)


def test_a_copy_restored_from_a_backup_is_accepted_by_its_content(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    run(lake)
    lake.raw("events").child("a.csv").delete()
    lake.bronze("events").child("a.csv").write_bytes(b"one")
    run(lake)
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    verify_bronze(lake, ledger)


def test_a_file_that_a_new_contract_would_refuse_stays_as_it_was_accepted(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    drop(lake, "b.csv", "two")
    run(lake, inspect=inspect_as("first"))
    found = run(lake, contract="2", inspect=inspect_as("second", refused="one"))
    assert counts(found) == {"unchanged": 2}
    assert [(facts.key, facts.detail) for facts in found.refused_anew] == [("a.csv", "second refuses it")]
    assert bronze_content(lake) == {"a.csv": b"one", "b.csv": b"two"}
    assert counts(run(lake, contract="2")) == {"unchanged": 2}
    assert list(rejections(lake, "events")) == []


def test_a_file_that_vanished_from_raw_stays_under_a_contract_that_would_refuse_it(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    run(lake, inspect=inspect_as("first"))
    lake.raw("events").child("a.csv").delete()
    found = run(lake, contract="2", inspect=inspect_as("second", refused="one"))
    assert counts(found) == {}
    assert [facts.key for facts in found.refused_anew] == ["a.csv"]
    assert bronze_content(lake) == {"a.csv": b"one"}


def test_a_refused_file_stays_in_bronze_though_its_copy_was_lost(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    run(lake, inspect=inspect_as("first"))
    lake.bronze("events").child("a.csv").delete()
    assert counts(run(lake, contract="2", inspect=inspect_as("second", refused="one"))) == {"unchanged": 1}
    assert bronze_content(lake) == {"a.csv": b"one"}


def test_a_copy_that_stays_beside_rejected_content_is_inspected_under_a_new_contract_too(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    drop(lake, "b.csv", "bee")
    run(lake, inspect=inspect_as("first"))
    drop(lake, "a.csv", "!empty")
    run(lake, inspect=inspect_as("first"))
    drop(lake, "b.csv", "!corrupt_json")
    found = run(lake, contract="2", inspect=inspect_as("second"))
    assert counts(found) == {"empty": 1, "corrupt_json": 1}
    assert {key: entry.facts.source for key, entry in found.known.items()} == {
        "a.csv": "second",
        "b.csv": "second",
    }
    assert bronze_content(lake) == {"a.csv": b"one", "b.csv": b"bee"}


def test_a_file_that_changes_between_inspection_and_copy_is_left_to_the_next_run(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    drop(lake, "b.csv", "bee")
    found = look(lake)
    drop(lake, "a.csv", "changed")
    lake.raw("events").child("b.csv").delete()
    (promotion,) = carry_out(lake, [found])
    assert promotion.missed == ("a.csv", "b.csv")
    assert bronze_content(lake) == {}
    assert counts(run(lake)) == {"valid": 1}
    assert bronze_content(lake) == {"a.csv": b"changed"}


def test_a_file_that_changes_while_it_is_inspected_is_read_again(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    reads = []

    def inspect_while_it_grows(key: str, size_bytes: int, open_stream: Callable[[], BinaryIO]) -> FileFacts:
        facts = inspect(key, size_bytes, open_stream)
        reads.append(size_bytes)
        if len(reads) <= 2:
            drop(lake, "a.csv", "one and more"[: 3 + len(reads)])
        return facts

    carry_out(lake, [look(lake, inspect=inspect_while_it_grows)])
    assert reads == [3, 4, 5]
    assert bronze_content(lake) == {"a.csv": b"one a"}


def test_a_file_that_never_stops_changing_is_unreadable_for_now(lake: Lake) -> None:
    drop(lake, "a.csv", "one")

    def inspect_while_it_grows(key: str, size_bytes: int, open_stream: Callable[[], BinaryIO]) -> FileFacts:
        drop(lake, "a.csv", "x" * (size_bytes + 1))
        return inspect(key, size_bytes, open_stream)

    found = look(lake, inspect=inspect_while_it_grows)
    assert counts(found) == {"unreadable": 1}
    carry_out(lake, [found])
    assert counts(run(lake)) == {"valid": 1}


def test_keys_that_end_like_a_reason_or_are_too_long_are_quarantined_too(lake: Lake) -> None:
    keys = ["a", "a.reason.json", "n" * 250 + ".csv"]
    for key in keys:
        drop(lake, key, "!empty")
    run(lake)
    found = {rejection.key: rejection for rejection in rejections(lake, "events")}
    assert set(found) == set(keys)
    for key in keys:
        assert lake.quarantined_file("events", key).read_bytes() == b"!empty"


def test_a_ledger_reads_back_as_it_was_written(lake: Lake) -> None:
    drop(lake, "a.csv", "one")
    drop(lake, "_b.csv", "two")
    drop(lake, "bad.csv", "!empty")
    run(lake)
    ledger = current_ledger(lake, "events")
    assert ledger is not None
    assert read_ledger(write_ledger(ledger), "here") == ledger
    assert write_ledger(ledger) == write_ledger(read_ledger(write_ledger(ledger), "here"))
    line = read_pointer(lake, Zone.BRONZE).line("events")
    assert line is not None
    assert (line.current.files, line.current.rows, line.current.size_bytes) == (2, 2, 6)
    assert line.current.fingerprint == ledger.fingerprint()


def test_a_ledger_keeps_every_fact(lake: Lake) -> None:
    facts = FileFacts(
        "a.csv",
        3,
        "checksum",
        FileFormat.DELIMITED,
        escape="\\",
        line_end="\r",
        names=("a", "b"),
        has_given_names=True,
        replaced_names=("x", "y"),
        rows=0,
        source="till",
        hint="- name: till\n",
    )
    entry = BronzeEntry(facts, Stamp(3, "v"), Stamp(3, "w"))
    ledger = Ledger("events", "v1", "run", NOON, "pass", "1", {"a.csv": entry}, {})
    assert read_ledger(write_ledger(ledger), "here") == ledger


def test_a_ledger_omits_facts_with_default_values(lake: Lake) -> None:
    entry = BronzeEntry(FileFacts("a.csv", 3, "c", FileFormat.DELIMITED), Stamp(3, "v"), Stamp(3, "w"))
    ledger = Ledger("events", "v1", "run", NOON, "pass", "1", {"a.csv": entry}, {})
    line = gzip.decompress(write_ledger(ledger)).splitlines()[1]
    assert json.loads(line)["facts"] == {
        "key": "a.csv",
        "size_bytes": 3,
        "checksum": "c",
        "format": "delimited",
    }


def test_a_rejection_has_the_hint_of_its_file(lake: Lake) -> None:
    hint = "- name: till\n  glob: till/**\n  delimiter: '::'\n"

    def inspect_with_hint(key: str, size_bytes: int, open_stream: Callable[[], BinaryIO]) -> FileFacts:
        return replace(inspect(key, size_bytes, open_stream), hint=hint)

    drop(lake, "till/a.csv", "!content_mismatch")
    run(lake, inspect=inspect_with_hint)
    assert [(one.key, one.hint) for one in rejections(lake, "events")] == [("till/a.csv", hint)]


def test_a_reason_without_a_hint_from_an_older_version_is_read(lake: Lake) -> None:
    drop(lake, "a.csv", "!empty")
    run(lake)
    (found,) = rejections(lake, "events")
    place = lake.quarantined_file_reason("events", "a.csv")
    written = json.loads(place.read_bytes())
    del written["hint"]
    place.write_bytes(json.dumps(written).encode())
    assert list(rejections(lake, "events")) == [found]
