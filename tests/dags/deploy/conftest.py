"""What the tests of provisioning share: an AWS of moto's, a package, and the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from contracts.reader import load_contracts
from dags.cli.main import main
from dags.deploy.aws import Account
from dags.deploy.package import read_package
from dags.deploy.target import Target, location, locations
from dags.pipeline.settings import read_settings
from quarantine_policies.reader import load_policies
from tests.stand_ins.glue_jobs import jobs_can_be_updated
from tests.stand_ins.permissions import tls_understood

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from contracts.reader import Contracts
    from quarantine_policies.reader import Policies

REGION = "us-east-1"
REDSHIFT = "redshift-data://lakehouse/shop"


@dataclass(frozen=True)
class Told:
    """How a command ended and what it said."""

    status: object
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document

    def steps(self, *but: str) -> dict[str, str]:
        """The actions by kind and name, without those that are one of these."""
        steps = self.document["steps"]
        return {f"{one['kind']} {one['name']}": one["action"] for one in steps if one["action"] not in but}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account without anything in it."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "LAKEGATE_LAKE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws(), tls_understood(), jobs_can_be_updated():
        yield


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """The folder of a package; nobody looks into the wheel."""
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "lakegate-0.1.0-py3-none-any.whl").write_bytes(b"a wheel")
    (folder / "requirements-glue.txt").write_text("duckdb==2.0.0\nnumpy==1.0 ; python_version < '3.12'\n")
    return folder


@pytest.fixture
def lakegate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """The command line: takes its arguments and returns what it told."""

    def run(*arguments: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["lakegate", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Told(ended.value.code, said.out, said.err)

    return run


@pytest.fixture
def deploy(lakegate: Callable[..., Told], dist: Path) -> Callable[..., Told]:
    """`lakegate deploy` of the lake s3://shop/lake; further options may say otherwise."""
    return lambda *options: lakegate(
        "deploy", "--lake", "s3://shop/lake", "--dist", dist, "--region", REGION, *options
    )


@pytest.fixture
def target(dist: Path) -> Callable[..., Target]:
    """Makes a target for a lake at s3://shop/lake; settings by name, the rest by ``about``."""

    def make(about: dict[str, Any] | None = None, **settings: Any) -> Target:
        given = read_settings(**{"lake": "s3://shop/lake", **settings})
        return Target(
            **{
                "account": Account("123456789012", REGION),
                "settings": given,
                "areas": locations(given),
                "artifacts": location(f"{given.lake}/artifacts", "--artifacts"),
                "package": read_package(dist),
                **(about or {}),
            }
        )

    return make


@pytest.fixture(scope="session")
def shipped() -> tuple[Contracts, Policies]:
    return load_contracts(), load_policies()


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)
