"""Given files of a case: text, bytes or Parquet rows, written in YAML, as the bytes that RAW would hold."""

from __future__ import annotations

import base64
import gzip
import io
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    import pyarrow as pa

_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_SCALARS = ("string", "binary", "bool", "int32", "int64", "float32", "float64", "date32")


class Repeated(BaseModel):
    """A text, many times over."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    text: str
    times: int = Field(ge=0)


class GivenFile(BaseModel):
    """One file below ``raw/<dataset>/``; exactly one of ``text``, ``base64`` and ``rows`` is set.

    ``repeat``: words of the text that stand for long texts. ``rows``: of a Parquet file, each a mapping;
    ``types``: its Arrow types by column: string, binary, bool, int32, int64, float32, float64, date32,
    decimal(p,s), timestamp (UTC, to the microsecond).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    text: str | None = None
    encoding: str = "utf-8"  # of ``text``
    repeat: Mapping[str, Repeated] = Field(default_factory=dict)
    base64: str | None = None
    rows: list[Mapping[str, object]] | None = None
    types: Mapping[str, str] = Field(default_factory=dict)
    gzip: bool = False

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, value: object) -> object:
        return {"text": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> GivenFile:
        if sum(part is not None for part in (self.text, self.base64, self.rows)) != 1:
            raise ValueError("a file is a text, or a mapping with one of text, base64 and rows")
        if (self.rows is None) != (not self.types):
            raise ValueError("rows need types, one for each column, and nothing else has them")
        self.content()  # encodable, decodable, and of these types
        return self

    def content(self) -> bytes:
        """Return the file's bytes. Raises ValueError if they cannot be made."""
        if self.text is not None:
            text = self.text
            for word, repeated in self.repeat.items():
                text = text.replace(word, repeated.text * repeated.times)
            content = text.encode(self.encoding)
        elif self.base64 is not None:
            content = base64.b64decode("".join(self.base64.split()), validate=True)
        else:
            content = self._parquet()
        return gzip.compress(content, mtime=0) if self.gzip else content

    def _parquet(self) -> bytes:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([(name, _arrow_type(type_)) for name, type_ in self.types.items()])
        try:
            columns = [
                pa.array(
                    [_arrow_value(row.get(field.name), field.type) for row in self.rows or ()], field.type
                )
                for field in schema
            ]
        except (pa.ArrowInvalid, pa.ArrowTypeError, ArithmeticError) as error:
            raise ValueError(f"the rows are not of their types: {error}") from error
        unknown = sorted({name for row in self.rows or () for name in row} - set(schema.names))
        if unknown:
            raise ValueError(f"no type is given for {', '.join(unknown)}")
        written = io.BytesIO()
        pq.write_table(pa.Table.from_arrays(columns, schema=schema), written)
        return written.getvalue()


def _arrow_value(value: object, type_: pa.DataType) -> object:
    import pyarrow as pa

    return Decimal(str(value)) if pa.types.is_decimal(type_) and value is not None else value


def _arrow_type(name: str) -> pa.DataType:
    import pyarrow as pa

    if decimal := _DECIMAL.fullmatch(name):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    if name == "timestamp":
        return pa.timestamp("us", "UTC")
    if name not in _SCALARS:
        known = ", ".join((*_SCALARS, "decimal(p,s)", "timestamp"))
        raise ValueError(f"unknown type {name!r}; known: {known}")
    return pa.type_for_alias(name)
