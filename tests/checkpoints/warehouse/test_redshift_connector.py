"""Redshift through the wire protocol: logins, failures, and no password in logs or errors."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING

import boto3
import pytest

from checkpoints.warehouse.opening import open_redshift
from checkpoints.warehouse.redshift_access import Access
from checkpoints.warehouse.redshift_connector import Login
from checkpoints.warehouse.redshift_errors import StatementFailedError, StatementTimeoutError
from checkpoints.warehouse.warehouse import LoadStatus, WarehouseBusyError, WarehouseError
from tests.checkpoints.warehouse.releases import CONTRACTS, FIRST, LATER, NOON, SECOND, write_release
from tests.checkpoints.warehouse.warehouses import PASSWORD, RedshiftBench, redshift_bench
from tests.stand_ins.redshift.database import InjectedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkpoints.warehouse.load_request import LoadRequest


@pytest.fixture
def bench() -> Iterator[RedshiftBench]:
    with redshift_bench(is_by_wire=True) as bench:
        yield bench


@pytest.fixture
def first(bench: RedshiftBench) -> LoadRequest:
    return write_release(bench.gold, "v1", FIRST)


def put_secret(bench: RedshiftBench, text: str) -> None:
    client = boto3.client("secretsmanager", region_name="us-east-1")
    client.put_secret_value(SecretId=bench.secret, SecretString=text)


def test_a_login_comes_from_the_secret(bench: RedshiftBench, first: LoadRequest) -> None:
    assert bench.open().load(first, lambda _: True, now=NOON).status is LoadStatus.LOADED
    assert set(bench.wire.logins) == {"loader"}


def test_a_login_comes_from_iam_where_no_secret_is_named(bench: RedshiftBench, first: LoadRequest) -> None:
    warehouse = bench.open(secret="", workgroup="analytics")
    assert warehouse.load(first, lambda _: True, now=NOON).status is LoadStatus.LOADED
    assert set(bench.wire.logins) == {"IAMR:admin"}


def test_a_broken_connection_rolls_back_and_the_load_is_retried(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    bench.wire.break_at = 'COPY "gold"."user_ltv"'
    assert bench.open().load(first, lambda _: True, now=NOON).status is LoadStatus.LOADED
    assert bench.wire.break_at is None
    assert bench.query("SELECT COUNT(*) FROM dim_users") == [(2,)]


def test_a_failed_statement_rolls_back_and_is_not_retried(bench: RedshiftBench, first: LoadRequest) -> None:
    bench.open().load(first, lambda _: True, now=NOON)
    second = write_release(bench.gold, "v2", SECOND)
    bench.database.injected_errors.append(
        InjectedError('COPY "gold"."dim_date"', "S3ServiceException: AccessDenied")
    )
    with pytest.raises(StatementFailedError, match="load of dim_date failed in Redshift: S3ServiceException"):
        bench.open().load(second, lambda _: True, now=LATER)
    assert bench.query("SELECT user_id FROM dim_users ORDER BY 1") == [("ann",), ("bob",)]


@pytest.mark.aws
def test_waiting_for_an_answer_times_out(bench: RedshiftBench, first: LoadRequest) -> None:
    bench.open().setup.carry_out(CONTRACTS, Access())
    bench.database.copies_allowed.clear()
    try:
        with pytest.raises(StatementTimeoutError, match="Redshift did not answer within 1 s"):
            bench.open(timeout_seconds="1").load(first, lambda _: True, now=NOON)
    finally:
        bench.database.copies_allowed.set()


def test_an_unreachable_server_is_a_transient_error() -> None:
    with redshift_bench(is_by_wire=True) as bench:
        bench.wire.__exit__()
        with pytest.raises(WarehouseBusyError, match="Redshift cannot be reached"):
            bench.open().loaded_release()
        bench.wire.__enter__()


def test_a_missing_database_is_reported(bench: RedshiftBench) -> None:
    uri = bench.uri().replace("/lakehouse?", "/elsewhere?")
    with pytest.raises(WarehouseError, match='database "elsewhere" does not exist'):
        open_redshift(uri).loaded_release()


@pytest.mark.parametrize(
    "text",
    ['{"username": "loader"}', '{"username": "", "password": "hunter2"}', "hunter2", '["hunter2"]'],
    ids=["no password", "no user", "no JSON", "no object"],
)
def test_a_secret_without_a_login_is_reported_without_its_content(bench: RedshiftBench, text: str) -> None:
    put_secret(bench, text)
    with pytest.raises(WarehouseError, match="the secret does not contain a login") as refused:
        bench.open().loaded_release()
    assert "hunter2" not in everything_shown(refused.value)


def test_a_missing_secret_is_reported(bench: RedshiftBench) -> None:
    gone = "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf"
    with pytest.raises(WarehouseError, match=f"{gone}: cannot read the secret"):
        bench.open(secret=gone).loaded_release()


def everything_shown(error: BaseException) -> str:
    """Return everything that an error and its causes can show."""
    words = "".join(traceback.format_exception(error))
    seen: BaseException | None = error
    while seen is not None:
        words += f"{seen!r} {seen.args!r} {vars(seen)!r}"
        seen = seen.__cause__ or seen.__context__
    return words


@pytest.mark.parametrize("how_it_ends", ["well", "wrong password", "refused statement", "broken connection"])
def test_a_password_is_never_logged_or_shown(
    bench: RedshiftBench, first: LoadRequest, caplog: pytest.LogCaptureFixture, how_it_ends: str
) -> None:
    if how_it_ends == "wrong password":
        bench.database.users["loader"] = "another"
    if how_it_ends == "refused statement":
        bench.database.injected_errors.append(
            InjectedError("COPY", f"user loader, password {PASSWORD}, is tired")
        )
    if how_it_ends == "broken connection":
        bench.wire.break_at = "COPY"
    caplog.set_level(logging.DEBUG)
    for name in ("botocore", "urllib3", "redshift_connector"):
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).debug("heard")
    shown = ""
    warehouse = bench.open()
    try:
        shown += repr(warehouse.load(first, lambda _: True, now=NOON))
    except WarehouseError as error:
        shown += everything_shown(error)
    finally:
        for name in ("botocore", "urllib3", "redshift_connector"):
            logging.getLogger(name).setLevel(logging.NOTSET)
    shown += f"{warehouse.uri} {vars(warehouse)!r} {bench.database.log}"
    records = [record.getMessage() for record in caplog.records if not record.name.startswith("moto")]
    assert records[:3] == ["heard"] * 3
    assert PASSWORD not in shown
    assert not [message for message in records if PASSWORD in message]


def test_a_login_does_not_show_its_password() -> None:
    assert repr(Login("loader", PASSWORD)) == "Login(user='loader')"


def test_duckdb_imports_neither_boto3_nor_the_redshift_driver() -> None:
    code = (
        "import sys\n"
        "from checkpoints.warehouse.opening import open_warehouse\n"
        "open_warehouse('duckdb:///lake/warehouse.duckdb')\n"
        "print({'boto3', 'botocore', 'redshift_connector'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
