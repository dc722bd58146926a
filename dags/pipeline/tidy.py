"""What a run removes once it has promoted something: unused versions, rejected rows past their time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from checkpoints.lake.errors import StorageError
from checkpoints.lake.housekeeping import prune
from checkpoints.quarantine.retention import expire_rows

if TYPE_CHECKING:
    from datetime import datetime

    from dags.pipeline.progress import Progress
    from dags.pipeline.setup import Setup


def tidy(setup: Setup, progress: Progress, *, now: datetime) -> None:
    """Remove what is no longer needed. What was promoted stands, so a storage that refuses is only told."""
    progress.step("removing what is no longer needed")
    try:
        prune(setup.lake, now=now)
        for contract in setup.contracts.datasets:
            kept = timedelta(days=setup.policies.of(contract.name).retention_days)
            expire_rows(setup.lake, contract.name, before=now - kept)
    except StorageError as error:
        progress.note(f"what is no longer needed could not be removed, the next run tries again: {error}")
