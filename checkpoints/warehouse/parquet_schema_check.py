"""Parquet footer check against the contracts: COPY matches columns by position and converts nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from checkpoints.storage.errors import ObjectNotFoundError
from checkpoints.warehouse.warehouse import SchemaMismatch
from contracts.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkpoints.lake.manifest import ManifestFile
    from checkpoints.warehouse.load_request import LoadRequest, TableLoad
    from contracts.model import DataType


def footer_findings(request: LoadRequest) -> tuple[SchemaMismatch, ...]:
    """Return where files differ from their contract (names, order, types, decimal widths) or manifest (rows).

    Reads footers only. A mismatch shared by many files of a table is reported once.
    """
    findings: dict[SchemaMismatch, None] = {}
    for table in request.tables:
        found_rows = 0
        for file in table.files:
            metadata = _open_footer(table, file)
            if isinstance(metadata, SchemaMismatch):
                findings[metadata] = None
                break
            found_rows += metadata.num_rows
            findings.update(dict.fromkeys(_schema_findings(table, metadata.schema.to_arrow_schema())))
        else:
            if found_rows != table.rows:
                rows = f"expected {table.rows} rows as in the manifest, found {found_rows} in the files"
                findings[SchemaMismatch(table.name, None, rows)] = None
    return tuple(findings)


def _open_footer(table: TableLoad, file: ManifestFile) -> pq.FileMetaData | SchemaMismatch:
    place = table.place(file)
    try:
        with place.storage.open(place.path) as stream:
            size_bytes = stream.seek(0, os.SEEK_END)
            if size_bytes != file.size_bytes:
                size = f"{place.uri}: expected {file.size_bytes} bytes as in the manifest, found {size_bytes}"
                return SchemaMismatch(table.name, None, size)
            stream.seek(0)
            return pq.read_metadata(stream)
    except ObjectNotFoundError:
        return SchemaMismatch(table.name, None, f"{place.uri} is missing")
    except pa.ArrowInvalid as error:
        return SchemaMismatch(table.name, None, f"{place.uri} is not a readable Parquet file ({error})")


def _schema_findings(table: TableLoad, schema: pa.Schema) -> Iterator[SchemaMismatch]:
    expected, found = table.contract.column_names, tuple(schema.names)
    for name in expected:
        if name not in found:
            yield SchemaMismatch(table.name, name, "in the contract, but not in the files")
    for name in found:
        if name not in expected:
            yield SchemaMismatch(table.name, name, "in the files, but not in the contract")
    for column in table.contract.columns:
        if found.count(column.name) == 1 and not _fits(column.type, schema.field(column.name).type):
            found_type = _type_name(schema.field(column.name).type)
            yield SchemaMismatch(table.name, column.name, f"expected {column.type}, found {found_type}")
    if sorted(expected) == sorted(found) and expected != found:
        first = next(name for name, other in zip(expected, found, strict=True) if name != other)
        yield SchemaMismatch(
            table.name,
            first,
            f"expected at position {expected.index(first) + 1}, found at {found.index(first) + 1}",
        )


def _fits(expected: DataType, found: pa.DataType) -> bool:
    match expected.kind:
        case Kind.STRING:
            return bool(pa.types.is_string(found) or pa.types.is_large_string(found))
        case Kind.DECIMAL:
            return bool(found == pa.decimal128(expected.precision, expected.scale))
        case Kind.TIMESTAMP:
            # A timestamp without a zone is UTC by convention; INT96 shows as nanoseconds.
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


def _type_name(found: pa.DataType) -> str:
    """Return an Arrow type by its contract name where there is one."""
    if pa.types.is_decimal(found):
        return f"decimal({found.precision},{found.scale})"
    return {"int32": "int", "int64": "bigint", "date32[day]": "date", "bool": "boolean"}.get(
        str(found), str(found)
    )
