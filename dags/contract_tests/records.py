"""Records of many cases, read by the pipeline's readers in few Spark jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import ContractError
from contracts.system_columns import SOURCE_FILE
from dags.pipeline.staging import ReadCounts
from transforms.bronze_to_silver.files import quoted
from transforms.bronze_to_silver.readers import plan_by_layout, read_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from checkpoints.gate.measures import RowsRead
    from dags.contract_tests.take_in import TakenIn
    from transforms.bronze_to_silver.files import BronzeFile
    from transforms.bronze_to_silver.readers import PlannedText
    from transforms.bronze_to_silver.records import ReadPlan

_PLAN = "lakegate plan"  # column with the number of the plan that a record is read by


@dataclass(frozen=True, slots=True)
class CaseRecords:
    """The cast records of a case, in batches of ``RecordReader.schema``, and their counts."""

    batches: Sequence[pa.RecordBatch]
    read: RowsRead


class _Reading:
    """The batches of a case so far, without excluded records."""

    def __init__(self) -> None:
        self._counts = ReadCounts()
        self._batches: list[pa.RecordBatch] = []

    def add_computed(self, plan: ReadPlan, computed: pa.Table) -> None:
        """Add what Spark computed of a plan's frame."""
        for batch in plan.step(self._counts.without_excluded(computed.to_batches())):
            self.add(batch)

    def add(self, batch: pa.RecordBatch) -> None:
        """Add a batch of cast records."""
        self._counts.add_rows(batch)
        self._batches.append(batch)

    def records(self) -> CaseRecords:
        """Return all records."""
        return CaseRecords(self._batches, self._counts.rows_read({}))


def read_cases(spark: SparkSession, cases: Sequence[TakenIn]) -> dict[int, CaseRecords]:
    """Return the records of cases by number.

    Texts of all cases are read together, and distinguished by the case's number before the file's key. What
    sources compute is planned case by case, because an expression sees the key, and computed together.

    Raises:
        CaseError: a source's expression cannot be computed.
    """
    readings = {case.prepared.number: _Reading() for case in cases}
    texts: list[PlannedText] = []
    plans: list[tuple[int, ReadPlan]] = []
    for case in cases:
        number, contract = case.prepared.number, case.prepared.contract
        try:
            of_spark, of_case = plan_by_layout(spark, contract, case.files)
        except ContractError as error:
            raise case.prepared.case.location.at("contract").error(str(error)) from error
        texts += [
            replace(text, group=replace(text.group, files=_numbered(number, text.group.files)))
            for text in of_case
        ]
        plans += [(number, plan) for plan in of_spark]
    for (number, plan), computed in zip(plans, _compute([plan.frame for _, plan in plans]), strict=True):
        readings[number].add_computed(plan, computed)
    if texts:
        plan = read_texts(spark, texts)
        for batch in plan.step(plan.frame.toArrow().to_batches()):
            if batch.num_rows:
                number, restored = _without_number(batch)
                readings[number].add(restored)
    return {number: reading.records() for number, reading in readings.items()}


def _compute(frames: Sequence[DataFrame]) -> list[pa.Table]:
    """Return the rows of each frame, computed in one Spark job.

    A column has the same type in all frames, except for which parts of a struct are nullable.
    """
    if not frames:
        return []
    schemas = [frame.schema for frame in frames]
    types = {one.name: one.dataType.simpleString() for schema in schemas for one in schema.fields}
    aligned = [
        _aligned(number, frame, schema, types)
        for number, (frame, schema) in enumerate(zip(frames, schemas, strict=True))
    ]
    rows = reduce(lambda one, other: one.union(other), aligned).toArrow()
    return [
        rows.filter(pc.equal(rows[_PLAN], number)).select(schema.names)
        for number, schema in enumerate(schemas)
    ]


def _aligned(number: int, frame: DataFrame, schema: StructType, types: Mapping[str, str]) -> DataFrame:
    """Return a frame's rows with its number and all columns, those that it lacks null.

    All parts of structs are nullable: else PySpark cannot collect null structs.
    """
    from pyspark.sql import functions as sf

    return frame.select(
        sf.lit(number).alias(_PLAN),
        *(
            (quoted(name) if name in schema.names else sf.lit(None)).cast(type_).alias(name)
            for name, type_ in types.items()
        ),
    )


def _numbered(number: int, files: Iterable[BronzeFile]) -> list[BronzeFile]:
    return [replace(file, facts=replace(file.facts, key=f"{number}/{file.facts.key}")) for file in files]


def _without_number(batch: pa.RecordBatch) -> tuple[int, pa.RecordBatch]:
    """Return the number of a batch's case, and the batch with the file's own key; a batch is of one file."""
    number, _, key = batch[SOURCE_FILE][0].as_py().partition("/")
    keys = pa.repeat(pa.scalar(key, pa.string()), batch.num_rows)
    return int(number), batch.set_column(batch.schema.get_field_index(SOURCE_FILE), SOURCE_FILE, keys)
