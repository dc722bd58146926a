"""The records of a file, each with its raw text and its cells, before any value is cleaned."""

from dataclasses import dataclass
from typing import Any

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
