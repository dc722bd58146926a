"""Rows as read, written once where they are read and counted on the way: nothing parses them again."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING

from checkpoints.gate.measure_records import RAW, money_columns
from checkpoints.gate.measures import RowsRead
from checkpoints.gate.unknown_columns import UnknownColumns
from checkpoints.lake.parquet_files import ParquetFiles
from transforms.bronze_to_silver.clean import values_schema
from transforms.bronze_to_silver.extra import names_in
from transforms.bronze_to_silver.precedence import EXTRA
from transforms.bronze_to_silver.records import KEY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from checkpoints.gate.doubts import Doubts
    from checkpoints.lake.layout import Place
    from contracts.model import Contract
    from transforms.bronze_to_silver.records import Reading, Step

# Of a task: names of files; rows by source file; columns that no contract knows; currencies by column.
_WRITTEN = (
    "files array<string>, rows map<string, bigint>, "
    "unknown array<struct<name: string, rows: bigint, first_file: string>>, "
    "currencies array<struct<column: string, written: string>>"
)


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows as they were read, and what was counted of them by those who read them."""

    rows: DataFrame
    read: RowsRead


def stage_rows(
    spark: SparkSession,
    contract: Contract,
    place: Place,
    readings: Sequence[Reading],
    doubts: Doubts,
) -> Staged:
    """Carry out readings, each task writing what it reads below a place, in one Spark job.

    Only the files of tasks that came to their end are read back, and each task's rows count once, however
    often it was tried.

    Args:
        spark: runs the readings.
        contract: of the dataset.
        place: the folder, of this run alone.
        readings: how the dataset's files are read.
        doubts: the raw text of a record is staged where there is one; that of the others is null.
    """
    from pyspark.sql import DataFrame
    from pyspark.sql.pandas.types import to_arrow_schema

    schema = spark.createDataFrame([], values_schema(contract)).schema
    write = partial(
        _read_and_write,
        place=place,
        schema=to_arrow_schema(schema),
        varied=(*contract.varied_columns, RAW, EXTRA),
        doubts=doubts,
    )
    jobs = [one.frame.mapInArrow(partial(write, one.step), _WRITTEN) for one in readings]
    written = reduce(DataFrame.unionByName, jobs).collect() if jobs else []
    by_file, unknown, currencies = Counter[str](), UnknownColumns(), defaultdict[str, set[str]](set)
    for task in written:
        by_file.update(task["rows"])
        for one in task["unknown"]:
            unknown.add(*one)
        for column, currency in task["currencies"]:
            currencies[column].add(currency)
    uris = [place.child(name).spark_uri for task in written for name in task["files"]]
    rows = spark.read.schema(schema).parquet(*uris) if uris else spark.createDataFrame([], schema)
    return Staged(rows, RowsRead(by_file, tuple(unknown.found()), currencies))


def _read_and_write(
    read: Step,
    batches: Iterable[pa.RecordBatch],
    *,
    place: Place,
    schema: pa.Schema,
    varied: Collection[str],
    doubts: Doubts,
) -> Iterator[pa.RecordBatch]:
    """Write what a task reads. Yields one row: what was written."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows, unknown, currencies = Counter[str](), UnknownColumns(), set[tuple[str, str]]()
    with ParquetFiles(place, schema, varied) as files:
        for batch in read(batches):
            by_file = {one["values"]: one["counts"] for one in pc.value_counts(batch[KEY]).to_pylist()}
            rows.update(by_file)
            for file in by_file:
                extras = (
                    batch[EXTRA] if len(by_file) == 1 else batch[EXTRA].filter(pc.equal(batch[KEY], file))
                )
                for name, held in names_in(extras).items():
                    unknown.add(name, held, file)
            is_doubted, texts = doubts.about(batch), batch[RAW]
            is_plain = pc.invert(is_doubted)
            for name in money_columns(schema.names):
                told = pc.unique(pc.drop_null(batch[name].filter(is_plain)))
                currencies.update((name, currency) for currency in told.to_pylist())
            kept = pc.if_else(is_doubted, texts, pa.scalar(None, texts.type))
            files.add(batch.set_column(batch.schema.get_field_index(RAW), RAW, kept).select(schema.names))
    counted = pa.array([list(rows.items())], pa.map_(pa.string(), pa.int64()))
    written = pa.array([files.written], pa.list_(pa.string()))
    found = pa.array(
        [[asdict(one) for one in unknown.found()]],
        pa.list_(pa.struct({"name": pa.string(), "rows": pa.int64(), "first_file": pa.string()})),
    )
    named = pa.array(
        [[{"column": column, "written": currency} for column, currency in sorted(currencies)]],
        pa.list_(pa.struct({"column": pa.string(), "written": pa.string()})),
    )
    yield pa.RecordBatch.from_arrays(
        [written, counted, found, named], ["files", "rows", "unknown", "currencies"]
    )
