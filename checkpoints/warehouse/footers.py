"""Compares Parquet footers with the contracts, since COPY goes by position and converts nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from checkpoints.lake.errors import ObjectNotFound
from checkpoints.warehouse.warehouse import Finding
from contracts.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkpoints.lake.manifest import ManifestFile
    from checkpoints.warehouse.request import LoadRequest, TableLoad
    from contracts.model import DataType


def footer_findings(request: LoadRequest) -> tuple[Finding, ...]:
    """Return where files differ from their contract (names, order, types, decimal widths) or their manifest.

    Reads footers only. What is wrong in many files of a table alike is told once.
    """
    findings: dict[Finding, None] = {}
    for table in request.tables:
        found_rows = 0
        for file in table.files:
            metadata = _open_footer(table, file)
            if isinstance(metadata, Finding):
                findings[metadata] = None
                break
            found_rows += metadata.num_rows
            findings.update(dict.fromkeys(_schema_findings(table, metadata.schema.to_arrow_schema())))
        else:
            if found_rows != table.rows:
                rows = f"the files hold {found_rows} rows, the manifest says {table.rows}"
                findings[Finding(table.name, None, rows)] = None
    return tuple(findings)


def _open_footer(table: TableLoad, file: ManifestFile) -> pq.FileMetaData | Finding:
    place = table.place(file)
    try:
        with place.storage.open(place.path) as stream:
            size_bytes = stream.seek(0, os.SEEK_END)
            if size_bytes != file.size_bytes:
                size = f"{place.uri} has {size_bytes} bytes, the manifest says {file.size_bytes}"
                return Finding(table.name, None, size)
            stream.seek(0)
            return pq.read_metadata(stream)
    except ObjectNotFound:
        return Finding(table.name, None, f"{place.uri} is missing")
    except pa.ArrowInvalid as error:
        return Finding(table.name, None, f"{place.uri} is no readable Parquet file ({error})")


def _schema_findings(table: TableLoad, schema: pa.Schema) -> Iterator[Finding]:
    promised, found = table.contract.column_names, tuple(schema.names)
    for name in promised:
        if name not in found:
            yield Finding(table.name, name, "the contract promises it, the files lack it")
    for name in found:
        if name not in promised:
            yield Finding(table.name, name, "the files hold it, the contract does not know it")
    for column in table.contract.columns:
        if found.count(column.name) == 1 and not _fits(column.type, schema.field(column.name).type):
            found_type = _spelled(schema.field(column.name).type)
            yield Finding(table.name, column.name, f"expected {column.type}, found {found_type}")
    if sorted(promised) == sorted(found) and promised != found:
        first = next(name for name, other in zip(promised, found, strict=True) if name != other)
        yield Finding(
            table.name,
            first,
            f"expected at position {promised.index(first) + 1}, found at {found.index(first) + 1}",
        )


def _fits(promised: DataType, found: pa.DataType) -> bool:
    match promised.kind:
        case Kind.STRING:
            return bool(pa.types.is_string(found) or pa.types.is_large_string(found))
        case Kind.DECIMAL:
            return bool(found == pa.decimal128(promised.precision, promised.scale))
        case Kind.TIMESTAMP:
            # Without a zone it is UTC by our own rule; INT96 shows as nanoseconds.
            return bool(pa.types.is_timestamp(found) and found.unit == "us" and found.tz in (None, "UTC"))
        case Kind.INTEGER:
            return bool(found == pa.int32())
        case Kind.BIGINT:
            return bool(found == pa.int64())
        case Kind.DOUBLE:
            return bool(found == pa.float64())
        case Kind.DATE:
            return bool(found == pa.date32())
        case Kind.BOOLEAN:
            return bool(found == pa.bool_())


def _spelled(found: pa.DataType) -> str:
    """Return an Arrow type in the contract's spelling where there is one."""
    if pa.types.is_decimal(found):
        return f"decimal({found.precision},{found.scale})"
    return {"int32": "int", "int64": "bigint", "date32[day]": "date", "bool": "boolean"}.get(
        str(found), str(found)
    )
