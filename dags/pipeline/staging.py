"""Staging of rows as read: each task writes its rows to Parquet and counts them, so none is parsed twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING

from checkpoints.gate.measures import RowsRead, UnknownColumns
from checkpoints.storage.parquet_writer import ParquetBatchWriter
from contracts.corrections import count_corrections
from contracts.system_columns import EXTRA, RAW_TEXT, SOURCE_FILE
from transforms.bronze_to_silver.clean import values_schema
from transforms.bronze_to_silver.record_columns import CORRECTED, DISCARDED, EXCLUDED
from transforms.bronze_to_silver.unknown_columns import names_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, Row, SparkSession

    from checkpoints.storage.place import Place
    from contracts.corrections import Corrections
    from contracts.model import Contract
    from transforms.bronze_to_silver.records import BatchFn, ReadPlan

# One row for each task: names of the files written; rows, excluded and discarded records by source file;
# corrected records by the corrections that applied; unknown columns.
_TASK_SCHEMA = (
    "files array<string>, rows map<string, bigint>, excluded map<string, bigint>, "
    "discarded map<string, bigint>, corrected map<string, bigint>, "
    "unknown array<struct<name: string, rows: bigint, first_file: string>>"
)


@dataclass(frozen=True, slots=True)
class Staged:
    """Staged rows, and the counts of the tasks that read them."""

    rows: DataFrame
    read: RowsRead


def stage_rows(
    spark: SparkSession,
    contract: Contract,
    place: Place,
    readings: Sequence[ReadPlan],
    corrections: Corrections | None = None,
) -> Staged:
    """Run the readings in one Spark job, whose tasks write and count what they read.

    Only files of successful tasks are read back, and each task's rows count once, however often it was tried.

    Args:
        spark: runs the readings.
        contract: of the dataset.
        place: folder for the files, of this run alone.
        readings: how the dataset's files are read.
        corrections: those in effect, whose changes the files carry.
    """
    from pyspark.sql import DataFrame
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = spark.createDataFrame([], values_schema(contract)).schema
    stage = partial(
        _stage_task,
        place=place,
        schema=to_arrow_schema(schema),
        varied=(*contract.high_cardinality_columns, RAW_TEXT, EXTRA),
    )
    jobs = [one.frame.mapInArrow(partial(stage, one.step), _TASK_SCHEMA) for one in readings]
    tasks = reduce(DataFrame.unionByName, jobs).collect() if jobs else []
    counts = ReadCounts()
    for task in tasks:
        counts.add_task(task)
    uris = [place.child(name).spark_uri for task in tasks for name in task["files"]]
    rows = spark.read.schema(schema).parquet(*uris) if uris else spark.createDataFrame([], schema)
    return Staged(rows, counts.rows_read(corrections or {}))


def _stage_task(
    step: BatchFn,
    batches: Iterable[pa.RecordBatch],
    *,
    place: Place,
    schema: pa.Schema,
    varied: Collection[str],
) -> Iterator[pa.RecordBatch]:
    """Write the rows of one task. Runs on the worker; yields one row of ``_TASK_SCHEMA``."""
    counts = ReadCounts()
    with ParquetBatchWriter(place, schema, varied) as files:
        for batch in counts.without_discarded(step(counts.without_excluded(batches))):
            counts.add_rows(batch)
            files.add(batch.select(schema.names))
    yield counts.task_row(files.written)


class ReadCounts:
    """Counts of staged rows: collected batch by batch on a worker, added up task by task on the driver."""

    def __init__(self) -> None:
        self._rows, self._excluded, self._discarded = (Counter[str]() for _ in range(3))  # by source file
        self._corrected = Counter[str]()  # by the text of the corrections that applied
        self._unknown = UnknownColumns()

    def without_excluded(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the batches without, and count, the records that a source excludes (``EXCLUDED``)."""
        import pyarrow.compute as pc

        for batch in batches:
            if EXCLUDED not in batch.schema.names:
                yield batch
                continue
            is_excluded = pc.fill_null(batch[EXCLUDED], fill_value=False)
            self._excluded.update(_rows_by_file(batch.filter(is_excluded)))
            yield batch.filter(pc.invert(is_excluded)).drop_columns([EXCLUDED])

    def without_discarded(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the batches without, and count, the records that corrections leave out (``DISCARDED``).

        Counts the records that are corrected too (``CORRECTED``).
        """
        import pyarrow.compute as pc

        for batch in batches:
            if DISCARDED not in batch.schema.names:
                yield batch
                continue
            applied = pc.value_counts(pc.drop_null(batch[CORRECTED])).to_pylist()
            self._corrected.update({one["values"]: one["counts"] for one in applied})
            self._discarded.update(_rows_by_file(batch.filter(batch[DISCARDED])))
            yield batch.filter(pc.invert(batch[DISCARDED])).drop_columns([CORRECTED, DISCARDED])

    def add_rows(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch and their unknown columns, by source file."""
        import pyarrow.compute as pc

        by_file = _rows_by_file(batch)
        self._rows.update(by_file)
        for file in by_file:
            is_only_file = len(by_file) == 1
            extra = batch[EXTRA] if is_only_file else batch[EXTRA].filter(pc.equal(batch[SOURCE_FILE], file))
            for name, rows in names_in(extra).items():
                self._unknown.add(name, rows, file)

    def task_row(self, files: Sequence[str]) -> pa.RecordBatch:
        """Return one row of ``_TASK_SCHEMA``."""
        import pyarrow as pa

        by_file = pa.map_(pa.string(), pa.int64())
        unknown = pa.struct({"name": pa.string(), "rows": pa.int64(), "first_file": pa.string()})
        columns = {
            "files": pa.array([files], pa.list_(pa.string())),
            "rows": pa.array([list(self._rows.items())], by_file),
            "excluded": pa.array([list(self._excluded.items())], by_file),
            "discarded": pa.array([list(self._discarded.items())], by_file),
            "corrected": pa.array([list(self._corrected.items())], by_file),
            "unknown": pa.array([[asdict(one) for one in self._unknown.found()]], pa.list_(unknown)),
        }
        return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))

    def add_task(self, task: Row) -> None:
        """Add one row of ``_TASK_SCHEMA``."""
        self._rows.update(task["rows"])
        self._excluded.update(task["excluded"])
        self._discarded.update(task["discarded"])
        self._corrected.update(task["corrected"])
        for name, rows, first_file in task["unknown"]:
            self._unknown.add(name, rows, first_file)

    def rows_read(self, corrections: Corrections) -> RowsRead:
        """Return the totals, given the corrections in effect."""
        return RowsRead(
            self._rows + self._discarded,
            tuple(self._unknown.found()),
            self._excluded,
            self._discarded,
            count_corrections(corrections, self._corrected),
        )


def _rows_by_file(batch: pa.RecordBatch) -> dict[str, int]:
    import pyarrow.compute as pc

    return {one["values"]: one["counts"] for one in pc.value_counts(batch[SOURCE_FILE]).to_pylist()}
