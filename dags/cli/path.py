"""`lakegate path`: where a promoted version lies, and a statement that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from checkpoints.catalog.address import CATALOG, SETTING, CatalogKind
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.promotion import current_manifest, current_place, never_promoted
from contracts.errors import ConfigurationError
from contracts.model import Zone
from dags.cli.console import print_json, say
from dags.cli.options import Engine
from dags.pipeline.catalog import read_catalog
from dags.pipeline.context import find_lake
from dags.settings import read_settings

if TYPE_CHECKING:
    from checkpoints.catalog.address import CatalogAddress
    from checkpoints.storage.place import Place

_ICEBERG: Final = "1.11.0"  # of the runtime for Spark 4.1


def path_command(*, name: str, lake: str | None, engine: Engine | None, as_json: bool) -> int:
    """Print the URI of a promoted version, or a statement that reads it."""
    settings = read_settings(lake=lake)
    found = find_lake(settings)
    zones = (Zone.BRONZE, Zone.SILVER, Zone.GOLD) if engine is None else (Zone.SILVER, Zone.GOLD)
    zone, rest = zone_and_name(name, zones)
    if zone is Zone.BRONZE:
        pointer = read_pointer(found, zone)
        if pointer.line(rest) is None:
            raise never_promoted(found, zone, rest, [line.name for line in pointer.lines])
        place = found.bronze(rest)
    else:
        place = current_place(found, zone, current_manifest(found, zone, rest))
    sql = None if engine is None else statement(engine, rest, place, read_catalog(settings))
    if as_json:
        print_json({"name": name, "uri": place.uri} | ({} if sql is None else {"sql": sql}))
    else:
        say(sql or place.uri)
    return 0


def statement(engine: Engine, table: str, place: Place, catalog: CatalogAddress | None) -> str:
    """Return a statement that reads all rows of a promoted version.

    DuckDB reads its folder. Athena and Spark read it from the Glue catalog by name; Spark without one
    reads the folder.

    Raises:
        ConfigurationError: Athena needs a Glue catalog.
    """
    glue = catalog if catalog and catalog.kind is CatalogKind.GLUE else None
    match engine:
        case Engine.DUCKDB:
            files = f"{place.uri}/**/*.parquet".replace("'", "''")
            return f"{_duckdb_access(place.uri)}SELECT * FROM read_parquet('{files}');"  # noqa: S608 - quoted
        case Engine.ATHENA:
            if glue is None:
                raise ConfigurationError(
                    "Athena reads tables by name, from a Glue catalog",
                    where=SETTING,
                    expected="glue://DATABASE",
                    found=repr(catalog.uri) if catalog else "not set",
                    next_step="set it for all runs; the next one publishes the current versions",
                )
            return f'SELECT * FROM "AwsDataCatalog"."{glue.namespace}"."{table}";'  # noqa: S608 - checked names
        case Engine.SPARK if glue:
            return f"{_SPARK_SQL}SELECT * FROM {CATALOG}.{glue.namespace}.{table};"  # noqa: S608 - checked names
        case Engine.SPARK:
            return f"SELECT * FROM parquet.`{place.spark_uri.replace('`', '``')}`;"  # noqa: S608 - quoted


def _duckdb_access(uri: str) -> str:
    """Return the statements that let DuckDB read a bucket with the credentials of the environment."""
    if not uri.startswith("s3://"):
        return ""
    return (
        "INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws;\n"
        "CREATE OR REPLACE SECRET lakegate (TYPE s3, PROVIDER credential_chain);\n"
    )


_SPARK_SQL: Final = f"""\
-- spark-sql --packages org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:{_ICEBERG}\
,org.apache.iceberg:iceberg-aws-bundle:{_ICEBERG} \
--conf spark.sql.catalog.{CATALOG}=org.apache.iceberg.spark.SparkCatalog \
--conf spark.sql.catalog.{CATALOG}.type=glue
"""


def zone_and_name(name: str, zones: tuple[Zone, ...]) -> tuple[Zone, str]:
    """Return the parts of a name such as ``silver/events``. Raises ConfigurationError for another zone."""
    zone, slash, rest = name.partition("/")
    if not slash or not rest or zone not in [known.value for known in zones]:
        expected = " or ".join(f"{known.value}/NAME" for known in zones)
        raise ConfigurationError("invalid name", where=repr(name), expected=expected)
    return Zone(zone), rest
