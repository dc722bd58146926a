"""Test data: tiny gold releases as Parquet files in Spark's types."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from checkpoints.lake.manifest import ColumnSum, Manifest, ManifestFile, Release
from checkpoints.storage.local import LocalStorage
from checkpoints.storage.place import Place
from checkpoints.warehouse.load_request import LoadRequest, load_request
from contracts.loader import load_contracts
from contracts.model import Contract, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 12, tzinfo=UTC)
CONTRACTS = load_contracts().gold

_ARROW = {
    Kind.STRING: pa.string(),
    Kind.INTEGER: pa.int32(),
    Kind.BIGINT: pa.int64(),
    Kind.DOUBLE: pa.float64(),
    Kind.TIMESTAMP: pa.timestamp("us", "UTC"),
    Kind.DATE: pa.date32(),
    Kind.BOOLEAN: pa.bool_(),
}

Rows = "Sequence[Mapping[str, object]]"
FIRST: Mapping[str, Rows] = {
    "dim_users": [
        {"user_id": "ann", "name": "Ann 'O\"Neill;", "age": 30, "updated_at": NOON},
        {"user_id": "bob", "updated_at": datetime(1900, 1, 1, tzinfo=UTC)},
    ],
    "dim_date": [
        {
            "date": date(2026, 1, 1),
            "year": 2026,
            "month": 1,
            "day": 1,
            "day_of_week": "Thu",
            "week_of_year": 1,
            "month_name": "January",
        }
    ],
    "fact_transactions": [
        {
            "tx_id": f"t{n}",
            "user_id": "ann",
            "amount": Decimal("0.1001"),
            "created_at": NOON,
            "tx_date": date(2026, 1, 1),
        }
        for n in range(3)
    ],
    "daily_revenue": [
        {
            "date": date(2026, 1, 1),
            "transaction_count": 3,
            "total_revenue": Decimal("0.3003"),
            "avg_amount": Decimal("0.1001"),
            "delivered_count": 0,
        }
    ],
    "user_ltv": [
        {
            "user_id": "ann",
            "event_count": 0,
            "transaction_count": 3,
            "total_revenue": Decimal("0.3003"),
            "ltv": Decimal("0.3003"),
        }
    ],
}
SECOND: Mapping[str, Rows] = FIRST | {"dim_users": [{"user_id": "cleo"}], "dim_status": [{"status": "paid"}]}


def arrow_schema(contract: Contract) -> pa.Schema:
    """Return a contract's Arrow schema, as read from Parquet written by Spark."""
    return pa.schema(
        [
            (
                column.name,
                pa.decimal128(column.type.precision, column.type.scale)
                if column.type.kind is Kind.DECIMAL
                else _ARROW[column.type.kind],
            )
            for column in contract.columns
        ]
    )


def write_release(
    root: Path | Place,
    version: str,
    tables: Mapping[str, Rows] = FIRST,
    contracts: Sequence[Contract] = CONTRACTS,
    schemas: Mapping[str, pa.Schema] | None = None,
) -> LoadRequest:
    """Write a release's files below ``root`` and return the request to load it.

    Rows are split over two files; a table without rows has one empty file, dim_country has none. Every
    table's folder also has a file that is not in the manifest.
    """
    manifests = []
    gold = root if isinstance(root, Place) else Place(LocalStorage(root))
    for contract in contracts:
        folder, rows = f"{contract.name}/{version}", list(tables.get(contract.name, ()))
        schema = (schemas or {}).get(contract.name, arrow_schema(contract))
        parts = [] if contract.name == "dim_country" else [rows[:1], rows[1:]] if len(rows) > 1 else [rows]
        files = []
        for number, part in enumerate(parts):
            size_bytes = _write_parquet(gold.child(folder, f"part-{number}.parquet"), part, schema)
            files.append(ManifestFile(f"part-{number}.parquet", size_bytes, len(part)))
        _write_parquet(gold.child(folder, "part-9.parquet"), rows, schema)
        sums = tuple(
            ColumnSum(column, sum((row[column] for row in rows), Decimal(0)))  # type: ignore[misc]
            for column in contract.sums
        )
        manifests.append(
            Manifest(
                name=contract.name,
                version=version,
                run_id=f"run {version}",
                as_of=NOON,
                promoted_at=NOON,
                folder=folder,
                files=tuple(files),
                rows=len(rows),
                schema=(),
                contract_version=contract.version,
                fingerprint="",
                verdict="pass",
                sums=sums,
            )
        )
    release = Release(version, f"run {version}", NOON, NOON, "", "pass", tuple(manifests))
    return load_request(release, contracts, gold)


def _write_parquet(place: Place, rows: Rows, schema: pa.Schema) -> int:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), stream)
    place.write_bytes(stream.getvalue())
    return stream.tell()


def promise(request: LoadRequest, table: str, **changed: object) -> LoadRequest:
    """Return the request with a changed manifest of one table."""
    manifests = tuple(
        replace(one, **changed) if one.name == table else one  # type: ignore[arg-type]
        for one in request.release.tables
    )
    tables = tuple(
        replace(one, manifest=next(m for m in manifests if m.name == one.name)) for one in request.tables
    )
    return replace(request, release=replace(request.release, tables=manifests), tables=tables)
