"""Ingestion of one dataset, with its new files inspected in batches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checkpoints.lake.bronze import current_ledger, list_files
from checkpoints.lake.ledger import write_stamped
from contracts.model import Zone
from dags.pipeline.context import new_run, read_setup
from dags.pipeline.inspection_batches import (
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
    import pytest

    from dags.pipeline.context import Run
    from dags.pipeline.verdict_file import Outcome

RUN = new_run(as_of=AS_OF, run_id="r1")


def ingest(lake: LakeRuns, dataset: str, run: Run = RUN) -> Outcome:
    return run_transition_attempt(lake.settings, run, "raw_to_bronze", Quiet(), no_spark, dataset=dataset)


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
    setup = read_setup(lake.settings)
    ((first, last),) = plan_batches(new_files(setup, "events"))
    assert inspect_batch(setup, RUN, "events", 0, first.key, last.key) == 1

    # ``dict`` cannot be called with the arguments of inspect_file.
    monkeypatch.setattr("dags.pipeline.inspection_batches.inspect_file", dict)
    outcome = ingest(lake, "events")
    assert outcome.report is not None
    (events,) = outcome.report.datasets
    assert events.files is not None
    assert (events.files.valid, events.files.quarantined) == (1, {"content_mismatch": 1})


def test_a_batch_inspects_only_its_own_keys(lake: LakeRuns) -> None:
    for key in ("a", "b", "c"):
        lake.drop(f"events/{key}.csv", EVENTS)
    setup = read_setup(lake.settings)
    inspect_batch(setup, RUN, "events", 1, "b.csv", "b.csv")
    inspected_by, _ = inspector(setup, setup.contracts.silver("events"))
    assert {file.key for file in inspected_facts(setup, RUN, "events", inspected_by)} == {"b.csv"}


def test_a_file_that_changed_after_its_batch_is_inspected_again(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    setup = read_setup(lake.settings)
    inspect_batch(setup, RUN, "events", 0, "a.csv", "a.csv")
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
    inspect_batch(setup, RUN, "events", 0, "a.csv", "a.csv")
    assert inspected_facts(setup, RUN, "events", inspected_by[::-1]) == {}


def test_the_noted_facts_are_deleted_after_promotion(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    setup = read_setup(lake.settings)
    inspect_batch(setup, RUN, "events", 0, "a.csv", "a.csv")
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
    inspect_batch(setup, RUN, "events", 0, "a.csv", "a.csv")
    inspected_by, _ = inspector(setup, setup.contracts.silver("events"))
    ((file, facts),) = inspected_facts(setup, RUN, "events", inspected_by).items()
    odd = replace(facts, key="caf\udce9\u2028\n.csv")
    notes = lake.lake.staging(Zone.BRONZE, "r1").child("raw_to_bronze", "events", inspected_by)
    notes.child("1.jsonl.gz").write_bytes(write_stamped([(odd, file.stamp)]))
    assert odd in inspected_facts(setup, RUN, "events", inspected_by).values()
    assert {file.key for file in list_files(lake.lake.raw("events"))} == {"a.csv"}
