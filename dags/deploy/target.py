"""What is to be deployed: the lake's places on S3, the names of everything, and what the jobs are told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checkpoints.lake.layout import Area
from contracts.faults import ConfigurationError
from dags.pipeline.run import TRANSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dags.deploy.aws import Account
    from dags.pipeline.settings import Settings

_S3 = re.compile(r"s3[an]?://([^/]+)/?(.*)")
MOST_WORKERS = 10


@dataclass(frozen=True, slots=True)
class Location:
    """A prefix of a bucket; an empty one is the bucket as a whole."""

    bucket: str
    prefix: str = ""

    @property
    def uri(self) -> str:
        """``s3://bucket/prefix``."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def folder(self) -> str:
        """What every key within begins with."""
        return f"{self.prefix}/" if self.prefix else ""

    def child(self, *parts: str) -> Location:
        """Return a location below."""
        return Location(self.bucket, "/".join(part for part in (self.prefix, *parts) if part))


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be deployed, and where."""

    account: Account
    areas: Mapping[Area, Location]
    artifacts: Location  # the wheel, the script, contracts and policies
    settings: Settings
    name: str = "lakegate"  # begins the name of every job, role and policy
    kms_key: str | None = None  # an ARN; None: keys that S3 manages
    glue_role: str | None = None  # the ARN of a role that is there; None: one of our own
    topic: str | None = None  # the ARN of the SNS topic that alerts go to
    workgroup: str | None = None  # the ARN of the Redshift Serverless workgroup
    most_workers: int = MOST_WORKERS
    modules: tuple[str, ...] = field(default_factory=tuple)  # what a job installs beside the wheel, pinned
    wheel: str = ""  # the wheel's file name

    @property
    def buckets(self) -> tuple[str, ...]:
        """Every bucket, once, in the order in which data passes them."""
        return tuple(dict.fromkeys([*(one.bucket for one in self.areas.values()), self.artifacts.bucket]))

    @property
    def job_names(self) -> Mapping[str, str]:
        """The name of each transition's Glue job."""
        return {transition: job_name(transition, self.name) for transition in TRANSITIONS}

    @property
    def glue_role_name(self) -> str:
        """The name of our own role for the jobs."""
        return f"{self.name}-glue"

    @property
    def glue_role_arn(self) -> str:
        """The role that the jobs run as."""
        return self.glue_role or self.account.role_arn(self.glue_role_name)


def job_name(transition: str, name: str = "lakegate") -> str:
    """Return the name of a transition's Glue job; Airflow starts it by that name.

    >>> job_name("bronze_to_silver")
    'lakegate-bronze_to_silver'
    """
    return f"{name}-{transition}"


def locations(settings: Settings) -> Mapping[Area, Location]:
    """Return where each part of the lake lies.

    Raises:
        ConfigurationError: a part of it does not lie on S3.
    """
    lake = location(settings.lake, "--lake")
    roots = {area: getattr(settings, f"{area.value}_root") for area in Area}
    return {
        area: location(root, f"LAKEGATE_{area.name}_ROOT") if root else lake.child(area.value)
        for area, root in roots.items()
    }


def location(uri: str, where: str) -> Location:
    """Return the location that a URI names. Raises ``ConfigurationError``.

    >>> location("s3://shop/lake/", "--lake")
    Location(bucket='shop', prefix='lake')
    """
    found = _S3.fullmatch(uri)
    if found is None:
        raise ConfigurationError(
            "only what lies on S3 can be deployed", where=where, expected="s3://bucket[/prefix]", found=uri
        )
    return Location(found[1], found[2].strip("/"))


def read_package(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Return the wheel that `make package` built, and the modules that a Glue job installs beside it.

    Raises:
        ConfigurationError: they are not there.
    """
    wheels = sorted(folder.glob("lakegate-*.whl"))
    requirements = folder / "requirements-glue.txt"
    if len(wheels) != 1 or not requirements.is_file():
        raise ConfigurationError(
            "there is no package to upload",
            where=str(folder),
            expected="one wheel of lakegate and requirements-glue.txt",
            found=", ".join(path.name for path in wheels) or "no wheel",
            next_step="run `make package`, or name its folder by --dist",
        )
    return wheels[0], pinned_modules(requirements.read_text(encoding="utf-8"))


# The Python of Glue 6.0: Amazon Linux on x86_64.
_GLUE_PYTHON = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
}


def pinned_modules(requirements: str) -> tuple[str, ...]:
    r"""Return the pins that hold on Glue, from requirements with markers for everywhere.

    >>> pinned_modules("numpy==2.4.6 ; python_full_version < '3.12'\\nrich==14.2.0\\n# a comment")
    ('rich==14.2.0',)
    """
    from packaging.requirements import Requirement

    lines = [line.strip() for line in requirements.splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return tuple(
        f"{one.name}{one.specifier}"
        for one in found
        if one.marker is None or one.marker.evaluate(_GLUE_PYTHON)
    )
