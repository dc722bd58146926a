"""Staging of rows as read: each task writes its rows to Parquet and counts them, so none is parsed twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING

from checkpoints.gate.measure_rows import currency_columns
from checkpoints.gate.measures import RowsRead, UnknownColumns
from checkpoints.storage.parquet_writer import ParquetBatchWriter
from contracts.system_columns import EXTRA, RAW_TEXT, SOURCE_FILE
from transforms.bronze_to_silver.clean import values_schema
from transforms.bronze_to_silver.record_columns import EXCLUDED
from transforms.bronze_to_silver.unknown_columns import names_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, Row, SparkSession

    from checkpoints.gate.raw_retention import RawRetention
    from checkpoints.storage.place import Place
    from contracts.model import Contract
    from transforms.bronze_to_silver.records import BatchFn, ReadPlan

# One row for each task: names of the files written, rows and excluded records by source file, unknown
# columns, currencies by the column that holds them.
_TASK_SCHEMA = (
    "files array<string>, rows map<string, bigint>, excluded map<string, bigint>, "
    "unknown array<struct<name: string, rows: bigint, first_file: string>>, "
    "currencies array<struct<column: string, written: string>>"
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
    retention: RawRetention,
) -> Staged:
    """Run the readings in one Spark job, whose tasks write and count what they read.

    Only files of successful tasks are read back, and each task's rows count once, however often it was tried.

    Args:
        spark: runs the readings.
        contract: of the dataset.
        place: folder for the files, of this run alone.
        readings: how the dataset's files are read.
        retention: marks the records whose raw text is staged; the raw text of the others is null.
    """
    from pyspark.sql import DataFrame
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = spark.createDataFrame([], values_schema(contract)).schema
    stage = partial(
        _stage_task,
        place=place,
        schema=to_arrow_schema(schema),
        varied=(*contract.high_cardinality_columns, RAW_TEXT, EXTRA),
        retention=retention,
    )
    jobs = [one.frame.mapInArrow(partial(stage, one.step), _TASK_SCHEMA) for one in readings]
    tasks = reduce(DataFrame.unionByName, jobs).collect() if jobs else []
    counts = ReadCounts()
    for task in tasks:
        counts.add_task(task)
    uris = [place.child(name).spark_uri for task in tasks for name in task["files"]]
    rows = spark.read.schema(schema).parquet(*uris) if uris else spark.createDataFrame([], schema)
    return Staged(rows, counts.rows_read())


def _stage_task(
    step: BatchFn,
    batches: Iterable[pa.RecordBatch],
    *,
    place: Place,
    schema: pa.Schema,
    varied: Collection[str],
    retention: RawRetention,
) -> Iterator[pa.RecordBatch]:
    """Write the rows of one task. Runs on the worker; yields one row of ``_TASK_SCHEMA``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = ReadCounts()
    with ParquetBatchWriter(place, schema, varied) as files:
        for batch in step(counts.without_excluded(batches)):
            is_raw_kept, raw = retention.keeps(batch), batch[RAW_TEXT]
            counts.add_rows(batch)
            # The gate counts the currencies of rows with a raw text: they may turn out to be invalid.
            counts.add_currencies(batch, pc.invert(is_raw_kept), currency_columns(schema.names))
            retained = pc.if_else(is_raw_kept, raw, pa.scalar(None, raw.type))
            staged = batch.set_column(batch.schema.get_field_index(RAW_TEXT), RAW_TEXT, retained)
            files.add(staged.select(schema.names))
    yield counts.task_row(files.written)


class ReadCounts:
    """Counts of staged rows: collected batch by batch on a worker, added up task by task on the driver."""

    def __init__(self) -> None:
        self._rows, self._excluded = Counter[str](), Counter[str]()  # by source file
        self._unknown = UnknownColumns()
        self._currencies = defaultdict[str, set[str]](set)

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

    def add_currencies(
        self, batch: pa.RecordBatch, is_counted: pa.BooleanArray, columns: Iterable[str]
    ) -> None:
        """Add the distinct currencies of the marked rows, by column."""
        import pyarrow.compute as pc

        for name in columns:
            found = pc.unique(pc.drop_null(batch[name].filter(is_counted))).to_pylist()
            if found:
                self._currencies[name].update(found)

    def task_row(self, files: Sequence[str]) -> pa.RecordBatch:
        """Return one row of ``_TASK_SCHEMA``."""
        import pyarrow as pa

        by_file = pa.map_(pa.string(), pa.int64())
        unknown = pa.struct({"name": pa.string(), "rows": pa.int64(), "first_file": pa.string()})
        currency = pa.struct({"column": pa.string(), "written": pa.string()})
        currencies = [
            {"column": column, "written": written}
            for column, found in sorted(self._currencies.items())
            for written in sorted(found)
        ]
        columns = {
            "files": pa.array([files], pa.list_(pa.string())),
            "rows": pa.array([list(self._rows.items())], by_file),
            "excluded": pa.array([list(self._excluded.items())], by_file),
            "unknown": pa.array([[asdict(one) for one in self._unknown.found()]], pa.list_(unknown)),
            "currencies": pa.array([currencies], pa.list_(currency)),
        }
        return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))

    def add_task(self, task: Row) -> None:
        """Add one row of ``_TASK_SCHEMA``."""
        self._rows.update(task["rows"])
        self._excluded.update(task["excluded"])
        for name, rows, first_file in task["unknown"]:
            self._unknown.add(name, rows, first_file)
        for column, written in task["currencies"]:
            self._currencies[column].add(written)

    def rows_read(self) -> RowsRead:
        """Return the totals."""
        return RowsRead(self._rows, tuple(self._unknown.found()), self._currencies, self._excluded)


def _rows_by_file(batch: pa.RecordBatch) -> dict[str, int]:
    import pyarrow.compute as pc

    return {one["values"]: one["counts"] for one in pc.value_counts(batch[SOURCE_FILE]).to_pylist()}
