"""Ingestion of one dataset, with its new files inspected in batches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.lake.bronze import current_ledger, list_files
from checkpoints.lake.ingestion import ListedFile
from checkpoints.lake.ledger import Stamp, write_stamped
from contracts.model import Zone
from dags.pipeline.context import new_run, read_setup
from dags.pipeline.inspection_batches import (
    batch_limits,
    fill_batches,
    inspect_batch,
    inspected_facts,
    inspector,
    new_files,
    plan_batches,
)
from dags.pipeline.progress import Quiet
from dags.pipeline.transition_attempt import run_transition_attempt
from dags.pipeline.verdict_file import read_outcome
from quarantine_policies.decision import Verdict
from tests.dags.lake_runs import AS_OF, EVENTS, LakeRuns, no_spark

if TYPE_CHECKING:
    from dags.pipeline.context import Run
    from dags.pipeline.verdict_file import Outcome

RUN = new_run(as_of=AS_OF, run_id="r1")


def ingest(lake: LakeRuns, dataset: str, run: Run = RUN) -> Outcome:
    return run_transition_attempt(lake.settings, run, "raw_to_bronze", Quiet(), no_spark, dataset=dataset)


def inspect_all(lake: LakeRuns) -> int:
    """Plan and inspect all batches of events; return the number of valid files."""
    setup = read_setup(lake.settings)
    return sum(
        inspect_batch(setup, RUN, "events", number) for number in range(plan_batches(setup, RUN, "events"))
    )


FILES = st.lists(
    st.tuples(st.text(max_size=3), st.sampled_from((0, 1, 10**3, 2**30 - 1, 2**30, 2**30 + 1, 10**12))),
    max_size=300,
    unique_by=lambda file: file[0],
)


@given(FILES, st.integers(2, 40), st.sampled_from((1, 3, 1000)))
def test_every_file_is_in_one_of_few_enough_batches_of_bounded_size(
    listed: list[tuple[str, int]], most_batches: int, usual_files: int
) -> None:
    files = [ListedFile(key, Stamp(size, "")) for key, size in listed]
    size_bytes = sum(size for _, size in listed)
    with patch("dags.pipeline.inspection_batches.BATCH_FILES", usual_files):
        limits = most_files, most_bytes = batch_limits(len(files), size_bytes, most_batches)
    batches = [*fill_batches(files, *limits)]
    assert [file for batch in batches for file in batch] == files
    assert len(batches) <= most_batches
    for batch in batches:
        assert len(batch) <= most_files
        assert len(batch) == 1 or sum(file.stamp.size_bytes for file in batch) <= most_bytes
    assert most_files <= max(usual_files, 2 * len(files) / (most_batches - 1) + 1)
    assert most_bytes <= max(2**30, 4 * size_bytes / (most_batches - 1) + 1)


@pytest.mark.parametrize(
    ("count", "size_bytes"),
    [(1_000_000, 1), (1_000, 2**30 + 1), (1_500, 2**29 + 1), (1_000_000, 2**20)],
    ids=["a million files", "a terabyte", "files that fit once", "a terabyte of a million files"],
)
def test_a_first_backlog_is_fewer_tasks_than_airflow_maps(count: int, size_bytes: int) -> None:
    files = [ListedFile("", Stamp(size_bytes, ""))] * count
    batches = [*fill_batches(files, *batch_limits(count, count * size_bytes))]
    assert 1 < len(batches) < 1_000
    assert sum(map(len, batches)) == count


def test_one_dataset_is_ingested_alone_with_its_own_verdict(lake: LakeRuns) -> None:
    lake.drop_shop()
    lake.drop("users/notes.docx", "no data")
    outcomes = [ingest(lake, dataset) for dataset in ("users", "events")]
    assert [one.report and one.report.verdict for one in outcomes] == [Verdict.WARN, Verdict.PASS]
    assert read_outcome(lake.lake, "r1", "raw_to_bronze", "users") == outcomes[0]
    assert read_outcome(lake.lake, "r1", "raw_to_bronze") is None
    assert current_ledger(lake.lake, "transactions") is None
    assert (lake.root / "bronze/events/events.csv").exists()


def test_a_file_inspected_in_a_batch_is_not_inspected_again(
    lake: LakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.drop("events/a.csv", EVENTS)
    lake.drop("events/b.csv", "not a table")
    assert inspect_all(lake) == 1

    # ``dict`` cannot be called with the arguments of inspect_file.
    monkeypatch.setattr("dags.pipeline.inspection_batches.inspect_file", dict)
    outcome = ingest(lake, "events")
    assert outcome.report is not None
    (events,) = outcome.report.datasets
    assert events.files is not None
    assert (events.files.valid, events.files.quarantined) == (1, {"content_mismatch": 1})


def test_a_batch_inspects_only_its_own_files(lake: LakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dags.pipeline.inspection_batches.BATCH_FILES", 1)
    for key in ("a", "b", "c"):
        lake.drop(f"events/{key}.csv", EVENTS)
    setup = read_setup(lake.settings)
    assert plan_batches(setup, RUN, "events") == 3
    inspect_batch(setup, RUN, "events", 1)
    inspected_by, _ = inspector(setup, setup.contracts.silver("events"))
    assert {file.key for file in inspected_facts(setup, RUN, "events", inspected_by)} == {"b.csv"}


def test_a_batch_lists_neither_raw_nor_the_ledger(lake: LakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.drop("events/a.csv", EVENTS)
    setup = read_setup(lake.settings)
    plan_batches(setup, RUN, "events")
    for name in ("plan_files", "current_ledger"):  # dict cannot be called with their arguments
        monkeypatch.setattr(f"dags.pipeline.inspection_batches.{name}", dict)
    assert inspect_batch(setup, RUN, "events", 0) == 1


def test_a_batch_cleared_after_the_run_has_ended_inspects_nothing(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    inspect_all(lake)
    ingest(lake, "events")
    assert inspect_batch(read_setup(lake.settings), RUN, "events", 0) == 0


def test_a_file_that_changed_after_its_batch_is_inspected_again(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    inspect_all(lake)
    lake.drop("events/a.csv", EVENTS + "e9,u1,2024-05-01T10:00:00Z,DE,,,,,\n")
    ingest(lake, "events")
    ledger = current_ledger(lake.lake, "events")
    assert ledger is not None
    copy = (lake.root / "bronze/events/a.csv").stat().st_size
    assert ledger.files["a.csv"].facts.size_bytes == copy > len(EVENTS)


def test_facts_found_under_other_contracts_are_ignored(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    setup = read_setup(lake.settings)
    inspected_by, _ = inspector(setup, setup.contracts.silver("events"))
    inspect_all(lake)
    assert inspected_facts(setup, RUN, "events", inspected_by[::-1]) == {}


def test_the_noted_facts_are_deleted_after_promotion(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    inspect_all(lake)
    assert [*lake.lake.staging(Zone.BRONZE).list()] != []
    ingest(lake, "events")
    assert [*lake.lake.staging(Zone.BRONZE).list()] == []


def test_an_ingested_file_is_not_new(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    lake.drop("events/bad.csv", "not a table")
    ingest(lake, "events")
    assert new_files(read_setup(lake.settings), "events") == ()


def test_noted_facts_keep_keys_of_any_bytes(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    setup = read_setup(lake.settings)
    inspect_all(lake)
    inspected_by, _ = inspector(setup, setup.contracts.silver("events"))
    ((file, facts),) = inspected_facts(setup, RUN, "events", inspected_by).items()
    odd = replace(facts, key="caf\udce9\u2028\n.csv")
    notes = lake.lake.staging(Zone.BRONZE, "r1").child("raw_to_bronze", "events", inspected_by)
    notes.child("1.jsonl.gz").write_bytes(write_stamped([(odd, file.stamp)]))
    assert odd in inspected_facts(setup, RUN, "events", inspected_by).values()
    assert {file.key for file in list_files(lake.lake.raw("events"))} == {"a.csv"}
