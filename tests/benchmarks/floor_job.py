"""The floor, the least that Spark must do: a fixed schema, one time parsed, one row a key, written by date.

It cleans nothing, knows one form of time, and believes every value. It runs in a fresh process:
``python -m tests.benchmarks.floor_job LAKE OUT``.
"""

from __future__ import annotations

import json
import sys
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from checkpoints.lake.bronze import current_ledger, readable_place
from contracts.inventory import FileFacts, FileFormat
from contracts.spark import struct_type
from dags.pipeline.context import read_setup
from dags.sample.files import spell_name
from dags.settings import read_settings
from dags.spark import session
from dags.spark.java import ensure_java
from tests.benchmarks.bare_transition import rows_by_folder

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from contracts.model import Contract

TIME = {"events": "ts", "users": "updated_at", "transactions": "created_at"}
# The same for every size, so that ratios of different versions and sizes have the same denominator.
_JVM = (
    f"-Dlog4j2.configurationFile={Path(session.__file__).with_name('log4j2.properties').as_uri()} "
    "-XX:+UseParallelGC -XX:Tier4InvocationThreshold=200000 -XX:Tier4MinInvocationThreshold=100000 "
    "-XX:Tier4CompileThreshold=400000 -XX:Tier4BackEdgeThreshold=400000"
)
_SPELLINGS = ("plain", "camel", "upper", "alias")


def main() -> None:
    """Write the three datasets below ``OUT`` and print their rows."""
    setup, out = read_setup(read_settings(lake=sys.argv[1])), Path(sys.argv[2])
    ensure_java()
    spark = session.spark_session({"spark.driver.extraJavaOptions": _JVM, **setup.settings.spark_options})
    spark.conf.set("spark.sql.ansi.enabled", "false")
    for contract in setup.contracts.datasets:
        ledger = current_ledger(setup.lake, contract.name)
        assert ledger is not None
        files = [
            (one.facts, readable_place(setup.lake, ledger, key).spark_uri)
            for key, one in ledger.files.items()
        ]
        with session.shuffles_sized_for(spark, sum(facts.size_bytes for facts, _ in files)):
            floor(spark, contract, files).hint("rebalance", "event_date").write.partitionBy(
                "event_date"
            ).parquet(str(out / contract.name))
    print(json.dumps(rows_by_folder(out)))


def floor(spark: SparkSession, contract: Contract, files: list[tuple[FileFacts, str]]) -> DataFrame:
    """Return the rows of all files, one per key, with their date."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for facts, uri in files:
        form = (facts.format, facts.delimiter, facts.encoding, facts.header, facts.multiline)
        names = facts.names if facts.format is FileFormat.PARQUET else ()
        groups.setdefault((*form, names), []).append(uri)
    frames = [_read(spark, contract, form, uris) for form, uris in groups.items()]
    rows = reduce(DataFrame.unionByName, frames)
    time = sf.to_timestamp(TIME[contract.name])
    return rows.withColumn("event_date", sf.to_date(time)).dropDuplicates(list(contract.key))


def _read(spark: SparkSession, contract: Contract, form: tuple[object, ...], uris: list[str]) -> DataFrame:
    """Read one group of files; what the contract calls a time stays text until the one that dates the row."""
    layout, delimiter, encoding, header, multiline, _ = form
    types = {field.name: field.dataType for field in struct_type(contract).fields}
    plain = {
        c.name: "string" if c.type.kind == "timestamp" else types[c.name].simpleString()
        for c in contract.columns
    }
    read = spark.read.option("recursiveFileLookup", "true")
    if layout is FileFormat.DELIMITED:
        options = {
            "sep": delimiter,
            "encoding": encoding,
            "header": header,
            "multiLine": multiline,
            "escape": '"',
        }
        schema = ", ".join(f"{name} {kind}" for name, kind in plain.items())
        return read.options(**options).schema(schema).csv(uris)  # type: ignore[arg-type]
    spelled = {name: [*dict.fromkeys(spell_name(name, how) for how in _SPELLINGS)] for name in plain}
    if layout is FileFormat.PARQUET:
        frame = read.parquet(*uris)
        known = {name: [one for one in ways if one in frame.columns] for name, ways in spelled.items()}
    else:
        known = spelled
        schema = ", ".join(f"`{way}` {plain[name]}" for name, ways in known.items() for way in ways)
        frame = read.options(multiLine=layout is not FileFormat.JSON_LINES).schema(schema).json(uris)
    return frame.select(
        *(
            sf.coalesce(
                *[frame[f"`{way}`"].cast(plain[name]) for way in ways], sf.lit(None).cast(plain[name])
            ).alias(name)
            for name, ways in known.items()
        )
    )


if __name__ == "__main__":
    main()
