"""Adds up what tasks find of columns that no contract knows."""

from __future__ import annotations

from collections import Counter

from checkpoints.gate.measures import UnknownColumn
from checkpoints.lake.ledger import key_order


class UnknownColumns:
    """Counts of the rows that hold unknown columns, which add up over files and tasks."""

    def __init__(self) -> None:
        self._rows = Counter[str]()
        self._files: dict[str, str] = {}

    def add(self, name: str, rows: int, file: str) -> None:
        """Add rows that hold a column, and the least key of their files."""
        self._rows[name] += rows
        self._files[name] = min(file, self._files.get(name, file), key=key_order)

    def found(self) -> list[UnknownColumn]:
        """Return the columns by name; of each the rows, and the least of its files."""
        return [UnknownColumn(name, self._rows[name], self._files[name]) for name in sorted(self._rows)]
