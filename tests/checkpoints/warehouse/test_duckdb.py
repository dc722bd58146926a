"""DuckDB warehouse: paths, locks, damaged files and killed loads."""

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
from checkpoints.warehouse.warehouse import LoadStatus, WarehouseBusyError, WarehouseError
from contracts.errors import ConfigurationError
from tests.checkpoints.warehouse.releases import NOON, write_release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkpoints.warehouse.load_request import LoadRequest


@pytest.fixture
def release(tmp_path: Path) -> LoadRequest:
    return write_release(tmp_path / "gold", "v1")


@pytest.fixture
def world_readable_folder() -> Iterator[Path]:
    """A folder that other users can read, unlike those of pytest."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Drop root's privileges, as root can write anywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_glob_characters_in_folder_names_are_escaped(tmp_path: Path) -> None:
    request = write_release(tmp_path / "[x]*a=b?" / "gold", "v1")
    outcome = DuckDBWarehouse(tmp_path / "new" / "w.duckdb").load(request, lambda _: True, now=NOON)
    assert all(table.matches_manifest for table in outcome.tables)


def test_times_are_utc_in_any_local_timezone(
    tmp_path: Path, release: LoadRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    DuckDBWarehouse(tmp_path / "w.duckdb").load(release, lambda _: True, now=NOON)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        created = connection.execute("SELECT min(created_at)::VARCHAR FROM fact_transactions").fetchone()
    assert created == ("2026-01-01 12:00:00",)


def test_a_load_killed_before_its_commit_leaves_the_old_release_and_can_be_repeated(
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
    assert loaded.version == "v1"
    assert warehouse.load(release, lambda _: True, now=NOON).status is LoadStatus.UNCHANGED
    assert warehouse.load(second, lambda _: True, now=NOON).status is LoadStatus.LOADED


def test_without_duckdb_the_warehouse_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.delitem(sys.modules, "checkpoints.warehouse.duckdb")
    with pytest.raises(ConfigurationError, match=r"DuckDB is not installed; install lakegate\[duckdb\]"):
        open_warehouse("duckdb:///lake/warehouse.duckdb")


def test_a_file_locked_by_another_process_is_busy(tmp_path: Path, release: LoadRequest) -> None:
    path = tmp_path / "w.duckdb"
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(WarehouseBusyError) as busy:
            DuckDBWarehouse(path).load(release, lambda _: True, now=NOON)
        holder.communicate(b"")
    assert f"{path}: another process has the warehouse open (found" in str(busy.value)
    assert f"(PID {holder.pid})" in str(busy.value)


@pytest.mark.parametrize("content", [b"no database " * 2000, b"short"], ids=["another file", "a short file"])
def test_a_file_that_is_not_a_database_is_reported_and_left_unchanged(
    tmp_path: Path, release: LoadRequest, content: bytes
) -> None:
    path = tmp_path / "w.duckdb"
    path.write_bytes(content)
    with pytest.raises(WarehouseError, match=r"w\.duckdb: not a DuckDB database, or a damaged one"):
        DuckDBWarehouse(path).load(release, lambda _: True, now=NOON)
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_damaged_database_is_reported(tmp_path: Path, release: LoadRequest, damage: str) -> None:
    path = tmp_path / "w.duckdb"
    DuckDBWarehouse(path).load(release, lambda _: True, now=NOON)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(WarehouseError, match="not a DuckDB database, or a damaged one"):
        DuckDBWarehouse(path).load(release, lambda _: True, now=NOON)


def test_a_read_only_file_cannot_be_loaded_but_can_be_read(world_readable_folder: Path) -> None:
    path = world_readable_folder / "w.duckdb"
    DuckDBWarehouse(path).load(write_release(world_readable_folder / "a", "v1"), lambda _: True, now=NOON)
    second = write_release(world_readable_folder / "b", "v2")
    path.chmod(0o444)
    with unprivileged():
        with pytest.raises(WarehouseError, match=r"w\.duckdb: cannot open the warehouse .*denied"):
            DuckDBWarehouse(path).load(second, lambda _: True, now=NOON)
        loaded = DuckDBWarehouse(path).loaded_release()
    assert loaded is not None
    assert loaded.version == "v1"


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path, release: LoadRequest) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseError, match="cannot create the warehouse's folder: "):
        DuckDBWarehouse(tmp_path / "file" / "w.duckdb").load(release, lambda _: True, now=NOON)
    with pytest.raises(WarehouseError, match="cannot open the warehouse"):
        DuckDBWarehouse(tmp_path).load(release, lambda _: True, now=NOON)


def test_a_uri_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_warehouse("duckdb:///data/w.duckdb").uri == "duckdb:///data/w.duckdb"
    assert open_warehouse("duckdb:///./w.duckdb").uri == f"duckdb://{tmp_path}/w.duckdb"
    for wrong in ("duckdb://", "duckdb:///", "duckdb://w.duckdb", "postgres://host/db", "w.duckdb"):
        with pytest.raises(ConfigurationError, match="invalid warehouse URI"):
            open_warehouse(wrong)
