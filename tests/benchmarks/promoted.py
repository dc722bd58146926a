"""What a lake's promoted tables hold: rows, revenue, and a sum over the content of all rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from checkpoints.lake.promotion import current_place, current_release, current_silver
from contracts.model import Zone
from dags.pipeline.context import read_setup
from dags.settings import read_settings


@dataclass(frozen=True, slots=True)
class Content:
    """One gold table: ``revenue`` where it has some; ``digest`` is the sum of its rows' hashes."""

    rows: int
    revenue: str | None
    digest: str


def promoted_rows(lake: Path, transition: str) -> dict[str, int]:
    """Return, by table, the rows that a transition promoted, as the manifests say."""
    setup = read_setup(read_settings(lake=str(lake)))
    if transition == "silver_to_gold":
        release = current_release(setup.lake)
        return {table.name: table.rows for table in release.tables} if release else {}
    names = [contract.name for contract in setup.contracts.silver_tables]
    manifests = {name: current_silver(setup.lake, name) for name in names}
    return {name: manifest.rows for name, manifest in manifests.items() if manifest}


def gold_content(lake: Path) -> dict[str, Content]:
    """Read the ten tables of the current release, as an analyst's engine sees them."""
    setup = read_setup(read_settings(lake=str(lake)))
    release = current_release(setup.lake)
    found = {}
    for table in release.tables if release else ():
        files = str(Path(current_place(setup.lake, Zone.GOLD, table).spark_uri) / "**/*.parquet")
        revenue = next((str(one.total) for one in table.sums), None)
        asked = "SELECT count(*), sum(hash(t)::HUGEINT)::VARCHAR FROM read_parquet(?) t"
        row = duckdb.execute(asked, [files]).fetchone()
        assert row is not None
        found[table.name] = Content(row[0], revenue, row[1])
    return found
