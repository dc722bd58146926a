"""Silver tables of many cases: deduplicated, merged and measured together, the case a part of every key."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from checkpoints.gate.measure_tables import WrittenTable, measure_groups
from contracts.model import Column, DataType, Kind
from contracts.system_columns import SOURCE_FILE
from dags.contract_tests.rows import CASE
from dags.spark.frames import local_frame
from transforms.bronze_to_silver.deduplicate import deduplicate, losers_by_file, rank, silver_columns
from transforms.bronze_to_silver.merged_rows import current_rows, merged_by_file, row_versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from checkpoints.gate.measures import TableMeasured
    from contracts.model import Contract

_CASE_COLUMN = Column(CASE, DataType(Kind.STRING), required=True, primary_key_position=0)


@dataclass(frozen=True, slots=True)
class CaseTable:
    """A table of one case: its rows, and what was measured of them."""

    contract: Contract
    frame: DataFrame  # of all cases
    rows: Sequence[Mapping[str, object]]
    measured: TableMeasured
    columns: StructType  # of the rows


@dataclass(frozen=True, slots=True)
class CaseTables:
    """The tables of one case, the dataset's own first, and by file the valid rows that are not in it."""

    tables: tuple[CaseTable, ...]
    losers: Sequence[Mapping[str, object]] = field(default_factory=tuple)


def build_tables(
    spark: SparkSession, contract: Contract, histories: Sequence[Contract], valid: Mapping[int, pa.Table]
) -> dict[int, CaseTables]:
    """Return the tables of a dataset's cases, by number.

    Args:
        spark: deduplicates and measures.
        contract: of the dataset, with the cases' order of recency.
        histories: of the tables that keep the versions of its rows.
        valid: the valid rows of each case, ``silver_columns``.
    """
    keyed = _keyed(contract)
    rows = local_frame(spark, _with_case(valid, silver_columns(contract))).coalesce(1)
    if contract.is_merged:
        frames = [
            (contract, current_rows(rows, keyed)),
            *((history, row_versions(rows, keyed, _keyed(history))) for history in histories),
        ]
        losers = merged_by_file(rows, keyed)
    else:
        ranked = local_frame(spark, rank(rows, keyed).toArrow())  # so that it is computed once
        frames = [(contract, deduplicate(rows.limit(0), ranked, keyed))]
        losers = losers_by_file(ranked)
    lost = defaultdict(list)
    for row in losers.toArrow().to_pylist():
        number, _, file = row[SOURCE_FILE].partition("/")
        lost[int(number)].append({**row, SOURCE_FILE: file})
    tables = [_tables_of(spark, target, frame, valid) for target, frame in frames]
    return {
        number: CaseTables(tuple(of_case[number] for of_case in tables), lost.get(number, ()))
        for number in valid
    }


def _keyed(contract: Contract) -> Contract:
    """Return the contract with the case as the first column of its key."""
    return replace(contract, columns=(_CASE_COLUMN, *contract.columns))


def _with_case(valid: Mapping[int, pa.Table], columns: Sequence[str]) -> pa.Table:
    """Return the rows of all cases with their case, which is also before the key of their file."""
    tables = []
    for number, rows in valid.items():
        files = pa.array([f"{number}/{file}" for file in rows[SOURCE_FILE].to_pylist()], pa.string())
        numbers = pa.repeat(pa.scalar(str(number), pa.string()), rows.num_rows)
        at = rows.column_names.index(SOURCE_FILE)
        tables.append(rows.set_column(at, SOURCE_FILE, files).append_column(CASE, numbers))
    return pa.concat_tables(tables).select([CASE, *columns])


def _tables_of(
    spark: SparkSession, contract: Contract, frame: DataFrame, cases: Iterable[int]
) -> dict[int, CaseTable]:
    """Compute and measure one table of all cases."""
    stored = frame.select(CASE, *(column.name for column in contract.silver_columns)).toArrow()
    stored = _without_numbers(stored)
    collected = local_frame(spark, stored).coalesce(1)
    columns = collected.drop(CASE).schema
    measured = measure_groups(WrittenTable(collected, contract), CASE, [str(number) for number in cases])
    rows = defaultdict(list)
    for row in stored.to_pylist():
        rows[int(row.pop(CASE))].append(row)
    return {
        number: CaseTable(contract, collected, rows.get(number, ()), measured[str(number)], columns)
        for number in cases
    }


def _without_numbers(stored: pa.Table) -> pa.Table:
    """Return the rows with the keys of their files alone."""
    if SOURCE_FILE not in stored.column_names:
        return stored
    files = [file.partition("/")[2] for file in stored[SOURCE_FILE].to_pylist()]
    at = stored.column_names.index(SOURCE_FILE)
    return stored.set_column(at, SOURCE_FILE, pa.array(files, pa.string()))
