"""A run killed at any write leaves promoted versions whole; the next run ends as if none had been killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from checkpoints.lake.bronze import current_ledger, verify_bronze
from checkpoints.lake.promotion import candidate_files, current_manifest, current_place
from contracts.model import Zone
from dags.pipeline.run import TRANSITIONS
from tests.dags.lake_runs import AS_OF, LakeRuns, verdicts
from tests.killing import left_before_calls, left_behind
from tests.shipped import DATASETS, GOLD_TABLES, USERS_HISTORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

Promoted = dict[str, Any]  # by zone, and REDSHIFT: what a reader finds there

KILLED = "killed"
SILVER = (*DATASETS, USERS_HISTORY)
WAREHOUSE = "warehouse"
PROMOTES = dict(zip(TRANSITIONS, ("bronze", "silver", "gold", WAREHOUSE), strict=True))
DUCKDB_CALLS = frozenset({"connect", "begin", "execute", "commit", "close"})


def change_raw(shop: LakeRuns) -> LakeRuns:
    """Let upstream add files, send new content under a known key, and break a file that was valid."""
    shop.drop(
        "events/more.csv",
        "event_id,user_id,ts\ne20,u4,2024-05-06T00:00:00Z\ne21,u4,never\ne22,u4,2024-05-07\ne23,u1,20240508\n",
    )
    shop.drop(
        "users/crm.csv",
        "user_id,name,city,age,updated_at\nu1,Ada King,Paris,37,2024-06-01\nu2,Bob Kahn,,41,2024-04-02\n"
        "u3,Grace Hopper,,52,2024-04-03\nu4,Edsger,,72,2024-04-03\nu5,Eve,,old,\n",
    )
    shop.drop(
        "transactions/more.jsonl",
        '{"tx_id": "t8", "user_id": "u1", "amount": "7.25"}\n'
        '{"tx_id": "t9", "user_id": "u9", "amount": "1.50", "created_at": "2024-05-07", "status": "paid"}\n'
        '{"tx_id": "t7", "user_id": "u4", "amount": "2.50", "created_at": "2024-05-08", "status": "paid"}\n'
        '{"tx_id": "t2", "user_id": "u2", "amount": "9.00", "created_at": "2024-05-09", "status": "paid"}\n',
    )
    shop.drop("transactions/empty.csv", " \n")
    shop.drop("events/app.jsonl", b"\xff\xfe\xfa")
    return shop


def carry_out(shop: LakeRuns, *transitions: str, run_id: str = KILLED) -> LakeRuns:
    """Carry out transitions of one run; assert that each promotes something."""
    for name in transitions:
        assert verdicts(shop.run(only=name, run_id=run_id))[name] in ("pass", "warn")
    return shop


def promoted(shop: LakeRuns) -> Promoted:
    """Return what readers find in every zone and the warehouse; assert that each version is whole."""
    tables = {"silver": SILVER, "gold": GOLD_TABLES}
    return {
        "bronze": {name: _bronze(shop, name) for name in DATASETS},
        **{zone: {name: _rows(shop, zone, name) for name in names} for zone, names in tables.items()},
        WAREHOUSE: _warehouse(shop),
    }


def _bronze(shop: LakeRuns, name: str) -> dict[str, bytes]:
    ledger = current_ledger(shop.lake, name)
    assert ledger is not None
    return {key: shop.lake.bronze(name).child(key).read_bytes() for key in ledger.files}


def _rows(shop: LakeRuns, zone: str, name: str) -> list[dict[str, Any]]:
    manifest = current_manifest(shop.lake, Zone(zone), name)
    found = candidate_files(current_place(shop.lake, Zone(zone), manifest))
    assert [(one.path, one.size_bytes) for one in found] == [
        (one.path, one.size_bytes) for one in manifest.files
    ]
    rows = shop.rows(f"{zone}/{name}")
    assert len(rows) == manifest.rows
    return rows


def _warehouse(shop: LakeRuns) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(shop.root / "warehouse.duckdb"), read_only=True) as connection:
        return {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for name in GOLD_TABLES
        }


def assert_healed(shop: LakeRuns, after: Promoted) -> None:
    assert promoted(shop) == after
    for name in DATASETS:
        ledger = current_ledger(shop.lake, name)
        assert ledger is not None
        verify_bronze(shop.lake, ledger)
    # What the killed run published so far may stay as it is, unless it is linked to.
    assert [link for link in shop.broken_links() if not link.startswith(f"docs/runs/{KILLED}/")] == []


def is_promoted_whole(shop: LakeRuns, before: Promoted, after: Promoted) -> bool:
    """Compare what a killed run left with the state before and after; return whether it has promoted.

    BRONZE keeps keys, so new content under a known key is there before the ledger that vouches for it: until
    the next run each file is wholly the old or the new one, and verify_bronze keeps silver from being built.
    """
    found = promoted(shop)
    for zone in found:
        if zone != "bronze":
            assert found[zone] in (before[zone], after[zone])
            continue
        for name, files in found[zone].items():
            assert set(files) in (set(before[zone][name]), set(after[zone][name]))
            for key, content in files.items():
                assert content in (before[zone][name].get(key), after[zone][name].get(key))
    return found == after


def left_in_turn(shop: LakeRuns, name: str, folder: Path) -> Iterator[LakeRuns]:
    """Yield the lakes as they are right before each write that a transition does from Python."""
    working = shop.copied_to(folder / "working")
    for copy in left_behind(partial(carry_out, working, name), working.root, folder):
        yield LakeRuns(copy, shop.spark, shop.given)


def left_before_calls_of_duckdb(shop: LakeRuns, folder: Path) -> Iterator[LakeRuns]:
    """Yield the lakes as they are right before each call of DuckDB in a load."""
    working = shop.copied_to(folder / "loading")
    work = partial(carry_out, working, "gold_to_redshift")
    copies = left_before_calls(work, DUCKDB_CALLS, working.root, folder)
    assert len(copies) > 10
    for copy in copies:
        yield LakeRuns(copy, shop.spark, shop.given)


def data_files(shop: LakeRuns) -> dict[str, tuple[int, int]]:
    """Return the files of a lake but for those that are only published."""
    return {name: facts for name, facts in shop.files().items() if not name.startswith(("docs/", "metrics/"))}


@pytest.fixture(scope="module")
def ready(_messy_shop: LakeRuns, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], LakeRuns]:
    """Returns a lake whose RAW has changed, with all transitions before the named one carried out."""
    folder = tmp_path_factory.mktemp("ready")
    made: list[LakeRuns] = []

    def before(name: str) -> LakeRuns:
        while len(made) <= TRANSITIONS.index(name):
            number = len(made)
            if not made:
                made.append(change_raw(_messy_shop.copied_to(folder / "0")))
            else:
                made.append(carry_out(made[-1].copied_to(folder / str(number)), TRANSITIONS[number - 1]))
        return made[TRANSITIONS.index(name)]

    return before


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", TRANSITIONS)
def test_killed_at_any_write_all_versions_are_whole_and_the_next_run_heals(
    ready: Callable[[str], LakeRuns], tmp_path: Path, name: str
) -> None:
    shop = ready(name)
    before = promoted(shop)
    after = promoted(carry_out(shop.copied_to(tmp_path / "unbroken"), name))
    zone = PROMOTES[name]
    assert {one for one in after if after[one] != before[one]} == {zone}

    killed = [left_in_turn(shop, name, tmp_path)]
    if name == "gold_to_redshift":  # what DuckDB writes, it does not write from Python
        killed.append(left_before_calls_of_duckdb(shop, tmp_path))
    ever_seen = set()
    for each_in_turn in killed:
        seen = []
        healed_files: dict[str, tuple[int, int]] = {}
        for number, broken in enumerate(each_in_turn):
            # Of lakes that differ in what is published alone, one is looked at and healed.
            if (files := data_files(broken)) == healed_files:
                continue
            healed_files = files
            seen.append(is_promoted_whole(broken, before, after))
            broken.run(only=name, run_id=(KILLED, "next")[number % 2])
            assert_healed(broken, after)
        assert seen == sorted(seen)  # once promoted, always promoted
        ever_seen.update(seen)
    assert ever_seen == {False, True}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", ["bronze_to_silver", "silver_to_gold"])
def test_killed_while_spark_writes_all_versions_are_whole_and_the_next_run_heals(
    ready: Callable[[str], LakeRuns], tmp_path: Path, name: str
) -> None:
    shop = ready(name)
    before = promoted(shop)
    after = promoted(carry_out(shop.copied_to(tmp_path / "unbroken"), name))
    broken = shop.copied_to(tmp_path / "broken")
    known = set(broken.root.rglob("*.parquet"))
    command = ("run", "--lake", broken.root, "--only", name, "--as-of", AS_OF, "--run-id", KILLED, "--json")
    process = subprocess.Popen(
        [sys.executable, "-m", "dags.cli.main", *command],
        start_new_session=True,  # so that its Java dies with it
        stdout=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None and set(broken.root.rglob("*.parquet")) == known:
            time.sleep(0.01)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert promoted(broken) == before
    broken.run(only=name, run_id=KILLED)
    assert_healed(broken, after)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_first_run_that_was_killed_ends_as_an_unbroken_one(
    messy_shop: LakeRuns, spark: SparkSession, tmp_path: Path, name: str
) -> None:
    shop = LakeRuns(tmp_path / "fresh", spark)
    shop.drop_messy_shop()
    carry_out(shop, *TRANSITIONS[: TRANSITIONS.index(name)], run_id="first")
    copies = left_behind(partial(carry_out, shop, name), shop.root, tmp_path / "left")
    broken = LakeRuns(copies[len(copies) // 2], spark)
    broken.run()
    assert_healed(broken, promoted(messy_shop))
