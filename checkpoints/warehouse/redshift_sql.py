"""SQL statements of a load into Redshift. Owners and readers: ``redshift_access``.

Values are bound as parameters. Text that cannot be a parameter (identifiers, the role and URI of a COPY) must
match a strict allow-list: none of its characters can end a quoted string or look like a parameter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING

from checkpoints.warehouse.redshift_uri import IAM_ROLE, IDENTIFIER
from checkpoints.warehouse.warehouse import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from checkpoints.warehouse.load_request import LoadRequest, TableLoad
    from checkpoints.warehouse.warehouse import LoadedTable

RELEASE_TABLE = "_lakegate_release"
PROBE_PREFIX = "_lakegate_probe_"
_MAX_IDENTIFIER_BYTES = 127
_MANIFEST_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_.=+@-]+)+")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, with ``:name`` for parameters, which are sent separately as text."""

    sql: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    table: str | None = None  # table name for error messages


def identifier(name: str) -> str:
    """Return a name as a quoted identifier.

    >>> identifier("dim_users")
    '"dim_users"'

    Raises:
        WarehouseError: Redshift would not keep the name unchanged.
    """
    if not IDENTIFIER.fullmatch(name):
        raise WarehouseError(
            "invalid Redshift identifier",
            where=repr(name),
            expected=f"a-z, 0-9 and _, at most {_MAX_IDENTIFIER_BYTES} bytes",
        )
    return f'"{name}"'


def qualified(schema: str, table: str) -> str:
    """Return a table's name with its schema, quoted."""
    return f"{identifier(schema)}.{identifier(table)}"


def create_schema(schema: str) -> Statement:
    """Return the statement that creates the schema if it is missing."""
    return Statement(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")


def create_release_table(schema: str) -> Statement:
    """Return the statement that creates the table of the release note if it is missing."""
    return Statement(
        f"CREATE TABLE IF NOT EXISTS {qualified(schema, RELEASE_TABLE)} (\n"
        '  "version" VARCHAR(65535) NOT NULL,\n'
        '  "run_id" VARCHAR(65535) NOT NULL,\n'
        '  "checksum" VARCHAR(64) NOT NULL,\n'
        '  "loaded_at" TIMESTAMP NOT NULL\n'
        ")\nDISTSTYLE ALL"
    )


def live_columns(schema: str) -> Statement:
    """Return the query for all columns of the schema's tables and views, in order."""
    return Statement(
        "SELECT CAST(table_name AS VARCHAR(127)), CAST(column_name AS VARCHAR(127)),"
        " CAST(data_type AS VARCHAR(127)), CAST(character_maximum_length AS VARCHAR(20)),"
        " CAST(numeric_precision AS VARCHAR(20)), CAST(numeric_scale AS VARCHAR(20)),"
        " CAST(is_nullable AS VARCHAR(3))"
        " FROM svv_columns WHERE table_schema = CAST(:schema AS VARCHAR(127))"
        " ORDER BY table_name, ordinal_position",
        {"schema": schema},
    )


def live_tables(schema: str) -> Statement:
    """Return the query for the schema's tables and views, with their type."""
    return Statement(
        "SELECT CAST(table_name AS VARCHAR(127)), CAST(table_type AS VARCHAR(40))"
        " FROM svv_tables WHERE table_schema = CAST(:schema AS VARCHAR(127)) ORDER BY table_name",
        {"schema": schema},
    )


def read_release_note(schema: str) -> Statement:
    """Return the query for the note of the loaded release."""
    return Statement(
        'SELECT "version", "run_id", "checksum", CAST("loaded_at" AS VARCHAR(40)) FROM '  # noqa: S608 - checked
        + qualified(schema, RELEASE_TABLE)
    )


def write_release_note(schema: str, request: LoadRequest, now: datetime) -> tuple[Statement, Statement]:
    """Return the statements that replace the note of the release."""
    table = qualified(schema, RELEASE_TABLE)
    return (
        Statement(f"DELETE FROM {table}"),  # noqa: S608 - checked names
        Statement(
            f'INSERT INTO {table} ("version", "run_id", "checksum", "loaded_at") VALUES'  # noqa: S608 - checked names
            " (CAST(:version AS VARCHAR(65535)), CAST(:run_id AS VARCHAR(65535)),"
            " CAST(:checksum AS VARCHAR(64)), CAST(:loaded_at AS TIMESTAMP))",
            {
                "version": request.release.version,
                "run_id": request.release.run_id,
                "checksum": request.checksum,
                "loaded_at": f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}",
            },
        ),
    )


def delete_rows(schema: str, table: str) -> Statement:
    """Return the statement that empties a table; DELETE, as TRUNCATE would commit the transaction."""
    return Statement(f"DELETE FROM {qualified(schema, table)}", table=table)  # noqa: S608 - checked names


def copy_parquet(target: str, table: str, manifest_uri: str, iam_role: str) -> Statement:
    """Return the COPY of the files in a manifest on S3.

    Args:
        target: quoted name of the table to fill.
        table: table name for error messages.
        manifest_uri: ``s3://bucket/key``.
        iam_role: the ARN that Redshift assumes, or ``default``.

    Raises:
        WarehouseError: the URI or role contains a character that is not allowed.
    """
    if not _MANIFEST_URI.fullmatch(manifest_uri):
        raise WarehouseError(
            "unsafe characters in the manifest's URI",
            where=manifest_uri,
            expected="s3://bucket/key with letters, digits and _ . = + @ - in the key",
            next_step="set LAKEGATE_GOLD_ROOT to a path with these characters only",
        )
    if not IAM_ROLE.fullmatch(iam_role):
        raise WarehouseError("invalid IAM role", where="iam_role", expected="an ARN, or default")
    role = "default" if iam_role == "default" else f"'{iam_role}'"
    return Statement(
        f"COPY {target} FROM '{manifest_uri}' IAM_ROLE {role} FORMAT AS PARQUET MANIFEST", table=table
    )


def create_probe(schema: str, table: str) -> Statement:
    """Return the statement that creates an empty temporary copy of a table."""
    name = identifier(PROBE_PREFIX + table)
    return Statement(f"CREATE TEMP TABLE {name} (LIKE {qualified(schema, table)})", table=table)


def measure(named: Iterable[tuple[str, TableLoad]]) -> Statement:
    """Return the query for row counts and sums: table, column ("" for the row count), figure as text.

    Args:
        named: quoted name of the table to read, and the table whose manifest lists the sums.
    """
    return Statement(
        "\nUNION ALL\n".join(
            f"SELECT CAST('{_plain(table.name)}' AS VARCHAR(127)), CAST('{_plain(column)}' AS VARCHAR(127)),"  # noqa: S608 - checked names
            f" CAST({figure} AS VARCHAR(64)) FROM {name}"
            for name, table in named
            for column, figure in _figures(table)
        )
    )


def require_figures(named: Sequence[tuple[str, TableLoad, LoadedTable]]) -> Statement:
    """Return the query that divides by zero, rolling back its transaction, unless all figures match."""
    conditions, parameters = [], {}
    for number, (name, table, accepted) in enumerate(named):
        conditions.append(f"(SELECT COUNT(*) FROM {name}) = CAST(:rows_{number} AS BIGINT)")  # noqa: S608 - checked names
        parameters[f"rows_{number}"] = str(accepted.rows)
        for position, one in enumerate(accepted.sums):
            parameter = f"sum_{number}_{position}"
            scale = table.contract.column(one.column).type.scale
            conditions.append(
                f"(SELECT {_sum(one.column)} FROM {name}) = CAST(:{parameter} AS DECIMAL(38,{scale}))"  # noqa: S608 - checked names
            )
            parameters[parameter] = format(one.total, "f")
    condition = "\n  AND ".join(conditions)
    return Statement(f"SELECT 1 / CASE WHEN {condition}\n  THEN 1 ELSE 0 END", parameters)


def _figures(table: TableLoad) -> Iterable[tuple[str, str]]:
    yield "", "COUNT(*)"
    for one in table.manifest.sums:
        yield one.column, _sum(one.column)


def _sum(column: str) -> str:
    return f"COALESCE(SUM({identifier(column)}), 0)"


def _plain(name: str) -> str:
    """Return a valid identifier, or an empty name, for use between single quotes."""
    return identifier(name)[1:-1] if name else ""
