"""Which loads of a warehouse are published: a note a load, written after metrics and Data Docs tell of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

Read = Callable[[str], bytes | None]  # path below metrics/; None: there is no such file
Write = Callable[[str, bytes], None]


def note_path(release: str, loaded_at: datetime) -> str:
    """Return where the note about one load lies, below metrics/.

    Args:
        release: checksum of the release.
        loaded_at: when the warehouse says that it was loaded, which tells loads and warehouses apart.
    """
    return f"loads/{loaded_at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{release[:16]}.json"


def note_load(write: Write, release: str, loaded_at: datetime, run_id: str) -> None:
    """Note that a load is published; ``run_id`` is the run whose metrics and pages tell of it."""
    note = {"release": release, "loaded_at": loaded_at.astimezone(UTC).isoformat(), "run_id": run_id}
    write(note_path(release, loaded_at), json.dumps(note, indent=1).encode())


def is_load_published(read: Read, release: str, loaded_at: datetime) -> bool:
    """Whether a load was published: not so when its run was killed in between."""
    return read(note_path(release, loaded_at)) is not None
