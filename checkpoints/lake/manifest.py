"""What one promoted version is: its files, rows, schema and origin, as one small JSON document."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from checkpoints.lake.strict_json import Fields, damaged, read_document, write_document

if TYPE_CHECKING:
    from datetime import datetime

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """One data file of a version; ``path`` is relative to the version's folder."""

    path: str
    size_bytes: int
    rows: int | None = None  # None: not counted file by file


@dataclass(frozen=True, slots=True)
class SchemaColumn:
    """One column as it was written; ``type`` in Spark SQL's spelling."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ColumnSum:
    """The exact sum of a column, for whoever loads the version to compare with."""

    column: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Manifest:
    """One version of one dataset or table. Written once, never changed.

    ``folder`` is relative to the zone's root, so that a lake can be moved as a whole.
    """

    name: str  # events, users_history, fact_events
    version: str
    run_id: str
    as_of: datetime
    promoted_at: datetime
    folder: str
    files: tuple[ManifestFile, ...]
    rows: int
    schema: tuple[SchemaColumn, ...]
    contract_version: str
    fingerprint: str  # of inputs, contracts, policies and code
    verdict: str  # pass | warn
    previous: str | None = None  # the version that this one replaced
    sums: tuple[ColumnSum, ...] = ()
    keys_xor: int | None = None  # xor of the keys' hashes, where each row has a key of its own

    @property
    def size_bytes(self) -> int:
        """The bytes of all files."""
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Release:
    """All gold tables of one run, current together or not at all."""

    version: str
    run_id: str
    as_of: datetime
    promoted_at: datetime
    fingerprint: str
    verdict: str
    tables: tuple[Manifest, ...]
    previous: str | None = None

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def size_bytes(self) -> int:
        """The bytes of all tables' files."""
        return sum(table.size_bytes for table in self.tables)

    def table(self, name: str) -> Manifest:
        """Return one table. Raises KeyError when the release has none of that name."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(
            f"release {self.version} has no table {name!r}; it has {[t.name for t in self.tables]}"
        )


def write_manifest(manifest: Manifest) -> bytes:
    """Return a manifest's document."""
    return write_document("manifest", _FORMAT, _manifest_values(manifest))


def read_manifest(data: bytes, where: str) -> Manifest:
    """Read a manifest's document. Raises ``DocumentDamaged``."""
    return read_document(data, where, "manifest", _FORMAT, _read_manifest)


def write_release(release: Release) -> bytes:
    """Return a release's document."""
    return write_document(
        "release",
        _FORMAT,
        {
            "version": release.version,
            "run_id": release.run_id,
            "as_of": release.as_of.isoformat(),
            "promoted_at": release.promoted_at.isoformat(),
            "fingerprint": release.fingerprint,
            "verdict": release.verdict,
            "previous": release.previous,
            "tables": [_manifest_values(table) for table in release.tables],
        },
    )


def read_release(data: bytes, where: str) -> Release:
    """Read a release's document. Raises ``DocumentDamaged``."""
    return read_document(data, where, "release", _FORMAT, _read_release)


def _read_release(fields: Fields) -> Release:
    return Release(
        version=fields.text("version"),
        run_id=fields.text("run_id"),
        as_of=fields.time("as_of"),
        promoted_at=fields.time("promoted_at"),
        fingerprint=fields.text("fingerprint"),
        verdict=fields.text("verdict"),
        previous=fields.optional_text("previous"),
        tables=fields.each("tables", _read_manifest),
    )


def _manifest_values(manifest: Manifest) -> dict[str, object]:
    return {
        "name": manifest.name,
        "version": manifest.version,
        "run_id": manifest.run_id,
        "as_of": manifest.as_of.isoformat(),
        "promoted_at": manifest.promoted_at.isoformat(),
        "folder": manifest.folder,
        "rows": manifest.rows,
        "size_bytes": manifest.size_bytes,
        "contract_version": manifest.contract_version,
        "fingerprint": manifest.fingerprint,
        "verdict": manifest.verdict,
        "previous": manifest.previous,
        "schema": [{"name": column.name, "type": column.type} for column in manifest.schema],
        "sums": [{"column": s.column, "total": format(s.total, "f")} for s in manifest.sums],
        "keys_xor": manifest.keys_xor,
        "files": [{"path": f.path, "size_bytes": f.size_bytes, "rows": f.rows} for f in manifest.files],
    }


def _read_manifest(fields: Fields) -> Manifest:
    manifest = Manifest(
        name=fields.text("name"),
        version=fields.text("version"),
        run_id=fields.text("run_id"),
        as_of=fields.time("as_of"),
        promoted_at=fields.time("promoted_at"),
        folder=fields.text("folder"),
        files=fields.each("files", _read_file),
        rows=fields.number("rows"),
        schema=fields.each("schema", lambda c: SchemaColumn(c.text("name"), c.text("type"))),
        contract_version=fields.text("contract_version"),
        fingerprint=fields.text("fingerprint"),
        verdict=fields.text("verdict"),
        previous=fields.optional_text("previous"),
        sums=fields.each("sums", _read_sum),
        keys_xor=fields.later_number("keys_xor"),
    )
    if (size_bytes := fields.number("size_bytes")) != manifest.size_bytes:
        raise damaged(
            f"manifest {manifest.name}", f"files of {size_bytes} bytes", f"{manifest.size_bytes} bytes"
        )
    return manifest


def _read_file(fields: Fields) -> ManifestFile:
    return ManifestFile(fields.text("path"), fields.number("size_bytes"), fields.optional_number("rows"))


def _read_sum(fields: Fields) -> ColumnSum:
    column, total = fields.text("column"), fields.text("total")
    try:
        return ColumnSum(column, Decimal(total))
    except InvalidOperation as error:
        raise damaged(f"the sum of column {column}", "a decimal number", total) from error
