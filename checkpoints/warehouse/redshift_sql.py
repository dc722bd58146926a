"""The statements that Redshift is sent, and the only place where anything is put between their words.

Values go in as parameters. What cannot be one (identifiers, the role and the URI of a COPY) passes a strict
allow-list first: no character of it can end a quoted word or look like a parameter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING

from checkpoints.warehouse.redshift_address import IAM_ROLE, IDENTIFIER
from checkpoints.warehouse.warehouse import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from checkpoints.warehouse.request import LoadRequest, TableLoad
    from checkpoints.warehouse.warehouse import LoadedTable

RELEASE_TABLE = "_lakegate_release"
PROBE_PREFIX = "_lakegate_probe_"
_MAX_IDENTIFIER_BYTES = 127
_MANIFEST_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_.=+@-]+)+")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; ``:name`` in it stands for a parameter's value, which Redshift gets apart, as text."""

    sql: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    table: str | None = None  # the contract's table that it is about, for error messages


def identifier(name: str) -> str:
    """Return a name as a quoted identifier.

    >>> identifier("dim_users")
    '"dim_users"'

    Raises:
        WarehouseError: the name is none that Redshift keeps as it is.
    """
    if not IDENTIFIER.fullmatch(name):
        raise WarehouseError(
            "this is no name for Redshift",
            where=repr(name),
            expected=f"a-z, 0-9 and _, at most {_MAX_IDENTIFIER_BYTES} bytes",
        )
    return f'"{name}"'


def qualified(schema: str, table: str) -> str:
    """Return a table's name with its schema, quoted."""
    return f"{identifier(schema)}.{identifier(table)}"


def create_schema(schema: str) -> Statement:
    """Return the statement that makes the schema if it is missing."""
    return Statement(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")


def create_release_table(schema: str) -> Statement:
    """Return the statement that makes the table with the note of the release, if it is missing."""
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
    """Return the query for the schema's tables and views and which of the two they are."""
    return Statement(
        "SELECT CAST(table_name AS VARCHAR(127)), CAST(table_type AS VARCHAR(40))"
        " FROM svv_tables WHERE table_schema = CAST(:schema AS VARCHAR(127)) ORDER BY table_name",
        {"schema": schema},
    )


def read_release_note(schema: str) -> Statement:
    """Return the query for the note of the release that the schema shows."""
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
    """Return the statement that empties a table inside the transaction: TRUNCATE would commit it."""
    return Statement(f"DELETE FROM {qualified(schema, table)}", table=table)  # noqa: S608 - checked names


def copy_parquet(target: str, table: str, manifest_uri: str, iam_role: str) -> Statement:
    """Return the COPY of the files that a manifest on S3 lists.

    Args:
        target: the quoted name of the table to fill.
        table: the contract's table, for error messages.
        manifest_uri: ``s3://bucket/key``.
        iam_role: the ARN that Redshift assumes, or ``default``.

    Raises:
        WarehouseError: the URI or the role holds a character that has no business there.
    """
    if not _MANIFEST_URI.fullmatch(manifest_uri):
        raise WarehouseError(
            "Redshift cannot be told this URI safely",
            where=manifest_uri,
            expected="s3://bucket/key with letters, digits and _ . = + @ - in the key",
            next_step="give GOLD a root without other characters (LAKEGATE_GOLD_ROOT)",
        )
    if not IAM_ROLE.fullmatch(iam_role):
        raise WarehouseError("this is no IAM role", where="iam_role", expected="an ARN, or default")
    role = "default" if iam_role == "default" else f"'{iam_role}'"
    return Statement(
        f"COPY {target} FROM '{manifest_uri}' IAM_ROLE {role} FORMAT AS PARQUET MANIFEST", table=table
    )


def create_probe(schema: str, table: str) -> Statement:
    """Return the statement that makes an empty copy of a table, which ends with the session."""
    name = identifier(PROBE_PREFIX + table)
    return Statement(f"CREATE TEMP TABLE {name} (LIKE {qualified(schema, table)})", table=table)


def measure(named: Iterable[tuple[str, TableLoad]]) -> Statement:
    """Return the query that counts tables and adds up what their manifests add up.

    Args:
        named: the quoted name of the table to read, and the table whose manifest says what to add up.

    One row a figure: the table, the column ("" for the rows), the figure as text.
    """
    return Statement(
        "\nUNION ALL\n".join(
            f"SELECT CAST('{_plain(table.name)}' AS VARCHAR(127)), CAST('{_plain(column)}' AS VARCHAR(127)),"  # noqa: S608 - checked names
            f" CAST({figure} AS VARCHAR(64)) FROM {name}"
            for name, table in named
            for column, figure in _figures(table)
        )
    )


def insist(named: Sequence[tuple[str, TableLoad, LoadedTable]]) -> Statement:
    """Return the query that divides by zero, and so undoes its transaction, unless all figures are these."""
    claims, parameters = [], {}
    for number, (name, table, accepted) in enumerate(named):
        claims.append(f"(SELECT COUNT(*) FROM {name}) = CAST(:rows_{number} AS BIGINT)")  # noqa: S608 - checked names
        parameters[f"rows_{number}"] = str(accepted.rows)
        for place, one in enumerate(accepted.sums):
            parameter = f"sum_{number}_{place}"
            scale = table.contract.column(one.column).type.scale
            claims.append(
                f"(SELECT {_sum(one.column)} FROM {name}) = CAST(:{parameter} AS DECIMAL(38,{scale}))"  # noqa: S608 - checked names
            )
            parameters[parameter] = format(one.total, "f")
    words = "\n  AND ".join(claims)
    return Statement(f"SELECT 1 / CASE WHEN {words}\n  THEN 1 ELSE 0 END", parameters)


def _figures(table: TableLoad) -> Iterable[tuple[str, str]]:
    yield "", "COUNT(*)"
    for one in table.manifest.sums:
        yield one.column, _sum(one.column)


def _sum(column: str) -> str:
    return f"COALESCE(SUM({identifier(column)}), 0)"


def _plain(name: str) -> str:
    """Return a name that is an identifier, or empty, as it may stand between single quotes."""
    return identifier(name)[1:-1] if name else ""
