"""A lake with tiny real versions to publish, and what PyIceberg, a reader of its own, then sees."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from checkpoints.catalog.publish import PublishResult, open_catalog, publish
from checkpoints.lake.commit import read_pointer
from checkpoints.lake.manifest import Manifest, Release, SchemaColumn
from checkpoints.lake.pointer import RELEASE
from checkpoints.lake.promotion import candidate_files, promote_release, promote_silver, version_folder
from contracts.loader import load_contracts
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyiceberg.table import Table

    from checkpoints.catalog.address import CatalogAddress
    from checkpoints.lake.layout import Lake

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONTRACTS = {
    Zone.SILVER: [load_contracts().silver("transactions")],
    Zone.GOLD: [load_contracts().table("dim_country"), load_contracts().table("daily_revenue")],
}
COLUMNS: Mapping[str, str] = {
    "tx_id": "string",
    "user_id": "string",
    "amount": "decimal(18,4)",
    "created_at": "timestamp",
    "age": "int",
    "event_date": "date",
}
_ARROW = {
    "string": pa.string(),
    "decimal(18,4)": pa.decimal128(18, 4),
    "decimal(38,4)": pa.decimal128(38, 4),
    "timestamp": pa.timestamp("us", "UTC"),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "date": pa.date32(),
}


@dataclass(frozen=True, slots=True)
class CatalogedLake:
    """A lake and its catalog."""

    lake: Lake
    address: CatalogAddress

    def promote(self, version: str, amounts: Mapping[str, Sequence[str]], **columns: str) -> Manifest:
        """Promote transactions, their amounts by day; ``columns``: other types, an empty one drops one."""
        types = {name: kind for name, kind in {**COLUMNS, **columns}.items() if kind}
        place = self.lake.silver("transactions", version)
        for day, of_day in amounts.items():
            rows = [self._transaction(version, day, number, amount) for number, amount in enumerate(of_day)]
            place.child(f"event_date={day}/part-0.parquet").write_bytes(parquet(rows, types))
        manifest = self._manifest(
            Zone.SILVER, "transactions", version, types, sum(map(len, amounts.values()))
        )
        seen = {"transactions": read_pointer(self.lake, Zone.SILVER).seen("transactions")}
        return promote_silver(self.lake, [manifest], seen, now=NOON)[0]

    def release(self, version: str, countries: Sequence[str], without: str = "") -> None:
        """Release dim_country, and daily_revenue without a row and a file; one of them may be left out."""
        rows = [{"country": country} for country in countries]
        place = self.lake.gold("dim_country", version)
        place.child("part-0.parquet").write_bytes(parquet(rows, {"country": "string"}))
        revenue = {"date": "date", "transaction_count": "bigint", "total_revenue": "decimal(38,4)"}
        tables = (
            self._manifest(Zone.GOLD, "dim_country", version, {"country": "string"}, len(rows)),
            self._manifest(Zone.GOLD, "daily_revenue", version, revenue, 0),
        )
        tables = tuple(table for table in tables if table.name != without)
        seen = read_pointer(self.lake, Zone.GOLD).seen(RELEASE)
        release = Release(version, f"run-{version}", NOON, NOON, f"made of {version}", "warn", tables)
        promote_release(self.lake, release, seen, now=NOON)

    def publish(self, zone: Zone = Zone.SILVER, now: datetime = NOON) -> PublishResult:
        """Publish a zone to the catalog."""
        return publish(self.address, self.lake, zone, CONTRACTS[zone], now=now)

    def table(self, name: str = "transactions", zone: Zone = Zone.SILVER) -> Table:
        """Return a table as the catalog has it now."""
        catalog = open_catalog(self.address, self.lake.area(zone))
        return catalog.load_table(self.address.table(name))

    def amounts(self) -> list[str]:
        """Return the amounts of all transactions that the catalog shows."""
        return sorted(str(row) for row in self.table().scan().to_arrow()["amount"].to_pylist())

    def _transaction(self, version: str, day: str, number: int, amount: str) -> dict[str, Any]:
        return {
            "tx_id": f"{version}-{day}-{number}",
            "user_id": "u1",
            "amount": Decimal(amount),
            "created_at": datetime.fromisoformat(f"{day}T10:00:00+00:00"),
            "age": 36,
            "event_date": date.fromisoformat(day),
        }

    def _manifest(self, zone: Zone, name: str, version: str, types: Mapping[str, str], rows: int) -> Manifest:
        folder = version_folder(zone, name, version)
        return Manifest(
            name=name,
            version=version,
            run_id=f"run-{version}",
            as_of=NOON,
            promoted_at=NOON,
            folder=folder,
            files=candidate_files(self.lake.area(zone).child(folder)),
            rows=rows,
            schema=tuple(SchemaColumn(name, kind) for name, kind in types.items()),
            contract_version="1.0.0",
            fingerprint=f"made of {version}",
            verdict="warn",
        )


def parquet(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str]) -> bytes:
    """Return a Parquet file as Spark writes it: zstd, decimals as integers, timestamps in UTC."""
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in types.items()])
    sink = io.BytesIO()
    table = pa.Table.from_pylist([{name: row.get(name) for name in types} for row in rows], schema=schema)
    pq.write_table(table, sink, compression="zstd", store_decimal_as_integer=True)
    return sink.getvalue()
