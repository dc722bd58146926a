"""A run publishes what it promotes, heals a catalog that lags, and is never stopped by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from checkpoints.catalog.address import read_catalog_address
from checkpoints.catalog.publish import open_catalog
from contracts.errors import ConfigurationError
from contracts.model import Zone
from dags.cli.inspect import rollback_command
from dags.notifications.alerts import note_of
from dags.notifications.transition_event import level_of
from dags.pipeline.context import new_run
from dags.pipeline.progress import Quiet
from dags.pipeline.transition_attempt import run_transition_attempt
from dags.pipeline.verdict_file import read_outcome
from tests.dags.lake_runs import AS_OF, no_spark
from tests.shipped import DATASETS, GOLD_TABLES, USERS_HISTORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dags.lake_runs import LakeRuns

TABLES = {**dict.fromkeys((*DATASETS, USERS_HISTORY), Zone.SILVER), **dict.fromkeys(GOLD_TABLES, Zone.GOLD)}


def rows_by_name(lake: LakeRuns, uri: str) -> dict[str, int]:
    address = read_catalog_address(uri)
    return {
        name: open_catalog(address, lake.lake.area(zone)).load_table(address.table(name)).scan().count()
        for name, zone in TABLES.items()
    }


def rows_in_folders(lake: LakeRuns) -> dict[str, int]:
    def count(name: str) -> int:
        files = [str(path) for path in lake.folder(name).rglob("*.parquet")]
        rows: list[tuple[Any, ...]] = duckdb.sql(f"SELECT count(*) FROM read_parquet({files})").fetchall()
        return int(rows[0][0])

    return {name: count(f"{zone}/{name}") for name, zone in TABLES.items()}


def test_an_unchanged_run_publishes_every_table_and_a_rollback_too(
    twice_promoted_shop: LakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path}/catalog.db"
    lake = twice_promoted_shop.with_settings(catalog=uri)
    document = lake.run(start_spark=no_spark)
    assert not any("warnings" in one for one in document["transitions"])
    assert {one["verdict"] for one in document["transitions"][1:3]} == {"unchanged"}
    assert rows_by_name(lake, uri) == rows_in_folders(lake)

    monkeypatch.setenv("LAKEGATE_CATALOG", uri)
    rollback_command(name="silver/events", lake=str(lake.root), as_json=False)
    address = read_catalog_address(uri)
    table = open_catalog(address, lake.lake.area(Zone.SILVER)).load_table(address.table("events"))
    assert table.properties["lakegate.run-id"] == "first"
    assert rows_by_name(lake, uri) == rows_in_folders(lake)


def test_a_catalog_that_cannot_be_written_is_a_warning(
    messy_shop: LakeRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    lake = messy_shop.with_settings(catalog=f"sqlite:///{tmp_path}/file/catalog.db")
    document = lake.run(start_spark=no_spark)
    assert document["verdict"] == "warn"
    silver, gold = (text for one in document["transitions"] for text in one.get("warnings", ()))
    assert silver.startswith(
        "LAKEGATE_CATALOG: the catalog lags behind for all of silver, the next run tries"
    )
    assert gold in capsys.readouterr().err


def test_a_lag_is_in_the_verdict_file_until_an_attempt_heals_it(messy_shop: LakeRuns, tmp_path: Path) -> None:
    obstacle = tmp_path / "file"
    obstacle.write_text("")
    settings = messy_shop.with_settings(catalog=f"sqlite:///{obstacle}/catalog.db").settings
    run = new_run(as_of=AS_OF, run_id="night")
    lagging = run_transition_attempt(settings, run, "bronze_to_silver", Quiet(), no_spark)
    assert lagging == read_outcome(messy_shop.lake, "night", "bronze_to_silver")
    assert level_of(lagging) == "warn"
    assert "\n  LAKEGATE_CATALOG: the catalog lags behind for all of silver" in note_of(lagging, None)
    obstacle.unlink()
    obstacle.mkdir()
    healed = run_transition_attempt(settings, run, "bronze_to_silver", Quiet(), no_spark)
    assert healed.report is not None
    assert healed.report.warnings is None


def test_a_wrong_catalog_is_told_before_anything_is_done(lake: LakeRuns) -> None:
    with pytest.raises(ConfigurationError, match="glue://DATABASE"):
        lake.with_settings(catalog="hive://shop").run()
    assert not lake.root.exists()
