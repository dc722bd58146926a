"""Codec between frozen dataclasses and JSON documents with a kind and a format version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar

import orjson
from pydantic import (
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    Strict,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from checkpoints.storage.errors import DamagedDocumentError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

T = TypeVar("T")

KNOWN_FIELDS_ONLY: Final = ConfigDict(extra="forbid")
"""``__pydantic_config__`` of a document's dataclass; it also holds for the dataclasses within."""


@dataclass(frozen=True)
class DocumentCodec(Generic[T]):
    """Reads and writes one kind of document, whose fields are those of ``type``, a dataclass.

    Reading checks every field. Strings may hold lone surrogates, as names of files do that are not UTF-8.
    """

    kind: str
    version: int  # of the format
    type: Any  # a dataclass, or one with annotations for pydantic
    indent: int | None = 1  # None: one line, for documents of many small numbers

    def write(self, value: T) -> bytes:
        """Return a document's bytes: JSON, the same bytes for equal values."""
        values = {"kind": self.kind, "format": self.version}
        values |= self._adapter.dump_python(value, by_alias=True)
        if self.indent is None:
            return compact_json(values) + b"\n"
        return json.dumps(values, indent=self.indent).encode() + b"\n"

    def read(self, data: bytes, where: str) -> T:
        """Return the value of a document; ``where`` names it in errors. Raises ``DamagedDocumentError``."""
        try:
            values = json.loads(data)
        except ValueError as error:
            raise damaged(where, "a JSON document", f"{len(data)} bytes of other content") from error
        if not isinstance(values, dict):
            raise damaged(where, "a JSON object", type(values).__name__)
        if (kind := values.pop("kind", None)) != self.kind:
            raise damaged(where, f"a document of kind {self.kind!r}", repr(kind))
        if (version := values.pop("format", None)) != self.version:
            raise DamagedDocumentError(
                "a document of another format",
                where,
                expected=f"format {self.version}",
                found=f"format {version}",
                next_step="read this lake with the lakegate that wrote it, or a newer one",
            )
        try:
            return self._adapter.validate_python(values)
        except ValidationError as error:
            raise _damaged_field(where, error.errors(include_url=False)[0]) from error

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self.type)


def compact_json(values: object) -> bytes:
    """Return JSON in one line, the same bytes for equal values. Strings may hold lone surrogates."""
    try:
        return orjson.dumps(values)
    except TypeError:  # a lone surrogate, which it refuses
        return json.dumps(values).encode()


def damaged(where: str, expected: str, found: str) -> DamagedDocumentError:
    """Return the error for a document with wrong content."""
    return DamagedDocumentError(
        "a damaged document", where, expected=expected, found=found, next_step="restore it from a backup"
    )


def mismatch(expected: str, found: object) -> PydanticCustomError:
    """Return the error that a validator of a field raises."""
    return PydanticCustomError("mismatch", "{expected}", {"expected": expected, "found": str(found)})


def _damaged_field(where: str, error: ErrorDetails) -> DamagedDocumentError:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error["loc"]).lstrip(".")
    found = error.get("ctx", {}).get("found") or json.dumps(error["input"], default=str)[:100]
    expected = error["msg"].removeprefix("Input should be ")
    match error["type"]:
        case "missing":
            expected, found = "a value", "no such field"
        case "unexpected_keyword_argument":
            expected = "no such field"
    return damaged(f"{where}, field {path!r}" if path else where, expected, found)


def _read_time(value: object) -> datetime:
    try:
        time = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise mismatch("an ISO 8601 time", value) from None
    if time.tzinfo is None:
        raise mismatch("a time with its offset", value)
    return time


def _read_decimal(value: object) -> Decimal:
    try:
        return Decimal(value if isinstance(value, str) else "")
    except InvalidOperation:
        raise mismatch("a decimal number", value) from None


Integer = Annotated[int, Strict()]
"""An integer; neither a boolean nor a string of digits."""

Timestamp = Annotated[datetime, PlainValidator(_read_time), PlainSerializer(datetime.isoformat)]
"""A point in time with its offset, in ISO 8601."""

DecimalText = Annotated[
    Decimal, PlainValidator(_read_decimal), PlainSerializer(lambda value: format(value, "f"))
]
"""An exact decimal number, as a string without an exponent."""
