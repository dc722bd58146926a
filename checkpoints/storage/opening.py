"""Storage for a URI, chosen by its scheme."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from checkpoints.storage.errors import UnsupportedLakeError
from checkpoints.storage.storage import S3Settings

if TYPE_CHECKING:
    from checkpoints.storage.storage import Storage


def open_storage(uri: str, s3: S3Settings | None = None) -> Storage:
    """Return the storage at a path, a ``file://`` URI or ``s3://bucket[/prefix]``. Does no I/O.

    Raises ``UnsupportedLakeError``.
    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(?=/)", uri)
    if scheme is None:
        from checkpoints.storage.local import LocalStorage

        if not uri or "\0" in uri:
            raise UnsupportedLakeError(
                "not a lake", repr(uri), expected="a folder or s3://bucket[/prefix]", next_step="set --lake"
            )
        return LocalStorage(Path(uri).expanduser())
    if scheme[1].lower() == "file":
        from checkpoints.storage.local import LocalStorage

        return LocalStorage(Path(_path_of_file_uri(uri)))
    if scheme[1].lower() in {"s3", "s3a", "s3n"}:
        # Importing boto3 takes a third of a second, which a local lake avoids.
        from checkpoints.storage.s3 import S3Storage

        bucket, _, prefix = uri[scheme.end() :].lstrip("/").partition("/")
        if not bucket:
            raise UnsupportedLakeError("no bucket in the lake's URI", uri, expected="s3://bucket[/prefix]")
        return S3Storage.connect(bucket, prefix.strip("/"), s3 or S3Settings())
    raise UnsupportedLakeError(
        "unsupported kind of lake", uri, expected="a path, file:// or s3://", found=f"{scheme[1]}://"
    )


def _path_of_file_uri(uri: str) -> str:
    rest = uri.partition(":")[2]
    if rest.startswith("//"):
        host, slash, rest = rest[2:].partition("/")
        if host not in {"", "localhost"}:
            raise UnsupportedLakeError(
                "a file:// URI that names a host", uri, expected="file:///absolute/path", found=host
            )
        rest = slash + rest
    if not rest.strip("/"):
        raise UnsupportedLakeError("no folder in the lake's URI", uri, expected="file:///absolute/path")
    return unquote(rest)
