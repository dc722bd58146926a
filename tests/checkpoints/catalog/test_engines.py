"""PyIceberg, DuckDB and Spark read equal counts and sums from the catalog, whatever happened before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checkpoints.lake.promotion import rollback
from contracts.model import Zone
from tests.checkpoints.catalog.conftest import local_lake
from tests.checkpoints.catalog.engines import Totals, totals_by_duckdb, totals_by_spark
from tests.checkpoints.catalog.lakes import NOON
from tests.killing import run_killed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.checkpoints.catalog.lakes import CatalogedLake

FIRST = {"2024-05-01": ["1.5", "2.25"], "1900-01-01": ["4"]}
SECOND = {"2024-05-02": ["8"]}
TOTALS_OF_FIRST: Totals = (3, "7.7500")
TOTALS_OF_SECOND: Totals = (1, "8.0000")


def totals_by_pyiceberg(lakes: Mapping[str, CatalogedLake]) -> dict[str, Totals]:
    found = {}
    for name, cataloged in lakes.items():
        amounts = cataloged.table().scan().to_arrow()["amount"].to_pylist()
        found[name] = (len(amounts), str(sum(amounts)))
    return found


@pytest.mark.slow
def test_all_engines_agree_after_promotion_rollback_and_a_kill_before_publishing(tmp_path: Path) -> None:
    lakes = {name: local_lake(tmp_path / name) for name in ("promoted", "rolled_back", "killed", "healed")}
    for cataloged in lakes.values():
        cataloged.promote("v1", FIRST)
        cataloged.publish()
        cataloged.promote("v2", SECOND, city="string")
    lakes["promoted"].publish()
    lakes["rolled_back"].publish()
    rollback(lakes["rolled_back"].lake, Zone.SILVER, "transactions", now=NOON)
    lakes["rolled_back"].publish()
    for name in ("killed", "healed"):
        # Killed before the first write of the publication: promoted, and not published.
        assert run_killed(lakes[name].publish, lakes[name].lake.root.uri, 1)
    lakes["healed"].publish()

    expected = {
        "promoted": TOTALS_OF_SECOND,
        "rolled_back": TOTALS_OF_FIRST,
        "killed": TOTALS_OF_FIRST,
        "healed": TOTALS_OF_SECOND,
    }
    assert totals_by_pyiceberg(lakes) == expected
    metadata = {name: cataloged.table().metadata_location for name, cataloged in lakes.items()}
    assert totals_by_duckdb(metadata) == expected
    files = {name: cataloged.address.uri.removeprefix("sqlite:///") for name, cataloged in lakes.items()}
    assert totals_by_spark(files) == expected
