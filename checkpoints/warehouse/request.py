"""What is to be loaded: one release, table by table, with the contracts it is loaded under."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.lake.manifest import write_release
from contracts.faults import LakegateError
from contracts.model import Domain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.lake.layout import Place
    from checkpoints.lake.manifest import Manifest, ManifestFile, Release
    from contracts.model import Contract

_REVENUE_MEASURE = "_loaded_revenue_difference"


@dataclass(frozen=True, slots=True)
class TableLoad:
    """One table of a release. ``manifest`` names its files; ``folder`` is where they lie."""

    contract: Contract
    manifest: Manifest
    folder: Place

    @property
    def name(self) -> str:
        """The table's name."""
        return self.contract.name

    @property
    def rows(self) -> int:
        """The rows that the release promises."""
        return self.manifest.rows

    @property
    def files(self) -> tuple[ManifestFile, ...]:
        """The files to load: these and no others that may lie beside them."""
        return self.manifest.files

    def place(self, file: ManifestFile) -> Place:
        """Return where one of the files lies."""
        return self.folder.child(file.path)


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """One release and its tables, in the contracts' order."""

    release: Release
    tables: tuple[TableLoad, ...]
    gold: Place  # the root of the gold zone

    @property
    def checksum(self) -> str:
        """sha256 of the release's document, hex.

        It stands for the release's content: a retried load derives its client token from it.
        """
        return hashlib.sha256(write_release(self.release)).hexdigest()


def load_request(release: Release, contracts: Sequence[Contract], gold: Place) -> LoadRequest:
    """Put a release and the gold contracts together.

    Args:
        release: the current release of gold.
        contracts: the gold contracts, in the order of loading.
        gold: the root of the gold zone.

    Raises:
        LakegateError: the release and the contracts do not name the same tables, or the release lacks a sum
            that a rule compares with.
    """
    promised, released = [c.name for c in contracts], [table.name for table in release.tables]
    if sorted(promised) != sorted(released):
        raise LakegateError(
            "the release and the contracts name different tables",
            where=f"release {release.version}",
            expected=", ".join(promised),
            found=", ".join(released),
            next_step="run silver_to_gold with these contracts",
        )
    tables = []
    for contract in contracts:
        manifest = release.table(contract.name)
        measures = {rule.kwargs.get("column") for rule in contract.rules_in(Domain.LOADED)}
        if _REVENUE_MEASURE in measures and not manifest.sums:
            raise LakegateError(
                "the manifest holds no sum to compare the warehouse's revenue with",
                where=f"release {release.version}, table {contract.name}",
                next_step="run silver_to_gold again",
            )
        tables.append(TableLoad(contract, manifest, gold.child(manifest.folder)))
    return LoadRequest(release, tuple(tables), gold)
