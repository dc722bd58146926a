"""Data Docs after many runs: what publishing the 1,000th run costs, against the 10th."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from checkpoints.docs.current import current_result
from checkpoints.docs.history import add_to_history
from checkpoints.docs.index import IndexEntry, publish_index
from checkpoints.docs.publish import publish_docs, run_result
from checkpoints.docs.site import result_path
from checkpoints.storage.place import Place
from tests.benchmarks.findings import Findings, Target
from tests.benchmarks.ground import tell
from tests.checkpoints.docs.given import CONTRACT, FILES, facts, run
from tests.checkpoints.recording import RecordingStorage

if TYPE_CHECKING:
    from checkpoints.docs.facts import ResultFacts
    from checkpoints.docs.site import RunFacts
    from tests.benchmarks.ground import Ground

EARLY, LATE = 10, 1_000
PUBLICATIONS = 5  # in a row, of each; their median is taken
RATIO_LIMIT = 1.2
TRANSITION = "bronze_to_silver"
DATASETS = ("events", "users", "transactions")
FILES_BROKEN = 30


def measure_docs_history(ground: Ground) -> Findings:
    """Publish runs of three datasets, in which rules are broken by 30 files each, up to the 1,000th."""
    found = Findings("docs_history", ("publication", "ms", "CPU ms", "objects read", "written"))
    ratios: list[float] = []
    for number in range(ground.rounds):
        tell(f"docs_history, round {number + 1} of {ground.rounds}")
        storage = RecordingStorage(ground.fresh("docs_history"))
        docs = Place(storage)
        for before in range(1, EARLY):
            _publish(docs, run(before))
        early = [_measured(docs, storage, run(EARLY + turn)) for turn in range(PUBLICATIONS)]
        for between in range(EARLY + PUBLICATIONS, LATE):
            _remember(docs, run(between))
        late = [_measured(docs, storage, run(LATE + turn)) for turn in range(PUBLICATIONS)]
        for name, costs in (("10th run", early), ("1,000th run", late)):
            seconds, cpu_seconds = (median(values) for values in list(zip(*costs, strict=True))[:2])
            found.rows.append((name, round(seconds * 1000), round(cpu_seconds * 1000), *costs[-1][2:]))
            found.rounds.append({"publication": name, "seconds": seconds, "cpu_seconds": cpu_seconds})
        # CPU, as the wall holds the disk's flushes, which differ more than what is asked for.
        ratios.append(median(one[1] for one in late) / median(one[1] for one in early))
    found.targets.append(
        Target("docs of run 1,000 / run 10, CPU", median(ratios), RATIO_LIMIT, "×", rounds=tuple(ratios))
    )
    return found


def _results(of: RunFacts) -> list[ResultFacts]:
    files = {f"shop/2024/06/{number:02}/part-{number:05}.csv": 40 - number for number in range(FILES_BROKEN)}
    given = facts()
    by_rule = {rule.name: files for rule in given.rules}
    return [
        replace(given, dataset=name, files_by_rule=by_rule, metrics=replace(given.metrics, run_id=of.run_id))
        for name in DATASETS
    ]


def _publish(docs: Place, of: RunFacts) -> None:
    publish_docs(docs, of, TRANSITION, _results(of), [FILES, CONTRACT])


def _remember(docs: Place, of: RunFacts) -> None:
    """Add a run to the documents that later runs read, and make no pages of it: those are never read."""
    results = _results(of)
    names = [rule.name for rule in results[0].rules]
    histories = add_to_history(
        docs, TRANSITION, {one.dataset: (run_result(of, one), names) for one in results}
    )
    entries = [
        IndexEntry(
            TRANSITION,
            one.dataset,
            one.decision.verdict,
            result_path(of.run_id, TRANSITION, one.dataset),
            one.decision.warned,
            one.metrics.rows_promoted,
        )
        for one in results
    ]
    publish_index(docs, of, entries, [current_result(one, histories[one.dataset]) for one in results])


def _measured(docs: Place, storage: RecordingStorage, of: RunFacts) -> tuple[float, float, int, int]:
    """Return a publication's seconds, CPU seconds, and objects read and written."""
    storage.read.clear()
    storage.written.clear()
    started, cpu_started = perf_counter(), process_time()
    _publish(docs, of)
    return (
        perf_counter() - started,
        process_time() - cpu_started,
        len(storage.read),
        len(storage.written),
    )
