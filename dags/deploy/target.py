"""What is to be deployed: the lake's places on S3, the names of everything, and what the jobs are told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from checkpoints.lake.layout import Area
from checkpoints.warehouse.redshift_address import in_region
from contracts.faults import ConfigurationError
from dags.pipeline.run import TRANSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dags.deploy.aws import Account
    from dags.deploy.package import Package
    from dags.pipeline.settings import Settings

MOST_WORKERS: Final = 10
_S3 = re.compile(r"s3[an]?://([^/]+)/*(.*?)/*")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# A prefix stands in IAM policies, where * ? and $ mean something, and in statements of Redshift.
_PREFIX = re.compile(r"([A-Za-z0-9_.=+@-]+(/[A-Za-z0-9_.=+@-]+)*)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_REDSHIFT_SCHEMES = ("redshift-data://", "redshift://")
_TO_REDSHIFT = TRANSITIONS[-1]
_ARNS: Final[Mapping[str, tuple[str, str]]] = {
    "glue_role": ("--glue-role", r"iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}"),
    "topic": ("--topic", r"sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}"),
    "queue": ("--queue", r"sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}"),
    "workgroup": ("--workgroup-arn", r"redshift-serverless:[a-z0-9-]+:\d{12}:workgroup/[a-z0-9-]{1,64}"),
    "kms_key": ("--kms-key", r"kms:[a-z0-9-]+:\d{12}:key/[a-zA-Z0-9-]{1,64}"),
}


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

    @property
    def above(self) -> tuple[Location, ...]:
        """The folders that it lies in, from the outermost; the bucket itself is none.

        >>> [one.folder for one in Location("shop", "a/b/c").above]
        ['a/', 'a/b/']
        """
        parts = self.prefix.split("/")
        return tuple(Location(self.bucket, "/".join(parts[:end])) for end in range(1, len(parts)))

    def child(self, *parts: str) -> Location:
        """Return a location below."""
        return Location(self.bucket, "/".join(part for part in (self.prefix, *parts) if part))

    def holds(self, other: Location) -> bool:
        """Whether another location is this one or lies below it."""
        return self.bucket == other.bucket and other.folder.startswith(self.folder)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be deployed, and where.

    Raises:
        ConfigurationError: a name or an ARN is none, or two places that are treated differently overlap.
    """

    account: Account
    settings: Settings
    areas: Mapping[Area, Location]
    artifacts: Location  # the wheel, the script, contracts and policies
    package: Package
    name: str = "lakegate"  # begins the name of every job, role and policy
    glue_role: str | None = None  # the ARN of a role that is there; None: one of our own
    topic: str | None = None  # the ARN of the SNS topic that alerts go to
    queue: str | None = None  # the ARN of the SQS queue that tells of new files
    workgroup: str | None = None  # the ARN of the Redshift Serverless workgroup
    most_workers: int = MOST_WORKERS

    def __post_init__(self) -> None:
        """Check what stands in names and policies."""
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                "this cannot begin the name of a role",
                where="--name",
                expected="at most 40 letters, digits, _ and -",
                found=repr(self.name),
            )
        for field, (option, pattern) in _ARNS.items():
            arn = getattr(self, field)
            if arn is not None and not re.fullmatch(rf"arn:aws[a-z-]*:{pattern}", arn):
                example = pattern.partition(":")[0]
                raise ConfigurationError(
                    "this is no ARN of the right kind",
                    where=option,
                    expected=f"arn:aws:{example}:…",
                    found=arn,
                )
        _check_apart(self.areas, self.artifacts)

    @property
    def kms_key(self) -> str | None:
        """The ARN of the key that encrypts everything; None: keys that S3 manages."""
        return self.settings.kms_key

    @property
    def buckets(self) -> tuple[str, ...]:
        """Every bucket, once, in the order in which data passes them."""
        return tuple(dict.fromkeys([*(one.bucket for one in self.areas.values()), self.artifacts.bucket]))

    @property
    def redshift(self) -> str | None:
        """The warehouse's URI when it is a Redshift; where it names no region, it lies in the account's."""
        uri = self.settings.warehouse
        if uri is None or not uri.startswith(_REDSHIFT_SCHEMES):
            return None
        return in_region(uri, self.account.region)

    @property
    def job_names(self) -> Mapping[str, str]:
        """The name of each transition's Glue job; gold_to_redshift has one when there is a Redshift."""
        with_jobs = [one for one in TRANSITIONS if one != _TO_REDSHIFT or self.redshift]
        return {transition: job_name(transition, self.name) for transition in with_jobs}

    @property
    def glue_role_name(self) -> str:
        """The name of the role that the jobs run as."""
        return self.glue_role.rpartition("/")[2] if self.glue_role else f"{self.name}-glue"

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
        ConfigurationError: a part of it does not lie on S3, or not where policies can name it.
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
    bucket, prefix = found[1], found[2]
    if not _BUCKET.fullmatch(bucket):
        raise ConfigurationError(
            "this is no name for a bucket",
            where=where,
            expected="3 to 63 characters of a-z, 0-9, . and -",
            found=bucket,
        )
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError(
            "this prefix cannot stand in a policy",
            where=where,
            expected="folders of letters, digits and _ . = + @ -",
            found=prefix,
        )
    return Location(bucket, prefix)


def _check_apart(areas: Mapping[Area, Location], artifacts: Location) -> None:
    """Make sure that no place lies in another: what one's lifecycle deletes must not be the other's."""
    named = [*((area.value, at) for area, at in areas.items()), ("artifacts", artifacts)]
    for outer, around in named:
        for inner, at in named:
            if outer != inner and around.holds(at):
                raise ConfigurationError(
                    f"{inner} lies within {outer}, whose lifecycle and permissions would be its own too",
                    where=at.uri,
                    found=f"{outer} at {around.uri}",
                    next_step="give each a prefix or a bucket of its own",
                )
