"""What every raw format is brought to: records with a cell for each contract column, not yet cleaned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from transforms.bronze_to_silver.precedence import EXTRA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from transforms.bronze_to_silver.values import RecordReader

    Step = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

# Columns of ours that travel beside a source's own: a blank in the name keeps them apart from those.
KEY = "_source_file"
TEXT = "lakegate text"  # the record as it was written
RAW = "lakegate raw"  # the record for the quarantine
FLAW = "lakegate flaw"  # why the record cannot be parsed; null when it can


@dataclass(frozen=True, slots=True)
class Cell:
    """One source value, chosen for a contract column, as Columns over a frame of records.

    ``text``: its text form; null when there is no value or the record has a flaw.
    ``is_typed``: whether it was no text in the source (a JSON number); None: never.
    ``moment``: struct<value: timestamp, is_date_only: boolean> of a typed time, which needs no parsing; None:
    never. ``failure``: the text of a value that could not be computed, else null; None: it cannot fail.
    """

    text: Column
    is_typed: Column | None = None
    moment: Column | None = None
    failure: Column | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one group of files. ``frame`` has KEY, RAW and FLAW; one row a record.

    ``cells`` holds contract columns for which the group has a source; ``extra`` the ``_extra`` of spec 4.1.
    """

    frame: DataFrame
    cells: Mapping[str, Cell]
    extra: Column

    def read(self, reader: RecordReader) -> Reading:
        """Read the cells' values. Yields what ``reader.schema`` says, a row a record."""
        columns = [sf.col(KEY), sf.col(RAW), sf.col(FLAW), self.extra.alias(EXTRA)]
        for name, cell in self.cells.items():
            time = cell.moment if name in reader.timestamps else None
            traits = {
                text_of(name): cell.text if time is None else sf.when(time.isNull(), cell.text),
                is_typed_of(name): cell.is_typed,
                moment_of(name): time,
                failure_of(name): cell.failure,
            }
            columns += [trait.alias(of) for of, trait in traits.items() if trait is not None]
        return Reading(self.frame.select(*columns), reader.read)


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to read records: ``frame`` has what comes in, ``step`` yields values of it (``RecordReader``).

    The step runs as Python on Arrow batches; what else shall happen there goes behind it.
    """

    frame: DataFrame
    step: Step


def moment(value: Column, *, is_date_only: bool) -> Column:
    """Return a typed time as a cell carries it; null where the value is null."""
    struct = sf.struct(value.cast("timestamp").alias("value"), sf.lit(is_date_only).alias("is_date_only"))
    return sf.when(value.isNotNull(), struct)


def text_of(column: str) -> str:
    """Return the name under which a contract column's text travels."""
    return f"lakegate text {column}"


def is_typed_of(column: str) -> str:
    """Return the name of the flag that a value was no text in its source."""
    return f"lakegate is typed {column}"


def moment_of(column: str) -> str:
    """Return the name under which a contract column's typed time travels."""
    return f"lakegate moment {column}"


def failure_of(column: str) -> str:
    """Return the name under which a contract column's failed computation travels."""
    return f"lakegate failure {column}"
