"""Uniform spellings of columns that feeds write in several ways: ``status`` and ``country`` (spec 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable


def status_spelling(text: str) -> str:
    """Return a status in lower case, ``cancelled`` with two l."""
    lowered = text.lower()
    return "cancelled" if lowered == "canceled" else lowered


def country_spelling(text: str) -> str:
    """Return a country in upper case if it has two letters."""
    return text.upper() if len(text) == 2 and text.isalpha() else text


_SPELLINGS: dict[str, Callable[[str], str]] = {"status": status_spelling, "country": country_spelling}


def respelled(column: str, values: pa.StringArray) -> pa.StringArray:
    """Return the values of a column in its uniform spelling; those of other columns unchanged."""
    spelling = _SPELLINGS.get(column)
    if spelling is None:
        return values
    encoded = values.dictionary_encode()
    return pa.array(map(spelling, encoded.dictionary.to_pylist()), values.type).take(encoded.indices)
