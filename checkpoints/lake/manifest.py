"""Manifest of one version: files, rows, schema, origin. Release: the manifests of all gold tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from pydantic import WrapSerializer, WrapValidator

from checkpoints.lake.json_documents import (
    KNOWN_FIELDS_ONLY,
    DecimalText,
    DocumentCodec,
    Integer,
    Timestamp,
    mismatch,
)

if TYPE_CHECKING:
    from pydantic import SerializerFunctionWrapHandler, ValidatorFunctionWrapHandler


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One data file of a version; ``path`` is relative to the version's folder."""

    path: str
    size_bytes: Integer
    rows: Integer | None = None  # None: not counted file by file


@dataclass(frozen=True, slots=True)
class SchemaColumn:
    """One column as it was written; ``type`` in Spark SQL's spelling."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ColumnSum:
    """The exact sum of a column, which a load of the version is compared with."""

    column: str
    total: DecimalText


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One version of one dataset or table. Written once, never changed.

    ``folder`` is relative to the zone's root, so that a lake can be moved as a whole. The order of the fields
    is that of the document.
    """

    __pydantic_config__ = KNOWN_FIELDS_ONLY

    name: str  # events, users_history, fact_events
    version: str
    run_id: str
    as_of: Timestamp
    promoted_at: Timestamp
    folder: str
    rows: Integer
    contract_version: str
    fingerprint: str  # of inputs, contracts, policies and code
    verdict: str  # pass | warn
    previous: str | None = None  # the version that this one replaced
    schema: tuple[SchemaColumn, ...]
    sums: tuple[ColumnSum, ...] = ()
    keys_xor: Integer | None = None  # xor of the keys' hashes; None: keys repeat, or an older document
    files: tuple[ManifestFile, ...]

    @property
    def size_bytes(self) -> int:
        """The bytes of all files."""
        return sum(file.size_bytes for file in self.files)


def _write_with_size(manifest: Manifest, write: SerializerFunctionWrapHandler) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in write(manifest).items():
        values[name] = value
        if name == "rows":
            values["size_bytes"] = manifest.size_bytes
    return values


def _read_with_size(values: object, read: ValidatorFunctionWrapHandler) -> Manifest:
    stated = values.get("size_bytes") if isinstance(values, dict) else None
    if isinstance(values, dict):
        values = {name: value for name, value in values.items() if name != "size_bytes"}
    manifest: Manifest = read(values)
    if stated != manifest.size_bytes:
        raise mismatch(f"files of {stated} bytes", f"{manifest.size_bytes} bytes")
    return manifest


_SizedManifest = Annotated[Manifest, WrapSerializer(_write_with_size), WrapValidator(_read_with_size)]


@dataclass(frozen=True, slots=True)
class Release:
    """All gold tables of one run, current together or not at all.

    The order of the fields is that of the document.
    """

    __pydantic_config__ = KNOWN_FIELDS_ONLY

    version: str
    run_id: str
    as_of: Timestamp
    promoted_at: Timestamp
    fingerprint: str
    verdict: str
    previous: str | None = field(default=None, kw_only=True)
    tables: tuple[_SizedManifest, ...]

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def size_bytes(self) -> int:
        """The bytes of all tables' files."""
        return sum(table.size_bytes for table in self.tables)

    def table(self, name: str) -> Manifest:
        """Return one table. Raises KeyError if the release has none of that name."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(
            f"release {self.version} has no table {name!r}; it has {[t.name for t in self.tables]}"
        )


_MANIFEST = DocumentCodec[Manifest]("manifest", 1, _SizedManifest)
_RELEASE = DocumentCodec[Release]("release", 1, Release)
# The bytes of a release must not change: the warehouse recognises a loaded release by their checksum.
read_manifest, write_manifest = _MANIFEST.read, _MANIFEST.write
read_release, write_release = _RELEASE.read, _RELEASE.write
