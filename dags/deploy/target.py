"""Deployment target: the lake's locations on S3, resource names, and options."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from checkpoints.aws_secrets import is_secret
from checkpoints.catalog.address import SETTING, CatalogKind, read_catalog_address
from checkpoints.lake.layout import Area
from checkpoints.warehouse.opening import is_redshift
from checkpoints.warehouse.redshift_access import Access
from checkpoints.warehouse.redshift_uri import read_address, with_region
from contracts.errors import ConfigurationError
from dags.pipeline.run import TRANSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dags.deploy.aws import Account
    from dags.deploy.package import Package
    from dags.settings import Settings

MAX_WORKERS: Final = 10
_S3 = re.compile(r"s3[an]?://([^/]+)/*(.*?)/*")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# Prefixes appear in IAM policies, where * ? and $ are special, and in Redshift statements.
_PREFIX = re.compile(r"([A-Za-z0-9_.=+@-]+(/[A-Za-z0-9_.=+@-]+)*)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_TO_REDSHIFT = TRANSITIONS[-1]
_ARNS: Final[Mapping[str, tuple[str, str]]] = {
    "glue_role": ("--glue-role", r"iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}"),
    "topic": ("--topic", r"sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}"),
    "queue": ("--queue", r"sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}"),
    "workgroup": ("--workgroup-arn", r"redshift-serverless:[a-z0-9-]+:\d{12}:workgroup/[a-z0-9-]{1,64}"),
    "openlineage_secret": (
        "LAKEGATE_OPENLINEAGE_SECRET",
        r"secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}",
    ),
    "kms_key": ("--kms-key", r"kms:[a-z0-9-]+:\d{12}:key/[a-zA-Z0-9-]{1,64}"),
}


@dataclass(frozen=True, slots=True)
class Location:
    """A prefix of a bucket; an empty prefix is the whole bucket."""

    bucket: str
    prefix: str = ""

    @property
    def uri(self) -> str:
        """``s3://bucket/prefix``."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def folder(self) -> str:
        """Common prefix of all keys within."""
        return f"{self.prefix}/" if self.prefix else ""

    @property
    def parents(self) -> tuple[Location, ...]:
        """Parent folders from the outermost, without the bucket itself.

        >>> [one.folder for one in Location("shop", "a/b/c").parents]
        ['a/', 'a/b/']
        """
        parts = self.prefix.split("/")
        return tuple(Location(self.bucket, "/".join(parts[:end])) for end in range(1, len(parts)))

    def child(self, *parts: str) -> Location:
        """Return a location below this one."""
        return Location(self.bucket, "/".join(part for part in (self.prefix, *parts) if part))

    def contains(self, other: Location) -> bool:
        """Whether another location is this one or below it."""
        return self.bucket == other.bucket and other.folder.startswith(self.folder)


@dataclass(frozen=True, slots=True)
class Target:
    """The desired state of an account.

    Raises:
        ConfigurationError: a name or ARN is invalid, or two locations overlap.
    """

    account: Account
    settings: Settings
    areas: Mapping[Area, Location]
    artifacts: Location  # zips of wheels, job script, contracts and policies
    package: Package
    name: str = "lakegate"  # prefix of the names of all jobs, roles and policies
    glue_role: str | None = None  # ARN of an existing role; None: create one
    queue: str | None = None  # ARN of the SQS queue for S3 notifications of new files
    has_arrivals: bool = False  # whether the queue and the notification are made here
    workgroup: str | None = None  # ARN of the Redshift Serverless workgroup
    loader: str | None = None  # database user that loads; None: see ``access``
    readers: tuple[str, ...] = ()  # database roles that may read the warehouse
    max_workers: int = MAX_WORKERS
    extra_tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Validate values used in names and policies."""
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                "invalid name",
                where="--name",
                expected="at most 40 letters, digits, _ and -",
                found=repr(self.name),
            )
        for name, (option, pattern) in _ARNS.items():
            arn = getattr(self, name)
            if arn is not None and not re.fullmatch(rf"arn:aws[a-z-]*:{pattern}", arn):
                example = pattern.partition(":")[0]
                raise ConfigurationError(
                    "invalid ARN",
                    where=option,
                    expected=f"arn:aws:{example}:…",
                    found=arn,
                )
        own = self.account.arn("sqs", "")
        if self.has_arrivals and self.queue and not self.queue.startswith(own):
            raise ConfigurationError(
                "--arrivals sets up queues of this account and region only",
                where="--queue",
                expected=f"{own}…",
                found=self.queue,
            )
        _check_no_overlap(self.areas, self.artifacts)
        _check_catalog(self.settings.catalog)
        _check_no_secrets(self.settings)
        _ = self.access  # validates the names

    @property
    def database(self) -> str | None:
        """The Glue database that the tables are published to; None without a catalog."""
        uri = self.settings.catalog
        return None if uri is None else read_catalog_address(uri).namespace

    @property
    def kms_key(self) -> str | None:
        """ARN of the KMS key for all objects; None: S3-managed keys."""
        return self.settings.kms_key

    @property
    def topic(self) -> str | None:
        """ARN of the SNS topic for alerts."""
        return self.settings.topic

    @property
    def openlineage_secret(self) -> str | None:
        """ARN of the secret with the API key of the OpenLineage server."""
        return self.settings.openlineage_secret

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of every resource."""
        return {"lakegate": self.name, **self.extra_tags}

    @property
    def event_bus_arn(self) -> str | None:
        """ARN of the event bus; None if none is set."""
        bus = self.settings.event_bus
        if bus is None or bus.startswith("arn:"):
            return bus
        return self.account.arn("events", f"event-bus/{bus}")

    @property
    def buckets(self) -> tuple[str, ...]:
        """All distinct buckets, in data flow order."""
        return tuple(dict.fromkeys([*(one.bucket for one in self.areas.values()), self.artifacts.bucket]))

    @property
    def redshift(self) -> str | None:
        """The warehouse URI if it is Redshift, with the account's region unless it has one."""
        uri = self.settings.warehouse
        if uri is None or not is_redshift(uri):
            return None
        return with_region(uri, self.account.region)

    @property
    def access(self) -> Access:
        """Owner and readers of the warehouse's tables.

        The default loader is the jobs' role, or, if the warehouse's URI has a secret, the user that it names.
        """
        loader = self.loader
        if loader is None and self.redshift and read_address(self.redshift).secret is None:
            loader = f"IAMR:{self.glue_role_name}"
        return Access(loader, self.readers)

    @property
    def job_names(self) -> Mapping[str, str]:
        """Glue job names by transition; gold_to_redshift only if the warehouse is Redshift."""
        with_jobs = [one for one in TRANSITIONS if one != _TO_REDSHIFT or self.redshift]
        return {transition: job_name(transition, self.name) for transition in with_jobs}

    @property
    def wheels(self) -> Mapping[str, Path]:
        """Zips of wheels to install, by transition: the driver only for a load by redshift://."""
        plain, with_redshift = self.package.wheels, self.package.wheels_with_redshift
        needs_driver = self.redshift is not None and self.redshift.startswith("redshift://")
        return {
            transition: with_redshift if needs_driver and transition == _TO_REDSHIFT else plain
            for transition in self.job_names
        }

    @property
    def glue_role_name(self) -> str:
        """Name of the jobs' role."""
        return self.glue_role.rpartition("/")[2] if self.glue_role else f"{self.name}-glue"

    @property
    def glue_role_arn(self) -> str:
        """ARN of the jobs' role."""
        return self.glue_role or self.account.role_arn(self.glue_role_name)


def job_name(transition: str, name: str = "lakegate") -> str:
    """Return the name of a transition's Glue job.

    >>> job_name("bronze_to_silver")
    'lakegate-bronze_to_silver'
    """
    return f"{name}-{transition}"


def locations(settings: Settings) -> Mapping[Area, Location]:
    """Return the location of each area of the lake.

    Raises:
        ConfigurationError: an area is not on S3, or its path is not usable in a policy.
    """
    lake = location(settings.lake, "--lake")
    roots = {area: getattr(settings, f"{area.value}_root") for area in Area}
    return {
        area: location(root, f"LAKEGATE_{area.name}_ROOT") if root else lake.child(area.value)
        for area, root in roots.items()
    }


def location(uri: str, where: str) -> Location:
    """Return the location of an S3 URI. Raises ``ConfigurationError``.

    >>> location("s3://shop/lake/", "--lake")
    Location(bucket='shop', prefix='lake')
    """
    found = _S3.fullmatch(uri)
    if found is None:
        raise ConfigurationError(
            "not an S3 location", where=where, expected="s3://bucket[/prefix]", found=uri
        )
    bucket, prefix = found[1], found[2]
    if not _BUCKET.fullmatch(bucket):
        raise ConfigurationError(
            "invalid bucket name",
            where=where,
            expected="3 to 63 characters of a-z, 0-9, . and -",
            found=bucket,
        )
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError(
            "invalid prefix for an IAM policy",
            where=where,
            expected="folders of letters, digits and _ . = + @ -",
            found=prefix,
        )
    return Location(bucket, prefix)


def _check_catalog(uri: str | None) -> None:
    if uri is not None and read_catalog_address(uri).kind is not CatalogKind.GLUE:
        raise ConfigurationError(
            "not a catalog that jobs can share", where=SETTING, expected="glue://DATABASE", found=uri
        )


def _check_no_secrets(settings: Settings) -> None:
    """Check that no setting holds a secret: job arguments are shown by the plan, and by Glue."""
    if settings.webhook and not is_secret(settings.webhook):
        raise ConfigurationError(
            "the URL of a webhook is a secret, and everybody who sees the jobs would see it",
            where="LAKEGATE_WEBHOOK",
            expected="the ARN of a secret in Secrets Manager that holds the URL",
        )
    if settings.openlineage and "@" in urlsplit(settings.openlineage).netloc:
        raise ConfigurationError(
            "the URL contains a login, and everybody who sees the jobs would see it",
            where="LAKEGATE_OPENLINEAGE",
            next_step="put the API key into Secrets Manager, and name it by LAKEGATE_OPENLINEAGE_SECRET",
        )


def _check_no_overlap(areas: Mapping[Area, Location], artifacts: Location) -> None:
    """Check that no location is within another, whose lifecycle rules would apply to it as well."""
    named = [*((area.value, at) for area, at in areas.items()), ("artifacts", artifacts)]
    for outer, outer_at in named:
        for inner, at in named:
            if outer != inner and outer_at.contains(at):
                raise ConfigurationError(
                    f"{inner} is within {outer}, whose lifecycle and permissions would also apply to it",
                    where=at.uri,
                    found=f"{outer} at {outer_at.uri}",
                    next_step="use separate prefixes or buckets",
                )
