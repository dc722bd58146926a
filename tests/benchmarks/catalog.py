"""Catalog: what publishing costs a table of 365 daily files, as many as the sample of 500 MB makes."""

from __future__ import annotations

from datetime import date, timedelta
from statistics import median
from time import monotonic, process_time
from typing import TYPE_CHECKING

from checkpoints.catalog.address import read_catalog_address
from checkpoints.lake.layout import open_lake
from checkpoints.lake.promotion import rollback
from contracts.loader import load_contracts
from contracts.model import Zone
from tests.benchmarks.findings import Findings, Target
from tests.benchmarks.ground import tell
from tests.checkpoints.catalog.lakes import NOON, CatalogedLake

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.ground import Ground

FILES = 365
LIMIT = 2.0  # seconds a table
COLUMNS = ("step", "ms", "CPU ms")
REPLACED, ROLLED_BACK, UNCHANGED = "replace every file", "roll back", "nothing to publish"


def measure_catalog(ground: Ground) -> Findings:
    """Publish one table again and again, to SQLite, in this process."""
    folder = ground.fresh("catalog")
    address = read_catalog_address(f"sqlite:///{folder}/catalog.db")
    cataloged = CatalogedLake(open_lake(str(folder / "lake")), address)
    contract = load_contracts().silver("transactions")
    types = {column.name: str(column.type) for column in contract.silver_columns}
    days = {str(date(2024, 1, 1) + timedelta(number)): ["1.25"] for number in range(FILES)}
    cataloged.promote("first", days, **types)
    cataloged.publish()
    taken: dict[str, list[tuple[float, float]]] = {REPLACED: [], ROLLED_BACK: [], UNCHANGED: []}
    for number in range(ground.rounds):
        tell(f"catalog, turn {number + 1} of {ground.rounds}")
        cataloged.promote(f"v{number}", days, **types)
        taken[REPLACED].append(_timed(cataloged.publish))
        rollback(cataloged.lake, Zone.SILVER, contract.name, now=NOON)
        taken[ROLLED_BACK].append(_timed(cataloged.publish))
        taken[UNCHANGED].append(_timed(cataloged.publish))
    found = Findings("catalog", COLUMNS)
    for step, costs in taken.items():
        seconds, cpu = ([one[place] for one in costs] for place in (0, 1))
        found.rows.append((step, round(median(seconds) * 1000), round(median(cpu) * 1000)))
        found.rounds += [{"step": step, "seconds": one, "cpu_seconds": other} for one, other in costs]
        if step != UNCHANGED:
            found.targets.append(
                Target(f"catalog: {step}, {FILES} files", median(seconds), LIMIT, "s", rounds=tuple(seconds))
            )
    return found


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    began, cpu_began = monotonic(), process_time()
    work()
    return monotonic() - began, process_time() - cpu_began
