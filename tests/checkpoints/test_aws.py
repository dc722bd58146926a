"""Timeouts and attempts of AWS clients are set in one place, and callers do not retry on top of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import checkpoints
import dags
from checkpoints.aws import Wait, aws_client
from checkpoints.storage.errors import StorageUnreachableError, TransientStorageError
from checkpoints.storage.s3 import S3Storage
from checkpoints.warehouse.redshift_data_api import DataApi
from checkpoints.warehouse.redshift_sql import Statement
from checkpoints.warehouse.redshift_transport import RetryPolicy
from checkpoints.warehouse.redshift_uri import read_address
from checkpoints.warehouse.warehouse import WarehouseBusyError
from contracts.errors import TransientError
from tests.stand_ins.dead_endpoints import closed_endpoint, silent_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = Wait(connect_seconds=1, read_seconds=0.2, attempts=2)
WAREHOUSE = "redshift-data://analytics/lakehouse?region=us-east-1"


@pytest.fixture(autouse=True)
def _login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def sent_requests(client: Any, service: str) -> list[str]:
    """Return a list that grows by each request that is sent."""
    sent: list[str] = []
    client.meta.events.register(f"before-send.{service}", lambda request, **_: sent.append(request.url))
    return sent


def read_lake(client: Any) -> object:
    return S3Storage(client, "lake").read_bytes("a")


def ask_warehouse(client: Any) -> object:
    return DataApi(client, read_address(WAREHOUSE), RetryPolicy()).query(Statement("SELECT 1"))


@pytest.mark.parametrize(
    ("service", "ask", "error", "sentence"),
    [
        (
            "s3",
            read_lake,
            StorageUnreachableError,
            "cannot read: s3://lake/a, found no connection to AWS: ",
        ),
        (
            "redshift-data",
            ask_warehouse,
            TransientError,
            "execute_statement failed (found no connection to AWS: ",
        ),
    ],
)
def test_an_unreachable_endpoint_is_tried_as_often_as_configured_and_no_more(
    service: str, ask: Callable[[Any], object], error: type[Exception], sentence: str
) -> None:
    endpoint = closed_endpoint()
    client = aws_client(service, region="us-east-1", endpoint_url=endpoint, wait=SHORT)
    sent = sent_requests(client, service)
    with pytest.raises(error) as caught:
        ask(client)
    assert len(sent) == SHORT.attempts
    assert not isinstance(caught.value, WarehouseBusyError)  # which would be retried
    assert sentence in str(caught.value)
    assert f'Could not connect to the endpoint URL: "{endpoint}' in str(caught.value)
    assert str(caught.value).endswith(
        "; check the network, the proxy, the region and AWS_ENDPOINT_URL, then run again"
    )


def test_an_endpoint_that_never_answers_times_out_as_configured() -> None:
    with silent_endpoint() as endpoint:
        client = aws_client("s3", region="us-east-1", endpoint_url=endpoint, wait=Wait(1, 0.2, 1))
        began = time.monotonic()
        with pytest.raises(TransientStorageError, match="no answer from AWS"):
            list(S3Storage(client, "lake").list("a"))
        assert time.monotonic() - began < 20  # four times 0.2 s, and the pauses between


def test_no_other_module_makes_a_client() -> None:
    makers = {
        path.name
        for room in (checkpoints, dags)
        for path in Path(str(room.__file__)).parent.rglob("*.py")
        if "boto3.client(" in path.read_text() or "botocore.config" in path.read_text()
    }
    assert makers == {"aws.py"}
