"""Records of any raw format as Spark columns: one cell for each contract column, not yet cast."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.system_columns import EXTRA, SOURCE_FILE
from transforms.bronze_to_silver.record_columns import (
    FLAW,
    RAW_RECORD,
    failure_column,
    is_typed_column,
    moment_column,
    text_column,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from transforms.bronze_to_silver.casting import RecordReader

    BatchFn = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Cell:
    """The source value of a contract column, as Columns over a frame of records.

    ``text``: its text form; null without a value or where the record has a flaw.
    ``is_typed``: whether it was not text in the source (a JSON number); None: never.
    ``moment``: struct<value: timestamp, is_date_only: boolean> of a typed time, which needs no parsing; None:
    never. ``failure``: the inputs of a computation that failed, else null; None: it cannot fail.
    """

    text: Column
    is_typed: Column | None = None
    moment: Column | None = None
    failure: Column | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one group of files. ``frame`` has SOURCE_FILE, RAW_RECORD and FLAW; one row a record.

    ``cells``: by contract column, for those that the group has a source for. ``extra``: the ``_extra`` of
    spec 4.1. ``further``: other input columns of the reader, by name.
    """

    frame: DataFrame
    cells: Mapping[str, Cell]
    extra: Column
    further: Mapping[str, Column] = field(default_factory=dict)

    def read(self, reader: RecordReader) -> ReadPlan:
        """Plan casting the cells. Yields rows of ``reader.schema``, one a record."""
        columns = [sf.col(SOURCE_FILE), sf.col(RAW_RECORD), sf.col(FLAW), self.extra.alias(EXTRA)]
        columns += [column.alias(name) for name, column in self.further.items()]
        for name, cell in self.cells.items():
            time = cell.moment if name in reader.timestamps else None
            parts = {
                text_column(name): cell.text if time is None else sf.when(time.isNull(), cell.text),
                is_typed_column(name): cell.is_typed,
                moment_column(name): time,
                failure_column(name): cell.failure,
            }
            columns += [part.alias(alias) for alias, part in parts.items() if part is not None]
        return ReadPlan(self.frame.select(*columns), reader.read)


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """How records are read: ``step`` maps the Arrow batches of ``frame`` to rows of ``RecordReader.schema``.

    It runs on the worker; further steps can be chained.
    """

    frame: DataFrame
    step: BatchFn


def moment(value: Column, *, is_date_only: bool) -> Column:
    """Return a typed time as ``Cell.moment``; null where the value is null."""
    struct = sf.struct(value.cast("timestamp").alias("value"), sf.lit(is_date_only).alias("is_date_only"))
    return sf.when(value.isNotNull(), struct)
