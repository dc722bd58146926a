"""Publication to the catalog of the settings, after a transition or a rollback; its errors are warnings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.catalog.address import SETTING, check_catalog
from contracts.model import Zone

if TYPE_CHECKING:
    from checkpoints.catalog.address import CatalogAddress
    from dags.pipeline.context import Setup
    from dags.pipeline.progress import Progress
    from dags.settings import Settings


def read_catalog(settings: Settings) -> CatalogAddress | None:
    """Return the address of the catalog that versions are published to; None if none is set.

    Raises:
        ConfigurationError: it is invalid, or PyIceberg is not installed.
    """
    return None if settings.catalog is None else check_catalog(settings.catalog)


def publish_zone(setup: Setup, catalog: CatalogAddress, zone: Zone, progress: Progress) -> tuple[str, ...]:
    """Make the catalog show the zone's current versions; return a warning for each table that it does not.

    The versions are current in any case. The next run tries again, also if nothing else changed.
    """
    from checkpoints.catalog.publish import describe, publish  # PyIceberg: more than a second

    progress.step(f"publishing {zone.value} to {catalog.uri}")
    contracts = setup.contracts.silver_tables if zone is Zone.SILVER else setup.contracts.gold
    try:
        key, now = setup.settings.kms_key, datetime.now(UTC)
        failed = publish(catalog, setup.lake, zone, contracts, key, now=now).failed
    except Exception as error:  # noqa: BLE001 - whatever a catalog does, the promotion stands
        failed = {"": describe(error)}
    warnings = []
    for table, reason in failed.items():
        what = f"{zone.value}/{table}" if table else f"all of {zone.value}"
        warnings.append(f"{SETTING}: the catalog lags behind for {what}, the next run tries again: {reason}")
        progress.note(warnings[-1])
    return tuple(warnings)
