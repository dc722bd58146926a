"""COPY … FORMAT AS PARQUET MANIFEST as Redshift does it: by position, by length, by the manifest's letter.

It reads the objects through S3's interface, so a manifest's URIs and lengths are really tried. It does not
prove that a role may read the bucket, how fast a COPY is, nor Redshift's own wording.
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

from tests.stand_ins.redshift.refusal import RedshiftRefusal, Untranslated

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
    """What a COPY says."""

    schema: str | None
    table: str
    uri: str
    role: str


def read_copy(sql: str) -> CopyCommand:
    """Return what a COPY says; options that the stand-in cannot honour are refused."""
    found = _WORDS.fullmatch(sql.strip())
    if found is None:
        raise Untranslated(f"this COPY: {sql}")
    if not found["manifest"]:
        raise Untranslated("a COPY without MANIFEST")
    schema = found["schema"]
    return CopyCommand(
        schema.lower() if schema else None, found["table"].lower(), found["uri"], found["arn"] or "default"
    )


def read_files(s3: Any, command: CopyCommand, columns: Sequence[ColumnSpec]) -> Iterator[pa.Table]:
    """Yield what the manifest's files hold, entry by entry, under the names of the table's columns."""
    for url in _entries(s3, command.uri):
        try:
            table = pq.read_table(io.BytesIO(_get(s3, url)))
        except pa.ArrowInvalid as error:
            raise RedshiftRefusal(f"Spectrum Scan Error: {url} is no Parquet file ({error})") from error
        yield _fitted(table, columns, url)


def _entries(s3: Any, uri: str) -> Iterator[str]:
    try:
        entries = json.loads(_get(s3, uri))["entries"]
    except (ValueError, KeyError, TypeError) as error:
        raise RedshiftRefusal(f"The manifest {uri} cannot be read ({error})") from error
    for entry in entries:
        length = entry.get("meta", {}).get("content_length")
        if length is None:
            raise RedshiftRefusal(f"error 15003: File {entry['url']} has no content_length in {uri}")
        try:
            found = s3.head_object(**_address(entry["url"]))["ContentLength"]
        except ClientError as error:
            if entry.get("mandatory", False):
                raise RedshiftRefusal(f"The mandatory file {entry['url']} does not exist") from error
            continue
        if found != length:
            raise RedshiftRefusal(
                f"Spectrum Scan Error: HTTP response error code: 416 for {entry['url']}"
                f" (content_length {length}, the file has {found} bytes)"
            )
        yield entry["url"]


def _fitted(table: pa.Table, columns: Sequence[ColumnSpec], url: str) -> pa.Table:
    if table.num_columns != len(columns):
        raise RedshiftRefusal(
            f"Spectrum Scan Error: the Parquet file {url} has {table.num_columns} columns,"
            f" the table has {len(columns)}"
        )
    arrays = []
    for column, field, values in zip(columns, table.schema, table.columns, strict=True):
        if not _is_loadable(column, field.type):
            raise RedshiftRefusal(
                f"Spectrum Scan Error: {url} has an incompatible Parquet schema for column {column.name}."
                f" Column type: {column.spelled}, Parquet schema: {field.type} {field.name}"
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
        raise RedshiftRefusal(f"S3ServiceException: {code} for {uri}, Status {code}") from error


def _address(uri: str) -> dict[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}
