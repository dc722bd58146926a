"""Front page of Data Docs: the state now, the flow of rows, what needs a person, the last runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.docs.charts import Sparkline, sparkline
from checkpoints.docs.current import Attention, CurrentResult, Need
from checkpoints.docs.flow import DatasetFlow, draw_flow
from checkpoints.docs.index_document import IndexDocument, IndexEntry, read_document, update_document
from checkpoints.docs.site import INDEX, RUNS_SHOWN, contract_path, render, run_path, table_path
from contracts.model import Zone
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from checkpoints.docs.site import RunFacts
    from checkpoints.storage.place import Place
    from contracts.model import Contract

_TRANSITIONS = ("raw_to_bronze", "bronze_to_silver", "silver_to_gold", "gold_to_redshift")
_TO_BRONZE, _TO_SILVER, _TO_GOLD, _TO_WAREHOUSE = _TRANSITIONS
_LEFT_OUT = ("quarantined", "deduplicated", "discarded")


def publish_index(
    docs: Place,
    run: RunFacts,
    entries: Sequence[IndexEntry],
    current: Sequence[CurrentResult] = (),
    contracts: Sequence[Contract] = (),
    runs_shown: int = RUNS_SHOWN,
) -> None:
    """Add a run's results to its page and to the front page, and drop runs beyond ``runs_shown`` there.

    The cost does not depend on the number of runs. A later transition of the same run is added to that run; a
    result published again is replaced. Concurrent publishers keep each other's results.
    """

    def write_pages(document: IndexDocument) -> None:
        page = run_path(run.run_id)
        for shown in document.runs:
            if shown.run_id == run.run_id:
                docs.child(page).write_bytes(render("run.html.j2", page, run=shown))
        docs.child(INDEX).write_bytes(_render(document, contracts, runs_shown))

    update_document(docs, lambda before: before.with_run(run, entries, current, runs_shown), write_pages)


def publish_late_feeds(
    docs: Place,
    as_of: datetime,
    late: Mapping[str, Mapping[str, str]],
    contracts: Sequence[Contract] = (),
    runs_shown: int = RUNS_SHOWN,
) -> None:
    """Add feeds that became late since the last run to what needs a person; nothing is written without any.

    Args:
        docs: the folder of the Data Docs.
        as_of: now.
        late: by dataset of silver, the rules on freshness that it breaks, and how, in words.
        contracts: all contracts of the installation.
        runs_shown: on the front page.
    """
    known = read_document(docs)
    if known.with_late_feeds(as_of, late) == known:
        return

    def write_page(document: IndexDocument) -> None:
        docs.child(INDEX).write_bytes(_render(document, contracts, runs_shown))

    update_document(docs, lambda before: before.with_late_feeds(as_of, late), write_page)


@dataclass(frozen=True, slots=True)
class _State:
    """The state of a dataset or table on the front page."""

    contract: Contract
    result: CurrentResult
    verdict: Verdict  # the worst of the transitions that wrote and loaded it
    page: str
    line: Sparkline | None


def _render(document: IndexDocument, contracts: Sequence[Contract], runs_shown: int) -> bytes:
    current = document.current
    contract_pages: dict[str, list[tuple[str, str]]] = {}
    for contract in contracts:
        zone = contract.zone.value
        contract_pages.setdefault(zone, []).append((contract.name, contract_path(zone, contract.name)))
    datasets = [contract.name for contract in contracts if contract.is_read_from_files]
    flows = list(_flows(current, contracts))
    return render(
        "index.html.j2",
        INDEX,
        runs=document.runs,
        runs_shown=runs_shown,
        transitions=_TRANSITIONS,
        run_path=run_path,
        states=list(_states(current, contracts)),
        flows=flows,
        flow=draw_flow(flows),
        flow_run=next((one for one in current.values() if one.transition == _TO_SILVER), None),
        attention=sorted(_needs(document, contracts), key=lambda need: _urgency(need[1])),
        files=[current[key] for name in datasets if (key := f"{_TO_BRONZE}/{name}") in current],
        contracts=contract_pages,
    )


def _needs(
    document: IndexDocument, contracts: Sequence[Contract]
) -> Iterator[tuple[CurrentResult, Attention]]:
    known = {contract.name for contract in contracts}
    for result in document.current.values():
        if result.dataset in known:
            yield from ((result, attention) for attention in result.attention)


def _urgency(attention: Attention) -> tuple[bool, datetime, int, int]:
    """Return the order of what needs a person: what is read now, then what waits; each oldest first."""
    waits = attention.need in (Need.ROWS, Need.FILES, Need.STALE)
    return waits, attention.since, list(Need).index(attention.need), -attention.count


def _states(current: Mapping[str, CurrentResult], contracts: Sequence[Contract]) -> Iterator[_State]:
    for contract in contracts:
        transition = {Zone.SILVER: _TO_SILVER, Zone.GOLD: _TO_GOLD}.get(contract.zone)
        result = current.get(f"{transition}/{contract.name}")
        if result is None:
            continue
        loaded = current.get(f"{_TO_WAREHOUSE}/{contract.name}")
        yield _State(
            contract,
            result,
            Verdict.worst([result.verdict, *([loaded.verdict] if loaded else [])]),
            table_path(contract.zone.value, contract.name),
            sparkline(result.shares),
        )


def _flows(current: Mapping[str, CurrentResult], contracts: Sequence[Contract]) -> Iterator[DatasetFlow]:
    for contract in contracts:
        result = current.get(f"{_TO_SILVER}/{contract.name}")
        if not contract.is_read_from_files or result is None:
            continue
        yield DatasetFlow(
            dataset=contract.name,
            files=result.files,
            rows_read=result.counts.get("rows_read", 0),
            rows_promoted=result.counts.get("rows_promoted", 0),
            left_out=tuple((name, result.counts.get(f"rows_{name}", 0)) for name in _LEFT_OUT),
            is_promoted=result.is_promoted,
            table=_same_rows(contract, result, current, contracts) if result.is_promoted else None,
        )


def _same_rows(
    dataset: Contract,
    result: CurrentResult,
    current: Mapping[str, CurrentResult],
    contracts: Sequence[Contract],
) -> tuple[str, int] | None:
    """Return the gold table with the key of a dataset, and its rows, if these rows were promoted to it."""
    for contract in contracts:
        table = current.get(f"{_TO_GOLD}/{contract.name}")
        is_same = dataset.name in contract.derived_from and contract.key == dataset.key
        if not is_same or contract.zone is not Zone.GOLD or table is None:
            continue
        if table.is_promoted and table.as_of >= result.as_of and table.rows == result.rows:
            return contract.name, table.rows or 0
    return None
