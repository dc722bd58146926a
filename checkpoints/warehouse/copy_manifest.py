"""Writes the lists of files that COPY goes by: exactly a release's, each with its length, each a must.

Without ``content_length`` COPY of Parquet fails; without ``mandatory`` it passes over a missing file; by a
prefix instead of a list it takes whatever else lies there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from checkpoints.lake.errors import PreconditionFailed
from checkpoints.lake.storage import ABSENT
from checkpoints.warehouse.warehouse import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.lake.layout import Place
    from checkpoints.warehouse.request import LoadRequest, TableLoad

COPY_MANIFESTS: Final = ("_manifests", "_copy")
"""The folder of the lists within GOLD."""


def write_copy_manifests(request: LoadRequest) -> Mapping[str, Place]:
    """Write a manifest for each table that has files, and return where it lies, by table.

    They lie under the release's checksum, so a repeated load finds its own; nobody's is ever overwritten.

    Raises:
        WarehouseError: the files are not on S3, or another document lies in a manifest's place.
    """
    written = {}
    for table in request.tables:
        if not table.files:
            continue
        place = request.gold.child(*COPY_MANIFESTS, request.checksum, f"{table.name}.manifest")
        document = copy_manifest(table)
        try:
            place.write_bytes(document, expected=ABSENT)
        except PreconditionFailed as error:
            if place.read_bytes() != document:
                raise WarehouseError(
                    "another manifest lies in this place",
                    where=place.uri,
                    next_step="delete it and load again",
                ) from error
        written[table.name] = place
    return written


def copy_manifest(table: TableLoad) -> bytes:
    """Return the manifest of a table's files as COPY reads it.

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
    """Return where a file lies on S3.

    Raises:
        WarehouseError: it lies elsewhere, where Redshift cannot read it.
    """
    if not place.uri.startswith("s3://"):
        raise WarehouseError(
            "Redshift loads from S3 only",
            where=place.uri,
            next_step="keep the lake, or GOLD by LAKEGATE_GOLD_ROOT, in a bucket",
        )
    return place.uri
