"""One dataset taken in by itself, its new files inspected in batches before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checkpoints.lake.bronze import current_ledger, list_files
from checkpoints.lake.ledger import write_stamped
from contracts.model import Zone
from dags.pipeline.attempt import attempt
from dags.pipeline.batches import inspect_batch, inspector, new_files, noted_facts, plan_batches
from dags.pipeline.progress import Quiet
from dags.pipeline.report import Status
from dags.pipeline.setup import new_run, read_setup
from dags.pipeline.verdict_file import read_outcome
from tests.dags.lake_runs import AS_OF, EVENTS, LakeRuns, no_spark

if TYPE_CHECKING:
    import pytest

    from dags.pipeline.setup import Run
    from dags.pipeline.verdict_file import Outcome

RUN = new_run(as_of=AS_OF, run_id="r1")


def take_in(lake: LakeRuns, dataset: str, run: Run = RUN) -> Outcome:
    return attempt(lake.settings, run, "raw_to_bronze", Quiet(), no_spark, dataset=dataset)


def test_one_dataset_is_taken_in_by_itself_with_a_verdict_of_its_own(lake: LakeRuns) -> None:
    lake.drop_shop()
    lake.drop("users/notes.docx", "no data")
    outcomes = [take_in(lake, dataset) for dataset in ("users", "events")]
    assert [one.report and one.report.verdict for one in outcomes] == [Status.WARN, Status.PASS]
    assert read_outcome(lake.lake, "r1", "raw_to_bronze", "users") == outcomes[0]
    assert read_outcome(lake.lake, "r1", "raw_to_bronze") is None
    assert current_ledger(lake.lake, "transactions") is None
    assert (lake.root / "bronze/events/events.csv").exists()


def test_what_a_batch_found_out_is_not_found_out_again(
    lake: LakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.drop("events/a.csv", EVENTS)
    lake.drop("events/b.csv", "not a table")
    setup = read_setup(lake.settings)
    ((first, last),) = plan_batches(new_files(setup, "events"))
    assert inspect_batch(setup, RUN, "events", 0, first.key, last.key) == 1

    monkeypatch.setattr("dags.pipeline.batches.inspect_file", dict)  # no one can call it as it should be
    outcome = take_in(lake, "events")
    assert outcome.report is not None
    (events,) = outcome.report.datasets
    assert events.files is not None
    assert (events.files.valid, events.files.quarantined) == (1, {"content_mismatch": 1})


def test_a_batch_inspects_its_own_keys_alone(lake: LakeRuns) -> None:
    for key in ("a", "b", "c"):
        lake.drop(f"events/{key}.csv", EVENTS)
    setup = read_setup(lake.settings)
    inspect_batch(setup, RUN, "events", 1, "b.csv", "b.csv")
    inspected_by, _ = inspector(setup, setup.contracts.silver("events"))
    assert {file.key for file in noted_facts(setup, RUN, "events", inspected_by)} == {"b.csv"}


def test_a_file_that_changed_after_its_batch_is_inspected_again(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    setup = read_setup(lake.settings)
    inspect_batch(setup, RUN, "events", 0, "a.csv", "a.csv")
    lake.drop("events/a.csv", EVENTS + "e9,u1,2024-05-01T10:00:00Z,DE,,,,,\n")
    take_in(lake, "events")
    ledger = current_ledger(lake.lake, "events")
    assert ledger is not None
    copy = (lake.root / "bronze/events/a.csv").stat().st_size
    assert ledger.files["a.csv"].facts.size_bytes == copy > len(EVENTS)


def test_notes_under_other_promises_do_not_count(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    setup = read_setup(lake.settings)
    inspected_by, _ = inspector(setup, setup.contracts.silver("events"))
    inspect_batch(setup, RUN, "events", 0, "a.csv", "a.csv")
    assert noted_facts(setup, RUN, "events", inspected_by[::-1]) == {}


def test_the_notes_are_gone_when_the_dataset_is_in_bronze(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    setup = read_setup(lake.settings)
    inspect_batch(setup, RUN, "events", 0, "a.csv", "a.csv")
    assert [*lake.lake.staging(Zone.BRONZE).list()] != []
    take_in(lake, "events")
    assert [*lake.lake.staging(Zone.BRONZE).list()] == []


def test_nothing_is_new_once_it_was_taken_in(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    lake.drop("events/bad.csv", "not a table")
    take_in(lake, "events")
    assert new_files(read_setup(lake.settings), "events") == ()


def test_notes_keep_keys_of_any_bytes(lake: LakeRuns) -> None:
    lake.drop("events/a.csv", EVENTS)
    setup = read_setup(lake.settings)
    inspect_batch(setup, RUN, "events", 0, "a.csv", "a.csv")
    inspected_by, _ = inspector(setup, setup.contracts.silver("events"))
    ((file, facts),) = noted_facts(setup, RUN, "events", inspected_by).items()
    odd = replace(facts, key="caf\udce9\u2028\n.csv")
    notes = lake.lake.staging(Zone.BRONZE, "r1").child("raw_to_bronze", "events", inspected_by)
    notes.child("1.jsonl.gz").write_bytes(write_stamped([(odd, file.stamp)]))
    assert odd in noted_facts(setup, RUN, "events", inspected_by).values()
    assert {file.key for file in list_files(lake.lake.raw("events"))} == {"a.csv"}
