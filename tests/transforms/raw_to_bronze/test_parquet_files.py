from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.inventory import FileFacts, FileFormat, Reason
from contracts.model import Source
from tests.transforms.raw_to_bronze.example import facts, inspect
from transforms.formats.gzip import ExpansionLimits
from transforms.raw_to_bronze import validation

TABLE = pa.table(
    {
        "id": pa.array(range(5), pa.int64()),
        "customerID": ["a", None, "b", "c", "d"],
        "geo": [{"src": "DE"}] * 5,
    }
)
SCHEMA = "id: int64\ncustomerID: string\ngeo: struct<src: string>"


def parquet(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def valid(data: bytes, rows: int, schema: str = SCHEMA, **expected: object) -> FileFacts:
    return facts(
        "a.parquet",
        data,
        format=FileFormat.PARQUET,
        names=("id", "customerID", "geo"),
        schema=schema,
        rows=rows,
        **expected,
    )


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip", "brotli", "lz4"])
def test_a_parquet_file_is_read_whole_whatever_its_compression(compression: str) -> None:
    data = parquet(TABLE, compression=compression, row_group_size=2)
    assert inspect("a.parquet", data) == valid(data, 5)


def test_a_parquet_file_without_rows_is_valid() -> None:
    data = parquet(TABLE.slice(0, 0))
    assert inspect("a.parquet", data) == valid(data, 0)


def test_a_source_maps_columns_of_other_names() -> None:
    data = parquet(TABLE)
    source = Source("s", "*", columns={"tx_id": "geo.src", "status": "absent"})
    assert inspect("a.parquet", data, source) == valid(data, 5, source="s")


def test_a_page_that_cannot_be_read_is_found_although_the_footer_can() -> None:
    data = bytearray(parquet(TABLE, compression="snappy", use_dictionary=False, row_group_size=2))
    footer_bytes = int.from_bytes(data[-8:-4], "little")
    end = len(data) - 8 - footer_bytes
    data[end - 30 : end] = bytes(30)
    assert pq.ParquetFile(io.BytesIO(bytes(data))).metadata.num_rows == 5
    assert inspect("a.parquet", bytes(data)).reason == Reason.CORRUPT_PARQUET


def test_a_large_file_goes_through_a_temporary_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "_PARQUET_BYTES_IN_MEMORY", 10)
    data = parquet(TABLE)
    assert inspect("a.parquet", data, chunk_bytes=7) == valid(data, 5)


def test_values_that_take_far_more_memory_than_the_file_are_an_expansion() -> None:
    data = parquet(pa.table({"id": ["x" * 1000] * 20_000, "uid": ["y"] * 20_000}))
    found = inspect("a.parquet", data, limits=ExpansionLimits(1_000_000, 200))
    assert found.reason == Reason.OVERSIZED_EXPANSION
