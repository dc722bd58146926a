"""Fixtures for the deployment: moto's AWS, a package, and the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from contracts.loader import load_contracts
from dags.cli.main import main
from dags.deploy.aws import Account
from dags.deploy.package import read_package
from dags.deploy.target import Target, location, locations
from dags.settings import read_settings
from quarantine_policies.reader import load_policies
from tests.contributing import Installation
from tests.stand_ins.moto_additions import moto_additions
from tests.stand_ins.permissions import conditions_evaluated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from contracts.loader import Contracts
    from quarantine_policies.reader import Policies

REGION = "us-east-1"
REDSHIFT = "redshift-data://lakehouse/shop"
WHEELS = "lakegate-0.1.0-glue.gluewheels.zip"
WHEELS_WITH_REDSHIFT = "lakegate-0.1.0-glue-redshift.gluewheels.zip"


@dataclass(frozen=True)
class Deployed:
    """Exit status and output of a command."""

    status: object
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document

    def steps(self, *excluded: str) -> dict[str, str]:
        """Actions by kind and name, without the excluded actions."""
        steps = self.document["steps"]
        return {
            f"{one['kind']} {one['name']}": one["action"] for one in steps if one["action"] not in excluded
        }


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "LAKEGATE_LAKE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws(), conditions_evaluated(), moto_additions():
        yield


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """The folder of a package whose zips are no zips."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in (WHEELS, WHEELS_WITH_REDSHIFT):
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture
def lakegate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Deployed]:
    """Run the command line and return its result."""

    def run(*arguments: object) -> Deployed:
        monkeypatch.setattr(sys, "argv", ["lakegate", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return Deployed(ended.value.code, output.out, output.err)

    return run


@pytest.fixture
def deploy(lakegate: Callable[..., Deployed], dist: Path) -> Callable[..., Deployed]:
    """Run `lakegate deploy` for the lake s3://shop/lake; further options override the defaults."""
    return lambda *options: lakegate(
        "deploy", "--lake", "s3://shop/lake", "--dist", dist, "--region", REGION, *options
    )


@pytest.fixture
def target(dist: Path) -> Callable[..., Target]:
    """Make a target for the lake s3://shop/lake from settings; ``about`` sets other fields."""

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


@pytest.fixture
def returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Contracts and policies with the dataset and the gold table of CONTRIBUTING.md, in the environment."""
    installation = Installation.copied_to(tmp_path / "installation")
    for chapter in ("Add a dataset", "Add a gold table"):
        installation.follow(chapter)
    for name, value in installation.variables.items():
        monkeypatch.setenv(name, value)
    return installation


@pytest.fixture(scope="session")
def shipped() -> tuple[Contracts, Policies]:
    return load_contracts(), load_policies()


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)
