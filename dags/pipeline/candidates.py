"""Candidate tables: written and measured, and invisible to readers until they are promoted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from checkpoints.gate.measure_tables import (
    WrittenTable,
    confirmed_counts,
    measure_tables,
    observe_counts,
)
from checkpoints.gate.measures import Measures, RuleCount
from checkpoints.gate.rule_trial import KEYS_UNIQUE
from checkpoints.gate.table_metrics import compute_metrics
from checkpoints.lake.manifest import Manifest, SchemaColumn
from checkpoints.lake.promotion import candidate_files, version_folder
from contracts.spark import struct_type
from contracts.system_columns import EVENT_DATE
from dags.pipeline.report import DatasetReport
from dags.spark.frames import read_footers, read_frame, write_frame, write_partitions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from checkpoints.gate.measures import DistinctKeys, Number, TableMeasured
    from checkpoints.lake.manifest import ColumnSum
    from checkpoints.storage.place import Place
    from contracts.model import Contract
    from dags.pipeline.context import Run
    from dags.pipeline.judging import Judged


@dataclass(frozen=True, slots=True)
class Written:
    """A written table that is not measured yet. ``nulls``: by column of the files; empty if not written."""

    version: str
    place: Place
    table: WrittenTable
    columns: StructType  # of the files
    nulls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A written table and its measurements."""

    written: Written
    measured: TableMeasured

    def measures(
        self,
        values: Mapping[str, Number],
        parameters: Mapping[str, object],
        counts: Mapping[str, RuleCount] | None = None,
    ) -> Measures:
        """Return the table's numbers for the gate; those that no measure gives are computed now.

        Args:
            values: the measures of the table, by name.
            parameters: of its rules.
            counts: what breaks further rules, by rule.
        """
        measured = self.measured
        duplicates = RuleCount(measured.duplicate_rows, measured.duplicate_samples)
        measures = Measures(
            measured.rows,
            {KEYS_UNIQUE: duplicates, **(counts or {})},
            values,
            by_day=measured.by_day,
            latest=measured.latest,
            nulls=measured.nulls,
            columns=self.written.columns,
        )
        frame = self.written.table.frame
        return replace(measures, computed=compute_metrics(lambda: frame, self.contract, measures, parameters))

    @property
    def contract(self) -> Contract:
        """The table's contract."""
        return self.written.table.contract


class TableWriter(Protocol):
    """Makes a computed table ready to be measured: ``write_candidate``, ``unwritten_candidate``."""

    def __call__(
        self,
        spark: SparkSession,
        contract: Contract,
        frame: DataFrame,
        place: Place,
        version: str,
        keys: Callable[[], DistinctKeys] | None = None,
        /,
    ) -> Written:
        """Return the table; see ``write_candidate``."""


def write_candidate(
    spark: SparkSession,
    contract: Contract,
    frame: DataFrame,
    place: Place,
    version: str,
    keys: Callable[[], DistinctKeys] | None = None,
) -> Written:
    """Write a table as Parquet where no reader looks.

    A silver dataset is partitioned by event_date, and its rows are first rebalanced by it: a few big files a
    day rather than one from every task. Other tables keep their plan's partitions: Spark has sized them for
    the joins and groupings.

    Args:
        spark: reads the table back.
        contract: of the table.
        frame: its rows.
        place: its folder.
        version: of the table.
        keys: returns the expected keys, counted while the input was read. None: unknown; the rows are then
            counted during the write if the plan proves their keys unique.
    """
    schema = struct_type(contract)
    frame, observed = (frame, None) if keys else observe_counts(frame, contract)
    if contract.is_partitioned:
        rows = frame.hint("rebalance", EVENT_DATE)
        write_partitions(rows, place, EVENT_DATE, contract.high_cardinality_columns)
    else:
        write_frame(frame, place.spark_uri, varied=contract.high_cardinality_columns)
    footers = read_footers(place)
    counted = confirmed_counts(observed, footers.rows) if observed else None
    table = WrittenTable(read_frame(spark, place, schema), contract, keys, counted)
    return Written(version, place, table, footers.schema or schema, footers.nulls)


def unwritten_candidate(
    spark: SparkSession,  # noqa: ARG001  of TableWriter
    contract: Contract,
    frame: DataFrame,
    place: Place,
    version: str,
    keys: Callable[[], DistinctKeys] | None = None,
) -> Written:
    """Return a table that is computed when it is measured; nothing is written."""
    return Written(version, place, WrittenTable(frame, contract, keys), frame.schema)


def measure_candidates(written: Sequence[Written]) -> list[Candidate]:
    """Measure written tables in one Spark job. Returns candidates in the same order."""
    measured = measure_tables([one.table for one in written])
    return [Candidate(*one) for one in zip(written, measured, strict=True)]


def table_report(judged: Judged[Candidate], *, is_promoted: bool) -> DatasetReport:
    """Return the report on one judged table."""
    candidate = judged.subject
    return DatasetReport(
        dataset=judged.name,
        verdict=judged.verdict,
        rows_promoted=candidate.measured.rows,
        promoted=candidate.written.place.uri if is_promoted else None,
        failed=judged.decision.failed,
    )


def manifest_of(
    run: Run, judged: Judged[Candidate], fingerprint: str, sums: tuple[ColumnSum, ...] = ()
) -> Manifest:
    """Return the manifest that promotes a judged candidate."""
    contract, written, measured = judged.contract, judged.subject.written, judged.subject.measured
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
        verdict=judged.verdict,
        sums=sums,
        keys_xor=measured.keys.xor if measured.keys else None,
    )
