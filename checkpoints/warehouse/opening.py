"""Factory: the warehouse for a URI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from contracts.errors import ConfigurationError

if TYPE_CHECKING:
    from checkpoints.warehouse.redshift import RedshiftWarehouse
    from checkpoints.warehouse.redshift_transport import RetryPolicy
    from checkpoints.warehouse.warehouse import Warehouse

_DUCKDB = "duckdb://"
_REDSHIFT = ("redshift-data://", "redshift://")
_KNOWN = "duckdb:///path/to/file.duckdb, redshift-data://workgroup/database or redshift://host:port/database"


def open_warehouse(uri: str) -> Warehouse:
    """Return the warehouse for a URI, without connecting.

    ``duckdb:///path`` is a file, relative when it starts with ``/./`` or ``/../``; ``redshift-data://workgroup/database``
    is Redshift through the Data API, ``redshift://host:port/database`` through the wire protocol.

    Raises:
        ConfigurationError: the URI is invalid, or DuckDB is not installed.
    """
    if is_redshift(uri):
        return open_redshift(uri)
    path = uri.removeprefix(_DUCKDB)
    if not uri.startswith(_DUCKDB) or not path.startswith("/") or path.endswith("/"):
        from checkpoints.warehouse.redshift_uri import without_secrets

        raise ConfigurationError(
            "invalid warehouse URI", where=f"--warehouse {without_secrets(uri)}", expected=_KNOWN
        )
    if path.startswith(("/./", "/../")):
        path = path[1:]
    try:
        from checkpoints.warehouse.duckdb import DuckDBWarehouse
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "DuckDB is not installed",
            where=uri,
            next_step="install lakegate[duckdb], or name a Redshift with --warehouse",
        ) from error
    return DuckDBWarehouse(Path(path))


def is_redshift(uri: str) -> bool:
    """Whether a warehouse URI is that of a Redshift."""
    return uri.startswith(_REDSHIFT)


def open_redshift(uri: str, retry_policy: RetryPolicy | None = None) -> RedshiftWarehouse:
    """Return the Redshift warehouse for a URI, without connecting.

    Raises:
        ConfigurationError: the URI is invalid or contains a password.
    """
    # Imported late: boto3 and the driver take a third of a second.
    from checkpoints.warehouse.redshift import RedshiftWarehouse
    from checkpoints.warehouse.redshift_transport import RetryPolicy
    from checkpoints.warehouse.redshift_uri import Via, read_address

    address, retry_policy = read_address(uri), retry_policy or RetryPolicy()
    if address.via is Via.DATA_API:
        from checkpoints.warehouse.redshift_data_api import DataApi

        return RedshiftWarehouse(address, DataApi.connect(address, retry_policy))
    from checkpoints.warehouse.redshift_connector import Connector

    return RedshiftWarehouse(address, Connector(address, retry_policy))
