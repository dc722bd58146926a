"""Other readers of the catalog: DuckDB's Iceberg extension, and Spark with Iceberg's runtime.

Each reads in a process of its own, which runs this file: it needs packages or jars that nothing else may see.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHECKOUT = Path(__file__).parents[3]
# An extension loads into the one version of DuckDB that it was built for, and PyPI has none for 2.0 yet.
DUCKDB = ("duckdb==1.5.5", "duckdb-extension-avro==1.5.5", "duckdb-extension-iceberg==1.5.5")
JARS = "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.11.0,org.xerial:sqlite-jdbc:3.50.3.0"

Totals = tuple[int, str]
"""Rows of the table ``transactions``, and the sum of their amounts."""
_TOTALS = "count(*), CAST(sum(amount) AS {text})"


def totals_by_duckdb(metadata_files: Mapping[str, str]) -> dict[str, Totals]:
    """Return the totals by lake, given the metadata file of each lake's table."""
    uv = os.environ.get("UV") or shutil.which("uv") or str(CHECKOUT / ".tools" / "bin" / "uv")
    packages = [argument for package in DUCKDB for argument in ("--with", package)]
    python = (uv, "run", "--quiet", "--no-project", "--isolated", *packages, "python")
    return _run(python, "duckdb", metadata_files)


def totals_by_spark(catalog_files: Mapping[str, str]) -> dict[str, Totals]:
    """Return the totals by lake, given the SQLite file of each lake's catalog."""
    return _run((sys.executable,), "spark", catalog_files)


def _run(python: Sequence[str], engine: str, files: Mapping[str, str]) -> dict[str, Totals]:
    told = subprocess.run(
        [*python, __file__, engine, json.dumps(files)],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    return {lake: (rows, total) for lake, (rows, total) in json.loads(told.stdout).items()}


def _read_by_duckdb(files: Mapping[str, str]) -> dict[str, Totals]:
    import importlib

    import duckdb

    totals = _TOTALS.format(text="VARCHAR")
    with duckdb.connect() as connection:
        for extension in ("avro", "iceberg"):
            package = importlib.import_module(f"duckdb_extension_{extension}")
            (built,) = Path(package.__path__[0]).rglob("*.duckdb_extension")
            connection.execute(f"LOAD '{built}'")
        return {
            lake: connection.execute(f"SELECT {totals} FROM iceberg_scan('{metadata}')").fetchall()[0]
            for lake, metadata in files.items()
        }


def _read_by_spark(files: Mapping[str, str]) -> dict[str, Totals]:
    from pyspark.sql import SparkSession

    from dags.spark.java import ensure_java

    ensure_java()
    spark = SparkSession.builder.master("local[2]").config("spark.jars.packages", JARS).getOrCreate()
    found = {}
    for lake, file in files.items():
        session = spark.newSession()  # a session has catalogs of its own
        options = {"type": "jdbc", "uri": f"jdbc:sqlite:{file}", "warehouse": "/nowhere"}
        session.conf.set("spark.sql.catalog.lakegate", "org.apache.iceberg.spark.SparkCatalog")
        for name, value in options.items():
            session.conf.set(f"spark.sql.catalog.lakegate.{name}", value)
        totals = _TOTALS.format(text="STRING")
        found[lake] = tuple(session.sql(f"SELECT {totals} FROM lakegate.lakegate.transactions").first())
    return found


if __name__ == "__main__":
    read = {"duckdb": _read_by_duckdb, "spark": _read_by_spark}[sys.argv[1]]
    print(json.dumps(read(json.loads(sys.argv[2]))))
