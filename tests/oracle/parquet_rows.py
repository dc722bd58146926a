"""The rows of a Parquet file as records: every typed value by its text form (section 4.1)."""

import json
import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.json_text import Literal, Members, compact_json
from tests.oracle.records import Cell, Record
from tests.oracle.values import Moment

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parquet_names(path: Path) -> list[str]:
    return list(pq.ParquetFile(path).schema_arrow.names)


def parquet_records(path: Path) -> Iterator[Record]:
    table = pq.ParquetFile(path).read()
    columns = [[parquet_cell(value) for value in column] for column in table.columns]
    for i in range(table.num_rows):
        cells = tuple((name, column[i]) for name, column in zip(table.column_names, columns, strict=True))
        raw = {name: cell.text for name, cell in cells if cell.text is not None}
        yield Record(json.dumps(raw, ensure_ascii=False), cells)


def parquet_cell(value: pa.Scalar) -> Cell:
    type_ = value.type
    if not value.is_valid:
        return Cell(None)
    if pa.types.is_dictionary(type_):
        return parquet_cell(value.value)
    if pa.types.is_timestamp(type_):
        units_a_second = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}[type_.unit]
        instant = _EPOCH + timedelta(microseconds=value.value * 10**6 // units_a_second)
        return Cell(f"{instant:%Y-%m-%dT%H:%M:%S.%f}Z", is_typed=True, moment=Moment(instant))
    if pa.types.is_date(type_):
        day: date = value.as_py()
        instant = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return Cell(day.isoformat(), is_typed=True, moment=Moment(instant, is_date_only=True))
    if pa.types.is_floating(type_):
        text = shortest_text(value.as_py(), bits=type_.bit_width)
        return Cell(text, is_typed=True)
    if pa.types.is_nested(type_):
        node = _parquet_node(value)
        return Cell(compact_json(node), is_typed=True, node=node)
    if pa.types.is_binary(type_) or pa.types.is_large_binary(type_) or pa.types.is_fixed_size_binary(type_):
        return Cell(value.as_py().decode("utf-8", errors="replace"))
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return Cell(value.as_py())
    if pa.types.is_boolean(type_):
        return Cell("true" if value.as_py() else "false", is_typed=True)
    if pa.types.is_decimal(type_):
        return Cell(f"{value.as_py():f}", is_typed=True)
    return Cell(str(value.as_py()), is_typed=True)


def _parquet_node(value: pa.Scalar) -> Any:
    """A nested Parquet value as the JSON that it would be."""
    if not value.is_valid:
        return None
    if pa.types.is_struct(value.type):
        return Members((field.name, _parquet_node(value[field.name])) for field in value.type)
    if pa.types.is_map(value.type):
        return Members((str(pair[0]), _parquet_node(pa.scalar(pair[1]))) for pair in value.as_py())
    if pa.types.is_nested(value.type):
        return [_parquet_node(item) for item in value.values]
    cell = parquet_cell(value)
    if cell.text is None:
        return None
    if pa.types.is_boolean(value.type):
        return cell.text == "true"
    is_number = (
        pa.types.is_integer(value.type) or pa.types.is_floating(value.type) or pa.types.is_decimal(value.type)
    )
    return Literal(cell.text) if is_number else cell.text


def shortest_text(value: float, bits: int = 64) -> str | None:
    """The shortest decimal text that reads back as this float: no exponent, no point when it is whole."""
    if value != value or value in (float("inf"), float("-inf")):
        return None
    if bits == 64:
        shortest = repr(value)
    else:
        code = {32: "<f", 16: "<e"}[bits]
        candidates = (f"{value:.{digits}g}" for digits in range(1, 18))
        shortest = next(c for c in candidates if _survives(float(c), value, code))
    text = f"{Decimal(shortest):f}"
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _survives(candidate: float, value: float, code: str) -> bool:
    try:
        return struct.unpack(code, struct.pack(code, candidate))[0] == value
    except OverflowError:
        return False
