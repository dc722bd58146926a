"""Given files: the bytes of texts, Base64 and Parquet rows."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from dags.contract_tests.given import GivenFile


@pytest.mark.parametrize(
    ("given", "content"),
    [
        ("a,b\n1,ü\n", "a,b\n1,ü\n".encode()),
        ({"text": "ü", "encoding": "cp1252"}, b"\xfc"),
        ({"text": "ü", "encoding": "utf-16-le"}, b"\xfc\x00"),
        ({"text": "a LONG b", "repeat": {"LONG": {"text": "xy", "times": 3}}}, b"a xyxyxy b"),
        ({"base64": "AAEC\n/w==\n"}, b"\x00\x01\x02\xff"),
    ],
)
def test_a_given_file_has_these_bytes(given: object, content: bytes) -> None:
    assert GivenFile.model_validate(given).content() == content


def test_a_compressed_file_has_equal_bytes_each_time() -> None:
    file = GivenFile.model_validate({"text": "a\n", "gzip": True})
    assert gzip.decompress(file.content()) == b"a\n"
    assert file.content() == file.content()


def test_rows_are_written_as_parquet_of_the_given_types() -> None:
    rows = [
        {
            "id": "a",
            "amount": 1.25,
            "at": datetime(2024, 5, 1, 10, tzinfo=UTC),
            "day": date(2024, 5, 1),
            "age": 36,
        },
        {"id": "b"},
    ]
    types = {
        "id": "string",
        "amount": "decimal(18, 4)",
        "at": "timestamp",
        "day": "date32",
        "age": "int32",
    }
    file = GivenFile.model_validate({"rows": rows, "types": types})
    found = pq.read_table(io.BytesIO(file.content()))
    assert found.schema.types == [
        pa.string(),
        pa.decimal128(18, 4),
        pa.timestamp("us", "UTC"),
        pa.date32(),
        pa.int32(),
    ]
    assert found.to_pylist() == [
        {**rows[0], "amount": Decimal("1.2500")},
        {"id": "b", "amount": None, "at": None, "day": None, "age": None},
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "a file is a text, or a mapping with one of text, base64 and rows"),
        ({"text": "", "base64": ""}, "a file is a text, or a mapping with one of text, base64 and rows"),
        ({"rows": [{"a": 1}]}, "rows need types, one for each column, and nothing else has them"),
        (
            {"text": "", "types": {"a": "string"}},
            "rows need types, one for each column, and nothing else has them",
        ),
        ({"rows": [{"a": 1, "b": 2}], "types": {"a": "int32"}}, "no type is given for b"),
        ({"rows": [{"a": "x"}], "types": {"a": "int32"}}, "the rows are not of their types"),
        ({"rows": [{"a": "x"}], "types": {"a": "decimal(4,2)"}}, "the rows are not of their types"),
        ({"rows": [], "types": {"a": "text"}}, "unknown type 'text'; known: string, binary, bool"),
        ({"base64": "A?"}, "Only base64 data is allowed"),
        ({"text": "€", "encoding": "latin-1"}, "'latin-1' codec can't encode character"),
    ],
)
def test_what_cannot_be_made_into_bytes_is_refused(given: object, message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        GivenFile.model_validate(given)
    assert message in str(raised.value)
