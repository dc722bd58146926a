"""What metrics remember across runs: published warehouse loads, first sight of unknown columns."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.metrics.result import DriftColumn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkpoints.gate.measures import UnknownColumn
    from checkpoints.storage.place import Place


def record_drift(place: Place, found: Sequence[UnknownColumn], as_of: datetime) -> tuple[DriftColumn, ...]:
    """Return the unknown columns with the moment when each first appeared, and record that moment.

    A column that disappears and returns keeps its first moment. Reads one small file, and writes it only when
    a column is new; the cost does not depend on the number of runs.

    Args:
        place: of that file, one per dataset.
        found: the dataset's unknown columns.
        as_of: the run's clock.
    """
    recorded = place.storage.read_versioned(place.path)
    before: dict[str, str] = json.loads(recorded[0]) if recorded else {}
    seen = {column.name: before.get(column.name, as_of.isoformat()) for column in found}
    if seen.keys() - before.keys():
        place.write_bytes(json.dumps({**before, **seen}, indent=1, sort_keys=True).encode())
    return tuple(
        DriftColumn(column.name, column.rows, datetime.fromisoformat(seen[column.name]), column.first_file)
        for column in found
    )


def record_load(folder: Place, release: str, loaded_at: datetime, run_id: str) -> None:
    """Record that the metrics and pages of a warehouse load are published.

    Args:
        folder: of the metrics.
        release: checksum of the release.
        loaded_at: load time according to the warehouse; distinguishes loads and warehouses.
        run_id: of the run that published them.
    """
    record = {"release": release, "loaded_at": loaded_at.astimezone(UTC).isoformat(), "run_id": run_id}
    _load_place(folder, release, loaded_at).write_bytes(json.dumps(record, indent=1).encode())


def is_load_published(folder: Place, release: str, loaded_at: datetime) -> bool:
    """Return whether a load is published; False after a run that was killed between load and publication."""
    return _load_place(folder, release, loaded_at).stat() is not None


def _load_place(folder: Place, release: str, loaded_at: datetime) -> Place:
    return folder.child(f"loads/{loaded_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{release[:16]}.json")
