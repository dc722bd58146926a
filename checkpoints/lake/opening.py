"""Finds the storage for a URI, by its scheme."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from checkpoints.lake.errors import UnsupportedLake
from checkpoints.lake.storage import S3Settings

if TYPE_CHECKING:
    from checkpoints.lake.storage import Storage


def open_storage(uri: str, s3: S3Settings | None = None) -> Storage:
    """Return the storage behind a URI: a path or ``file://`` URI, ``s3://bucket[/prefix]``. Touches nothing.

    Raises ``UnsupportedLake``.
    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(?=/)", uri)
    if scheme is None:
        from checkpoints.lake.local import LocalStorage

        if not uri or "\0" in uri:
            raise UnsupportedLake(
                "not a lake", repr(uri), expected="a folder or s3://bucket[/prefix]", next_step="set --lake"
            )
        return LocalStorage(Path(uri).expanduser())
    if scheme[1].lower() == "file":
        from checkpoints.lake.local import LocalStorage

        return LocalStorage(Path(_path_of_file_uri(uri)))
    if scheme[1].lower() in {"s3", "s3a", "s3n"}:
        # boto3 takes a third of a second to import, which a local lake need not pay.
        from checkpoints.lake.s3 import S3Storage

        bucket, _, prefix = uri[scheme.end() :].lstrip("/").partition("/")
        if not bucket:
            raise UnsupportedLake("no bucket in the lake's URI", uri, expected="s3://bucket[/prefix]")
        return S3Storage.connect(bucket, prefix.strip("/"), s3 or S3Settings())
    raise UnsupportedLake(
        "unsupported kind of lake", uri, expected="a path, file:// or s3://", found=f"{scheme[1]}://"
    )


def _path_of_file_uri(uri: str) -> str:
    rest = uri.partition(":")[2]
    if rest.startswith("//"):
        host, slash, rest = rest[2:].partition("/")
        if host not in {"", "localhost"}:
            raise UnsupportedLake(
                "a file:// URI that names a host", uri, expected="file:///absolute/path", found=host
            )
        rest = slash + rest
    if not rest.strip("/"):
        raise UnsupportedLake("no folder in the lake's URI", uri, expected="file:///absolute/path")
    return unquote(rest)
