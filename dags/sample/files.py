"""Writers of sample files, in the file formats of different upstreams."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random
    from types import TracebackType

    import pyarrow.parquet as pq

FLUSH_LINES = 20_000
Texts = Sequence[str | None]


@dataclass(frozen=True)
class Flavour:
    """File format of an upstream: extension, layout and column naming."""

    extension: str
    layout: str  # delimited | json_lines | json_array | parquet
    naming: str = "plain"  # plain | camel | upper | alias | none (no header)
    delimiter: str = ","
    encoding: str = "utf-8"
    line_break: str = "\n"
    breaks_lines: bool = False  # a quoted field may hold a line break
    has_extra: bool = False  # with a column that is unknown to the contracts

    @property
    def is_typed(self) -> bool:
        """Whether values have types, so that none can be misspelled or malformed."""
        return self.layout == "parquet"


FLAVOURS = (
    Flavour(".csv", "delimited"),
    Flavour(".jsonl", "json_lines"),
    Flavour(".parquet", "parquet"),
    Flavour(".csv.gz", "delimited", naming="camel", has_extra=True),
    Flavour(".ndjson", "json_lines", naming="camel", has_extra=True),
    Flavour(".tsv", "delimited", naming="upper", delimiter="\t"),
    Flavour(".json", "json_array", naming="alias"),
    Flavour(".CSV", "delimited", naming="alias", delimiter=";", line_break="\r\n", breaks_lines=True),
    Flavour(".ndjson.gz", "json_lines", naming="alias"),
    Flavour(".parquet", "parquet", naming="camel", has_extra=True),
    Flavour(".txt", "delimited", delimiter="|", naming="plain", encoding="utf-8-sig"),
    Flavour(".json", "json_lines"),
    Flavour(".csv", "delimited", naming="none"),
    Flavour(".txt", "json_lines", naming="upper"),
    Flavour(".csv", "delimited", encoding="utf-16", breaks_lines=True),
    Flavour(".json.gz", "json_array"),
    Flavour(".log.gz", "json_lines"),
    Flavour(".tsv.gz", "delimited", delimiter="\t", naming="alias"),
    Flavour(".jsonl.gz", "json_lines", has_extra=True),
    Flavour(".txt.gz", "delimited", line_break="\r\n"),
)

ALIASES = {
    "event_id": "id",
    "ts": "event_time",
    "user_id": "customer_id",
    "tx_id": "order_id",
    "amount": "total",
    "created_at": "purchase_ts",
    "updated_at": "last_updated",
    "delivered_at": "delivery_date",
}


def spell_name(column: str, naming: str) -> str:
    """Return a contract column's name in the given naming."""
    if naming == "camel":
        first, *rest = column.split("_")
        return first + "".join(word.capitalize() for word in rest)
    if naming == "upper":
        return column.upper().replace("_", " ")
    if naming == "alias":
        return ALIASES.get(column, column)
    return column


class TextWriter:
    """Context manager that writes delimited or JSON text, complete after the `with` block."""

    def __init__(self, path: Path, flavour: Flavour, columns: Sequence[str], numeric: frozenset[str]) -> None:
        self._path, self._flavour = path, flavour
        names = [spell_name(c, flavour.naming) for c in columns]
        self._names = [*names, "utmCampaign"] if flavour.has_extra else names
        self._keys = [json.dumps(name) for name in self._names]
        self._is_numeric = [c in numeric for c in columns] + [False]
        self._lines: list[str] = []
        self._stack = ExitStack()
        self._rows = 0

    def __enter__(self) -> TextWriter:
        path, flavour = self._path, self._flavour
        path.parent.mkdir(parents=True, exist_ok=True)
        raw: IO[bytes] = self._stack.enter_context(path.open("wb"))
        if flavour.extension.endswith(".gz"):
            # No name and time in the header, so that the same seed gives the same bytes.
            zipped = gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=3, mtime=0)
            raw = cast("IO[bytes]", self._stack.enter_context(zipped))
        self._raw = raw
        self._encoding = flavour.encoding
        if flavour.layout == "delimited" and flavour.naming != "none":
            self._lines.append(flavour.delimiter.join(self._field(name) for name in self._names))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush(is_last=True)
        finally:
            self._stack.close()

    def write(self, texts: Texts) -> None:
        """Write one row; ``texts`` are in the columns' order."""
        if self._flavour.has_extra:
            texts = (*texts, "spring")
        self._put(self._delimited(texts) if self._flavour.layout == "delimited" else self._json(texts))

    def write_malformed(self, random: Random, texts: Texts) -> None:
        """Write one record that cannot be parsed."""
        if self._flavour.layout == "json_array":
            self._put('"lost and found"')
        elif self._flavour.layout == "json_lines":
            self._put(self._json(texts)[:-3])
        elif random.random() < 0.5:
            self._put(self._delimited((*texts, "one", "two", "many")))
        else:
            self._put('"quoted" and more' + self._delimited(texts))

    def _delimited(self, texts: Texts) -> str:
        return self._flavour.delimiter.join(["" if text is None else self._field(text) for text in texts])

    def _field(self, text: str) -> str:
        if self._flavour.breaks_lines and text.startswith("Hello"):
            text = text.replace(" ", "\n", 1)
        if self._flavour.delimiter in text or "\n" in text or text.startswith('"'):
            return '"' + text.replace('"', '""') + '"'
        return text

    def _json(self, texts: Texts) -> str:
        members = []
        for key, text, is_numeric in zip(self._keys, texts, self._is_numeric, strict=False):
            if text is None:
                members.append(f"{key}:null")
            elif is_numeric and _is_json_number(text):
                members.append(f"{key}:{text}")
            elif text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
                members.append(f'{key}:"{text}"')
            else:
                members.append(f"{key}:{json.dumps(text)}")
        return "{" + ",".join(members) + "}"

    def _put(self, line: str) -> None:
        if self._flavour.layout == "json_array":
            line = ("[" if self._rows == 0 else ",") + line
        self._lines.append(line)
        self._rows += 1
        if len(self._lines) >= FLUSH_LINES:
            self._flush(is_last=False)

    def _flush(self, *, is_last: bool) -> None:
        if is_last and self._flavour.layout == "json_array":
            self._lines.append("]" if self._rows else "[]")
        if self._lines:
            text = self._flavour.line_break.join([*self._lines, ""])
            self._raw.write(text.encode(self._encoding))
            # Only the first chunk has a byte-order mark.
            self._encoding = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(self._encoding, self._encoding)
            self._lines.clear()


def _is_json_number(text: str) -> bool:
    digits = text.removeprefix("-")
    whole, dot, rest = digits.partition(".")
    if not (whole.isascii() and whole.isdecimal() and (whole == "0" or whole[0] != "0")):
        return False
    return not dot or (rest.isascii() and rest.isdecimal())


class ParquetWriter:
    """Context manager that writes typed columns from the same texts in standard spelling."""

    def __init__(self, path: Path, flavour: Flavour, columns: Sequence[str]) -> None:
        import pyarrow as pa

        self._path, self._columns = path, columns
        types = {
            "age": pa.int32(),
            "price": pa.float64(),
            "temperature": pa.float64(),
            "amount": pa.decimal128(18, 4),
        }
        for name in ("ts", "updated_at", "created_at", "delivered_at"):
            types[name] = pa.timestamp("us", tz="UTC")
        self._extra = flavour.has_extra
        fields = [(spell_name(c, flavour.naming), types.get(c, pa.string())) for c in columns]
        if self._extra:
            fields.append(("utmCampaign", pa.string()))
        self._schema = pa.schema(fields)
        self._rows: list[Texts] = []
        self._file: pq.ParquetWriter | None = None

    def __enter__(self) -> ParquetWriter:
        import pyarrow.parquet as pq

        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = pq.ParquetWriter(self._path, self._schema, compression="snappy")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        if self._file is not None:
            self._file.close()

    def write(self, texts: Texts) -> None:
        """Write one row; ``texts`` are in the columns' order."""
        self._rows.append(texts)
        if len(self._rows) >= FLUSH_LINES:
            self._flush()

    def write_malformed(self, _random: Random, _texts: Texts) -> None:
        """Raise ValueError: a typed row cannot be malformed."""
        raise ValueError(f"{self._path}: a Parquet file cannot hold a malformed record")

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._rows or self._file is None:
            return
        arrays = []
        for i, column_type in enumerate([f.type for f in self._schema][: len(self._columns)]):
            texts = [row[i] for row in self._rows]
            arrays.append(pa.array([_typed(text, column_type) for text in texts], column_type))
        if self._extra:
            arrays.append(pa.array(["spring"] * len(self._rows), pa.string()))
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()


def _typed(text: str | None, column_type: object) -> object:
    import pyarrow as pa

    if text is None:
        return None
    if pa.types.is_timestamp(column_type):
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if pa.types.is_int32(column_type):
        return int(text)
    if pa.types.is_float64(column_type):
        return float(text)
    if pa.types.is_decimal(column_type):
        return Decimal(text)
    return text


Writer = TextWriter | ParquetWriter


def open_writer(path: Path, flavour: Flavour, columns: Sequence[str], numeric: frozenset[str]) -> Writer:
    """Return the writer of a flavour."""
    if flavour.is_typed:
        return ParquetWriter(path, flavour, columns)
    return TextWriter(path, flavour, columns, numeric)
