"""What publishing costs after any number of runs, and how large a page can become."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checkpoints.docs.history import CODEC, RUNS_KEPT, ResultHistory, TransitionHistory
from checkpoints.docs.index import publish_index
from checkpoints.docs.index_document import IndexEntry
from checkpoints.docs.publish import new_result, publish_docs
from checkpoints.docs.site import MOST_BYTES, RUNS_SHOWN, RunFacts
from checkpoints.gate.checkpoint import GateResult
from quarantine_policies.decision import Verdict
from tests.checkpoints.docs.given import AS_OF, RULES, facts, pages_of, publish, run
from tests.checkpoints.docs.worst import WORST_CONTRACT, worst_facts

if TYPE_CHECKING:
    from checkpoints.storage.place import Place
    from tests.checkpoints.recording import RecordingStorage


@pytest.mark.slow
def test_a_run_after_more_than_are_kept_reads_and_writes_no_more_objects_than_the_tenth(
    docs: Place, storage: RecordingStorage
) -> None:
    costs, late = {}, RUNS_KEPT + 20  # nothing of earlier runs is kept: every later one is alike
    for number in range(1, late + 1):
        of = run(number)
        # The runs between say of one rule that they did not judge it, which takes a tenth of the time.
        short = replace(facts(), rules=RULES[-1:], gate_result=GateResult((), {}))
        for calls in (storage.read, storage.written, storage.listed):
            calls.clear()
        publish(docs, facts(of=of) if number in (10, late) else short, of=of)
        costs[number] = (sorted(storage.read), len(storage.written), list(storage.listed))
    (read, written, listed), (early_read, early_written, _) = costs[late], costs[10]
    assert (read, listed) == (early_read, [])
    assert written <= early_written


def airflow_run(number: int) -> RunFacts:
    return RunFacts(f"scheduled__2024-06-01T00:00:00+00:00.{number:03}", AS_OF)


def test_no_page_is_larger_than_200_kb_whatever_it_has_to_show(docs: Place) -> None:
    history, names = ResultHistory(), [rule.name for rule in WORST_CONTRACT.rules]
    for number in range(RUNS_KEPT):
        history = history.with_result(new_result(airflow_run(number), worst_facts()))
    document = CODEC.write(TransitionHistory({"users": history}))
    docs.child("history/bronze_to_silver.json").write_bytes(document)
    entries = [
        IndexEntry(
            "silver_to_gold", f"table_{number}_{'x' * 30}", Verdict.BLOCK, "runs/x.html", tuple(names[:9]), 1
        )
        for number in range(20)
    ]
    for number in range(RUNS_SHOWN):
        publish_index(docs, airflow_run(number), entries)
    publish_docs(docs, run(100), "bronze_to_silver", [worst_facts()], [WORST_CONTRACT])
    sizes = {path: len(content) for path, content in pages_of(docs).items() if path.endswith(".html")}
    assert {path: size for path, size in sizes.items() if size > MOST_BYTES} == {}
    cut = {path for path, page in pages_of(docs).items() if b" more" in page or b" left out" in page}
    for path in (
        "tables/silver/users",
        "contracts/silver/users",
        "runs/run-100/bronze_to_silver/users.records.gx",
    ):
        assert f"{path}.html" in cut  # the facts are hard enough to tell
