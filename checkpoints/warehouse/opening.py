"""Finds the warehouse that a URI names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from contracts.faults import ConfigurationError

if TYPE_CHECKING:
    from checkpoints.warehouse.redshift import RedshiftWarehouse
    from checkpoints.warehouse.redshift_transport import Patience
    from checkpoints.warehouse.warehouse import Warehouse

_DUCKDB = "duckdb://"
_REDSHIFT = ("redshift-data://", "redshift://")
_KNOWN = "duckdb:///path/to/file.duckdb, redshift-data://workgroup/database or redshift://host:port/database"


def open_warehouse(uri: str) -> Warehouse:
    """Return the warehouse behind a URI. Touches nothing.

    ``duckdb:///path`` is a file, absolute unless it begins with ``./``; ``redshift-data://workgroup/database``
    is Redshift by the Data API, ``redshift://host:port/database`` by its wire protocol.

    Raises:
        ConfigurationError: the URI names none.
    """
    if uri.startswith(_REDSHIFT):
        return open_redshift(uri)
    path = uri.removeprefix(_DUCKDB)
    if not uri.startswith(_DUCKDB) or not path.startswith("/") or path.endswith("/"):
        from checkpoints.warehouse.redshift_address import without_secrets

        raise ConfigurationError(
            "this names no warehouse", where=f"--warehouse {without_secrets(uri)}", expected=_KNOWN
        )
    if path.startswith(("/./", "/../")):
        path = path[1:]
    from checkpoints.warehouse.duckdb import DuckDBWarehouse

    return DuckDBWarehouse(Path(path))


def open_redshift(uri: str, patience: Patience | None = None) -> RedshiftWarehouse:
    """Return the Redshift behind a URI. Touches nothing.

    Raises:
        ConfigurationError: the URI is wrong, or holds a password.
    """
    # Each import costs who needs it: boto3 and the driver take a third of a second.
    from checkpoints.warehouse.redshift import RedshiftWarehouse
    from checkpoints.warehouse.redshift_address import Via, read_address
    from checkpoints.warehouse.redshift_transport import Patience

    address, patience = read_address(uri), patience or Patience()
    if address.via is Via.DATA_API:
        from checkpoints.warehouse.redshift_data_api import DataApi

        return RedshiftWarehouse(address, DataApi.connect(address, patience))
    from checkpoints.warehouse.redshift_wire import Connector

    return RedshiftWarehouse(address, Connector(address, patience))
