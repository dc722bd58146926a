"""Rewriting of Parquet files that pyarrow reads and Spark does not, so that no valid file is lost.

Measured on Spark 4.1: it refuses TIME, FLOAT16, UUID, decimals of more than 38 digits, the codec brotli, the
encoding BYTE_STREAM_SPLIT, duplicate column names, milliseconds beyond its range of microseconds, and files
of parquet-mr before 1.2.9, whose column chunks are recorded too short (PARQUET-816; Arrow's reader pads
them). It reads nanoseconds as numbers, which ``parquet_records`` handles for a top-level column but not for a
nested one. Columns of such types become text, nested ones compact JSON text, as they would in silver. Times
beyond the range of microseconds are clamped to it: they are out of range before and after.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.inventory import FileFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO, BinaryIO

    from contracts.inventory import FileFacts

_ROWS_A_BATCH = 10_000
_FOREIGN_CODECS = frozenset({"BROTLI", "LZO"})
_FOREIGN_ENCODING = "BYTE_STREAM_SPLIT"
_MAX_PRECISION = 38
_PARQUET_MR = re.compile(r"parquet-mr(?: version (\d+)\.(\d+)\.(\d+))?")
_WHOLE_CHUNKS_SINCE = (1, 2, 9)
_MAX_MILLIS = (2**63 - 1) // 1000
_NANOS_IN = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}  # nanoseconds in a unit
_BARE_IN_JSON = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)


def is_foreign(facts: FileFacts, open_stream: Callable[[], BinaryIO]) -> bool:
    """Whether Spark would fail on or misread a valid file. The stream must be seekable."""
    if facts.format is not FileFormat.PARQUET:
        return False
    with open_stream() as stream, pq.ParquetFile(pa.PythonFile(stream, "r"), pre_buffer=False) as file:
        return not is_portable(file)


def rewrite(source: BinaryIO, target: IO[bytes]) -> None:
    """Rewrite a foreign file with ``write_portable``."""
    with pq.ParquetFile(pa.PythonFile(source, "r"), pre_buffer=False) as file:
        write_portable(file, target)


def is_portable(file: pq.ParquetFile) -> bool:
    """Whether Spark reads a Parquet file completely and correctly."""
    schema = file.schema_arrow
    if _has_short_chunks(file.metadata.created_by or ""):
        return False
    if len(set(schema.names)) < len(schema.names) or any(_is_foreign(field.type) for field in schema):
        return False
    chunks = (
        file.metadata.row_group(group).column(column)
        for group in range(file.metadata.num_row_groups)
        for column in range(file.metadata.num_columns)
    )
    coarse = {field.name for field in schema if _is_coarse(field.type)}
    return all(
        chunk.compression not in _FOREIGN_CODECS
        and _FOREIGN_ENCODING not in chunk.encodings
        and (chunk.path_in_schema not in coarse or _is_within_range(chunk.statistics))
        for chunk in chunks
    )


def write_portable(source: pq.ParquetFile, target: IO[bytes]) -> None:
    """Write a copy of a Parquet file that Spark reads: the same rows, in batches, foreign columns as text.

    A duplicate column name gets a trailing blank, so that it still maps to the same contract column.
    """
    schema = source.schema_arrow
    names: list[str] = []
    for name in schema.names:
        unique = name
        while unique in names:
            unique += " "
        names.append(unique)
    fields = [
        pa.field(name, _portable(pa.array([], field.type)).type)
        for name, field in zip(names, schema, strict=True)
    ]
    with pq.ParquetWriter(target, pa.schema(fields), compression="snappy") as writer:
        for batch in source.iter_batches(_ROWS_A_BATCH):
            columns = [_portable(column) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields)))


def _is_foreign(type: pa.DataType, *, is_nested: bool = False) -> bool:  # noqa: A002
    if isinstance(type, pa.BaseExtensionType):
        return type.extension_name == "arrow.uuid" or _is_foreign(type.storage_type, is_nested=is_nested)
    if pa.types.is_dictionary(type):
        return _is_foreign(type.value_type, is_nested=is_nested)
    if pa.types.is_nested(type):
        return any(_is_foreign(type.field(place).type, is_nested=True) for place in range(type.num_fields))
    return bool(
        pa.types.is_time(type)
        or pa.types.is_float16(type)
        or (pa.types.is_decimal(type) and type.precision > _MAX_PRECISION)
        or (is_nested and pa.types.is_timestamp(type) and type.unit != "us")
    )


def _has_short_chunks(created_by: str) -> bool:
    written = _PARQUET_MR.match(created_by)
    return written is not None and tuple(int(part or 0) for part in written.groups()) < _WHOLE_CHUNKS_SINCE


def _is_coarse(type: pa.DataType) -> bool:  # noqa: A002
    return bool(pa.types.is_timestamp(type) and type.unit in ("s", "ms"))


def _portable(column: pa.Array) -> pa.Array:
    """Return a foreign column as text, and coarse times in microseconds, clamped to their range."""
    if _is_foreign(column.type):
        return pa.array(_text_values(column), pa.string())
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return _cut_to_micros(column)
    if not _is_coarse(column.type):
        return column
    micros = 10**6 if column.type.unit == "s" else 1000
    reach = (2**63 - 1) // micros
    ticks = pc.min_element_wise(
        pc.max_element_wise(column.cast(pa.int64()), -reach, skip_nulls=False), reach, skip_nulls=False
    )
    return pc.multiply(ticks, micros).cast(pa.timestamp("us", column.type.tz))


def _cut_to_micros(column: pa.Array) -> pa.Array:
    """Return nanoseconds as microseconds, rounded down: Spark would read them as numbers."""
    ticks = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False) // 1000
    nulls = column.is_null().to_numpy(zero_copy_only=False)
    return pa.array(ticks, pa.int64(), mask=nulls).cast(pa.timestamp("us", column.type.tz))


def _is_within_range(statistics: pq.Statistics | None) -> bool:
    if statistics is None or not statistics.has_min_max:
        return False
    try:
        return bool(max(abs(statistics.min_raw), abs(statistics.max_raw)) <= _MAX_MILLIS)
    except (TypeError, ValueError, OverflowError):
        return False


def _text_values(column: pa.Array) -> Iterator[str | None]:
    return (_nested_text(value) if pa.types.is_nested(value.type) else _leaf_text(value) for value in column)


def _nested_text(value: pa.Scalar) -> str | None:
    """Return a value's compact JSON text; null when it is null or not finite."""
    if not value.is_valid:
        return None
    type = value.type  # noqa: A001
    if pa.types.is_struct(type):
        members = (f"{_quoted(field.name)}:{_nested_text(value[field.name]) or 'null'}" for field in type)
        return "{" + ",".join(members) + "}"
    if pa.types.is_map(type):
        pairs = ((pair["key"], pair["value"]) for pair in value.values)
        entries = (f"{_quoted(_leaf_text(k) or '')}:{_nested_text(v) or 'null'}" for k, v in pairs)
        return "{" + ",".join(entries) + "}"
    if pa.types.is_nested(type):
        return "[" + ",".join(_nested_text(item) or "null" for item in value.values) + "]"
    text = _leaf_text(value)
    is_bare = any(is_of(type) for is_of in _BARE_IN_JSON)
    return text if is_bare or text is None else _quoted(text)


def _leaf_text(value: pa.Scalar) -> str | None:
    """Return the text form of a scalar; null when it is null or not finite."""
    type = value.type  # noqa: A001
    if isinstance(type, pa.BaseExtensionType):
        return str(value.as_py()) if value.is_valid else None
    if pa.types.is_dictionary(type):
        return _leaf_text(value.dictionary[value.index.as_py()]) if value.is_valid else None
    if not value.is_valid:
        return None
    if pa.types.is_floating(type):
        number = np.dtype(type.to_pandas_dtype()).type(value.as_py())
        return np.format_float_positional(number, unique=True, trim="-") if np.isfinite(number) else None
    if pa.types.is_timestamp(type):
        return _instant_text(value.value, type.unit)
    if pa.types.is_date(type):
        return str(np.array(value.cast(pa.date32()).value, "datetime64[D]"))
    if pa.types.is_time(type):
        micros = value.value * _NANOS_IN[type.unit] // _NANOS_IN["us"]
        return (datetime.min + timedelta(microseconds=micros)).time().isoformat()  # noqa: DTZ901
    if pa.types.is_decimal(type):
        return f"{value.as_py():f}"
    if pa.types.is_boolean(type):
        return "true" if value.as_py() else "false"
    if pa.types.is_duration(type):
        return str(value.value)
    found = value.as_py()
    return found.decode("utf-8", errors="replace") if isinstance(found, bytes) else str(found)


def _instant_text(ticks: int, unit: str) -> str:
    """Return a time since the epoch as ISO 8601 in UTC, with six decimals."""
    micros = ticks * _NANOS_IN[unit] // _NANOS_IN["us"]
    return str(np.datetime_as_string(np.array(micros, "datetime64[us]"), unit="us")) + "Z"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
