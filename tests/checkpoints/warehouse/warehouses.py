"""Test benches: one interface to every warehouse implementation."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol
from unittest.mock import patch

import boto3
import duckdb
from moto import mock_aws

from checkpoints.storage.local import LocalStorage
from checkpoints.storage.place import Place
from checkpoints.storage.s3 import S3Storage
from checkpoints.warehouse.duckdb import DuckDBWarehouse
from checkpoints.warehouse.opening import open_redshift
from checkpoints.warehouse.redshift_transport import RetryPolicy
from tests.stand_ins.redshift.data_api import DataApiServer
from tests.stand_ins.redshift.database import RedshiftDatabase
from tests.stand_ins.redshift.wire import WireServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from checkpoints.warehouse.redshift import RedshiftWarehouse
    from checkpoints.warehouse.warehouse import Warehouse

ROLE = "arn:aws:iam::123456789012:role/lakegate-copy"
PASSWORD = "correct-horse-battery"
SCHEMA = "gold"


class Bench(Protocol):
    """A warehouse under test, with independent access to read and change it."""

    @property
    def gold(self) -> Place:
        """Root of the releases to load."""
        ...

    def open(self) -> Warehouse:
        """Return the warehouse."""
        ...

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Run a statement as another client."""
        ...


@dataclass(frozen=True)
class DuckDBBench:
    """DuckDB in a file."""

    folder: Path

    @property
    def gold(self) -> Place:
        return Place(LocalStorage(self.folder / "gold"))

    def open(self) -> Warehouse:
        return DuckDBWarehouse(self.folder / "warehouse.duckdb")

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            return connection.execute(sql).fetchall()


@dataclass
class RedshiftBench:
    """The Redshift stand-in, accessed as in production; the lake is on moto's S3."""

    database: RedshiftDatabase
    data_api: DataApiServer
    wire: WireServer
    gold: Place
    secret: str
    is_by_wire: bool
    pauses: list[float] = field(default_factory=list)

    def uri(self, **changed: str) -> str:
        options = {"schema": SCHEMA, "iam_role": ROLE, "region": "us-east-1"}
        if self.is_by_wire:
            options |= {"secret": self.secret, "ssl": "false"}
            at = f"redshift://127.0.0.1:{self.wire.port}"
        else:
            at = f"redshift-data://{self.data_api.workgroup}"
        words = "&".join(f"{name}={value}" for name, value in (options | changed).items() if value)
        return f"{at}/{self.database.name}?{words}"

    def open(self, **changed: str) -> RedshiftWarehouse:
        retry_policy = RetryPolicy(first_pause_seconds=0.004, longest_pause_seconds=0.02)
        sleep = retry_policy.sleep

        def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            sleep(seconds)

        return open_redshift(self.uri(**changed), replace(retry_policy, sleep=pause))

    def query(self, sql: str) -> list[tuple[object, ...]]:
        return self.database.query(sql, search_path=SCHEMA)


@contextmanager
def duckdb_bench(folder: Path) -> Iterator[DuckDBBench]:
    yield DuckDBBench(folder)


@contextmanager
def redshift_bench(*, is_by_wire: bool) -> Iterator[RedshiftBench]:
    """A Redshift with an empty schema, both endpoints, a bucket and a secret."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="lake")
        secret = boto3.client("secretsmanager", region_name="us-east-1").create_secret(
            Name="redshift", SecretString=f'{{"username": "loader", "password": "{PASSWORD}"}}'
        )["ARN"]
        database = RedshiftDatabase(s3, roles=(ROLE,), users={"loader": PASSWORD})
        database.superusers += ("loader",)
        database.query(f"CREATE SCHEMA {SCHEMA}")
        with DataApiServer(database, secrets=(secret,)) as data_api, WireServer(database) as wire:
            endpoints = {
                "AWS_ENDPOINT_URL_REDSHIFT_DATA": data_api.url,
                "AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS": data_api.url,
            }
            with patch.dict(os.environ, endpoints):
                gold = Place(S3Storage(s3, "lake", "some/prefix"), "gold")
                yield RedshiftBench(database, data_api, wire, gold, secret, is_by_wire)


BENCHES: dict[str, Callable[[Path], AbstractContextManager[Bench]]] = {
    "duckdb": duckdb_bench,
    "redshift by the Data API": lambda _: redshift_bench(is_by_wire=False),
    "redshift by its wire protocol": lambda _: redshift_bench(is_by_wire=True),
}
