"""Let go of rejected rows when their time is over; what the last run rejected always stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.quarantine.rows import last_written

if TYPE_CHECKING:
    from datetime import datetime

    from checkpoints.lake.layout import Lake


def expire_rows(lake: Lake, dataset: str, *, before: datetime) -> tuple[str, ...]:
    """Remove what runs rejected of a dataset and wrote before that time; return the folders' URIs.

    Silver is rebuilt from all of BRONZE in each run, so the last run's folder holds every row that is still
    rejected: it is kept, however old it is.
    """
    rows = lake.quarantined_rows(dataset)
    written = last_written(rows)
    if not written:
        return ()
    newest = max(written, key=lambda run: (written[run], run))
    expired = []
    for run, at in sorted(written.items()):
        if run != newest and at < before:
            folder = rows.child(run)
            folder.storage.delete_folder(folder.path)
            expired.append(folder.uri)
    return tuple(expired)
