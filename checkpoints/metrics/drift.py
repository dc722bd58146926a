"""Drift: the columns that no contract knows, and since when they come."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.gate.measures import UnknownColumn

Read = Callable[[str], bytes | None]  # path below metrics/; None: there is no such file
Write = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class DriftColumn:
    """An unknown column: rows that hold it now, when a run first saw it (its clock), and in which file."""

    name: str
    rows: int
    first_seen: datetime
    first_file: str


def record_drift(
    read: Read, write: Write, dataset: str, found: Sequence[UnknownColumn], as_of: datetime
) -> tuple[DriftColumn, ...]:
    """Return the unknown columns with the moment when each was first seen, and remember that moment.

    A column that was gone for a while keeps its first moment. Reads one small file, and writes it when a
    column is new; the cost does not depend on the number of runs.
    """
    path = f"drift/{dataset}.json"
    content = read(path)
    before: dict[str, str] = json.loads(content) if content else {}
    seen = {column.name: before.get(column.name, as_of.isoformat()) for column in found}
    if seen.keys() - before.keys():
        write(path, json.dumps({**before, **seen}, indent=1, sort_keys=True).encode())
    return tuple(
        DriftColumn(column.name, column.rows, datetime.fromisoformat(seen[column.name]), column.first_file)
        for column in found
    )
