"""Load request: one release, its tables and their contracts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.lake.manifest import write_release
from contracts.errors import LakegateError
from contracts.model import Domain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.lake.manifest import Manifest, ManifestFile, Release
    from checkpoints.storage.place import Place
    from contracts.model import Contract

_REVENUE_EXPECTATION = "expect_loaded_revenue_to_equal_release"


@dataclass(frozen=True, slots=True)
class TableLoad:
    """One table of a release; ``folder`` holds the files that ``manifest`` lists."""

    contract: Contract
    manifest: Manifest
    folder: Place

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.contract.name

    @property
    def rows(self) -> int:
        """Row count in the manifest."""
        return self.manifest.rows

    @property
    def files(self) -> tuple[ManifestFile, ...]:
        """The files to load; others in the folder are ignored."""
        return self.manifest.files

    def place(self, file: ManifestFile) -> Place:
        """Return the place of one of the files."""
        return self.folder.child(file.path)


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """One release and its tables, in loading order."""

    release: Release
    tables: tuple[TableLoad, ...]
    gold: Place  # the root of the gold zone

    @property
    def checksum(self) -> str:
        """sha256 of the release document, hex; a retried load derives its client token from it."""
        return hashlib.sha256(write_release(self.release)).hexdigest()


def load_request(release: Release, contracts: Sequence[Contract], gold: Place) -> LoadRequest:
    """Return the request to load a release under the gold contracts.

    Args:
        release: the current release of gold.
        contracts: the gold contracts, in loading order.
        gold: the root of the gold zone.

    Raises:
        LakegateError: the tables of release and contracts differ, or the release lacks a sum that a rule
            compares.
    """
    expected, released = [c.name for c in contracts], [table.name for table in release.tables]
    if sorted(expected) != sorted(released):
        raise LakegateError(
            "the tables of the release and the contracts differ",
            where=f"release {release.version}",
            expected=", ".join(expected),
            found=", ".join(released),
            next_step="run silver_to_gold with these contracts",
        )
    tables = []
    for contract in contracts:
        manifest = release.table(contract.name)
        expectations = {rule.expectation for rule in contract.rules_in(Domain.LOADED)}
        if _REVENUE_EXPECTATION in expectations and not manifest.sums:
            raise LakegateError(
                "the manifest has no sum to reconcile revenue with",
                where=f"release {release.version}, table {contract.name}",
                next_step="run silver_to_gold again",
            )
        tables.append(TableLoad(contract, manifest, gold.child(manifest.folder)))
    return LoadRequest(release, tuple(tables), gold)
