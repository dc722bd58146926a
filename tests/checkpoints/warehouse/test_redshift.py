"""Redshift through the Data API: one batch, sent once, retried on transient errors, rolled back on others."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checkpoints.lake.manifest import ColumnSum
from checkpoints.warehouse.opening import open_redshift
from checkpoints.warehouse.redshift_access import Access
from checkpoints.warehouse.redshift_errors import StatementFailedError, StatementTimeoutError
from checkpoints.warehouse.redshift_sql import Statement
from checkpoints.warehouse.warehouse import (
    LoadOutcome,
    LoadStatus,
    PreflightError,
    WarehouseBusyError,
    WarehouseError,
)
from contracts.errors import TransientError
from tests.checkpoints.warehouse.releases import (
    CONTRACTS,
    FIRST,
    LATER,
    NOON,
    SECOND,
    promise,
    write_release,
)
from tests.checkpoints.warehouse.warehouses import PASSWORD, ROLE, RedshiftBench, redshift_bench
from tests.stand_ins.redshift.database import InjectedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from checkpoints.warehouse.load_request import LoadRequest
    from checkpoints.warehouse.warehouse import LoadedTable


FIRST_REVENUE = sum(row["amount"] for row in FIRST["fact_transactions"])  # type: ignore[misc]


@pytest.fixture
def bench() -> Iterator[RedshiftBench]:
    with redshift_bench(is_by_wire=False) as bench:
        yield bench


@pytest.fixture
def first(bench: RedshiftBench) -> LoadRequest:
    return write_release(bench.gold, "v1", FIRST)


def equal(tables: tuple[LoadedTable, ...]) -> bool:
    return all(table.matches_manifest for table in tables)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def copies(bench: RedshiftBench) -> int:
    return sum(sql.startswith("COPY") for sql in bench.database.log)


# --- what is sent ----------------------------------------------------------------------------------


def test_a_load_is_one_batch_of_delete_and_copy_that_ends_with_its_own_check(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    bench.open().load(first, equal, now=NOON)
    ddl, load = bench.data_api.batches
    assert {part.sql.split()[0] for part in ddl.parts} == {"CREATE", "COMMENT"}
    assert [part.sql.split()[0] for part in load.parts] == [
        *("DELETE", "COPY"),
        "DELETE",  # dim_country has no file
        *("DELETE", "COPY") * 8,
        *("DELETE", "INSERT"),  # the note of the release
        *("SELECT", "SELECT"),
    ]
    assert all("TRUNCATE" not in part.sql for part in load.parts)
    assert load.parts[-1].sql.startswith("SELECT 1 / CASE WHEN (SELECT COUNT(*)")


def test_a_manifest_lists_exactly_the_releases_files_with_their_lengths(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    bench.open().load(first, equal, now=NOON)
    place = bench.gold.child("_manifests", "_copy", first.checksum, "dim_users.manifest")
    files = first.tables[0].files
    assert json.loads(place.read_bytes()) == {
        "entries": [
            {
                "url": f"s3://lake/some/prefix/gold/dim_users/v1/part-{number}.parquet",
                "mandatory": True,
                "meta": {"content_length": files[number].size_bytes},
            }
            for number in range(2)
        ]
    }
    assert place.stat() is not None
    assert bench.gold.child("_manifests", "_copy", first.checksum, "dim_country.manifest").stat() is None


def test_a_different_document_at_a_manifests_path_is_not_overwritten(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    place = bench.gold.child("_manifests", "_copy", first.checksum, "dim_users.manifest")
    place.write_bytes(b"mine")
    with pytest.raises(WarehouseError, match=r"dim_users\.manifest: a different manifest exists"):
        bench.open().load(first, equal, now=NOON)
    assert (place.read_bytes(), copies(bench)) == (b"mine", 0)


def test_a_lake_that_redshift_cannot_read_is_refused(bench: RedshiftBench, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="Redshift loads from S3 only"):
        bench.open().load(write_release(tmp_path, "v1"), equal, now=NOON)


def test_a_hostile_run_id_is_stored_as_a_value(bench: RedshiftBench, first: LoadRequest) -> None:
    run_id = "x'); DROP TABLE gold.dim_users; -- :checksum $1 größe"
    request = replace(first, release=replace(first.release, run_id=run_id))
    bench.open().load(request, equal, now=NOON)
    loaded = bench.open().loaded_release()
    assert loaded is not None
    assert loaded.run_id == run_id


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([Statement("SELECT 1")] * 41, "at most 40, found 41"),
        (
            [Statement(f"SELECT 1 -- {'x' * 60_000}")] * 2,
            "bytes of SQL .* at most 100000, found 120024",
        ),
    ],
    ids=["41 statements", "120 KB"],
)
def test_a_batch_over_the_limits_is_not_sent(
    bench: RedshiftBench, statements: list[Statement], found: str
) -> None:
    with pytest.raises(WarehouseError, match=found):
        bench.open()._transport.transact(statements, name="too much")
    assert bench.data_api.calls == []


# --- sent once -------------------------------------------------------------------------------------


def test_a_load_whose_response_is_lost_runs_once(bench: RedshiftBench, first: LoadRequest) -> None:
    warehouse = bench.open()
    warehouse.setup.carry_out(CONTRACTS, Access())
    bench.data_api.lost_responses.append("BatchExecuteStatement")
    assert warehouse.load(first, equal, now=NOON).status is LoadStatus.LOADED
    assert (len(bench.data_api.batches), copies(bench)) == (2, 9)


@pytest.mark.aws
def test_a_retry_joins_a_load_that_is_still_running(bench: RedshiftBench, first: LoadRequest) -> None:
    outcomes: list[LoadOutcome] = []

    def load() -> None:
        outcomes.append(bench.open().load(first, equal, now=NOON))

    bench.open().setup.carry_out(CONTRACTS, Access())
    bench.database.copies_allowed.clear()
    threads = [threading.Thread(target=load) for _ in range(2)]
    threads[0].start()
    until(lambda: copies(bench) == 1)
    threads[1].start()
    until(lambda: bench.data_api.calls.count("BatchExecuteStatement") == 3)
    bench.database.copies_allowed.set()
    for thread in threads:
        thread.join()
    assert [outcome.status for outcome in outcomes] == [LoadStatus.LOADED] * 2
    assert (len(bench.data_api.batches), copies(bench)) == (2, 9)


@pytest.mark.aws
def test_the_same_release_into_two_schemas_is_two_loads(bench: RedshiftBench, first: LoadRequest) -> None:
    for schema in ("gold", "mart"):
        assert bench.open(schema=schema).load(first, equal, now=NOON).status is LoadStatus.LOADED
    assert bench.database.query("SELECT COUNT(*) FROM mart.dim_users") == [(2,)]


@pytest.mark.aws
def test_rows_changed_again_and_again_at_the_same_time_are_loaded_each_time(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    for _ in range(3):
        assert bench.open().load(first, equal, now=NOON).status is LoadStatus.LOADED
        assert bench.query("SELECT COUNT(*) FROM dim_users") == [(2,)]
        bench.query("DELETE FROM dim_users")


# --- retried ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        ("BatchExecuteStatement", "ActiveStatementsExceededException", "too many"),
        ("ExecuteStatement", "ActiveStatementsExceededException", "too many"),
        ("DescribeStatement", "ThrottlingException", "Rate exceeded"),
        ("ExecuteStatement", "ValidationException", "Workgroup is not in an available state"),
    ],
    ids=lambda fault: f"{fault[1]} for {fault[0]}",
)
@pytest.mark.aws
def test_a_call_with_a_transient_error_is_retried(
    bench: RedshiftBench, first: LoadRequest, fault: tuple[str, str, str]
) -> None:
    bench.data_api.faults.append(fault)
    assert bench.open().load(first, equal, now=NOON).status is LoadStatus.LOADED
    assert (bench.data_api.faults, copies(bench)) == ([], 9)


def test_a_service_that_stays_busy_is_a_transient_error(bench: RedshiftBench, first: LoadRequest) -> None:
    fault = ("ExecuteStatement", "ActiveStatementsExceededException", "too many")
    bench.data_api.faults += [fault] * 4
    with pytest.raises(TransientError, match="found ActiveStatementsExceededException") as busy:
        bench.open().load(first, equal, now=NOON)
    assert isinstance(busy.value, WarehouseBusyError)
    assert bench.data_api.faults == []


def test_a_conflict_with_another_transaction_is_retried_as_a_new_batch(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    conflict = "1023 DETAIL: Serializable isolation violation on table - 108017"
    bench.database.injected_errors.append(InjectedError('COPY "gold"."user_ltv"', conflict))
    assert bench.open().load(first, equal, now=NOON).status is LoadStatus.LOADED
    _, failed, done = bench.data_api.batches
    assert (failed.status, done.status) == ("FAILED", "FINISHED")
    assert failed.request["ClientToken"] != done.request["ClientToken"]
    assert failed.request["StatementName"] == done.request["StatementName"]


def test_a_load_that_failed_can_be_started_again(bench: RedshiftBench, first: LoadRequest) -> None:
    bench.database.injected_errors.append(
        InjectedError('COPY "gold"."dim_date"', "S3ServiceException: AccessDenied")
    )
    with pytest.raises(StatementFailedError, match=r"the load of dim_date failed in Redshift: ERROR: S3"):
        bench.open().load(first, equal, now=NOON)
    assert bench.query("SELECT COUNT(*) FROM dim_users") == [(0,)]
    assert bench.open().load(first, equal, now=NOON).status is LoadStatus.LOADED


@pytest.mark.aws
def test_a_load_over_the_timeout_is_cancelled_and_the_old_release_stays(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    bench.open().load(first, equal, now=NOON)
    second = write_release(bench.gold, "v2", SECOND)
    bench.database.copies_allowed.clear()
    with pytest.raises(StatementTimeoutError, match=r"had not finished after 1 s; .* cancelled"):
        bench.open(timeout_seconds="1").load(second, equal, now=LATER)
    bench.database.copies_allowed.set()
    assert bench.data_api.batches[-1].status == "ABORTED"
    assert bench.query("SELECT COUNT(*) FROM dim_users") == [(2,)]
    assert bench.open().load(second, equal, now=LATER).status is LoadStatus.LOADED


# --- rolled back -----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept by the failed batch", "from a probe"])
def test_a_mismatch_is_reported_with_or_without_results_of_the_failed_batch(
    bench: RedshiftBench, first: LoadRequest, is_kept: bool
) -> None:
    bench.data_api.keeps_failed_results = is_kept
    judged: list[tuple[LoadedTable, ...]] = []

    def reconcile(tables: tuple[LoadedTable, ...]) -> bool:
        judged.append(tables)
        return equal(tables)

    wrong = promise(first, "fact_transactions", sums=(ColumnSum("amount", FIRST_REVENUE * 2),))
    outcome = bench.open().load(wrong, reconcile, now=NOON)
    assert outcome.status is LoadStatus.REFUSED
    assert [one.name for one in outcome.tables if not one.matches_manifest] == ["fact_transactions"]
    assert judged[-1] == outcome.tables
    assert bench.query("SELECT COUNT(*) FROM fact_transactions") == [(0,)]
    assert len(bench.data_api.batches) == (2 if is_kept else 3)


def test_a_value_that_is_too_long_rolls_back_and_names_its_table(bench: RedshiftBench) -> None:
    rows = {"dim_users": [{"user_id": "ann", "name": "é" * 2_049}]}
    with pytest.raises(StatementFailedError, match=r"load of dim_users failed in Redshift: .*Value too long"):
        bench.open().load(write_release(bench.gold, "v1", rows), equal, now=NOON)
    assert bench.query("SELECT COUNT(*) FROM dim_users") == [(0,)]
    assert bench.open().loaded_release() is None


def test_an_email_address_in_an_error_of_redshift_is_masked(bench: RedshiftBench, first: LoadRequest) -> None:
    bench.database.injected_errors.append(
        InjectedError("COPY", "Invalid value 'ann@example.com' in column email")
    )
    with pytest.raises(StatementFailedError) as failed:
        bench.open().load(first, equal, now=NOON)
    assert "Invalid value '***' in column email" in str(failed.value)


def test_a_moved_column_is_refused_before_anything_is_sent(bench: RedshiftBench, first: LoadRequest) -> None:
    warehouse = bench.open()
    warehouse.load(first, equal, now=NOON)
    moved = tuple(
        replace(one, columns=(one.columns[1], one.columns[0], *one.columns[2:]))
        if one.name == "daily_revenue"
        else one
        for one in CONTRACTS
    )
    request = write_release(bench.gold, "v2", {}, moved)
    sent = len(bench.data_api.batches)
    with pytest.raises(PreflightError, match=r"daily_revenue\.transaction_count: expected at position 1"):
        warehouse.load(request, equal, now=LATER)
    assert len(bench.data_api.batches) == sent


# --- setting up ------------------------------------------------------------------------------------


def test_tables_are_planned_then_created_then_unchanged(bench: RedshiftBench) -> None:
    warehouse = bench.open(schema="mart")
    planned = warehouse.setup.plan(CONTRACTS, Access()).statements
    assert planned[0] == 'CREATE SCHEMA IF NOT EXISTS "mart"'
    assert sum(sql.startswith("CREATE TABLE") for sql in planned) == 11
    assert warehouse.setup.carry_out(CONTRACTS, Access()) == planned
    assert (
        warehouse.setup.plan(CONTRACTS, Access()).statements,
        warehouse.setup.carry_out(CONTRACTS, Access()),
    ) == ((), ())
    marked = bench.database.query("SELECT table_name, column_name FROM svv_columns WHERE remarks LIKE 'pii%'")
    assert set(marked) == {(one.name, column) for one in CONTRACTS for column in one.pii_columns}


def test_a_mismatched_table_must_be_changed_manually(bench: RedshiftBench) -> None:
    bench.query("CREATE TABLE dim_status (status BIGINT)")
    with pytest.raises(PreflightError, match=r"dim_status\.status: expected VARCHAR.*, found BIGINT"):
        bench.open().setup.plan(CONTRACTS, Access())


# --- answers ---------------------------------------------------------------------------------------


@pytest.mark.aws
def test_results_are_read_to_their_last_page(bench: RedshiftBench, first: LoadRequest) -> None:
    bench.data_api.rows_per_page = 3
    warehouse = bench.open()
    warehouse.load(first, equal, now=NOON)
    assert warehouse.load(first, equal, now=LATER).status is LoadStatus.UNCHANGED


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"secret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone"}, "can't find the specified"),
        ({"iam_role": ROLE + "-other"}, "not authorized to assume IAM Role"),
    ],
    ids=["a missing secret", "a role that cannot be assumed"],
)
def test_a_wrong_configuration_is_one_sentence(
    bench: RedshiftBench, first: LoadRequest, changed: dict[str, str], sentence: str
) -> None:
    with pytest.raises(WarehouseError, match=sentence):
        bench.open(**changed).load(first, equal, now=NOON)


def test_a_denied_permission_is_reported(bench: RedshiftBench) -> None:
    bench.data_api.faults.append(("ExecuteStatement", "AccessDeniedException", "User x is not authorized"))
    with pytest.raises(
        WarehouseError, match=r"access denied \(AccessDeniedException\).*give this role access"
    ):
        bench.open().loaded_release()


def test_a_missing_workgroup_is_reported(bench: RedshiftBench) -> None:
    with pytest.raises(WarehouseError, match="Redshift endpoint doesn't exist in this region"):
        open_redshift("redshift-data://elsewhere/lakehouse?region=us-east-1").loaded_release()


def test_the_data_api_gets_the_secrets_name_and_never_its_content(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    bench.open(secret=bench.secret).load(first, equal, now=NOON)
    assert {one.request["SecretArn"] for one in bench.data_api.submitted.values()} == {bench.secret}
    assert PASSWORD not in repr([one.request for one in bench.data_api.submitted.values()])
