"""Finds the warehouse that a URI names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from contracts.faults import ConfigurationError

if TYPE_CHECKING:
    from checkpoints.warehouse.warehouse import Warehouse

_DUCKDB = "duckdb://"


def open_warehouse(uri: str) -> Warehouse:
    """Return the warehouse behind ``duckdb:///path``, absolute unless it begins with ``./``. Touches nothing.

    Raises:
        ConfigurationError: the URI names none.
    """
    path = uri.removeprefix(_DUCKDB)
    if not uri.startswith(_DUCKDB) or not path.startswith("/") or path.endswith("/"):
        raise ConfigurationError(
            "this names no warehouse", where=f"--warehouse {uri}", expected="duckdb:///path/to/file.duckdb"
        )
    if path.startswith(("/./", "/../")):
        path = path[1:]
    from checkpoints.warehouse.duckdb import DuckDBWarehouse

    return DuckDBWarehouse(Path(path))
