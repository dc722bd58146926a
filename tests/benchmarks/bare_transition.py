"""A transition without its gate: the same transforms write the same rows; nobody routes, counts or judges.

A script of its own, so that it is measured in a fresh process:
``python -m tests.benchmarks.bare_transition bronze_to_silver LAKE OUT``.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from functools import partial, reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as sf

from checkpoints.lake.bronze import current_ledger
from checkpoints.lake.promotion import current_place, current_silver
from checkpoints.storage.local import LocalStorage
from checkpoints.storage.place import Place
from contracts.model import Kind, Zone
from contracts.spark import struct_type
from contracts.system_columns import RAW_TEXT
from dags.pipeline.bronze_to_silver import bronze_files
from dags.pipeline.context import MOST_CLOCK_SKEW, read_setup
from dags.pipeline.staging import stage_rows
from dags.settings import read_settings
from dags.spark.concurrency import run_concurrently
from dags.spark.frames import read_footers, write_frame
from dags.spark.local import spark_of
from dags.spark.session import shuffles_sized_for
from tests.benchmarks.ground import AS_OF
from transforms.bronze_to_silver.clean import cleaned_rows
from transforms.bronze_to_silver.deduplicate import (
    deduplicate,
    maybe_repeated_keys,
    rank,
    split_by_key_repetition,
)
from transforms.bronze_to_silver.merged_rows import current_rows, row_versions
from transforms.bronze_to_silver.readers import plan_readings
from transforms.bronze_to_silver.records import ReadPlan
from transforms.silver_to_gold.build import gold_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyspark.sql import Column, DataFrame, SparkSession

    from contracts.model import Contract
    from dags.pipeline.context import Setup
    from transforms.bronze_to_silver.records import BatchFn


def main() -> None:
    """Write the tables of one transition below ``OUT`` and print their rows, counted from the footers."""
    name, lake, out = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    setup = read_setup(read_settings(lake=lake))
    spark = spark_of(setup.settings)(_input_bytes(setup, name))
    (bare_silver if name == "bronze_to_silver" else bare_gold)(setup, spark, out)
    print(json.dumps(rows_by_folder(out)))


def _input_bytes(setup: Setup, name: str) -> int:
    """Return the bytes for which the gated transition starts its session."""
    if name == "bronze_to_silver":
        ledgers = [current_ledger(setup.lake, contract.name) for contract in setup.contracts.datasets]
        return sum(ledger.size_bytes for ledger in ledgers if ledger)
    manifests = [current_silver(setup.lake, contract.name) for contract in setup.contracts.silver_tables]
    return sum(manifest.size_bytes for manifest in manifests if manifest)


def bare_silver(setup: Setup, spark: SparkSession, out: Path) -> None:
    """Clean, drop what is invalid by a plain condition, deduplicate, write.

    The rows are written once in between, as ``deduplicate`` asks of its caller: parsing is dear.
    """
    files = {}
    for contract in setup.contracts.datasets:
        ledger = current_ledger(setup.lake, contract.name)
        assert ledger is not None
        files[contract.name] = bronze_files(setup.lake, ledger, {})
    largest = max(sum(file.facts.size_bytes for file in of) for of in files.values())

    def write(contract: Contract, _: object) -> None:
        staging = Place(LocalStorage(out.parent / "staged"), contract.name)
        readings = [
            ReadPlan(one.frame, partial(_without_raw, one.step))
            for one in plan_readings(spark, contract, files[contract.name])
        ]
        rows = stage_rows(spark, contract, staging, readings).rows
        valid = cleaned_rows(rows, contract).where(~is_invalid(contract))
        if contract.is_merged:
            _write(current_rows(valid, contract), out / contract.name, contract)
            for history in setup.contracts.histories_of(contract.name):
                _write(row_versions(valid, contract, history), out / history.name, history)
        else:
            suspects = maybe_repeated_keys(valid, contract).persist()
            parted = split_by_key_repetition(valid, contract, suspects)
            rows = deduplicate(parted.unique, rank(parted.maybe_repeated, contract), contract)
            _write(rows, out / contract.name, contract)
            suspects.unpersist()

    with shuffles_sized_for(spark, largest):
        run_concurrently(spark, {one.name: partial(write, one) for one in setup.contracts.datasets})


def _without_raw(step: BatchFn, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Leave the raw text out, which only quarantine needs."""
    for batch in step(batches):
        raw = pa.nulls(batch.num_rows, pa.string())
        yield batch.set_column(batch.schema.get_field_index(RAW_TEXT), RAW_TEXT, raw)


def bare_gold(setup: Setup, spark: SparkSession, out: Path) -> None:
    """Build and write the ten tables, each read back for those that stand on it."""
    silver, size_bytes = {}, 0
    for contract in setup.contracts.datasets:
        manifest = current_silver(setup.lake, contract.name)
        assert manifest is not None
        place = current_place(setup.lake, Zone.SILVER, manifest)
        silver[contract.name] = spark.read.schema(struct_type(contract)).parquet(place.spark_uri)
        size_bytes += manifest.size_bytes

    def write(contract: Contract, built: Callable[[str], DataFrame]) -> DataFrame:
        inputs = {name: silver[name] if name in silver else built(name) for name in contract.derived_from}
        _write(gold_table(contract, inputs), out / contract.name, contract)
        return spark.read.schema(struct_type(contract)).parquet(str(out / contract.name))

    with shuffles_sized_for(spark, size_bytes):
        run_concurrently(spark, {one.name: partial(write, one) for one in setup.contracts.gold})


def is_invalid(contract: Contract) -> Column:
    """Return the row rules of specification 4.3 as somebody without a gate would write them by hand."""
    latest = sf.lit(datetime.fromisoformat(AS_OF) + MOST_CLOCK_SKEW)
    earliest = sf.lit("2000-01-01T00:00:00Z").cast("timestamp")
    broken = [sf.col("_malformed").isNotNull()]
    broken += [sf.col(f"_uncastable_{name}").isNotNull() for name in contract.uncastable_columns]
    for column in contract.columns:
        value = sf.col(column.name)
        if column.required:
            broken.append(value.isNull())  # malformed and uncastable ones are null too, and out already
        if column.type.kind is Kind.TIMESTAMP:
            broken += [value < earliest, value > latest]
    broken.append(~sf.col("age").between(0, 120))
    if contract.name == "transactions":
        broken += [
            sf.col("amount") < 0,
            sf.col("_delivered_at_comparable") < sf.col("_created_at_comparable"),
        ]
    return reduce(or_, [sf.coalesce(condition, sf.lit(False)) for condition in broken])


def _write(frame: DataFrame, place: Path, contract: Contract) -> None:
    partition = ["event_date"] if any(c.name == "event_date" for c in contract.derived_columns) else []
    rows = frame.hint("rebalance", *partition) if partition else frame
    write_frame(rows, str(place), partition, contract.high_cardinality_columns)


def rows_by_folder(out: Path) -> dict[str, int]:
    """Return the rows of each folder of Parquet, by its name, without reading any."""
    storage = LocalStorage(out)
    return {folder.name: read_footers(Place(storage, folder.name)).rows for folder in sorted(out.iterdir())}


if __name__ == "__main__":
    main()
