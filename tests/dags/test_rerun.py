"""A second run skips unchanged transitions and repeats changed ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contracts.errors import LakegateError
from dags.pipeline.run import TRANSITIONS
from tests.dags.conftest import FIRST_RUN
from tests.dags.lake_runs import SparkWanted, dataset, lakegate, no_spark, transition, verdicts, wanting_spark

if TYPE_CHECKING:
    from tests.dags.lake_runs import LakeRuns

CHECKOUT = Path(__file__).parents[2]


def test_an_unchanged_rerun_skips_every_transition_and_starts_no_spark(messy_shop: LakeRuns) -> None:
    document = messy_shop.run(start_spark=no_spark)
    # Rejected files are counted, and warn, again (spec 3); events has none.
    assert verdicts(document) == {
        "raw_to_bronze": "warn",
        "bronze_to_silver": "unchanged",
        "silver_to_gold": "unchanged",
        "gold_to_redshift": "unchanged",
    }
    found = dataset(document, "raw_to_bronze", "events")
    assert found["verdict"] == "unchanged"
    assert found["files"] == {"valid": 0, "unchanged": 3, "ignored": 0, "without_rows": 0, "quarantined": {}}


def test_an_unchanged_rerun_writes_nothing(messy_shop: LakeRuns) -> None:
    messy_shop.run(start_spark=no_spark)
    pointers, files = messy_shop.pointers(), messy_shop.files()
    messy_shop.run(start_spark=no_spark)
    assert messy_shop.pointers() == pointers
    assert messy_shop.files() == files


def test_a_rejected_file_seen_again_is_counted_and_warns_again(messy_shop: LakeRuns) -> None:
    found = dataset(messy_shop.run(start_spark=no_spark), "raw_to_bronze", "users")
    assert found["verdict"] == "warn"
    assert (found["files"]["unchanged"], found["files"]["quarantined"]) == (1, {"corrupt_json": 1})


def test_an_unchanged_run_tells_where_the_promoted_versions_are(messy_shop: LakeRuns) -> None:
    document = messy_shop.run(start_spark=no_spark)
    for name, zone in (("bronze_to_silver", "silver"), ("silver_to_gold", "gold")):
        for one in transition(document, name)["datasets"]:
            assert one["promoted"] == str(messy_shop.folder(f"{zone}/{one['dataset']}"))


def test_a_forced_run_promotes_the_same_rows_as_new_versions(
    messy_shop: LakeRuns, twice_promoted_shop: LakeRuns
) -> None:
    names = ["silver/events", "silver/users", "silver/transactions", "gold/fact_events", "gold/user_ltv"]
    for name in names:
        assert twice_promoted_shop.folder(name).name != messy_shop.folder(name).name
        assert twice_promoted_shop.rows(name) == messy_shop.rows(name)


@pytest.mark.slow
def test_a_promoting_run_removes_what_nobody_needs_any_more(messy_shop: LakeRuns) -> None:
    promoted = messy_shop.folder("silver/events")
    forgotten = shutil.copytree(promoted, promoted.parent / "v-of-a-run-that-died")
    young = shutil.copytree(promoted, promoted.parent / "v-of-a-run-that-writes")
    (rejected,) = (messy_shop.root / "quarantine/rows/events").iterdir()
    expired = shutil.copytree(rejected, rejected.parent / "r-of-long-ago")
    for folder in (forgotten, expired):
        for path in folder.rglob("*"):
            os.utime(path, (0, 0))
    messy_shop.run(only="bronze_to_silver", force=True)
    assert not forgotten.exists()
    assert not expired.exists()
    assert promoted.exists()
    assert young.exists()


def test_a_changed_policy_makes_raw_to_bronze_judge_and_silver_be_built_again(
    messy_shop: LakeRuns, tmp_path: Path
) -> None:
    policies = shutil.copytree(CHECKOUT / "quarantine_policies", tmp_path / "policies")
    events = policies / "events.yaml"
    events.write_text(events.read_text().replace("max_quarantine_ratio: 0.25", "max_quarantine_ratio: 0.26"))
    changed = messy_shop.with_settings(policies=policies)
    with pytest.raises(SparkWanted):
        changed.run(only="bronze_to_silver", start_spark=wanting_spark)
    assert dataset(changed.run(only="raw_to_bronze"), "raw_to_bronze", "events")["verdict"] == "pass"


@pytest.mark.parametrize(
    ("path", "again"),
    [("silver/users_history.yaml", "bronze_to_silver"), ("gold/dim_date.yaml", "silver_to_gold")],
)
def test_a_changed_contract_makes_its_transition_run_again(
    messy_shop: LakeRuns, tmp_path: Path, path: str, again: str
) -> None:
    contracts = shutil.copytree(CHECKOUT / "contracts", tmp_path / "contracts")
    (contracts / path).write_text((contracts / path).read_text() + "# changed\n")
    changed = messy_shop.with_settings(contracts=contracts)
    for name in TRANSITIONS:
        if name == again:
            with pytest.raises(SparkWanted):
                changed.run(only=name, start_spark=wanting_spark)
        else:
            assert verdicts(changed.run(only=name, start_spark=no_spark))[name] in ("unchanged", "warn")


def test_code_that_changes_rows_changes_the_fingerprint_and_other_code_does_not(tmp_path: Path) -> None:
    code = tmp_path / "code"
    for room in ("contracts", "quarantine_policies", "transforms", "checkpoints", "dags"):
        shutil.copytree(CHECKOUT / room, code / room, ignore=shutil.ignore_patterns("__pycache__"))

    def printed() -> str:
        script = (
            "from dags.pipeline.fingerprint import BRONZE_TO_SILVER, fingerprint; "
            "print(fingerprint('what', ['in'], ['rule'], BRONZE_TO_SILVER))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=code, capture_output=True, text=True, check=True
        )
        return done.stdout

    before = printed()
    assert printed() == before
    for path in ("dags/cli/main.py", "checkpoints/docs/index.py"):
        (code / path).write_text((code / path).read_text() + "# changed\n")
    assert printed() == before
    for path in ("transforms/bronze_to_silver/casting.py", "dags/pipeline/staging.py"):
        (code / path).write_text((code / path).read_text() + "# changed\n")
        assert printed() != before
        before = printed()


def test_only_one_transition_runs_when_one_is_named(messy_shop: LakeRuns) -> None:
    document = messy_shop.run(only="gold_to_redshift", force=True, start_spark=no_spark)
    assert verdicts(document) == {"gold_to_redshift": "pass"}


def test_a_load_that_was_never_published_is_published_by_the_next_run(messy_shop: LakeRuns) -> None:
    messy_shop.run(run_id="loaded", only="gold_to_redshift", force=True, start_spark=no_spark)
    shutil.rmtree(messy_shop.root / "metrics/loads")  # what a kill right after the commit leaves
    again = messy_shop.run(run_id="next", only="gold_to_redshift", start_spark=no_spark)
    assert verdicts(again) == {"gold_to_redshift": "pass"}
    published = messy_shop.root / "metrics/next/gold_to_redshift/fact_transactions.json"
    rows = messy_shop.rows("gold/fact_transactions")
    assert json.loads(published.read_text())["rows_promoted"] == len(rows)
    after = messy_shop.run(run_id="last", only="gold_to_redshift", start_spark=no_spark)
    assert verdicts(after) == {"gold_to_redshift": "unchanged"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bronze_to_silver", "nothing was ever promoted to BRONZE; run raw_to_bronze first"),
        ("silver_to_gold", "nothing was ever promoted to SILVER; run bronze_to_silver first"),
        ("gold_to_redshift", "nothing was ever released in GOLD; run silver_to_gold first"),
    ],
)
def test_a_transition_whose_predecessor_never_ran_says_so_in_one_sentence(
    lake: LakeRuns, name: str, sentence: str
) -> None:
    lake.drop_shop()
    before = lake.files()
    with pytest.raises(LakegateError, match=sentence):
        lake.run(only=name, start_spark=no_spark)
    result = lakegate("run", "--lake", lake.root, "--only", name)
    assert result.status == 1
    assert sentence in result.err
    assert result.err.count("\n") == 1
    assert lake.files() == before


def test_a_run_that_died_is_taken_up_again_under_its_id(messy_shop: LakeRuns) -> None:
    # The run that the fixture tells of died when it wanted Spark, and was then given its id once more.
    current = {
        one["name"]: one["run_id"]
        for one in lakegate("status", "--lake", messy_shop.root, "--json").document["current"]
    }
    assert len(current) == 3 + 4 + 10
    assert set(current.values()) == {FIRST_RUN}
    assert [row["tx_id"] for row in messy_shop.rows("gold/fact_transactions")] == ["t1", "t2", "t3", "t4"]
