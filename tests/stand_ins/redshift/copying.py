"""COPY … FORMAT AS PARQUET MANIFEST as in Redshift: by position, with manifest and file lengths checked.

Objects are read through the S3 API, so the manifest's URIs and lengths are checked for real. Not covered: the
role's permissions, speed, and Redshift's exact messages.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from tests.stand_ins.redshift.errors import RedshiftServerError, UnsupportedSqlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.stand_ins.redshift.dialect import ColumnSpec

_WORDS = re.compile(
    r"""COPY\s+ (?:"(?P<schema>[^"]+)"\.)? "(?P<table>[^"]+)"
        \s+FROM\s+ '(?P<uri>s3://[^']+)'
        \s+IAM_ROLE\s+ (?:'(?P<arn>[^']+)'|(?P<default>default))
        \s+FORMAT\s+AS\s+PARQUET (?P<manifest>\s+MANIFEST)?""",
    re.VERBOSE | re.IGNORECASE,
)
_PARQUET = {
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True)
class CopyCommand:
    """A parsed COPY."""

    schema: str | None
    table: str
    uri: str
    role: str


def read_copy(sql: str) -> CopyCommand:
    """Parse a COPY; unsupported options raise."""
    found = _WORDS.fullmatch(sql.strip())
    if found is None:
        raise UnsupportedSqlError(f"this COPY: {sql}")
    if not found["manifest"]:
        raise UnsupportedSqlError("a COPY without MANIFEST")
    schema = found["schema"]
    return CopyCommand(
        schema.lower() if schema else None, found["table"].lower(), found["uri"], found["arn"] or "default"
    )


def read_files(s3: Any, command: CopyCommand, columns: Sequence[ColumnSpec]) -> Iterator[pa.Table]:
    """Yield the manifest's files as tables with the target's column names."""
    for url in _entries(s3, command.uri):
        try:
            table = pq.read_table(io.BytesIO(_get(s3, url)))
        except pa.ArrowInvalid as error:
            raise RedshiftServerError(
                f"Spectrum Scan Error: {url} is not a Parquet file ({error})"
            ) from error
        yield _fitted(table, columns, url)


def _entries(s3: Any, uri: str) -> Iterator[str]:
    try:
        entries = json.loads(_get(s3, uri))["entries"]
    except (ValueError, KeyError, TypeError) as error:
        raise RedshiftServerError(f"The manifest {uri} cannot be read ({error})") from error
    for entry in entries:
        length = entry.get("meta", {}).get("content_length")
        if length is None:
            raise RedshiftServerError(f"error 15003: File {entry['url']} has no content_length in {uri}")
        try:
            found = s3.head_object(**_address(entry["url"]))["ContentLength"]
        except ClientError as error:
            if entry.get("mandatory", False):
                raise RedshiftServerError(f"The mandatory file {entry['url']} does not exist") from error
            continue
        if found != length:
            raise RedshiftServerError(
                f"Spectrum Scan Error: HTTP response error code: 416 for {entry['url']}"
                f" (content_length {length}, the file has {found} bytes)"
            )
        yield entry["url"]


def _fitted(table: pa.Table, columns: Sequence[ColumnSpec], url: str) -> pa.Table:
    if table.num_columns != len(columns):
        raise RedshiftServerError(
            f"Spectrum Scan Error: the Parquet file {url} has {table.num_columns} columns,"
            f" the table has {len(columns)}"
        )
    arrays = []
    for column, field, values in zip(columns, table.schema, table.columns, strict=True):
        if not _is_loadable(column, field.type):
            raise RedshiftServerError(
                f"Spectrum Scan Error: {url} has an incompatible Parquet schema for column {column.name}."
                f" Column type: {column.display_type}, Parquet schema: {field.type} {field.name}"
            )
        arrays.append(values.cast(pa.timestamp("us")) if pa.types.is_timestamp(field.type) else values)
    return pa.table(arrays, names=[column.name for column in columns])


def _is_loadable(column: ColumnSpec, found: pa.DataType) -> bool:
    if column.type == "character varying":
        return bool(pa.types.is_string(found) or pa.types.is_large_string(found))
    if column.type == "numeric":
        return bool(found == pa.decimal128(column.precision or 0, column.scale or 0))
    if column.type == "timestamp without time zone":
        return bool(pa.types.is_timestamp(found) and found.unit == "us")
    return bool(found == _PARQUET[column.type])


def _get(s3: Any, uri: str) -> bytes:
    try:
        return bytes(s3.get_object(**_address(uri))["Body"].read())
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise RedshiftServerError(f"S3ServiceException: {code} for {uri}, Status {code}") from error


def _address(uri: str) -> dict[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}
