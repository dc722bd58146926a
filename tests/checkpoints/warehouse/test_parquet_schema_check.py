"""Mismatched files are reported before anything is written, with table and column."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from checkpoints.lake.manifest import ManifestFile
from checkpoints.warehouse.parquet_schema_check import footer_findings
from tests.checkpoints.warehouse.releases import CONTRACTS, FIRST, arrow_schema, promise, write_release

if TYPE_CHECKING:
    from pathlib import Path

LTV = arrow_schema(next(contract for contract in CONTRACTS if contract.name == "user_ltv"))


def typed(column: str, kind: pa.DataType) -> pa.Schema:
    return LTV.set(LTV.get_field_index(column), pa.field(column, kind))


CASES = {
    "the contract's schema": (LTV, []),
    "a timestamp without zone": (typed("first_event", pa.timestamp("us")), []),
    "a large string": (typed("user_id", pa.large_string()), []),
    "a narrower decimal": (
        typed("total_revenue", pa.decimal128(28, 4)),
        ["user_ltv.total_revenue: expected decimal(38,4), found decimal(28,4)"],
    ),
    "another scale": (
        typed("ltv", pa.decimal128(38, 2)),
        ["user_ltv.ltv: expected decimal(38,4), found decimal(38,2)"],
    ),
    "int for bigint": (
        typed("event_count", pa.int32()),
        ["user_ltv.event_count: expected bigint, found int"],
    ),
    "bytes for text": (typed("user_id", pa.binary()), ["user_ltv.user_id: expected string, found binary"]),
    "nanoseconds, as INT96 has": (
        typed("last_event", pa.timestamp("ns")),
        ["user_ltv.last_event: expected timestamp, found timestamp[ns]"],
    ),
    "a missing column": (
        LTV.remove(LTV.get_field_index("ltv")),
        ["user_ltv.ltv: in the contract, but not in the files"],
    ),
    "an extra column": (
        LTV.append(pa.field("more", pa.string())),
        ["user_ltv.more: in the files, but not in the contract"],
    ),
    "another order": (
        pa.schema([LTV.field(1), LTV.field(0), *(LTV.field(n) for n in range(2, len(LTV)))]),
        ["user_ltv.user_id: expected at position 1, found at 2"],
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_schema(title: str, tmp_path: Path) -> None:
    schema, expected = CASES[title]
    rows = [{"user_id": "a", "total_revenue": Decimal(1)}, {"user_id": "b", "total_revenue": Decimal(2)}]
    if schema.get_field_index("user_id") >= 0 and schema.field("user_id").type == pa.binary():
        rows = [{**row, "user_id": str(row["user_id"]).encode()} for row in rows]
    request = write_release(tmp_path, "v1", {"user_ltv": rows}, schemas={"user_ltv": schema})
    assert [str(finding) for finding in footer_findings(request)] == expected


def test_files_that_differ_from_the_manifest_are_named(tmp_path: Path) -> None:
    request = write_release(tmp_path, "v1", FIRST)
    assert footer_findings(request) == ()

    rows = promise(request, "dim_users", rows=7)
    assert list(map(str, footer_findings(rows))) == [
        "dim_users: expected 7 rows as in the manifest, found 2 in the files"
    ]
    part = tmp_path / "dim_users/v1/part-0.parquet"
    size = part.stat().st_size
    missing = promise(request, "dim_users", files=(ManifestFile("part-7.parquet", 1),))
    assert list(map(str, footer_findings(missing))) == [
        f"dim_users: {tmp_path}/dim_users/v1/part-7.parquet is missing"
    ]
    part.write_bytes(part.read_bytes()[:-1])
    assert list(map(str, footer_findings(request))) == [
        f"dim_users: {part}: expected {size} bytes as in the manifest, found {size - 1}"
    ]
    part.write_bytes(b"x" * size)
    (finding,) = map(str, footer_findings(request))
    assert finding.startswith(f"dim_users: {part} is not a readable Parquet file (")
