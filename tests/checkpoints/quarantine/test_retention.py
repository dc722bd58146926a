"""Rejected rows are let go when their time is over, but never the last run's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from checkpoints.lake.layout import Lake, open_lake
from checkpoints.quarantine.retention import expire_rows
from checkpoints.quarantine.rows import last_quarantine
from tests.checkpoints.quarantine.test_rows import reject

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = datetime.fromtimestamp(1_000, UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path))


def runs(lake: Lake) -> list[str]:
    rows = lake.quarantined_rows("events")
    return sorted({rows.relative(info).partition("/")[0] for info in rows.list()})


def test_what_was_rejected_before_the_limit_is_removed(lake: Lake) -> None:
    for run, at in (("old", 999), ("young", 1_000), ("last", 2_000)):
        reject(lake, run, ("x", ["malformed"]), at=at)
    assert expire_rows(lake, "events", before=LIMIT) == (lake.quarantined_rows("events", "old").uri,)
    assert runs(lake) == ["last", "young"]


def test_what_the_last_run_rejected_stays_however_old_it_is(lake: Lake) -> None:
    reject(lake, "older", ("x", ["malformed"]), at=1)
    reject(lake, "last", ("y", ["malformed"]), at=2)
    expire_rows(lake, "events", before=LIMIT)
    found = last_quarantine(lake, "events")
    assert found is not None
    assert (found.run_id, found.rows) == ("last", 1)
    assert runs(lake) == ["last"]


def test_a_dataset_without_rejected_rows_has_nothing_to_let_go(lake: Lake) -> None:
    assert expire_rows(lake, "events", before=LIMIT) == ()
