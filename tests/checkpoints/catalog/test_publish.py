"""The catalog shows the current version of each table, whatever happened before."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from checkpoints.lake.commit import read_pointer
from checkpoints.lake.pointer import GRACE
from checkpoints.lake.promotion import candidate_files, rollback
from contracts.errors import LakegateError
from contracts.model import Zone
from tests.checkpoints.catalog.conftest import local_lake
from tests.checkpoints.catalog.lakes import NOON, CatalogedLake
from tests.killing import run_killed

if TYPE_CHECKING:
    from pathlib import Path

FIRST = {"2024-05-01": ["1.5", "2.25"], "1900-01-01": ["4"]}
SECOND = {"2024-05-02": ["8"]}


def test_a_promoted_version_is_read_by_name(cataloged: CatalogedLake) -> None:
    cataloged.promote("v1", FIRST)
    assert cataloged.publish().published == ("transactions",)
    assert cataloged.amounts() == ["1.5000", "2.2500", "4.0000"]
    assert cataloged.table().scan(row_filter="event_date = '2024-05-01'").count() == 2


def test_a_version_replaces_the_one_before_and_a_rollback_brings_it_back(cataloged: CatalogedLake) -> None:
    cataloged.promote("v1", FIRST)
    cataloged.publish()
    cataloged.promote("v2", SECOND)
    cataloged.publish()
    assert cataloged.amounts() == ["8.0000"]
    rollback(cataloged.lake, Zone.SILVER, "transactions", now=NOON)
    cataloged.publish()
    assert cataloged.amounts() == ["1.5000", "2.2500", "4.0000"]


def test_a_promotion_that_was_not_published_is_published_by_the_next_run(local: CatalogedLake) -> None:
    for version, amounts in (("v1", FIRST), ("v2", FIRST), ("v3", SECOND)):
        local.promote(version, amounts)
        if version == "v1":
            local.publish()
    assert local.publish().published == ("transactions",)
    assert local.amounts() == ["8.0000"]


def test_a_table_that_shows_the_current_version_is_left_alone(local: CatalogedLake) -> None:
    local.promote("v1", FIRST)
    local.publish()
    before = local.table().metadata_location
    assert local.publish().published == ()
    assert local.table().metadata_location == before


def test_all_tables_of_a_release_are_published_even_without_rows(local: CatalogedLake) -> None:
    local.release("r1", ["DE", "FR"])
    local.release("r2", ["DE"])
    assert local.publish(Zone.GOLD).published == ("dim_country", "daily_revenue")
    assert local.table("dim_country", Zone.GOLD).scan().to_arrow()["country"].to_pylist() == ["DE"]
    assert local.table("daily_revenue", Zone.GOLD).scan().count() == 0


def test_nothing_is_published_before_the_first_promotion(local: CatalogedLake) -> None:
    assert local.publish().published == ()
    assert not (local.lake.root.child("catalog.db").stat())


def test_files_without_their_day_are_refused(local: CatalogedLake) -> None:
    local.promote("v1", FIRST, event_date="")
    failed = local.publish().failed["transactions"]
    assert "the files do not hold event_date" in failed
    local.promote("v2", FIRST)
    assert local.publish().published == ("transactions",)


def test_a_snapshot_tells_run_version_and_verdict(local: CatalogedLake) -> None:
    local.promote("v1", FIRST)
    local.publish()
    snapshot = local.table().current_snapshot()
    assert snapshot is not None
    assert snapshot.summary is not None
    told = snapshot.summary.additional_properties
    assert told["lakegate.version"] == "v1"
    assert told["lakegate.run-id"] == "run-v1"
    assert told["lakegate.verdict"] == "warn"
    assert told["total-records"] == "3"


def test_comments_and_marks_of_personal_data_come_from_the_contract(local: CatalogedLake) -> None:
    local.promote("v1", FIRST, email="string")
    local.publish()
    table = local.table()
    comments = {field.name: field.doc for field in table.schema().fields}
    assert comments["tx_id"] == "Identifies the transaction."
    assert str(comments["email"]).endswith("[personal data]")
    assert "email" in table.properties["lakegate.personal-data"].split(",")


def test_glue_shows_the_comments_of_the_contract(in_glue: CatalogedLake) -> None:
    in_glue.promote("v1", FIRST, email="string")
    in_glue.publish()
    table = boto3.client("glue").get_table(DatabaseName="shop", Name="transactions")["Table"]
    assert table["Parameters"]["table_type"] == "ICEBERG"
    comments = {one["Name"]: one["Comment"] for one in table["StorageDescriptor"]["Columns"]}
    assert comments["tx_id"] == "Identifies the transaction."
    assert "transaction" in table["Description"]


def test_columns_keep_their_ids_when_others_come_and_go(local: CatalogedLake) -> None:
    local.promote("v1", FIRST)
    local.publish()
    first = {field.name: field.field_id for field in local.table().schema().fields}
    local.promote("v2", SECOND, user_id="", city="string", age="bigint", amount="decimal(38,4)")
    local.publish()
    schema = local.table().schema()
    second = {field.name: field.field_id for field in schema.fields}
    assert list(second) == ["tx_id", "amount", "created_at", "age", "event_date", "city"]
    assert {name: number for name, number in first.items() if name != "user_id"}.items() <= second.items()
    assert second["city"] not in first.values()
    assert str(schema.find_type("age")) == "long"
    assert local.amounts() == ["8.0000"]


def test_a_column_whose_type_cannot_be_widened_is_a_new_one(local: CatalogedLake) -> None:
    local.promote("v1", FIRST, age="bigint")
    local.publish()
    before = local.table().schema().find_field("age").field_id
    local.promote("v2", SECOND, age="int")
    local.publish()
    after = local.table().schema().find_field("age")
    assert after.field_id != before
    assert str(after.field_type) == "int"
    assert local.table().scan().to_arrow()["age"].to_pylist() == [36]


def test_snapshots_of_versions_that_are_gone_are_forgotten_and_their_files_stay(local: CatalogedLake) -> None:
    for number in range(1, 5):
        local.promote(f"v{number}", FIRST)
        local.publish()
    late = NOON + timedelta(days=9)
    rollback(local.lake, Zone.SILVER, "transactions", now=late)
    local.publish()
    line = read_pointer(local.lake, Zone.SILVER).line("transactions")
    assert line is not None
    snapshots = local.table().metadata.snapshots
    versions = {one.summary.additional_properties["lakegate.version"] for one in snapshots if one.summary}
    assert versions <= {ref.version for ref in line.versions}
    assert all(one.summary and one.summary.operation.value == "append" for one in snapshots)
    assert len(candidate_files(local.lake.silver("transactions", "v1"))) == 2


def test_metadata_that_no_snapshot_needs_is_removed_after_a_while(cataloged: CatalogedLake) -> None:
    folder = cataloged.lake.area(Zone.SILVER).child("_catalog", "transactions")

    def avro() -> int:
        return sum(info.path.endswith(".avro") for info in folder.list())

    for number in range(1, 5):
        cataloged.promote(f"v{number}", FIRST)
        cataloged.publish()
    grown = avro()
    cataloged.promote("v5", SECOND)
    cataloged.publish(now=datetime.now(UTC) + GRACE + timedelta(hours=1))
    assert avro() < grown
    snapshots = cataloged.table().metadata.snapshots
    assert avro() == sum(1 + len(one.manifests(cataloged.table().io)) for one in snapshots)
    assert cataloged.amounts() == ["8.0000"]


def test_engines_are_told_not_to_delete_files(local: CatalogedLake) -> None:
    local.promote("v1", FIRST)
    local.publish()
    table = local.table()
    assert table.properties["gc.enabled"] == "false"
    assert table.location().endswith("silver/_catalog/transactions")
    with pytest.raises(PermissionError, match="not a file of Iceberg metadata"):
        table.io.delete(next(iter(table.scan().plan_files())).file.file_path)


def test_a_table_of_another_lake_is_not_touched_and_the_others_are_published(
    local: CatalogedLake, tmp_path: Path
) -> None:
    other = local_lake(tmp_path / "other")
    other = CatalogedLake(other.lake, local.address)
    other.release("r1", ["US"])
    other.publish(Zone.GOLD)
    local.release("r2", ["DE"])
    local.promote("v1", FIRST)
    result = local.publish(Zone.GOLD)
    assert "another lake's table has this name" in result.failed["dim_country"]
    assert other.table("dim_country", Zone.GOLD).scan().to_arrow()["country"].to_pylist() == ["US"]
    assert local.publish().published == ("transactions",)


def test_a_table_that_is_no_longer_released_is_dropped_until_a_rollback(cataloged: CatalogedLake) -> None:
    cataloged.release("r1", ["DE"])
    cataloged.publish(Zone.GOLD)
    cataloged.release("r2", ["DE"], without="daily_revenue")
    assert cataloged.publish(Zone.GOLD).dropped == ("daily_revenue",)
    assert cataloged.publish(Zone.GOLD).dropped == ()
    rollback(cataloged.lake, Zone.GOLD, "dim_country", now=NOON)
    assert cataloged.publish(Zone.GOLD).published == ("dim_country", "daily_revenue")


def test_a_missing_glue_database_is_told_with_the_command_that_makes_it(in_glue: CatalogedLake) -> None:
    in_glue.promote("v1", FIRST)
    boto3.client("glue").delete_database(Name="shop")
    with pytest.raises(LakegateError, match="run `lakegate deploy`"):
        in_glue.publish()


@pytest.mark.slow
def test_a_publication_killed_at_any_change_is_completed_by_the_next(tmp_path: Path) -> None:
    prepared = local_lake(tmp_path / "prepared")
    prepared.promote("v1", FIRST)
    prepared.publish()
    prepared.promote("v2", SECOND)
    change, seen = 1, []
    while True:
        # The same path each time: the catalog holds it.
        shutil.rmtree(tmp_path / "kept", ignore_errors=True)
        shutil.copytree(tmp_path / "prepared", tmp_path / "kept")
        if not run_killed(prepared.publish, str(tmp_path / "prepared"), change):
            break
        seen.append(prepared.amounts())
        prepared.publish()
        assert prepared.amounts() == ["8.0000"]
        shutil.rmtree(tmp_path / "prepared")
        shutil.copytree(tmp_path / "kept", tmp_path / "prepared")
        change += 1
    assert change > 10
    assert all(amounts in (["1.5000", "2.2500", "4.0000"], ["8.0000"]) for amounts in seen)
