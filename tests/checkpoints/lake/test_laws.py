"""Property tests of promotion and of the ledger, under random sequences of operations."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from checkpoints.lake.bronze import current_ledger
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.housekeeping import prune
from checkpoints.lake.layout import Lake
from checkpoints.lake.pointer import Pointer, Seen
from checkpoints.lake.promotion import (
    candidate_files,
    current_place,
    current_silver,
    promote_silver,
    rollback,
)
from checkpoints.storage.errors import NeverPromotedError, NoEarlierVersionError, PromotionConflictError
from checkpoints.storage.local import LocalStorage
from checkpoints.storage.place import Place
from contracts.model import Zone
from tests.checkpoints.lake.ingesting import bronze_content, counts, inspect_as, run
from tests.checkpoints.lake.versions import write_candidate

NAMES = ("events", "users")
HOUR = timedelta(hours=1)


class TwoWriters(RuleBasedStateMachine):
    """Two runs that look, then promote; rollbacks and pruning in between. Compared with a plain model."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.lake = Lake(Place(LocalStorage(self.folder)))
        self.seen: dict[int, Pointer] = {0: Pointer("silver"), 1: Pointer("silver")}
        self.stack: dict[str, list[str]] = {name: [] for name in NAMES}  # oldest first; the last is current
        self.changes = dict.fromkeys(NAMES, 0)
        self.now = datetime.now(UTC)
        self.count = 0

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    @rule(writer=st.integers(0, 1))
    def look(self, writer: int) -> None:
        self.seen[writer] = read_pointer(self.lake, Zone.SILVER)

    @rule(writer=st.integers(0, 1), names=st.sets(st.sampled_from(NAMES), min_size=1))
    def promote(self, writer: int, names: set[str]) -> None:
        self.count += 1
        version = f"v{self.count}"
        manifests = [write_candidate(self.lake, name, version) for name in sorted(names)]
        expected = {name: self.seen[writer].seen(name) for name in names}
        is_current = all(expected[name].change == self.changes[name] for name in names)
        try:
            promote_silver(self.lake, manifests, expected, now=self.now)
        except PromotionConflictError:
            assert not is_current
            return
        assert is_current
        for name in names:
            self.stack[name].append(version)
            self.changes[name] += 1

    @rule(name=st.sampled_from(NAMES))
    def roll_back(self, name: str) -> None:
        try:
            done = rollback(self.lake, Zone.SILVER, name, now=self.now)
        except NeverPromotedError:
            assert not self.stack[name]
            return
        except NoEarlierVersionError:
            return  # pruning may have removed what the model keeps; the invariant checks it
        self.stack[name].pop()
        self.changes[name] += 1
        assert done.to_version == self.stack[name][-1]

    @rule(hours=st.sampled_from([1, 30]))
    def wait(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule()
    def prune(self) -> None:
        prune(self.lake, now=self.now)

    @invariant()
    def what_is_current_is_what_was_promoted_last_and_is_whole(self) -> None:
        if not hasattr(self, "lake"):
            return
        pointer = read_pointer(self.lake, Zone.SILVER)
        for name in NAMES:
            manifest = current_silver(self.lake, name, pointer)
            current = self.stack[name][-1] if self.stack[name] else None
            assert (manifest.version if manifest else None) == current
            assert pointer.seen(name) == Seen(self.changes[name], current)
            if manifest is None:
                continue
            assert candidate_files(current_place(self.lake, Zone.SILVER, manifest)) == manifest.files
            line = pointer.line(name)
            assert line is not None
            for ref in line.versions:  # every version that is kept is whole
                folder = self.lake.area(Zone.SILVER).child(ref.folders[0])
                assert len(candidate_files(folder)) == ref.files
                assert self.lake.area(Zone.SILVER).child(ref.document).stat() is not None


TwoWriters.TestCase.settings = settings(
    max_examples=12, stateful_step_count=15, suppress_health_check=list(HealthCheck)
)
TestTwoWriters = TwoWriters.TestCase


KEYS = st.sampled_from(["a.csv", "b/a.csv", "_c.csv"])
CONTENTS = st.sampled_from(["one", "two", "!empty", "!undecodable"])
REFUSED = {"1": "", "2": "one", "3": "two"}  # by contract, the content that it would refuse
DROPS = st.dictionaries(KEYS, st.none() | CONTENTS)
DAYS = st.lists(st.tuples(DROPS, st.sampled_from(sorted(REFUSED))), min_size=1, max_size=5)


@given(DAYS)
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_bronze_holds_the_last_accepted_content_of_every_key_under_any_contracts(
    days: list[tuple[dict[str, str | None], str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Place(LocalStorage(Path(folder))))
        raw: dict[str, str] = {}
        bronze: dict[str, str] = {}
        for drops, contract in days:
            for key, content in drops.items():
                place = lake.raw("events").child(key)
                if content is None:
                    raw.pop(key, None)
                    place.delete()
                else:
                    raw[key] = content
                    place.write_bytes(content.encode())
            expected: dict[str, int] = {}
            for key, content in raw.items():
                if bronze.get(key) == content:
                    outcome = "unchanged"
                elif content.startswith("!"):
                    outcome = content[1:]
                elif content == REFUSED[contract]:
                    outcome = "content_mismatch"
                else:
                    outcome = "valid"
                    bronze[key] = content
                expected[outcome] = expected.get(outcome, 0) + 1
            inspect = inspect_as(contract, refused=REFUSED[contract])
            found = run(lake, contract=contract, inspect=inspect)
            assert counts(found) == expected
            assert [facts.key for facts in found.inventory] == sorted(raw)
            assert bronze_content(lake) == {key: content.encode() for key, content in bronze.items()}
            ledger = current_ledger(lake, "events")
            held = (
                {}
                if ledger is None
                else {k: (e.facts.source, e.facts.names) for k, e in ledger.files.items()}
            )
            assert held == dict.fromkeys(bronze, (contract, ("a", "b")))
            again = counts(run(lake, contract=contract, inspect=inspect))
            assert again.pop("unchanged", 0) == expected.pop("unchanged", 0) + expected.pop("valid", 0)
            assert again == expected
