"""COPY manifests: the exact files of a release, each with its length and mandatory.

Without ``content_length`` COPY of Parquet fails; without ``mandatory`` it skips a missing file; with a prefix
instead of a manifest it loads any other file below that prefix as well.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from checkpoints.storage.errors import PreconditionFailedError
from checkpoints.storage.storage import ABSENT
from checkpoints.warehouse.warehouse import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.storage.place import Place
    from checkpoints.warehouse.load_request import LoadRequest, TableLoad

COPY_MANIFESTS: Final = ("_manifests", "_copy")
"""Folder of the manifests within GOLD."""


def write_copy_manifests(request: LoadRequest) -> Mapping[str, Place]:
    """Write a manifest for each table that has files; return their places by table.

    Paths contain the release's checksum, so a repeated load reuses its manifests; none is ever overwritten.

    Raises:
        WarehouseError: the files are not on S3, or a manifest exists with different content.
    """
    written = {}
    for table in request.tables:
        if not table.files:
            continue
        place = request.gold.child(*COPY_MANIFESTS, request.checksum, f"{table.name}.manifest")
        document = copy_manifest(table)
        try:
            place.write_bytes(document, expected=ABSENT)
        except PreconditionFailedError as error:
            if place.read_bytes() != document:
                raise WarehouseError(
                    "a different manifest exists at this path",
                    where=place.uri,
                    next_step="delete it and load again",
                ) from error
        written[table.name] = place
    return written


def copy_manifest(table: TableLoad) -> bytes:
    """Return the manifest of a table's files in COPY's JSON format.

    Format: https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
    """
    entries = [
        {
            "url": s3_uri(table.place(file)),
            "mandatory": True,
            "meta": {"content_length": file.size_bytes},
        }
        for file in table.files
    ]
    return json.dumps({"entries": entries}, indent=1).encode()


def s3_uri(place: Place) -> str:
    """Return the S3 URI of a file.

    Raises:
        WarehouseError: the file is not on S3, so Redshift cannot read it.
    """
    if not place.uri.startswith("s3://"):
        raise WarehouseError(
            "Redshift loads from S3 only",
            where=place.uri,
            next_step="move the lake, or GOLD with LAKEGATE_GOLD_ROOT, to a bucket",
        )
    return place.uri
