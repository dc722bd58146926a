"""How long AWS is waited for: said in one place, and not once more by whoever calls."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import checkpoints
import dags
from checkpoints.aws_client import Wait, aws_client
from checkpoints.lake.errors import StorageUnreachable, TransientStorageError
from checkpoints.lake.s3 import S3Storage
from checkpoints.warehouse.redshift_address import read_address
from checkpoints.warehouse.redshift_data_api import DataApi
from checkpoints.warehouse.redshift_sql import Statement
from checkpoints.warehouse.redshift_transport import Patience
from checkpoints.warehouse.warehouse import WarehouseBusy
from contracts.faults import TransientError
from tests.stand_ins.silence import nobody, silent

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = Wait(connect_seconds=1, read_seconds=0.2, attempts=2)
WAREHOUSE = "redshift-data://analytics/lakehouse?region=us-east-1"


@pytest.fixture(autouse=True)
def _login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def counted(client: Any, service: str) -> list[str]:
    """Return a list that grows by each request that is sent."""
    sent: list[str] = []
    client.meta.events.register(f"before-send.{service}", lambda request, **_: sent.append(request.url))
    return sent


def read_lake(client: Any) -> object:
    return S3Storage(client, "lake").read_bytes("a")


def ask_warehouse(client: Any) -> object:
    return DataApi(client, read_address(WAREHOUSE), Patience()).query(Statement("SELECT 1"))


@pytest.mark.parametrize(
    ("service", "ask", "error", "sentence"),
    [
        ("s3", read_lake, StorageUnreachable, "cannot read, as S3 cannot be reached: s3://lake/a, found"),
        ("redshift-data", ask_warehouse, TransientError, "refused execute_statement, as AWS cannot be"),
    ],
)
def test_where_nobody_listens_it_is_asked_as_often_as_the_client_says_and_no_more(
    service: str, ask: Callable[[Any], object], error: type[Exception], sentence: str
) -> None:
    endpoint = nobody()
    client = aws_client(service, region="us-east-1", endpoint_url=endpoint, wait=SHORT)
    sent = counted(client, service)
    with pytest.raises(error) as told:
        ask(client)
    assert len(sent) == SHORT.attempts
    assert not isinstance(told.value, WarehouseBusy)  # which would be tried again
    assert sentence in str(told.value)
    assert f'Could not connect to the endpoint URL: "{endpoint}' in str(told.value)
    assert str(told.value).endswith(
        "; check the network, the proxy, the region and AWS_ENDPOINT_URL, then run again"
    )


def test_who_takes_a_connection_and_says_nothing_is_waited_for_as_long_as_the_client_says() -> None:
    with silent() as endpoint:
        client = aws_client("s3", region="us-east-1", endpoint_url=endpoint, wait=Wait(1, 0.2, 1))
        began = time.monotonic()
        with pytest.raises(TransientStorageError, match="no answer from S3"):
            list(S3Storage(client, "lake").list("a"))
        assert time.monotonic() - began < 20  # four times 0.2 s, and the pauses between


def test_no_other_place_makes_a_client() -> None:
    makers = {
        path.name
        for room in (checkpoints, dags)
        for path in Path(str(room.__file__)).parent.rglob("*.py")
        if "boto3.client(" in path.read_text() or "botocore.config" in path.read_text()
    }
    assert makers == {"aws_client.py"}
