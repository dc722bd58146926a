"""Parquet: every type that pyarrow writes, in its text form, directly or through a portable copy."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from contracts.inventory import FileFacts, FileFormat
from contracts.model import Contract
from tests.transforms.bronze_to_silver.bronze import bronze_file, cleaned, only
from tests.transforms.promises import EVENTS, TRANSACTIONS
from transforms.bronze_to_silver.files import BronzeFile
from transforms.formats.parquet_portable import is_portable, write_portable

SHORT_CHUNKS = Path(__file__).parents[2] / "fixtures/hostile/pq_nation.dict-malformed.parquet"
NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)


def bronze(path: Path, columns: dict[str, pa.Array], **options: Any) -> BronzeFile:
    pq.write_table(pa.table(columns), path, **options)
    return of(path)


def of(path: Path) -> BronzeFile:
    schema = pq.ParquetFile(path).schema_arrow
    text = schema.to_string(show_schema_metadata=False)
    facts = FileFacts(path.name, 1, "", FileFormat.PARQUET, schema=text, names=tuple(schema.names))
    return bronze_file(facts, path)


def test_typed_values_go_to_their_columns_and_the_rest_to_extra(spark: SparkSession, tmp_path: Path) -> None:
    file = bronze(
        tmp_path / "a.parquet",
        {
            "id": pa.array([1001.0]),
            "USER_ID": pa.array([b"u\xc3\xa9"]),
            "ts": pa.array([NOON], pa.timestamp("us", "Europe/Berlin")),
            "age": pa.array([34.0], pa.float32()),
            "price": pa.array([Decimal("1.10")]),
            "amount": pa.array([0.1], pa.float32()),
            "temperature": pa.array([float("nan")]),
            "message": pa.array([NOON], pa.timestamp("ms")),
            "name": pa.array([date(2024, 1, 2)]),
            "big": pa.array([2**64 - 1], pa.uint64()),
            "tiny": pa.array([1e-7]),
            "flag": pa.array([True]),
            "nested": pa.array([{"b": [1.0, None, 2.5], "a": {"t": NOON, "s": 'é"'}, "d": b"x"}]),
            "pairs": pa.array([[("k", 1), ("j", None)]], pa.map_(pa.string(), pa.int64())),
            "nothing": pa.nulls(1),
        },
    )
    assert cleaned(spark, EVENTS, file) == [
        {
            "event_id": "1001",
            "user_id": "ué",
            "ts": _naive(NOON),
            "age": 34,
            "price": Decimal("1.1000"),
            "amount": Decimal("0.1000"),
            "message": "2024-01-02T12:00:00.000000Z",
            "name": "2024-01-02",
            "_extra": '{"big":"18446744073709551615","flag":"true",'
            '"nested":"{\\"b\\":[1,null,2.5],\\"a\\":{\\"t\\":\\"2024-01-02T12:00:00.000000Z\\",'
            '\\"s\\":\\"é\\\\\\"\\"},\\"d\\":\\"x\\"}",'
            '"pairs":"{\\"k\\":1,\\"j\\":null}","tiny":"0.0000001"}',
            "_source_file": "a.parquet",
            "_raw": '{"id":1001.0,"USER_ID":"ué","ts":"2024-01-02T12:00:00.000000Z","age":34.0,"price":1.10,'
            '"amount":0.1,"temperature":"NaN","message":"2024-01-02T12:00:00.000000","name":"2024-01-02",'
            '"big":18446744073709551615,"tiny":1.0E-7,"flag":true,'
            '"nested":{"b":[1.0,null,2.5],"a":{"t":"2024-01-02T12:00:00.000000Z","s":"é\\""},"d":"eA=="},'
            '"pairs":{"k":1,"j":null}}',
            "event_date": date(2024, 1, 2),
        }
    ]


def test_bytes_that_are_no_utf8_become_replacement_characters(spark: SparkSession, tmp_path: Path) -> None:
    stray, surrogate = b"A\xffB", b"A\xed\xa0\x80B"
    columns = {
        "event_id": pa.array([stray, surrogate]).view(pa.string()),
        "user_id": pa.array([stray, surrogate]),
        "unknown": pa.array([stray, surrogate]).view(pa.string()),
    }
    found = cleaned(spark, EVENTS, bronze(tmp_path / "a.parquet", columns))
    assert [(row["event_id"], row["user_id"], row["_extra"]) for row in found] == [
        ("A\ufffdB", "A\ufffdB", '{"unknown":"A\ufffdB"}'),
        ("A\ufffd\ufffd\ufffdB", "A\ufffd\ufffd\ufffdB", '{"unknown":"A\ufffd\ufffd\ufffdB"}'),
    ]


def test_times_of_every_unit_are_the_same_instant(spark: SparkSession, tmp_path: Path) -> None:
    files = [
        bronze(tmp_path / f"{unit}.parquet", {"tx_id": pa.array([unit]), "created_at": _ticks(unit)})
        for unit in ("s", "ms", "us", "ns")
    ]
    files.append(
        bronze(
            tmp_path / "int96.parquet",
            {"tx_id": pa.array(["int96"]), "created_at": _ticks("ns")},
            use_deprecated_int96_timestamps=True,
        )
    )
    files.append(
        bronze(tmp_path / "z.parquet", {"tx_id": pa.array(["z"]), "created_at": pa.array([date(2024, 1, 2)])})
    )
    rows = cleaned(spark, TRANSACTIONS, *files)
    assert {row["tx_id"]: (row["created_at"], row.get("_date_only_created_at")) for row in rows} == {
        **{unit: (_naive(NOON), None) for unit in ("s", "ms", "us", "ns", "int96")},
        "z": (_naive(NOON.replace(hour=0)), True),
    }


def test_nanoseconds_are_cut_downwards(spark: SparkSession, tmp_path: Path) -> None:
    times = pa.array([-1, 1_999], pa.timestamp("ns"))
    file = bronze(tmp_path / "a.parquet", {"event_id": pa.array(["1", "2"]), "ts": times})
    assert only(cleaned(spark, EVENTS, file), "event_id", "ts") == [
        ("1", _naive(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))),
        ("2", _naive(datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC))),
    ]


FOREIGN: dict[str, tuple[pa.Array, dict[str, Any], str]] = {
    "float16": (pa.array(np.array([0.1], np.float16)), {}, "0.1"),
    "time32": (pa.array([1], pa.time32("ms")), {}, "00:00:00.001000"),
    "time64": (pa.array([1_000], pa.time64("ns")), {}, "00:00:00.000001"),
    "decimal256": (pa.array([Decimal("1.10")], pa.decimal256(50, 2)), {}, "1.10"),
    "uuid": (pa.array([uuid.UUID(int=5).bytes], pa.uuid()), {}, "00000000-0000-0000-0000-000000000005"),
    "nested nanos": (
        pa.array([{"t": 1_000, "x": [1.5, None], "m": None}], pa.struct(
            {"t": pa.timestamp("ns"), "x": pa.list_(pa.float64()), "m": pa.map_(pa.string(), pa.int8())})),
        {},
        '{"t":"1970-01-01T00:00:00.000001Z","x":[1.5,null],"m":null}',
    ),
    "brotli": (pa.array([1.5]), {"compression": "brotli"}, "1.5"),
    "byte stream split": (
        pa.array([1.5]), {"use_dictionary": False, "column_encoding": {"x": "BYTE_STREAM_SPLIT"}}, "1.5"
    ),
    "far milliseconds": (pa.array([2**61], pa.timestamp("ms")), {}, "+294247-01-10T04:00:54.775000Z"),
}  # fmt: skip


def test_what_spark_refuses_is_read_from_a_portable_copy(spark: SparkSession, tmp_path: Path) -> None:
    files = []
    for name, (values, options, _) in FOREIGN.items():
        path = tmp_path / f"{name}.parquet"
        bronze(path, {"event_id": pa.array(["1"]), "x": values}, **options)
        source = pq.ParquetFile(path)
        assert not is_portable(source), name
        copy = tmp_path / f"copy of {name}.parquet"
        with copy.open("wb") as target:
            write_portable(source, target)
        assert is_portable(pq.ParquetFile(copy)), name
        files.append(bronze_file(of(path).facts, copy))
    rows = cleaned(spark, EVENTS, *files)
    assert {row["_source_file"].removesuffix(".parquet"): row["_extra"] for row in rows} == {
        name: '{"x":"' + text.replace('"', '\\"') + '"}' for name, (_, _, text) in FOREIGN.items()
    }


def test_two_columns_of_one_name_both_count_in_a_portable_copy(spark: SparkSession, tmp_path: Path) -> None:
    table = pa.Table.from_arrays(
        [pa.array([None, "1"]), pa.array(["2", "3"])],
        schema=pa.schema([("id", pa.string()), ("id", pa.string())]),
    )
    pq.write_table(table, tmp_path / "a.parquet")
    source = pq.ParquetFile(tmp_path / "a.parquet")
    assert not is_portable(source)
    with (tmp_path / "b.parquet").open("wb") as target:
        write_portable(source, target)
    assert only(cleaned(spark, EVENTS, of(tmp_path / "b.parquet")), "event_id") == [("2",), ("1",)]


def test_a_file_whose_chunks_are_told_too_short_is_read_from_a_copy(
    spark: SparkSession, tmp_path: Path
) -> None:
    source = pq.ParquetFile(SHORT_CHUNKS)
    assert not is_portable(source)
    with (tmp_path / "copy.parquet").open("wb") as target:
        write_portable(source, target)
    rows = cleaned(spark, EVENTS, of(tmp_path / "copy.parquet"))
    assert len(rows) == 25
    assert {row["name"] for row in rows} >= {"ALGERIA", "VIETNAM"}


@pytest.mark.parametrize("contract", [EVENTS, TRANSACTIONS])
def test_a_parquet_file_without_rows_is_no_trouble(
    spark: SparkSession, tmp_path: Path, contract: Contract
) -> None:
    file = bronze(tmp_path / "a.parquet", {"event_id": pa.array([], pa.string())})
    assert cleaned(spark, contract, file) == []


def _ticks(unit: str) -> pa.Array:
    return pa.array([NOON], pa.timestamp("us", "UTC")).cast(pa.timestamp(unit, "UTC"))


def _naive(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)
