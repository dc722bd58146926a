"""Read a text as what its name claims: as one form, or as several side by side until it shows which it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from contracts.inventory import FileFormat
from transforms.raw_to_bronze.delimited import DelimitedText
from transforms.raw_to_bronze.json_array import JsonArray
from transforms.raw_to_bronze.json_lines import JsonLines
from transforms.raw_to_bronze.json_object import JsonObject
from transforms.raw_to_bronze.json_values import BLANKS
from transforms.raw_to_bronze.naming import Claim
from transforms.raw_to_bronze.told import Told

if TYPE_CHECKING:
    from contracts.model import Contract, Source


class Form(Protocol):
    """A way to read a text that arrives in chunks."""

    def feed(self, text: str) -> None:
        """Take the next chunk."""

    def finish(self) -> Told:
        """Say what the whole text is."""


def form_of(claim: Claim, contract: Contract, source: Source | None) -> Form:
    """Return the reading that a name claims."""
    match claim:
        case Claim.JSON_LINES:
            return JsonLinesText()
        case Claim.JSON:
            return JsonText()
        case Claim.TEXT:
            return PlainText(contract, source)
        case Claim.ANY_TEXT:
            return AnyText(contract, source)
        case _:
            return DelimitedText(contract, source)


class JsonLinesText:
    """``.jsonl``, ``.ndjson``: JSON lines, if any of the first lines is an object."""

    def __init__(self) -> None:
        self._lines = JsonLines(in_first_column=False)

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        self._lines.feed(text)

    def finish(self) -> Told:
        """Say what the whole text is."""
        self._lines.finish()
        if not self._lines.has_object:
            return Told(FileFormat.JSON_LINES, mismatch="none of the first 100 lines is a JSON object")
        return Told(FileFormat.JSON_LINES, names=self._lines.names)


class JsonText:
    """``.json``: begins with ``[``: an array; else one object as a whole; else JSON lines."""

    def __init__(self) -> None:
        self._first = ""
        self._array = JsonArray()
        self._object = JsonObject()
        self._lines = JsonLines(in_first_column=True)

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        if not self._first:
            begun = text.lstrip(BLANKS)
            self._first = begun[:1]
            if self._first == "[":
                self._array.feed(begun)
                return
        if self._first == "[":
            self._array.feed(text)
            return
        self._lines.feed(text)
        if self._first == "{":
            self._object.feed(text)

    def finish(self) -> Told:
        """Say what the whole text is."""
        if self._first == "[":
            self._array.finish()
            if self._array.corruption:
                return Told(FileFormat.JSON_ARRAY, corruption=self._array.corruption)
            return Told(FileFormat.JSON_ARRAY, names=self._array.names, rows=self._array.rows)
        if self._first == "{" and self._object.finish():
            return Told(FileFormat.JSON_OBJECT, names=self._object.names, rows=1)
        self._lines.finish()
        if self._lines.has_object:
            return Told(FileFormat.JSON_LINES, names=self._lines.names)
        if self._first == "{":
            return Told(FileFormat.JSON_OBJECT, corruption="neither one JSON object nor JSON lines")
        return Told(
            FileFormat.JSON_LINES, mismatch=f"begins with {self._first!r}, and no line begins a JSON object"
        )


class PlainText:
    """``.txt``: JSON lines, if one of the first lines begins an object; else delimited."""

    def __init__(self, contract: Contract, source: Source | None) -> None:
        self._lines = JsonLines(in_first_column=True)
        self._delimited = DelimitedText(contract, source)

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        self._lines.feed(text)
        if not self._lines.has_object:
            self._delimited.feed(text)

    def finish(self) -> Told:
        """Say what the whole text is."""
        self._lines.finish()
        if self._lines.has_object:
            return Told(FileFormat.JSON_LINES, names=self._lines.names)
        return self._delimited.finish()


class AnyText:
    """A ``.gz`` around another name: as ``.json`` if it begins with ``[`` or ``{``, else as ``.txt``."""

    def __init__(self, contract: Contract, source: Source | None) -> None:
        self._first = ""
        self._json = JsonText()
        self._plain = PlainText(contract, source)

    def feed(self, text: str) -> None:
        """Take the next chunk; blanks at the beginning are for both."""
        is_undecided = not self._first
        self._first = self._first or text.lstrip(BLANKS)[:1]
        is_json = self._first in ("[", "{")
        if is_undecided or is_json:
            self._json.feed(text)
        if is_undecided or not is_json:
            self._plain.feed(text)

    def finish(self) -> Told:
        """Say what the whole text is."""
        return (self._json if self._first in ("[", "{") else self._plain).finish()
