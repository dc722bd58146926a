"""The records of a file, each with its raw text and its cells, before any value is cleaned."""

import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.values import Moment


@dataclass(frozen=True)
class Cell:
    """One value of a source column: its text form (None: null), and what a typed source knows besides."""

    text: str | None
    is_typed: bool = False
    moment: Moment | None = None
    node: Any = None  # the parsed JSON value or the Parquet value, for nested paths
    is_failed: bool = False  # an expression failed


@dataclass(frozen=True)
class Record:
    raw: str
    cells: tuple[tuple[str, Cell], ...] | None  # None: malformed


# --- delimited text ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A delimited record, still without names."""

    raw: str
    fields: tuple[str, ...]
    is_broken: bool


def delimited_lines(text: str, delimiter: str, quote: str = '"') -> Iterator[Line]:
    """RFC 4180, by hand. Lines of blanks only are left out."""
    at = 0
    while at < len(text):
        end_of_line = text.find("\n", at)
        end_of_line = len(text) if end_of_line < 0 else end_of_line
        if _is_blank(text[at:end_of_line], delimiter):
            at = end_of_line + 1
            continue
        line, at = _read_record(text, at, delimiter, quote)
        yield line


def _is_blank(line: str, delimiter: str) -> bool:
    return all(c.isspace() and c != delimiter for c in line)


def _read_record(text: str, start: int, delimiter: str, quote: str) -> tuple[Line, int]:
    fields: list[str] = []
    is_broken = False
    at = start
    while True:
        value = ""
        if text[at : at + 1] == quote:
            at += 1
            while True:
                if at >= len(text):  # the quote is never closed
                    return Line(_without_line_end(text[start:]), (*fields, value), True), len(text)
                if text[at] == quote and text[at + 1 : at + 2] == quote:
                    value += quote
                    at += 2
                elif text[at] == quote:
                    at += 1
                    break
                else:
                    value += text[at]
                    at += 1
            if not _ends_field(text, at, delimiter):
                is_broken = True
        while not _ends_field(text, at, delimiter):
            value += text[at]
            at += 1
        fields.append(value)
        if text[at : at + 1] == delimiter:
            at += 1
            continue
        raw = text[start:at]
        at += 2 if text[at : at + 2] == "\r\n" else 1
        return Line(raw, tuple(fields), is_broken), at


def _ends_field(text: str, at: int, delimiter: str) -> bool:
    return at >= len(text) or text[at] in (delimiter, "\n") or text[at : at + 2] == "\r\n"


def _without_line_end(text: str) -> str:
    return re.sub(r"\r?\n\Z", "", text)


# --- JSON --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Literal:
    """A JSON number, as it is written."""

    text: str


class NotFinite:
    """The tokens NaN, Infinity and -Infinity."""


class Members(list[tuple[str, Any]]):
    """A JSON object: its members in order, doubled keys included."""


class NotJson(ValueError):  # noqa: N818  a finding, not an error of ours
    """The text is no JSON."""


_decoder = json.JSONDecoder(
    parse_int=Literal, parse_float=Literal, parse_constant=lambda _: NotFinite(), object_pairs_hook=Members
)
_BLANKS = " \t\r\n"


def parse_json(text: str) -> Any:
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def parse_object(text: str) -> Members | None:
    """The object that the whole text is, or None."""
    try:
        node = parse_json(text)
    except NotJson:
        return None
    return node if isinstance(node, Members) else None


def array_elements(text: str) -> list[tuple[str, Any]]:
    """The elements of a JSON array, each with its text as written. Raises NotJson."""
    elements: list[tuple[str, Any]] = []
    parse_json(text)  # the whole must be JSON before its pieces are looked at
    at = _skip_blanks(text, text.index("[") + 1)
    while text[at] != "]":
        node, end = _decoder.raw_decode(text, at)
        elements.append((text[at:end], node))
        at = _skip_blanks(text, end)
        if text[at] == ",":
            at = _skip_blanks(text, at + 1)
    return elements


def _skip_blanks(text: str, at: int) -> int:
    while text[at] in _BLANKS:
        at += 1
    return at


def compact_json(node: Any) -> str:
    match node:
        case Members():
            members = [f"{json.dumps(k, ensure_ascii=False)}:{compact_json(v)}" for k, v in node]
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(compact_json(v) for v in node) + "]"
        case Literal():
            return node.text
        case NotFinite():
            return "null"
        case _:
            return json.dumps(node, ensure_ascii=False)


def json_cell(node: Any) -> Cell:
    match node:
        case None | NotFinite():
            return Cell(None)
        case str():
            return Cell(node)
        case Literal():
            return Cell(node.text, is_typed=True)
        case bool():
            return Cell("true" if node else "false", is_typed=True)
        case _:
            return Cell(compact_json(node), is_typed=True, node=node)


def json_record(raw: str, node: Any) -> Record:
    if not isinstance(node, Members):
        return Record(raw, None)
    return Record(raw, tuple((key, json_cell(value)) for key, value in node))


def text_lines(text: str) -> list[str]:
    """The non-blank lines, LF or CRLF, without their ends."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [line for line in lines if line.strip()]


def json_line_records(text: str) -> Iterator[Record]:
    for line in text_lines(text):
        yield json_record(line, parse_object(line))


# --- Parquet -----------------------------------------------------------------------------------------------

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
