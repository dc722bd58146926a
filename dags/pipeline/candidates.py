"""A candidate: a table that is written and measured, and that no reader can see before it is promoted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.gate.known_keys import agreed_rows, counting_rows
from checkpoints.gate.measure_table import WrittenTable, measure_tables, type_mismatches
from checkpoints.lake.manifest import Manifest, SchemaColumn
from checkpoints.lake.promotion import candidate_files, version_folder
from contracts.spark_schema import struct_type
from dags.pipeline.frames import read_frame, rows_in_files, write_frame, written_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from checkpoints.gate.checkpoint import Judgement
    from checkpoints.gate.measures import DistinctKeys, Measures, TableMeasured
    from checkpoints.lake.layout import Place
    from checkpoints.lake.manifest import ColumnSum
    from contracts.model import Contract, Rule
    from dags.pipeline.setup import Run
    from quarantine_policies.decision import Decision

EVENT_DATE = "event_date"  # silver is partitioned by it, where it is a derived column


@dataclass(frozen=True, slots=True)
class Written:
    """A table that is written where no reader looks, and not measured yet."""

    version: str
    place: Place
    table: WrittenTable
    mismatches: int  # columns that are not as promised


@dataclass(frozen=True, slots=True)
class Candidate:
    """A table that is written but that no reader can see yet, and what was measured of it."""

    written: Written
    measured: TableMeasured

    @property
    def contract(self) -> Contract:
        """What the table promises."""
        return self.written.table.contract


@dataclass(frozen=True, slots=True)
class JudgedTable:
    """A candidate and what the gate says of it."""

    candidate: Candidate
    rules: tuple[Rule, ...]  # by which it was judged
    measures: Measures  # of the table
    judgement: Judgement
    decision: Decision


def write_candidate(
    spark: SparkSession,
    contract: Contract,
    frame: DataFrame,
    place: Place,
    version: str,
    keys: Callable[[], DistinctKeys] | None = None,
) -> Written:
    """Write a table where no reader looks.

    A dataset of silver is partitioned by its event_date, and its rows are brought together by it first: a few
    big files a day rather than one from every task. The rows of any other table stay where its plan has them:
    where it joins or groups, Spark has sized the partitions already.

    Args:
        spark: reads the table back.
        contract: what the table promises.
        frame: its rows.
        place: where it is to be.
        version: of the table.
        keys: tells the keys that it should hold, counted from what it is made of, each once; None when nobody
            has counted them. Then the rows are counted on the way, if that tells all of them.
    """
    schema = struct_type(contract)
    partition = [column.name for column in contract.derived_columns if column.name == EVENT_DATE]
    frame, told = (frame, None) if keys else counting_rows(frame, contract)
    rows = frame.hint("rebalance", *partition) if partition else frame
    write_frame(rows, place.spark_uri, partition, contract.varied_columns)
    counted = agreed_rows(told, rows_in_files(place)) if told else None
    table = WrittenTable(read_frame(spark, place, schema), contract, keys, counted)
    return Written(version, place, table, _mismatches(place, schema, partition))


def measure_candidates(written: Sequence[Written]) -> list[Candidate]:
    """Measure tables by what was written of them, all in one Spark job. Returns them in turn."""
    measured = measure_tables([one.table for one in written])
    return [Candidate(one, of) for one, of in zip(written, measured, strict=True)]


def _mismatches(place: Place, promised: StructType, partition: Sequence[str]) -> int:
    """Return how many columns of the written files are not as promised; a partition is none of theirs."""
    from pyspark.sql.types import StructType

    found = written_schema(place)
    in_files = StructType([field for field in promised.fields if field.name not in partition])
    return 0 if found is None else type_mismatches(found, in_files)


def manifest_of(run: Run, table: JudgedTable, fingerprint: str, sums: tuple[ColumnSum, ...] = ()) -> Manifest:
    """Return the manifest by which a judged candidate can be promoted."""
    contract, written, measured = table.candidate.contract, table.candidate.written, table.candidate.measured
    return Manifest(
        name=contract.name,
        version=written.version,
        run_id=run.id,
        as_of=run.as_of,
        promoted_at=datetime.now(UTC),
        folder=version_folder(contract.zone, contract.name, written.version),
        files=candidate_files(written.place),
        rows=measured.rows,
        schema=tuple(
            SchemaColumn(field.name, field.dataType.simpleString()) for field in struct_type(contract).fields
        ),
        contract_version=contract.version,
        fingerprint=fingerprint,
        verdict=table.decision.verdict.value,
        sums=sums,
        keys_xor=measured.keys.xor if measured.keys else None,
    )
