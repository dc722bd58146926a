"""How upstreams write their rows down: delimited text, JSON in its three forms, Parquet with any types."""

import gzip
import io
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.contract import COLUMNS, aliases
from tests.oracle.delimited import BOM
from tests.oracle.mess_values import instant
from tests.oracle.names import normalise

# A row as an upstream knows it: contract columns and others, in order, each a text or None.
MessyRow = list[tuple[str, str | None]]


def spelling(rng: Random, dataset: str, column: str) -> str:
    """One of the many names under which an upstream sends a contract column."""
    name = rng.choice([column, column, column, *aliases(dataset, column)])
    words = name.split("_")
    return rng.choice(
        [
            name,
            name,
            name.upper(),
            words[0] + "".join(word.capitalize() for word in words[1:]),
            "".join(word.capitalize() for word in words),
            " ".join(words).title(),
            "-".join(words),
            "".join(words),
            f" {name} ",
            f"`{name}`",
            f"'{name}'",
            f"__{name}.",
            f"{'  '.join(words)}:",
        ]
    )


def respelling(rng: Random, name: str) -> str:
    """The same name after section 4.1's normalisation."""
    words = normalise(name).split("_")
    spellings = [name.upper(), name.lower(), " ".join(words).title(), "-".join(words)]
    spellings += [f"`{name}` ", f"_{name}", "".join(word.capitalize() for word in words)]
    return rng.choice([name, *(spelt for spelt in spellings if normalise(spelt) == normalise(name))])


def compress(rng: Random, content: bytes) -> bytes:
    if rng.random() < 0.2:
        middle = len(content) // 2
        return gzip.compress(content[:middle], mtime=0) + gzip.compress(content[middle:], mtime=0)
    return gzip.compress(content, mtime=0)


# --- delimited text ----------------------------------------------------------------------------------------


def encode(rng: Random, text: str) -> bytes:
    encoding = rng.choice(["utf-8"] * 6 + ["utf-8-sig", "utf-16"])
    if encoding == "utf-16" and rng.random() < 0.5:
        return b"\xfe\xff" + text.encode("utf-16-be")
    return text.encode(encoding)


def delimited(rng: Random, dataset: str, rows: list[MessyRow]) -> bytes:
    """With a header, or without one when the rows are exactly the contract's columns."""
    delimiter = rng.choice(",,,\t;|")
    end = rng.choice(["\n", "\n", "\r\n", "\r"])
    columns = [name for name, _ in rows[0]]
    lines = [_line(rng, [value or "" for _, value in row], delimiter) for row in rows]
    lines[1:] = [_break(rng, line, delimiter) if rng.random() < 0.03 else line for line in lines[1:]]
    if columns != [column.name for column in COLUMNS[dataset]] or rng.random() < 0.5:
        known = {column.name for column in COLUMNS[dataset]}
        names = [spelling(rng, dataset, name) if name in known else name for name in columns]
        header = _line(rng, names, delimiter)
        if rng.random() < 0.3:
            again = _line(rng, [respelling(rng, name) for name in names], delimiter)
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(["", BOM]) + rng.choice([header, again]))
        lines.insert(0, header)
    blanks = [" ", "", "\u00a0 \u3000"] + (["\t"] if delimiter != "\t" else [])
    for _ in range(rng.choice([0, 0, 1, 3])):
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(blanks))
    if rng.random() < 0.1:
        lines.append(
            _line(rng, [value or "x" for _, value in rows[0]], delimiter)[:-1] + f'{delimiter}"never closed'
        )
        lines.append(lines[-2])
    if rng.random() < 0.1:
        at = rng.randrange(len(lines))
        lines[at] = BOM + lines[at]
    return encode(rng, end.join(lines) + rng.choice(["", end, end, end + end]))


def _line(rng: Random, values: list[str], delimiter: str) -> str:
    return delimiter.join(_field(rng, value, delimiter) for value in values)


def _field(rng: Random, value: str, delimiter: str) -> str:
    needs_quotes = any(c in value for c in (delimiter, "\n", "\r")) or value.startswith('"')
    if needs_quotes or rng.random() < 0.15:
        return '"' + value.replace('"', '""') + '"'
    return value


def _break(rng: Random, line: str, delimiter: str) -> str:
    """A ragged record, or text after a closing quote."""
    return rng.choice(
        [
            line + delimiter + "one too many",
            "too few",
            f'"closed"and more{delimiter}{line}',
            f'"closed"and more{delimiter}' + delimiter.join(line.split(delimiter)[1:]),
        ]
    )


# --- JSON --------------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def json_object(rng: Random, dataset: str, row: MessyRow) -> str:
    """The object's text, written by hand, so that literals and doubled keys stay as they are."""
    known = {column.name for column in COLUMNS[dataset]}
    members = []
    for name, value in row:
        key = spelling(rng, dataset, name) if name in known and rng.random() < 0.3 else name
        if value is None and rng.random() < 0.5:
            continue
        text = _json_value(rng, value)
        if rng.random() < 0.01:
            text = rng.choice(["NaN", "Infinity", "-Infinity", "true", "[]", '{"a": [1, 2.50, null]}'])
        if rng.random() < 0.02:
            members.append((key, rng.choice(["null", '"-"', "NaN", _json_value(rng, value)])))
        members.append((key, text))
    if rng.random() < 0.1:
        nested = [
            '{ "geo" : {"lat": 1.50, "lon": -0} , "tags":["a", "e\u0301"] }',
            "[1, 2.0, 1e3]",
            '"\\ud800 alone"',
            "1.10",
            "1e400",
            "NaN",
            "true",
            "false",
            '"n/a"',
        ]
        members.append((rng.choice(["payload", "Meta Data", "favColor"]), rng.choice(nested)))
    if rng.random() < 0.02:
        members.append(("name", '"\\udc00lone\\ud83d"'))
    colon, comma = rng.choice([(":", ","), (": ", ", "), (" : ", " ,\t")])
    return "{" + comma.join(json.dumps(k, ensure_ascii=False) + colon + v for k, v in members) + "}"


def _json_value(rng: Random, value: str | None) -> str:
    if value is None:
        return "null"
    if _NUMBER.fullmatch(value) and rng.random() < 0.6:
        return value
    return json.dumps(value, ensure_ascii=rng.random() < 0.5)


_BAD_LINES = [
    '{"event_id": "e1"',
    '{"a": 1}}',
    '{"a": 1} {"b": 2}',
    "[1, 2]",
    "42",
    '"text"',
    "null",
    "{'event_id': 'e1'}",
    '{"a": 1,}',
    "not json",
    '{"a": 01}',
    '{"a": "two\tparts"}',
    '{"a" 1}',
    "// comment",
    '{"a": .5}',
    '{"a": tru}',
    '{"a": "\\x"}',
]


def json_lines(rng: Random, dataset: str, rows: list[MessyRow]) -> bytes:
    end = rng.choice(["\n", "\n", "\r\n"])
    lines = [json_object(rng, dataset, row) for row in rows]
    for _ in range(rng.choice([0, 0, 1, 2])):
        lines.insert(rng.randrange(1, len(lines) + 1), rng.choice(_BAD_LINES))
    for _ in range(rng.choice([0, 0, 2])):
        lines.insert(rng.randrange(1, len(lines) + 1), rng.choice(["", "  ", "\t"]))
    if rng.random() < 0.2:
        at = rng.randrange(len(lines))
        lines[at] = BOM + lines[at]
    return encode(rng, end.join(lines) + rng.choice(["", end]))


_GARBAGE = [
    *(",", "xyz", "null", "[1]", "}", "7"),
    *('{"a": }', '{"b": {"c": 1}, "d"}', '{"e": "}" 1}', '{"f": 1,}'),
]


def concatenated_json(rng: Random, dataset: str, rows: list[MessyRow]) -> bytes:
    """Objects one after another, with garbage between them; the first two stand side by side."""
    texts = [json_object(rng, dataset, row) for row in rows]
    first, others = texts[0], texts[1:] or [json_object(rng, dataset, rows[0])]
    for _ in range(rng.choice([0, 0, 1, 2])):
        others.insert(rng.randrange(1, len(others) + 1), rng.choice(_GARBAGE))
    text = first + rng.choice(["", " ", "\t"]) + others[0]
    for piece in others[1:]:
        text += rng.choice(["", "", " ", "\n", "\r\n\n", BOM, f"\n{BOM}"]) + piece
    return encode(rng, text + rng.choice(["", "", "\n", '{"event_id": "unfini']))


def json_array(rng: Random, dataset: str, rows: list[MessyRow]) -> bytes:
    elements = [json_object(rng, dataset, row) for row in rows]
    if rng.random() < 0.3:
        elements.insert(rng.randrange(len(elements)), rng.choice(["1", "null", '"x"', "[]", "NaN"]))
    between = rng.choice([",", ",\n", " ,\r\n  "])
    return encode(rng, rng.choice(["", "\n "]) + "[" + between.join(elements) + "]" + rng.choice(["", "\n"]))


# --- Parquet -----------------------------------------------------------------------------------------------


def parquet(rng: Random, dataset: str, rows: list[MessyRow]) -> bytes:
    types = {column.name: column.type for column in COLUMNS[dataset]}
    names, arrays = [], []
    for i, (column, _) in enumerate(rows[0]):
        name = spelling(rng, dataset, column) if column in types and rng.random() < 0.4 else column
        if name in names:
            continue
        names.append(name)
        arrays.append(_array(rng, column, types.get(column), [row[i][1] for row in rows]))
    content = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=names), content, **_options(rng))
    return content.getvalue()


def _options(rng: Random) -> dict[str, Any]:
    """How Parquet is written: codecs, page versions, the old INT96, several row groups."""
    return {
        "compression": rng.choice(["snappy", "gzip", "zstd", "none", "brotli", "lz4"]),
        "data_page_version": rng.choice(["1.0", "1.0", "2.0"]),
        "use_dictionary": rng.choice([True, False]),
        "use_deprecated_int96_timestamps": rng.random() < 0.15,
        "row_group_size": rng.choice([None, 3]),
        "write_statistics": rng.random() < 0.8,
    }


def _array(rng: Random, column: str, type_: str | None, texts: list[str | None]) -> pa.Array:
    if type_ == "timestamp" and rng.random() < 0.7:
        return _timestamps(rng, column, texts)
    if type_ in ("int", "decimal", "double") and rng.random() < 0.7:
        return _numbers(rng, type_, texts)
    odds_of_typed = {"name": 0.15, "message": 0.3, "city": 0.15, "phone": 0.3} if type_ else {column: 0.7}
    if rng.random() < odds_of_typed.get(column, 0):
        return _others(rng, texts)
    match rng.randrange(8):
        case 0:
            return pa.array([None if t is None else t.encode() for t in texts], pa.binary())
        case 3:
            return pa.array([None if t is None else t.encode() for t in texts], pa.large_binary())
        case 4:
            return pa.array([None] * len(texts), rng.choice([pa.string(), pa.null()]))
        case 1:
            return pa.array(texts, pa.string()).dictionary_encode()
        case 2:
            return pa.array(texts, pa.large_string())
        case _:
            return pa.array(texts, pa.string())


def _timestamps(rng: Random, column: str, texts: list[str | None]) -> pa.Array:
    at = [None if t is None else instant(rng, column) for t in texts]
    match rng.randrange(8):
        case 0:
            return pa.array([i and i.date() for i in at], pa.date32())
        case 1:
            return pa.array([i and i.timestamp() for i in at], pa.float64())
        case 2:
            return pa.array([i and int(i.timestamp() * 1000) for i in at], pa.int64())
        case 3:
            nanos = [
                None if i is None else int(i.timestamp()) * 10**9 + i.microsecond * 1000 + 999 for i in at
            ]
            return pa.array(nanos, pa.int64()).cast(pa.timestamp("ns", tz=rng.choice([None, "UTC"])))
        case _:
            unit = rng.choice(["s", "ms", "us", "us"])
            zone = rng.choice([None, "UTC", "Europe/Paris"])
            micros = [None if i is None else int(i.timestamp()) * 10**6 + i.microsecond for i in at]
            exact = pa.array(micros, pa.int64()).cast(pa.timestamp("us", tz=zone))
            return exact.cast(pa.timestamp(unit, tz=zone), safe=False)


def _numbers(rng: Random, type_: str, texts: list[str | None]) -> pa.Array:
    high = 60 if type_ == "int" else 5000
    whole = [None if t is None else rng.randrange(high) for t in texts]
    kinds = ["float64", "float32", "int32", "int64", "int16", "decimal", "uint8" if high < 256 else "uint32"]
    kinds += ["uint64", "uint16", "float16" if high < 256 else "float32", "dictionary"]
    match rng.choice([*kinds, "bool"] if rng.random() < 0.1 else kinds):
        case "decimal":
            scale = rng.choice([0, 2, 6, 18])
            exponent = Decimal(10) ** -scale
            values = [None if w is None else (Decimal(w) * exponent).quantize(exponent) for w in whole]
            kind = rng.choice([pa.decimal128(30, scale), pa.decimal128(38, scale), pa.decimal256(50, scale)])
            return pa.array(values, kind)
        case "dictionary":
            return pa.array(whole, pa.int32()).dictionary_encode()
        case "float64" | "float32" | "float16" as kind:
            odd = [float("nan"), float("inf"), float("-inf"), -1.0, 1e-7, 1.1]
            divisor = 1 if type_ == "int" else rng.choice([1, 3, 10, 128])
            values = [None if w is None else w / divisor for w in whole]
            values = [rng.choice(odd) if v is not None and rng.random() < 0.03 else v for v in values]
            return pa.array(values, pa.float64()).cast(getattr(pa, kind)(), safe=False)
        case "bool":
            return pa.array([None if w is None else bool(w % 2) for w in whole], pa.bool_())
        case kind:
            return pa.array(whole, getattr(pa, kind)())


def _others(rng: Random, texts: list[str | None]) -> pa.Array:
    whole = [None if t is None else rng.randrange(1000) for t in texts]
    match rng.randrange(12):
        case 8:
            times = [None if w is None else w * 1_000_000 for w in whole]
            return pa.array(times, pa.int64()).cast(rng.choice([pa.time64("us"), pa.timestamp("us")]))
        case 9:
            inner = [None if w is None else {"at": [w, None], "n": w * 10**9, "f": w / 7} for w in whole]
            fields = {"at": pa.list_(pa.int8()), "n": pa.timestamp("ns"), "f": pa.float32()}
            return pa.array([row and {**row, "at": [1]} for row in inner], pa.struct(fields))
        case 10:
            deep = [None if w is None else [{"k": [f"\U0001f600{w}", None]}, None] for w in whole]
            return pa.array(deep, pa.large_list(pa.struct({"k": pa.list_(pa.string())})))
        case 11:
            exact = [None if w is None else Decimal(w).scaleb(-3) for w in whole]
            return pa.array([None if e is None else [e] for e in exact], pa.list_(pa.decimal128(12, 3)))
        case 0:
            return pa.array([None if w is None else {"a": w, "b": f"v{w}"} for w in whole])
        case 1:
            return pa.array([None if w is None else [w, 0] for w in whole])
        case 2:
            return pa.array(
                [None if w is None else [(f"k{w}", w)] for w in whole], pa.map_(pa.string(), pa.int64())
            )
        case 3:
            return pa.array([None if w is None else bool(w % 2) for w in whole])
        case 4:
            return pa.array([None if w is None else w / rng.choice([1, 7]) for w in whole], pa.float32())
        case 5:
            return pa.array([None if w is None else date(2024, 1, 1 + w % 28) for w in whole])
        case 6:
            at = [None if w is None else datetime(2024, 1, 1, 0, 0, w % 60, w, tzinfo=UTC) for w in whole]
            return pa.array(at, pa.timestamp("us", tz="UTC"))
        case _:
            return pa.array([None if w is None else Decimal(w) / 4 for w in whole], pa.decimal128(20, 3))


def ids_as_numbers(rng: Random, count: int) -> pa.Array:
    """Keys that an upstream keeps as numbers: 1001.0 as an id is `1001`."""
    values: list[Any] = [1000 + rng.randrange(24) for _ in range(count)]
    return pa.array(values, rng.choice([pa.float64(), pa.float32(), pa.int64(), pa.int32()]))
