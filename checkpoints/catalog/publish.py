"""Publication of promoted versions as Iceberg metadata over their data files.

The lake's pointer is the commit; a catalog follows it. Publishing compares the two, so that it also heals a
catalog that lags behind because a run was killed or the catalog was refused.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update.snapshot import ExpireSnapshots

from checkpoints.catalog.address import CATALOG, CatalogAddress, CatalogKind
from checkpoints.catalog.file_io import KMS_KEY, METADATA_FOLDER, ROOT, remove_unreferenced
from checkpoints.catalog.schema import evolve_schema, has_same_columns, iceberg_schema, partition_spec
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.pointer import GRACE, RELEASE
from checkpoints.lake.promotion import current_place, current_release, current_silver, kept_releases
from checkpoints.storage.errors import StorageError
from contracts.errors import LakegateError
from contracts.model import Zone
from contracts.system_columns import EVENT_DATE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from pyiceberg.catalog import MetastoreCatalog
    from pyiceberg.table import Transaction

    from checkpoints.lake.layout import Lake
    from checkpoints.lake.manifest import Manifest
    from checkpoints.storage.place import Place
    from contracts.model import Contract

VERSION: Final = "lakegate.version"
RUN_ID: Final = "lakegate.run-id"
VERDICT: Final = "lakegate.verdict"
_ZONE: Final = "lakegate.zone"
_PERSONAL_DATA: Final = "lakegate.personal-data"
_LONGEST_COMMENT = 2048  # characters of a table's description, in Glue
_KEPT_METADATA = 20  # older metadata.json files are deleted
_FORMAT: Final = {
    "format-version": "2",
    "gc.enabled": "false",  # engines refuse to expire snapshots, remove orphan files or purge
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": str(_KEPT_METADATA),
}


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What a publication did, by table name.

    ``published``: tables that lagged and were healed. ``dropped``: tables that are no longer released.
    ``failed``: the reason, by table that still lags.
    """

    published: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Promoted:
    """A current version, and all versions of its name whose files are kept."""

    zone: Zone
    manifest: Manifest
    place: Place
    contract: Contract
    kept: Collection[str]

    @property
    def snapshot_properties(self) -> dict[str, str]:
        manifest = self.manifest
        return {VERSION: manifest.version, RUN_ID: manifest.run_id, VERDICT: manifest.verdict}

    @property
    def table_properties(self) -> dict[str, str]:
        description = " ".join(self.contract.description.split())[:_LONGEST_COMMENT]
        return {
            **_FORMAT,
            **self.snapshot_properties,
            _ZONE: self.zone.value,
            "lakegate.contract-version": self.manifest.contract_version,
            _PERSONAL_DATA: ",".join(self.contract.pii_columns),
            "comment": description,
            "Description": description,  # which PyIceberg passes to Glue
        }

    @property
    def files(self) -> list[str]:
        return [self.place.child(file.path).uri for file in self.manifest.files]


def publish(
    address: CatalogAddress,
    lake: Lake,
    zone: Zone,
    contracts: Sequence[Contract],
    kms_key: str | None = None,
    *,
    now: datetime,
) -> PublishResult:
    """Make the catalog show the current versions of SILVER or GOLD.

    Each table is swapped in one commit of its own: Glue has none over several tables. A table that shows the
    current version costs one look-up.

    Args:
        address: of the catalog.
        lake: its pointers say what is current.
        zone: SILVER or GOLD.
        contracts: of the zone's tables; tables without one are not published.
        kms_key: encrypts the metadata on S3.
        now: obsolete metadata older than ``GRACE`` is deleted.

    Raises:
        Exception: the catalog cannot be used. One table's failure is part of the result instead.
    """
    promoted = list(_promoted(lake, zone, contracts))
    if not promoted:
        return PublishResult()
    root = lake.area(zone)
    catalog = open_catalog(address, root, kms_key)
    published: list[str] = []
    dropped: list[str] = []
    failed: dict[str, str] = {}
    changes = {
        one.manifest.name: partial(_publish_table, catalog, root=root, promoted=one, before=now - GRACE)
        for one in promoted
    }
    drops = {name: partial(_drop_table, catalog) for name in _no_longer_released(lake, zone)}
    for into, work in ((published, changes), (dropped, drops)):
        for name, change in work.items():
            try:
                if change(address.table(name)):
                    into.append(name)
            except Exception as error:  # noqa: BLE001 - one table must not hold up the others
                failed[name] = describe(error)
    return PublishResult(tuple(published), tuple(dropped), failed)


def describe(error: Exception) -> str:
    """Return an error of a catalog as one sentence."""
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, LakegateError) else f"{type(error).__name__}: {text}"


def open_catalog(address: CatalogAddress, root: Place, kms_key: str | None = None) -> MetastoreCatalog:
    """Return the catalog, which reads and writes files below a zone's root.

    Raises:
        LakegateError: the Glue database does not exist.
        Exception: the catalog cannot be reached.
    """
    files = {"py-io-impl": "checkpoints.catalog.file_io.LakeFileIO", ROOT: root.uri}
    if kms_key:
        files[KMS_KEY] = kms_key
    if address.kind is CatalogKind.GLUE:
        return _open_glue(address, files)
    return _open_sqlite(address, files)


def _open_glue(address: CatalogAddress, files: Mapping[str, str]) -> MetastoreCatalog:
    from pyiceberg.catalog.glue import GlueCatalog

    from checkpoints.aws import PROBE, aws_client

    # Versions of a Glue table are not kept: the metadata has its own history, and Glue limits their number.
    catalog = GlueCatalog(
        CATALOG, client=aws_client("glue", wait=PROBE), **{"glue.skip-archive": "true", **files}
    )
    if not catalog.namespace_exists(address.namespace):
        raise LakegateError(
            "the Glue database does not exist", where=address.uri, next_step="run `lakegate deploy`"
        )
    return catalog


def _open_sqlite(address: CatalogAddress, files: Mapping[str, str]) -> MetastoreCatalog:
    from pathlib import Path

    from pyiceberg.catalog.sql import SqlCatalog

    Path(address.uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    catalog = SqlCatalog(CATALOG, uri=address.uri, **files)
    catalog.create_namespace_if_not_exists(address.namespace)
    return catalog


def _promoted(lake: Lake, zone: Zone, contracts: Sequence[Contract]) -> Iterator[_Promoted]:
    pointer = read_pointer(lake, zone)
    release = current_release(lake, pointer) if zone is Zone.GOLD else None
    for contract in contracts:
        if release is not None:
            line = pointer.line(RELEASE)
            manifest = next((table for table in release.tables if table.name == contract.name), None)
        else:
            line = pointer.line(contract.name)
            manifest = current_silver(lake, contract.name, pointer) if zone is Zone.SILVER else None
        if line is not None and manifest is not None:
            kept = {ref.version for ref in line.versions}
            yield _Promoted(zone, manifest, current_place(lake, zone, manifest), contract, kept)


def _no_longer_released(lake: Lake, zone: Zone) -> list[str]:
    """Return the tables of earlier releases that the current one lacks: their files will be removed."""
    if zone is not Zone.GOLD:
        return []  # a silver version stays current when its contract is gone
    current, *others = ([table.name for table in release.tables] for release in kept_releases(lake))
    return sorted({name for names in others for name in names} - {*current})


def _drop_table(catalog: MetastoreCatalog, identifier: tuple[str, str]) -> bool:
    """Forget a table, by metadata alone; return False if the catalog has none."""
    try:
        catalog.load_table(identifier)  # fails for a table of another lake
    except NoSuchTableError:
        return False
    catalog.drop_table(identifier)
    return True


def _publish_table(
    catalog: MetastoreCatalog,
    identifier: tuple[str, str],
    root: Place,
    promoted: _Promoted,
    before: datetime,
) -> bool:
    """Swap a table's files for those of the promoted version; return False if it has them already."""
    folder = root.child(METADATA_FOLDER, promoted.manifest.name)
    schema = iceberg_schema(promoted.manifest.schema, promoted.contract)
    try:
        table = catalog.load_table(identifier)
    except NoSuchTableError:
        _check_partition_column(promoted)
        created = catalog.create_table_transaction(
            identifier,
            schema,
            location=folder.uri,
            partition_spec=partition_spec(schema, promoted.contract),
            properties=promoted.table_properties,
        )
        with created as transaction:
            transaction.add_files(promoted.files, promoted.snapshot_properties, check_duplicate_files=False)
        return True
    if table.properties.get(VERSION) == promoted.manifest.version:
        return False
    _check_partition_column(promoted)
    with table.transaction() as transaction:
        if not has_same_columns(table.schema(), schema):
            with transaction.update_schema(allow_incompatible_changes=True) as update:
                evolve_schema(update, table.schema(), schema)
        transaction.set_properties(promoted.table_properties)
        transaction.delete(AlwaysTrue(), promoted.snapshot_properties)
        transaction.add_files(promoted.files, promoted.snapshot_properties, check_duplicate_files=False)
        _expire(transaction, promoted.kept)
    with suppress(StorageError):  # the table shows the version: the next publication tries again
        remove_unreferenced(table, folder, before)
    return True


def _check_partition_column(promoted: _Promoted) -> None:
    """Raise unless the files hold event_date, which PyIceberg would take for null."""
    import pyarrow.parquet as pq

    if not promoted.contract.is_partitioned or not promoted.manifest.files:
        return
    file = promoted.place.child(promoted.manifest.files[0].path)
    with file.storage.open(file.path) as stream:
        columns = pq.read_schema(stream).names
    if EVENT_DATE not in columns:
        raise LakegateError(
            f"the files do not hold {EVENT_DATE}",
            where=file.uri,
            found="a version that an earlier lakegate promoted",
            next_step="run bronze_to_silver",
        )


def _expire(transaction: Transaction, kept: Collection[str]) -> None:
    """Forget the snapshots of versions that are gone, and those between a removal and its replacement."""
    metadata = transaction.table_metadata
    gone = [
        snapshot.snapshot_id
        for snapshot in metadata.snapshots
        if snapshot.snapshot_id != metadata.current_snapshot_id
        and (
            snapshot.summary is None
            or snapshot.summary.operation is Operation.DELETE
            or snapshot.summary.additional_properties.get(VERSION) not in kept
        )
    ]
    if gone:
        with ExpireSnapshots(transaction) as expiry:
            expiry.by_ids(gone)
