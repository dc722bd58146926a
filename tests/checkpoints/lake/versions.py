"""Tiny versions to promote."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from checkpoints.lake.manifest import ColumnSum, Manifest, Release, SchemaColumn
from checkpoints.lake.promotion import candidate_files, version_folder
from contracts.model import Zone

if TYPE_CHECKING:
    from checkpoints.lake.layout import Lake
    from checkpoints.storage.place import Place

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TABLES = ("dim_users", "fact_events", "daily_revenue")


def write_candidate(
    lake: Lake, name: str, version: str, *, zone: Zone = Zone.SILVER, verdict: str = "pass", content: str = ""
) -> Manifest:
    """Write a version's files as Spark would, and return its manifest."""
    folder = version_folder(zone, name, version)
    place: Place = lake.area(zone).child(folder)
    place.child("event_date=2026-01-01/part-0.parquet").write_bytes(f"{name} {version} {content}".encode())
    place.child("event_date=2026-01-02/part-1.parquet").write_bytes(b"more")
    place.child("_SUCCESS").write_bytes(b"")
    return describe_candidate(lake, name, version, zone=zone, verdict=verdict)


def describe_candidate(
    lake: Lake, name: str, version: str, *, zone: Zone = Zone.SILVER, verdict: str = "pass"
) -> Manifest:
    """Return the manifest of a version that has been written."""
    folder = version_folder(zone, name, version)
    place: Place = lake.area(zone).child(folder)
    return Manifest(
        name=name,
        version=version,
        run_id=f"run-{version}",
        as_of=NOON,
        promoted_at=NOON,
        folder=folder,
        files=candidate_files(place),
        rows=7,
        schema=(SchemaColumn("user_id", "string"), SchemaColumn("amount", "decimal(18,4)")),
        contract_version="1.0.0",
        fingerprint=f"fingerprint of {version}",
        verdict=verdict,
        sums=(ColumnSum("amount", Decimal("12.5000")),),
    )


def write_release_candidate(lake: Lake, version: str) -> Release:
    """Write a version of a few gold tables, and return the release that would hold them."""
    for table in TABLES:
        write_candidate(lake, table, version, zone=Zone.GOLD)
    return describe_release(lake, version)


def describe_release(lake: Lake, version: str) -> Release:
    """Return the release of tables that have been written."""
    tables = tuple(describe_candidate(lake, table, version, zone=Zone.GOLD) for table in TABLES)
    return Release(version, f"run-{version}", NOON, NOON, f"fingerprint of {version}", "warn", tables)
