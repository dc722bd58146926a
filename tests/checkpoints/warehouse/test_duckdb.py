"""The DuckDB file: where it lies, who holds it, what breaks it, what a kill leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import pytest

from checkpoints.warehouse.duckdb import DuckDBWarehouse
from checkpoints.warehouse.opening import open_warehouse
from checkpoints.warehouse.warehouse import LoadStatus, WarehouseBusy, WarehouseError
from contracts.faults import ConfigurationError
from tests.checkpoints.warehouse.releases import NOON, write_release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkpoints.warehouse.request import LoadRequest


@pytest.fixture
def release(tmp_path: Path) -> LoadRequest:
    return write_release(tmp_path / "gold", "v1")


@pytest.fixture
def everybodys_folder() -> Iterator[Path]:
    """A folder that other users may read; pytest's own are closed to them."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write anywhere: be somebody else for a while."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_folders_with_the_letters_of_a_pattern_are_taken_as_they_are(tmp_path: Path) -> None:
    request = write_release(tmp_path / "[x]*a=b?" / "gold", "v1")
    outcome = DuckDBWarehouse(tmp_path / "new" / "w.duckdb").load(request, lambda _: True, now=NOON)
    assert all(table.is_as_released for table in outcome.tables)


def test_times_are_utc_whatever_the_machines_timezone(
    tmp_path: Path, release: LoadRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    DuckDBWarehouse(tmp_path / "w.duckdb").load(release, lambda _: True, now=NOON)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        created = connection.execute("SELECT min(created_at)::VARCHAR FROM fact_transactions").fetchone()
    assert created == ("2026-01-01 12:00:00",)


def test_a_load_killed_before_its_commit_leaves_the_old_release_and_the_next_one_heals(
    tmp_path: Path, release: LoadRequest
) -> None:
    path = tmp_path / "w.duckdb"
    warehouse = DuckDBWarehouse(path)
    warehouse.load(release, lambda _: True, now=NOON)
    second = write_release(tmp_path / "gold2", "v2", {"dim_users": [{"user_id": "cleo"}]})
    script = f"""
        import os, signal
        from pathlib import Path
        from checkpoints.warehouse.duckdb import DuckDBWarehouse
        from tests.checkpoints.warehouse.releases import NOON, write_release
        request = write_release(Path({str(tmp_path / "killed")!r}), "v2", {{}})
        kill = lambda _: os.kill(os.getpid(), signal.SIGKILL)
        DuckDBWarehouse(Path({str(path)!r})).load(request, kill, now=NOON)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert killed.returncode == -signal.SIGKILL

    loaded = warehouse.loaded_release()
    assert loaded is not None
    assert (loaded.version, all(t.is_as_released for t in warehouse.measure(release))) == ("v1", True)
    assert warehouse.load(second, lambda _: True, now=NOON).status is LoadStatus.LOADED


def test_a_file_that_another_process_holds_is_busy(tmp_path: Path, release: LoadRequest) -> None:
    path = tmp_path / "w.duckdb"
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(WarehouseBusy) as busy:
            DuckDBWarehouse(path).load(release, lambda _: True, now=NOON)
        holder.communicate(b"")
    assert f"{path}: another process has the warehouse open (found" in str(busy.value)
    assert f"(PID {holder.pid})" in str(busy.value)


@pytest.mark.parametrize("content", [b"no database " * 2000, b"short"], ids=["another file", "a short file"])
def test_a_file_that_is_no_database_is_told_and_left_as_it_is(
    tmp_path: Path, release: LoadRequest, content: bytes
) -> None:
    path = tmp_path / "w.duckdb"
    path.write_bytes(content)
    with pytest.raises(WarehouseError, match=r"w\.duckdb: this is no whole DuckDB database"):
        DuckDBWarehouse(path).load(release, lambda _: True, now=NOON)
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_damaged_database_is_told(tmp_path: Path, release: LoadRequest, damage: str) -> None:
    path = tmp_path / "w.duckdb"
    DuckDBWarehouse(path).load(release, lambda _: True, now=NOON)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(WarehouseError, match="this is no whole DuckDB database"):
        DuckDBWarehouse(path).load(release, lambda _: True, now=NOON)


def test_who_may_not_write_the_file_is_told_and_may_still_look(everybodys_folder: Path) -> None:
    path = everybodys_folder / "w.duckdb"
    DuckDBWarehouse(path).load(write_release(everybodys_folder / "a", "v1"), lambda _: True, now=NOON)
    second = write_release(everybodys_folder / "b", "v2")
    path.chmod(0o444)
    with unprivileged():
        with pytest.raises(WarehouseError, match=r"w\.duckdb: the warehouse cannot be opened .*denied"):
            DuckDBWarehouse(path).load(second, lambda _: True, now=NOON)
        loaded = DuckDBWarehouse(path).loaded_release()
    assert loaded is not None
    assert loaded.version == "v1"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, release: LoadRequest) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseError, match="the warehouse's folder cannot be made: "):
        DuckDBWarehouse(tmp_path / "file" / "w.duckdb").load(release, lambda _: True, now=NOON)
    with pytest.raises(WarehouseError, match="the warehouse cannot be opened"):
        DuckDBWarehouse(tmp_path).load(release, lambda _: True, now=NOON)


def test_a_uri_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_warehouse("duckdb:///data/w.duckdb").uri == "duckdb:///data/w.duckdb"
    assert open_warehouse("duckdb:///./w.duckdb").uri == f"duckdb://{tmp_path}/w.duckdb"
    for wrong in ("duckdb://", "duckdb:///", "duckdb://w.duckdb", "postgres://host/db", "w.duckdb"):
        with pytest.raises(ConfigurationError, match="this names no warehouse"):
            open_warehouse(wrong)
