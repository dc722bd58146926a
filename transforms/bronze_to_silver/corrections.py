"""Apply the corrections of a file's records before they are parsed (spec 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as sf

from contracts.corrections import ROW_ID_DIGITS, row_id
from contracts.system_columns import POSITION, SOURCE_FILE, WAIVED
from transforms.bronze_to_silver.record_columns import CORRECTED, DISCARDED, RAW_RECORD, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyspark.sql import Column, DataFrame

    from contracts.corrections import RecordChange, RecordChanges

_ROW_ID, _FIXED = "lakegate row id", "lakegate fixed"

# Columns of records of files with corrections, with Spark's types.
CORRECTION_COLUMNS = {CORRECTED: "string", WAIVED: "string", DISCARDED: "boolean"}


def corrected(batch: pa.RecordBatch, dataset: str, changes: Mapping[str, RecordChanges]) -> pa.RecordBatch:
    """Return a batch of SOURCE_FILE and TEXT with the fixes in place, and CORRECTION_COLUMNS.

    A discarded record is only marked: the records after it may take empty cells from it.

    Args:
        batch: records as written.
        dataset: of the records.
        changes: by file key and row id.
    """
    keys, texts = batch.column(SOURCE_FILE).to_pylist(), batch.column(TEXT).to_pylist()
    none: RecordChanges = {}
    found: list[RecordChange | None] = []
    for key, text in zip(keys, texts, strict=True):
        of_file = changes.get(key, none)
        found.append(of_file.get(row_id(dataset, key, text)) if of_file else None)
    fixed = [
        text if one is None or one.raw is None else one.raw for one, text in zip(found, texts, strict=True)
    ]
    columns = [batch.column(SOURCE_FILE), pa.array(fixed, pa.string()), *marks_of(found)]
    return pa.RecordBatch.from_arrays(columns, [SOURCE_FILE, TEXT, *CORRECTION_COLUMNS])


def marks_of(changes: Iterable[RecordChange | None]) -> list[pa.Array]:
    """Return the CORRECTION_COLUMNS of records, given their changes."""
    found = list(changes)
    return [
        pa.array([None if one is None else one.applied_text for one in found], pa.string()),
        pa.array([None if one is None else waived_text(one.waived) for one in found], pa.string()),
        pa.array([one is not None and one.is_discarded for one in found], pa.bool_()),
    ]


def waived_text(rules: tuple[str, ...]) -> str | None:
    """Return waived rules as WAIVED holds them; None for none.

    >>> waived_text(("age_range", "email_format"))
    ',age_range,email_format,'
    """
    return f",{','.join(rules)}," if rules else None


def unchanged(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return records that already have CORRECTION_COLUMNS."""
    return batch


def joined_changes(rows: DataFrame, dataset: str, changes: Mapping[str, RecordChanges]) -> DataFrame:
    """Return rows of SOURCE_FILE and RAW_RECORD with CORRECTION_COLUMNS and the text of a fix, if any.

    Args:
        rows: of Parquet files.
        dataset: of the rows.
        changes: by file key and row id.
    """
    by_row = {row: change for of_file in changes.values() for row, change in of_file.items()}
    columns = [
        pa.array(by_row),
        *marks_of(by_row.values()),
        pa.array([c.raw for c in by_row.values()], pa.string()),
    ]
    table = pa.Table.from_arrays(columns, [_ROW_ID, *CORRECTION_COLUMNS, _FIXED])
    id_text = sf.concat_ws("\0", sf.lit(dataset), SOURCE_FILE, RAW_RECORD)
    digits = sf.substring(sf.sha2(id_text, 256), 1, ROW_ID_DIGITS)
    found = sf.broadcast(rows.sparkSession.createDataFrame(table))
    joined = rows.withColumn(_ROW_ID, digits).join(found, _ROW_ID, "left")
    return joined.withColumn(DISCARDED, sf.coalesce(DISCARDED, sf.lit(False)))


def is_fixed() -> Column:
    """Whether a row of ``joined_changes`` is fixed; never null."""
    return sf.col(f"`{_FIXED}`").isNotNull()


def fixed_records(rows: DataFrame, *, has_position: bool) -> DataFrame:
    """Return the fixed rows of ``joined_changes`` as SOURCE_FILE, TEXT, CORRECTION_COLUMNS and POSITION."""
    fixed = rows.where(is_fixed()).withColumnRenamed(_FIXED, TEXT)
    return fixed.select(SOURCE_FILE, TEXT, *CORRECTION_COLUMNS, *([POSITION] if has_position else []))
