"""Data Docs after many runs: what publishing the 1,000th run costs, against the 10th.

Measured with the results of a run on the sample, and with the hardest that a history can hold: every rule
broken in every run, by 30 files each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING
from unittest.mock import patch

from checkpoints.docs.current import current_result
from checkpoints.docs.history import add_to_history
from checkpoints.docs.index import publish_index
from checkpoints.docs.index_document import IndexEntry
from checkpoints.docs.publish import new_result, publish_docs
from checkpoints.docs.site import result_path
from checkpoints.storage.place import Place
from tests.benchmarks.findings import Findings, Target
from tests.benchmarks.ground import tell
from tests.checkpoints.docs.given import CONTRACT, FILES, facts, run
from tests.checkpoints.recording import RecordingStorage
from tests.dags.lake_runs import lakegate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.docs.facts import ResultFacts
    from checkpoints.docs.site import RunFacts
    from contracts.model import Contract
    from tests.benchmarks.ground import Ground

EARLY, LATE = 10, 1_000
PUBLICATIONS = 5  # in a row, of each; their median is taken
RATIO_LIMIT = 1.2
SAMPLE = "5MB"
DATASETS = ("events", "users", "transactions")
FILES_BROKEN = 30


@dataclass(frozen=True, slots=True)
class Publication:
    """What one run publishes of a transition. The results are of another run: its id is replaced."""

    transition: str
    results: Sequence[ResultFacts]
    contracts: Sequence[Contract]

    def of(self, run_id: str) -> list[ResultFacts]:
        """Return the results as those of a run."""
        return [replace(one, metrics=replace(one.metrics, run_id=run_id)) for one in self.results]


def measure_docs_history(ground: Ground) -> Findings:
    """Publish the same results up to the 1,000th run: those of the sample, and rules broken by many files."""
    found = Findings("docs_history", ("results", "publication", "ms", "CPU ms", "objects read", "written"))
    given = {"of the sample": _of_the_sample(ground), "30 files a rule": [_all_rules_broken()]}
    for name, publications in given.items():
        ratios = [_measure_round(ground, found, name, publications) for _ in range(ground.rounds)]
        # CPU, as the wall holds the disk's flushes, which differ more than what is asked for.
        title = f"docs of run 1,000 / run 10, CPU, {name}"
        found.targets.append(Target(title, median(ratios), RATIO_LIMIT, "×", rounds=tuple(ratios)))
    return found


def _measure_round(ground: Ground, found: Findings, name: str, publications: Sequence[Publication]) -> float:
    tell(f"docs_history, {name}, up to run {LATE:,}")
    storage = RecordingStorage(ground.fresh("docs_history"))
    docs = Place(storage)
    for before in range(1, EARLY):
        _publish(docs, run(before), publications)
    early = [_measured(docs, storage, run(EARLY + turn), publications) for turn in range(PUBLICATIONS)]
    for between in range(EARLY + PUBLICATIONS, LATE):
        _remember(docs, run(between), publications)
    late = [_measured(docs, storage, run(LATE + turn), publications) for turn in range(PUBLICATIONS)]
    for title, costs in (("10th run", early), ("1,000th run", late)):
        seconds, cpu_seconds = (median(values) for values in list(zip(*costs, strict=True))[:2])
        found.rows.append((name, title, round(seconds * 1000), round(cpu_seconds * 1000), *costs[-1][2:]))
        found.rounds.append(
            {"results": name, "publication": title, "seconds": seconds, "cpu_seconds": cpu_seconds}
        )
    return median(one[1] for one in late) / median(one[1] for one in early)


def _of_the_sample(ground: Ground) -> list[Publication]:
    """Return what a run on the sample publishes, by transition."""
    found = []

    def publish_and_keep(
        docs: Place,
        of: RunFacts,
        transition: str,
        results: Sequence[ResultFacts],
        contracts: Sequence[Contract],
        runs_shown: int,
    ) -> None:
        publish_docs(docs, of, transition, results, contracts, runs_shown)
        found.append(Publication(transition, results, contracts))

    with patch("dags.pipeline.publish.publish_docs", publish_and_keep):
        ran = lakegate(
            "demo", "--lake", ground.fresh("docs_history_lake") / "lake", "--size", SAMPLE, "--json"
        )
    if ran.status:
        raise RuntimeError(ran.err)
    return found


def _all_rules_broken() -> Publication:
    files = {f"shop/2024/06/{number:02}/part-{number:05}.csv": 40 - number for number in range(FILES_BROKEN)}
    given = facts()
    by_rule = {rule.name: files for rule in given.rules}
    results = [replace(given, dataset=name, files_by_rule=by_rule) for name in DATASETS]
    return Publication("bronze_to_silver", results, [FILES, CONTRACT])


def _publish(docs: Place, of: RunFacts, publications: Sequence[Publication]) -> None:
    for one in publications:
        publish_docs(docs, of, one.transition, one.of(of.run_id), one.contracts)


def _remember(docs: Place, of: RunFacts, publications: Sequence[Publication]) -> None:
    """Add a run to the documents that later runs read, and make no pages of it: those are never read."""
    for publication in publications:
        results = publication.of(of.run_id)
        histories = add_to_history(
            docs,
            publication.transition,
            {one.dataset: new_result(of, one) for one in results},
        )
        entries = [
            IndexEntry(
                publication.transition,
                one.dataset,
                one.decision.verdict,
                result_path(of.run_id, publication.transition, one.dataset),
                one.decision.warned,
                one.metrics.rows_promoted,
            )
            for one in results
        ]
        publish_index(docs, of, entries, [current_result(one, histories[one.dataset]) for one in results])


def _measured(
    docs: Place, storage: RecordingStorage, of: RunFacts, publications: Sequence[Publication]
) -> tuple[float, float, int, int]:
    """Return a publication's seconds, CPU seconds, and objects read and written."""
    storage.read.clear()
    storage.written.clear()
    started, cpu_started = perf_counter(), process_time()
    _publish(docs, of, publications)
    return (
        perf_counter() - started,
        process_time() - cpu_started,
        len(storage.read),
        len(storage.written),
    )
