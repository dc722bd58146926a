"""Redshift by its wire protocol: who logs in, what breaks, and that no password is ever seen."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING

import boto3
import pytest

from checkpoints.warehouse.opening import open_redshift
from checkpoints.warehouse.redshift_errors import StatementFailed, TookTooLong
from checkpoints.warehouse.redshift_login import Login
from checkpoints.warehouse.warehouse import LoadStatus, WarehouseBusy, WarehouseError
from tests.checkpoints.warehouse.releases import CONTRACTS, FIRST, LATER, NOON, SECOND, write_release
from tests.checkpoints.warehouse.warehouses import PASSWORD, RedshiftBench, redshift_bench
from tests.stand_ins.redshift.database import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkpoints.warehouse.request import LoadRequest


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
    assert set(bench.wire.logins) == {"IAMR:loader"}


def test_a_connection_that_breaks_midway_undoes_the_load_which_is_tried_again(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    bench.wire.breaks_at = 'COPY "gold"."user_ltv"'
    assert bench.open().load(first, lambda _: True, now=NOON).status is LoadStatus.LOADED
    assert bench.wire.breaks_at is None
    assert bench.query("SELECT COUNT(*) FROM dim_users") == [(2,)]


def test_a_statement_that_fails_undoes_the_load_and_is_not_tried_again(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    bench.open().load(first, lambda _: True, now=NOON)
    second = write_release(bench.gold, "v2", SECOND)
    bench.database.troubles.append(Trouble('COPY "gold"."dim_date"', "S3ServiceException: AccessDenied"))
    with pytest.raises(StatementFailed, match="Redshift refused the load of dim_date: S3ServiceException"):
        bench.open().load(second, lambda _: True, now=LATER)
    assert bench.query("SELECT user_id FROM dim_users ORDER BY 1") == [("ann",), ("bob",)]


@pytest.mark.aws
def test_an_answer_that_does_not_come_is_not_waited_for_forever(
    bench: RedshiftBench, first: LoadRequest
) -> None:
    bench.open().create_tables(CONTRACTS)
    bench.database.copies_may_go.clear()
    try:
        with pytest.raises(TookTooLong, match="Redshift gave no answer for 1 s"):
            bench.open(timeout_seconds="1").load(first, lambda _: True, now=NOON)
    finally:
        bench.database.copies_may_go.set()


def test_a_server_that_is_not_there_is_a_transient_error() -> None:
    with redshift_bench(is_by_wire=True) as bench:
        bench.wire.__exit__()
        with pytest.raises(WarehouseBusy, match="Redshift cannot be reached"):
            bench.open().loaded_release()
        bench.wire.__enter__()


def test_a_database_that_is_not_there_is_told(bench: RedshiftBench) -> None:
    uri = bench.uri().replace("/lakehouse?", "/elsewhere?")
    with pytest.raises(WarehouseError, match='database "elsewhere" does not exist'):
        open_redshift(uri).loaded_release()


@pytest.mark.parametrize(
    "text",
    ['{"username": "loader"}', '{"username": "", "password": "hunter2"}', "hunter2", '["hunter2"]'],
    ids=["no password", "no user", "no JSON", "no object"],
)
def test_a_secret_that_is_no_login_is_told_without_its_content(bench: RedshiftBench, text: str) -> None:
    put_secret(bench, text)
    with pytest.raises(WarehouseError, match="this secret is no login") as refused:
        bench.open().loaded_release()
    assert "hunter2" not in told(refused.value)


def test_a_secret_that_is_not_there_is_told(bench: RedshiftBench) -> None:
    gone = "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf"
    with pytest.raises(WarehouseError, match=f"{gone}: cannot read the secret"):
        bench.open(secret=gone).loaded_release()


def told(error: BaseException) -> str:
    """Return all that an error and what is behind it could show to anybody."""
    words = "".join(traceback.format_exception(error))
    seen: BaseException | None = error
    while seen is not None:
        words += f"{seen!r} {seen.args!r} {vars(seen)!r}"
        seen = seen.__cause__ or seen.__context__
    return words


@pytest.mark.parametrize("how_it_ends", ["well", "wrong password", "refused statement", "broken connection"])
def test_a_password_is_never_seen(
    bench: RedshiftBench, first: LoadRequest, caplog: pytest.LogCaptureFixture, how_it_ends: str
) -> None:
    if how_it_ends == "wrong password":
        bench.database.users["loader"] = "another"
    if how_it_ends == "refused statement":
        bench.database.troubles.append(Trouble("COPY", f"user loader, password {PASSWORD}, is tired"))
    if how_it_ends == "broken connection":
        bench.wire.breaks_at = "COPY"
    caplog.set_level(logging.DEBUG)
    for name in ("botocore", "urllib3", "redshift_connector"):
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).debug("heard")
    shown = ""
    warehouse = bench.open()
    try:
        shown += repr(warehouse.load(first, lambda _: True, now=NOON))
    except WarehouseError as error:
        shown += told(error)
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


def test_the_driver_and_boto3_are_imported_by_nobody_who_does_not_need_them() -> None:
    code = (
        "import sys\n"
        "from checkpoints.warehouse.opening import open_warehouse\n"
        "open_warehouse('duckdb:///lake/warehouse.duckdb')\n"
        "print({'boto3', 'botocore', 'redshift_connector'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
