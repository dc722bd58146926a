"""A release is loaded only under matching contracts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checkpoints.warehouse.load_request import load_request
from contracts.errors import LakegateError
from tests.checkpoints.warehouse.releases import CONTRACTS, promise, write_release

if TYPE_CHECKING:
    from pathlib import Path


def test_the_checksum_identifies_the_releases_content(tmp_path: Path) -> None:
    first = write_release(tmp_path / "a", "v1")
    assert first.checksum == write_release(tmp_path / "b", "v1").checksum
    assert first.checksum != promise(first, "dim_users", rows=9).checksum


def test_other_tables_than_the_contracts_are_refused(tmp_path: Path) -> None:
    request = write_release(tmp_path, "v1")
    gold = request.tables[0].folder
    with pytest.raises(LakegateError, match="v1: the tables of the release and the contracts differ"):
        load_request(request.release, CONTRACTS[1:], gold)
    without = tuple(replace(table, sums=()) for table in request.release.tables)
    with pytest.raises(LakegateError, match="table fact_transactions: the manifest has no sum to reconcile"):
        load_request(replace(request.release, tables=without), CONTRACTS, gold)
