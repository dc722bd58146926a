"""Publication of one transition's pages: results, rules, tables, contracts and the front page."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from checkpoints.docs.contract_pages import contract_pages
from checkpoints.docs.current import current_result
from checkpoints.docs.history import NewResult, RunResult, add_to_history
from checkpoints.docs.index import publish_index
from checkpoints.docs.index_document import IndexEntry
from checkpoints.docs.results import result_pages
from checkpoints.docs.rules import rule_pages
from checkpoints.docs.site import RUNS_SHOWN, publish_changed, result_path
from checkpoints.docs.tables import table_pages
from checkpoints.storage.thread_pool import THREADS, map_in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.docs.facts import ResultFacts
    from checkpoints.docs.site import RunFacts
    from checkpoints.storage.place import Place
    from contracts.model import Contract


def publish_docs(
    docs: Place,
    run: RunFacts,
    transition: str,
    results: Sequence[ResultFacts],
    contracts: Sequence[Contract] = (),
    runs_shown: int = RUNS_SHOWN,
) -> None:
    """Write all pages that a transition's results change.

    The cost, and the number of objects read and written, do not depend on the number of earlier runs: what
    later pages need of them is kept in one bounded document a transition (``history``). Pages of a run are
    never written again by another run, so they stay as the code of their time made them.

    Args:
        docs: the folder of the Data Docs.
        run: that the results are of.
        transition: that they are of.
        results: of each dataset or table.
        contracts: all contracts of the installation.
        runs_shown: on the front page.
    """
    of_run = list(chain.from_iterable(result_pages(run, facts) for facts in results))
    map_in_threads(lambda page: docs.child(page[0]).write_bytes(page[1]), of_run, THREADS)
    histories = add_to_history(
        docs,
        transition,
        {facts.dataset: new_result(run, facts) for facts in results},
    )
    pages = dict(contract_pages(docs, run, contracts))
    for facts in results:
        history = histories[facts.dataset]
        pages.update(rule_pages(facts, history))
        pages.update(table_pages(facts, history))
    publish_changed(docs, pages)
    entries = [
        IndexEntry(
            transition,
            facts.dataset,
            facts.decision.verdict,
            result_path(run.run_id, transition, facts.dataset),
            facts.decision.blocked_by or facts.decision.warned,
            facts.metrics.rows_promoted,
        )
        for facts in results
    ]
    current = [current_result(facts, histories[facts.dataset]) for facts in results]
    publish_index(docs, run, entries, current, contracts, runs_shown)


def new_result(run: RunFacts, facts: ResultFacts) -> NewResult:
    """Return what later pages need of a result."""
    metrics = facts.metrics
    result = RunResult(
        run_id=run.run_id,
        as_of=run.as_of,
        verdict=facts.decision.verdict,
        page=result_path(run.run_id, facts.transition, facts.dataset),
        contract_version=facts.contract.version,
        rows=metrics.rows_promoted,
        files_rejected=sum(facts.rejected_files.values()),
        promoted=metrics.promoted,
        counts=metrics.rows_by_outcome,
        evaluated=facts.evaluated,
        broken=facts.broken,
        nulls=dict(facts.nulls),
    )
    return NewResult(result, [rule.name for rule in facts.rules], facts.files_by_rule)
