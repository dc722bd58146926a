"""Read a JSON document field by field, so that a damaged one is named and never half understood."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from checkpoints.lake.errors import DocumentDamaged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


class Fields:
    """One JSON object's fields, asked for by their types; ``close`` refuses those nobody asked for."""

    def __init__(self, values: object, where: str) -> None:
        if not isinstance(values, dict):
            raise damaged(where, "a JSON object", type(values).__name__)
        self._values: dict[str, object] = values
        self._asked: set[str] = set()
        self._where = where

    def _take(self, name: str, expected: str, *types: type) -> object:
        self._asked.add(name)
        if name not in self._values:
            raise damaged(f"{self._where}, field {name!r}", expected, "no such field")
        value = self._values[name]
        # bool is an int to Python, and no number to anybody else.
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise damaged(f"{self._where}, field {name!r}", expected, json.dumps(value)[:100])
        return value

    def text(self, name: str) -> str:
        """Return a string."""
        return str(self._take(name, "a string", str))

    def optional_text(self, name: str) -> str | None:
        """Return a string or None."""
        value = self._take(name, "a string or null", str, type(None))
        return None if value is None else str(value)

    def number(self, name: str) -> int:
        """Return an integer."""
        value = self._take(name, "an integer", int)
        assert isinstance(value, int)  # noqa: S101 - _take has just checked it; this tells mypy
        return value

    def optional_number(self, name: str) -> int | None:
        """Return an integer or None."""
        value = self._take(name, "an integer or null", int, type(None))
        assert value is None or isinstance(value, int)  # noqa: S101
        return value

    def later_number(self, name: str) -> int | None:
        """Return an integer or None; None too in a document from before there was such a field."""
        return self.optional_number(name) if name in self._values else None

    def time(self, name: str) -> datetime:
        """Return a point in time with its offset."""
        text = self.text(name)
        try:
            time = datetime.fromisoformat(text)
        except ValueError as error:
            raise damaged(f"{self._where}, field {name!r}", "an ISO 8601 time", text) from error
        if time.tzinfo is None:
            raise damaged(f"{self._where}, field {name!r}", "a time with its offset", text)
        return time

    def optional_time(self, name: str) -> datetime | None:
        """Return a point in time or None."""
        return None if self.optional_text(name) is None else self.time(name)

    def each(self, name: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
        """Return a list of objects, each read by ``read`` and then closed."""
        values = self._take(name, "a list", list)
        assert isinstance(values, list)  # noqa: S101
        found = []
        for position, value in enumerate(values):
            fields = Fields(value, f"{self._where}, {name}[{position}]")
            found.append(read(fields))
            fields.close()
        return tuple(found)

    def close(self) -> None:
        """Raise when the object has fields that this format does not know."""
        unknown = sorted(self._values.keys() - self._asked)
        if unknown:
            raise damaged(
                self._where, f"only the fields {', '.join(sorted(self._asked))}", ", ".join(unknown)
            )


def read_document(data: bytes, where: str, kind: str, form: int, read: Callable[[Fields], T]) -> T:
    """Read a whole document of one kind and format version. Raises ``DocumentDamaged``."""
    try:
        values = json.loads(data)
    except ValueError as error:
        raise damaged(where, "a JSON document", f"{len(data)} bytes that are none") from error
    fields = Fields(values, where)
    if (found := fields.text("kind")) != kind:
        raise damaged(where, f"a document of kind {kind!r}", repr(found))
    if (version := fields.number("format")) != form:
        raise DocumentDamaged(
            "a document of another format",
            where,
            expected=f"format {form}",
            found=f"format {version}",
            next_step="read this lake with the lakegate that wrote it, or a newer one",
        )
    result = read(fields)
    fields.close()
    return result


def write_document(kind: str, form: int, values: Mapping[str, object]) -> bytes:
    """Return a document's bytes: readable by people, the same for the same content."""
    return json.dumps({"kind": kind, "format": form, **values}, indent=1).encode() + b"\n"


def damaged(where: str, expected: str, found: str) -> DocumentDamaged:
    """Return the error for a document that is not what it should be."""
    return DocumentDamaged(
        "a damaged document", where, expected=expected, found=found, next_step="restore it from a backup"
    )
