"""The implementations of the warehouse as one test suite sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import duckdb

from checkpoints.warehouse.duckdb import DuckDBWarehouse

if TYPE_CHECKING:
    from pathlib import Path

    from checkpoints.warehouse.warehouse import Warehouse


class Bench(Protocol):
    """A warehouse under test, and a way to look into and tamper with it that is not its own."""

    def open(self) -> Warehouse:
        """Return the warehouse."""
        ...

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Run a statement as another client would."""
        ...


@dataclass(frozen=True)
class DuckDBBench:
    """DuckDB in a file."""

    path: Path

    def open(self) -> Warehouse:
        return DuckDBWarehouse(self.path)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(sql).fetchall()


BENCHES = {"duckdb": lambda folder: DuckDBBench(folder / "warehouse.duckdb")}
