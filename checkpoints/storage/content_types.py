"""Content-Type and Cache-Control of objects on S3, by their names.

S3 stores an object without a type as ``binary/octet-stream``, which browsers download instead of showing it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNKNOWN: Final = "application/octet-stream"
# Data files, also those of other systems: the charset is unknown, so none is given.
_DATA_TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "gz": "application/gzip",  # as a type, never as a Content-Encoding: clients would unpack the file
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "tsv": "text/tab-separated-values",
    "txt": "text/plain",
    "whl": "application/zip",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}
# Of files that browsers show or run.
_PAGE_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "py": "text/x-python; charset=utf-8",
    "svg": "image/svg+xml",
}
_IMMUTABLE: Final = frozenset({"application/vnd.apache.parquet", "application/zip"})


def content_type(path: str) -> str:
    """Return the media type of a file that lakegate wrote.

    >>> content_type("docs/index.html"), content_type("raw/events/A.CSV.GZ"), content_type("LICENSE")
    ('text/html; charset=utf-8', 'application/gzip', 'application/octet-stream')
    """
    suffix = _suffix(path)
    return _PAGE_TYPES.get(suffix) or _DATA_TYPES.get(suffix, _UNKNOWN)


def object_headers(path: str, *, is_copy: bool = False) -> Mapping[str, str]:
    """Return the headers to store with an object, as parameters of boto3.

    Parquet is written once and may be cached for ever. Everything else may be replaced under its name:
    ``no-cache`` lets caches keep it, but ask whether it changed before each use.

    Args:
        path: its path; the name decides.
        is_copy: whether it was written by somebody else. A page is then no page: a browser would run what
            an upstream system put into it.

    >>> object_headers("quarantine/files/events/a.html", is_copy=True)
    {'ContentType': 'application/octet-stream', 'CacheControl': 'no-cache'}
    >>> object_headers("gold/mart/user_ltv/v1/part-0.parquet")
    {'ContentType': 'application/vnd.apache.parquet'}
    """
    media_type = _DATA_TYPES.get(_suffix(path), _UNKNOWN) if is_copy else content_type(path)
    caching = {} if media_type in _IMMUTABLE else {"CacheControl": "no-cache"}
    return {"ContentType": media_type, **caching}


def _suffix(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower()
